"""The parts of the page Stress: the sliders with the picture, the sweep, the break points, two ways at once."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from lenet.ui import palette, sheets
from lenet.ui.digit import Digit
from lenet.ui.experiment_charts import DASHES
from lenet.ui.frame import dark

if TYPE_CHECKING:  # the page is on the screen before torch is loaded
    from lenet.model import LeNet
    from lenet.stress import Sweep, Transformation

PICTURE = 168  # pixels of the screen
THUMBNAILS = 7  # pictures of a sweep that are shown
HEIGHT = 330  # of the chart of a sweep
CURVE, AGAIN, SECOND = "curve", "again", "second"  # keys of the widgets, and names in the link
FIRST = "rotate"  # the sweep that is shown at first
_KEPT = "stress_kept"


@st.cache_resource(max_entries=1, show_spinner=False, ttl=600)
def _averages() -> tuple[pd.DataFrame | None, str]:
    """The table of averages, or why there is none."""
    from lenet.stress import AveragesError, read_averages

    try:
        return read_averages().to_pandas(), ""
    except AveragesError as error:
        return None, str(error)


def amounts() -> dict[str, float]:
    """Where the sliders stand; neutral where a link asks for what they do not have."""
    from lenet.stress import TRANSFORMATIONS

    asked = {name: float(st.session_state.get(name, row.neutral)) for name, row in TRANSFORMATIONS.items()}
    return {name: asked[name] if row.low <= asked[name] <= row.high else row.neutral
            for name, row in TRANSFORMATIONS.items()}  # fmt: skip


def moved(at: Mapping[str, float]) -> dict[str, float]:
    """The sliders that are not at their neutral amount."""
    from lenet.stress import TRANSFORMATIONS

    return {name: amount for name, amount in at.items() if amount != TRANSFORMATIONS[name].neutral}


def sliders() -> None:
    """One slider for each transformation; moving it shows its sweep."""
    from lenet.stress import TRANSFORMATIONS

    for name, row in TRANSFORMATIONS.items():
        st.slider(
            f"{row.label}, {row.unit}",
            float(row.low),
            float(row.high),
            float(row.neutral),
            step=(row.high - row.low) / (len(row.amounts()) - 1),
            format="%g",
            key=name,
            bind="query-params",
            on_change=st.session_state.update,
            args=({CURVE: name},),
            help=" ↔ ".join(filter(None, row.ways)) if all(row.ways) else row.ways[1],
        )


def reset() -> None:
    """All sliders to where they change nothing. For callbacks."""
    from lenet.stress import TRANSFORMATIONS

    st.session_state.update({name: float(row.neutral) for name, row in TRANSFORMATIONS.items()})


def live(digit: Digit, models: "dict[str, LeNet]", at: Mapping[str, float], normalise: bool) -> None:
    """The picture as the sliders make it, and what each network reads in it."""
    import torch

    from lenet.stress import TRANSFORMATIONS, normalised, outputs, read, transform

    with torch.inference_mode():
        image = transform(digit.image[None], moved(at))
        if normalise:
            image = normalised(image)
        ten = {name: outputs(model, image).softmax(1) for name, model in models.items()}
    changes = ", ".join(f"{TRANSFORMATIONS[name].label.lower()} {TRANSFORMATIONS[name].show(amount)}"
                        for name, amount in moved(at).items()) or "unchanged"  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        colours = Image.fromarray(palette.heat(image[0, 0].numpy(), False, 1.0))
        st.image(colours.resize((PICTURE, PICTURE), Image.Resampling.NEAREST), width=PICTURE,
                 alt=f"The picture that the networks read: {digit.source}, {changes}")  # fmt: skip
        with st.container(width=150, gap="xsmall", key="answers"):
            for name, shares in ten.items():
                answer = read(shares)[0]
                said = "cannot tell" if answer is None else f"**{answer}**, {_percent(float(shares.max()))}"
                wrong = digit.label is not None and answer != digit.label
                st.markdown(f"{name}  \n{said}{' ✗ wrong' if wrong else ''}")
    st.altair_chart(_bars({name: shares[0].tolist() for name, shares in ten.items()}), width="stretch")


def _percent(share: float) -> str:
    return "> 99 %" if share > 0.99 else f"{100 * share:.0f} %"


def _colours(networks: list[str], legend: Any) -> alt.Color:
    return alt.Color("network:N", legend=legend,
                     scale=alt.Scale(domain=networks, range=palette.VARIANT_COLOURS[: len(networks)]))  # fmt: skip


def _bars(shares: dict[str, list[float]]) -> alt.Chart:
    """Ten bars of probability for each network."""
    rows = pd.DataFrame(
        [(name, digit, share) for name, ten in shares.items() for digit, share in enumerate(ten)],
        columns=["network", "digit", "probability"],
    )
    return (
        alt.Chart(rows, height=210)
        .mark_bar()
        .encode(
            alt.X("digit:O", title=None, axis=alt.Axis(labelAngle=0)),
            alt.Y("probability:Q", title=None, scale=alt.Scale(domain=[0, 1]),
                  axis=alt.Axis(format="%", values=[0, 0.5, 1])),
            _colours(list(shares), alt.Legend(title=None, orient="bottom")),
            xOffset=alt.XOffset("network:N", sort=list(shares)),
            tooltip=["network", "digit", alt.Tooltip("probability", format=".1%")],
        )
    )  # fmt: skip


def sweeps(digit: Digit, models: "dict[str, LeNet]", normalise: bool) -> "dict[str, Sweep]":
    """All six sweeps of the digit, kept in this session until the digit, a network or the switch changes."""
    from lenet.stress import TRANSFORMATIONS, sweep

    mark = (digit.image.numpy().tobytes(), tuple(models), normalise)
    if st.session_state.get(_KEPT, (None,))[0] != mark:
        swept = {name: sweep(models, digit.image, name, normalise) for name in TRANSFORMATIONS}
        st.session_state[_KEPT] = (mark, swept)
    return st.session_state[_KEPT][1]


def curve(
    name: str, swept: "Sweep", digit: Digit, checksums: Mapping[str, str], normalise: bool, amount: float
) -> None:
    """Confidence against the amount, the break points, and the pictures on the way."""
    row, networks = swept.transformation, list(swept.probabilities)
    amounts = swept.amounts.tolist()
    own, broken = [], []
    for network in networks:
        target, answers = swept.target(network, digit.label), swept.read(network)
        shares = swept.probabilities[network][:, target or 0].tolist()
        own += [
            (network, at, share, row.show(at), "cannot tell" if answer is None else str(answer), str(target))
            for at, share, answer in zip(amounts, shares, answers)
        ]
        broken += [own[place - len(amounts)] for place in swept.break_points(network) if place is not None]
    columns = ["network", "amount", "share", "shown", "reads", "target"]
    table, why_not = _averages()
    measured = None
    if table is not None:
        here = (table["transformation"] == name) & (table["normalised"] == normalise)
        fits = table["network"].map(checksums) == table["checksum"]
        measured = table[here & fits]
    st.altair_chart(
        _curves(row, networks, pd.DataFrame(own, columns=columns), pd.DataFrame(broken, columns=columns), measured,
                amount),
        width="stretch",
    )  # fmt: skip
    some = np.linspace(0, len(amounts) - 1, THUMBNAILS).round().astype(int)
    names = [row.show(amounts[place]).partition(" ")[0].replace("−", "-")
             if row.unit != "×" else f"{amounts[place]:.4g}" for place in some]  # fmt: skip
    st.image(
        sheets.sheet(swept.pictures[some, 0].numpy(), names, THUMBNAILS, 2, False, 1.0, dark=dark()),
        width="stretch", alt=f"The digit at {THUMBNAILS} amounts of the sweep, as the networks get it",
    )  # fmt: skip
    _about(digit, networks, measured, why_not)


def _about(digit: Digit, networks: list[str], measured: pd.DataFrame | None, why_not: str) -> None:
    what = "the true digit" if digit.label is not None else "what the network reads in the unchanged digit"
    words = [f"Thick lines: probability of {what}, changed in this way alone. ◆: from there on the answer is another."]
    if measured is not None and len(measured):
        number = int(measured["digits"].iloc[0])
        words.append(f"Thin lines and bands: mean over the first {number} test digits, with its 95 % interval.")
    if why_not and measured is None:
        words.append(why_not)
    elif measured is not None and (lacking := [n for n in networks if n not in set(measured["network"])]):
        words.append(f"No average was measured for the weights of {', '.join(lacking)}.")
    st.caption(" ".join(words))


def _curves(row: "Transformation", networks: list[str], own: pd.DataFrame, broken: pd.DataFrame,
            measured: pd.DataFrame | None, amount: float) -> alt.LayerChart:  # fmt: skip
    less, more = row.ways
    title = f"{row.label}, {row.unit}" + (f": ← {less}, {more} →" if less else "")
    x = alt.X("amount:Q", title=title, scale=alt.Scale(domain=[row.low, row.high], nice=False))
    y = alt.Y("share:Q", title="Probability", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    legend = alt.Legend(title=None, orient="bottom", symbolType="stroke", symbolStrokeWidth=3, symbolSize=400)
    colour, plain = _colours(networks, legend), _colours(networks, None)
    dash = alt.StrokeDash("network:N", legend=legend, scale=alt.Scale(domain=networks, range=DASHES[: len(networks)]))
    said = [
        alt.Tooltip("network:N", title="Network"),
        alt.Tooltip("shown:N", title=row.label),
        alt.Tooltip("share:Q", title="Probability", format=".1%"),
        alt.Tooltip("target:N", title="of"),
        alt.Tooltip("reads:N", title="Reads"),
    ]
    near = alt.selection_point(name="near", fields=["amount"], nearest=True, on="pointerover", empty=False,
                               clear="pointerout")  # fmt: skip
    layers: list[alt.Chart] = [
        alt.Chart(pd.DataFrame({"amount": [amount]})).mark_rule(color="gray", strokeWidth=1.5).encode(x=x)
    ]
    if measured is not None and len(measured):
        base = alt.Chart(measured).encode(x=x)
        layers += [
            base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title="Probability"), y2="high:Q", color=plain),
            base.mark_line(strokeWidth=1, opacity=0.8).encode(y=alt.Y("mean:Q", title="Probability"), color=plain),
        ]
    lines = alt.Chart(own).encode(x=x, y=y)
    layers += [
        lines.mark_line(strokeWidth=2.5).encode(color=colour, strokeDash=dash),
        lines.mark_point(filled=True, size=60).encode(
            color=plain, tooltip=said, opacity=alt.when(near).then(alt.value(1)).otherwise(alt.value(0))
        ).add_params(near),
        alt.Chart(broken).mark_point(filled=True, shape="diamond", size=190, opacity=1, stroke="gray", strokeWidth=1)
        .encode(x=x, y=y, color=plain, tooltip=said),
    ]  # fmt: skip
    return (
        alt.layer(*layers)
        .resolve_legend(color="independent", strokeDash="independent")
        .properties(height=HEIGHT + 20 * (len(networks) > 2))
    )


def table(swept: "dict[str, Sweep]", digit: Digit) -> None:
    """From which amount on each network reads something else, in words."""
    networks = list(next(iter(swept.values())).probabilities)
    rows = {}
    for sweep in swept.values():
        row = sweep.transformation
        for side, (way, end) in enumerate(zip(row.ways, (0, -1))):
            if not way:
                continue
            cells = {}
            for network in networks:
                place, answers = sweep.break_points(network)[side], sweep.read(network)
                far = row.show(float(sweep.amounts[end]))
                cells[network] = (
                    f"holds to {far}" if place is None
                    else f"from {row.show(float(sweep.amounts[place]))}: "
                    f"{'cannot tell' if answers[place] is None else f'reads {answers[place]}'}"
                )  # fmt: skip
            rows[f"{row.label}, {way}"] = cells
    st.table(pd.DataFrame.from_dict(rows, orient="index", columns=networks))
    some = next(iter(swept.values()))
    for network in networks:
        first = some.read(network)[some.at]
        if first is None:
            st.caption(f"{network} cannot tell even the unchanged digit: its ten outputs are equal.")
        elif digit.label is not None and first != digit.label:
            st.caption(f"{network} takes the unchanged digit for a {first}: its break points say where that ends.")
    st.caption(
        "A break point is the first amount from which on, up to the end of the slider, the answer is never again that "
        "for the unchanged digit."
    )


def two_ways(name: str, digit: Digit, models: "dict[str, LeNet]", normalise: bool) -> None:
    """Probability of the digit against two amounts at once, one map for each network."""
    import torch

    from lenet.stress import TRANSFORMATIONS, grid, outputs, read

    others = [other for other in TRANSFORMATIONS if other != name]
    usual = "scale" if name != "scale" else "rotate"
    second = st.selectbox(
        "Second way", others, others.index(usual), format_func=lambda key: TRANSFORMATIONS[key].label, width=200,
        key=f"{SECOND}_{name}",
    )  # fmt: skip
    across, down = TRANSFORMATIONS[name], TRANSFORMATIONS[second]
    for column, (network, model) in zip(st.columns(max(2, len(models))), models.items()):
        with torch.inference_mode():
            target = digit.label
            if target is None:
                target = read(outputs(model, digit.image[None]).softmax(1))[0] or 0
            shares = grid(model, digit.image, name, second, normalise)[..., target]
        rows = pd.DataFrame(
            [
                (round(x, 4), round(y, 4), share)
                for y, line in zip(down.amounts(len(shares)).tolist(), shares.tolist())
                for x, share in zip(across.amounts(len(shares)).tolist(), line)
            ],
            columns=["x", "y", "probability"],
        )
        with column:
            st.markdown(f"**{network}**, probability of {target}")
            st.altair_chart(_map(across, down, rows), width="stretch")


def _map(across: "Transformation", down: "Transformation", rows: pd.DataFrame) -> alt.Chart:
    def axis(row: "Transformation") -> alt.Axis:
        return alt.Axis(values=[round(amount, 4) for amount in row.amounts(5).tolist()], labelAngle=0, grid=False)

    return (
        alt.Chart(rows, height=440)
        .mark_rect()
        .encode(
            alt.X("x:O", title=f"{across.label}, {across.unit}", axis=axis(across)),
            alt.Y("y:O", title=f"{down.label}, {down.unit}", sort="descending", axis=axis(down)),
            alt.Color("probability:Q", scale=alt.Scale(range=palette.SEQUENTIAL_RANGE, domain=[0, 1]),
                      legend=alt.Legend(title="Probability", format="%", orient="bottom")),
            tooltip=[alt.Tooltip("x:O", title=across.label), alt.Tooltip("y:O", title=down.label),
                     alt.Tooltip("probability:Q", title="Probability", format=".1%")],
        )
    )  # fmt: skip
