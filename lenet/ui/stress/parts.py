"""The parts of the page Stress: the sliders with the picture, the sweep, the break points, two ways at once."""

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from lenet.formatting import probability
from lenet.ui.shared import grids, palette
from lenet.ui.shared.digit import Digit
from lenet.ui.shared.frame import dark
from lenet.ui.stress import charts as charts
from lenet.variant import highest_probability

if TYPE_CHECKING:  # the page is on the screen before torch is loaded
    from lenet.model import LeNet
    from lenet.pretrained import Card
    from lenet.probes.stress import Sweep

PICTURE = 168  # pixels of the screen
THUMBNAILS = 7  # pictures of a sweep that are shown
CURVE, AGAIN, SECOND = "curve", "again", "second"  # keys of the widgets, and names in the link
FIRST = "rotate"  # the sweep that is shown at first
_KEPT = "stress_kept"
_AVERAGE = ("network", "checksum", "transformation", "normalised")


@st.cache_resource(max_entries=1, show_spinner=False, ttl=600)
def _averages() -> tuple[dict[tuple, list[dict]], str]:
    """Averages by network, checksum of its weights, transformation and `normalised`; or none, and why there is none."""
    from lenet.probes.stress import AveragesError, read_averages

    found: dict[tuple, list[dict]] = {}
    try:
        for row in read_averages().to_pylist():
            found.setdefault(tuple(row[key] for key in _AVERAGE), []).append(row)
    except AveragesError as error:
        return {}, str(error)
    return found, ""


def amounts() -> dict[str, float]:
    """Where the sliders stand; neutral where a link asks for what they do not have."""
    from lenet.probes.stress import TRANSFORMATIONS

    asked = {name: float(st.session_state.get(name, row.neutral)) for name, row in TRANSFORMATIONS.items()}
    return {
        name: asked[name] if row.low <= asked[name] <= row.high else row.neutral
        for name, row in TRANSFORMATIONS.items()
    }


def moved(at: Mapping[str, float]) -> dict[str, float]:
    """The sliders that are not at their neutral amount."""
    from lenet.probes.stress import TRANSFORMATIONS

    return {name: amount for name, amount in at.items() if amount != TRANSFORMATIONS[name].neutral}


def sliders() -> None:
    """One slider for each transformation; moving it shows its sweep."""
    from lenet.probes.stress import TRANSFORMATIONS

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
    from lenet.probes.stress import TRANSFORMATIONS

    st.session_state.update({name: float(row.neutral) for name, row in TRANSFORMATIONS.items()})


def live(digit: Digit, models: "dict[str, LeNet]", at: Mapping[str, float], normalise: bool) -> None:
    """The picture as the sliders make it, and what each network reads in it."""
    import torch

    from lenet.evaluation import outputs, read
    from lenet.probes.stress import TRANSFORMATIONS, centred, transform

    with torch.inference_mode():
        image = transform(digit.image[None], moved(at))
        again = centred(image[0]) if normalise else None
        if again is not None:
            image = again[None]
        ten = {name: outputs(model, image).softmax(1) for name, model in models.items()}
    changes = (
        ", ".join(
            f"{TRANSFORMATIONS[name].label.lower()} {TRANSFORMATIONS[name].show(amount)}"
            for name, amount in moved(at).items()
        )
        or "unchanged"
    )
    with st.container(horizontal=True, vertical_alignment="center", key="now"):
        colours = Image.fromarray(palette.heat(image[0, 0].numpy(), False, 1.0))
        st.image(
            colours.resize((PICTURE, PICTURE), Image.Resampling.NEAREST),
            width=PICTURE,
            alt=f"The picture that the networks read: {digit.source}, {changes}",
        )
        with st.container(width=150, gap="xsmall", key="answers"):
            for name, shares in ten.items():
                answer = read(shares)[0]
                said = "cannot tell" if answer is None else f"**{answer}**, {probability(float(shares.max()))}"
                wrong = digit.label is not None and answer != digit.label
                st.markdown(f"{name}  \n{said}{' ✗ wrong' if wrong else ''}")
    if normalise and again is None:
        st.caption("No digit can be found in that picture, so it is read as it is.")
    st.vega_lite_chart(
        spec=charts.bars({name: shares[0].tolist() for name, shares in ten.items()}),
        width="stretch",
        alt="The ten probabilities of each network for the picture",
    )


def sweeps(digit: Digit, models: "dict[str, LeNet]", normalise: bool) -> "dict[str, Sweep]":
    """All six sweeps of the digit, kept in this session until the digit, a network or the switch changes."""
    from lenet.probes.stress import TRANSFORMATIONS, sweep

    mark = (digit.image.numpy().tobytes(), tuple(models), normalise)
    if st.session_state.get(_KEPT, (None,))[0] != mark:
        swept = {name: sweep(models, digit.image, name, normalise) for name in TRANSFORMATIONS}
        st.session_state[_KEPT] = (mark, swept)
    return st.session_state[_KEPT][1]


def curve(name: str, swept: "Sweep", digit: Digit, cards: "Mapping[str, Card]", normalise: bool, amount: float) -> None:
    """Confidence against the amount, the break points, and the pictures on the way."""
    row, networks = swept.transformation, list(swept.probabilities)
    amounts = swept.amounts.tolist()
    own, broken, first = [], [], []
    for network in networks:
        target, answers = swept.target(network, digit.label), swept.read(network)
        shares = swept.probabilities[network][:, target or 0].tolist()
        mine = [
            {
                "network": network,
                "amount": at,
                "share": share,
                "shown": row.show(at),
                "target": str(target),
                "reads": "cannot tell" if answer is None else str(answer),
            }
            for at, share, answer in zip(amounts, shares, answers)
        ]
        own += mine
        breaks = swept.break_points(network)
        broken += [mine[place] for place in breaks if place is not None]
        first += [mine[place] for place in swept.first_changes(network) if place is not None and place not in breaks]
    table, why_not = _averages()
    measured = {network: table.get((network, card.checksum, name, normalise), []) for network, card in cards.items()}
    st.vega_lite_chart(
        spec=charts.sweep(row, networks, own, broken, first, list(chain(*measured.values())), amount),
        width="stretch",
        alt=f"{row.label}: probability against the amount, one line for each of {', '.join(networks)}; the break "
        "points are in the table",
    )
    some = np.linspace(0, len(amounts) - 1, THUMBNAILS).round().astype(int)
    names = [
        row.show(amounts[place]).partition(" ")[0] if row.unit != "×" else f"{amounts[place]:.4g}" for place in some
    ]
    st.image(
        grids.sheet(swept.pictures[some, 0].numpy(), names, THUMBNAILS, 2, False, 1.0, dark=dark()),
        width="stretch",
        alt=f"The digit at {THUMBNAILS} amounts of the sweep, as the networks get it",
    )
    _about(digit, measured, why_not, cards)


def _about(digit: Digit, measured: Mapping[str, list[dict]], why_not: str, cards: "Mapping[str, Card]") -> None:
    what = "the true digit" if digit.label is not None else "what the network reads in the unchanged digit"
    words = [
        f"Thick lines: probability of {what}, changed in this way alone. ◆: wrong from here on. ◇: "
        "briefly wrong, then right again."
    ]
    if any(measured.values()):
        number = next(rows[0]["digits"] for rows in measured.values() if rows)
        words.append(f"Thin lines and bands: mean over the first {number} test digits, with its 95 % interval.")
    lacking = [network for network, rows in measured.items() if not rows]
    if why_not or lacking:
        words.append(why_not or f"No average was measured for the weights of {', '.join(lacking)}.")
    for network, card in cards.items():
        if (highest := highest_probability(card.variant)) < 1:
            words.append(
                f"The nonlinearity after the last layer of {network} lets no probability rise above "
                f"{probability(highest)}."
            )
    st.caption(" ".join(words))


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
            far = row.show(float(sweep.amounts[end]))
            for network in networks:
                cells[network] = _broken(sweep, network, side, far, digit.label)
            rows[f"{row.label}, {way}"] = cells
    st.table(pd.DataFrame.from_dict(rows, orient="index", columns=networks))
    some = next(iter(swept.values()))
    for network in networks:
        first = some.read(network)[some.at]
        if first is None:
            st.caption(f"{network} cannot tell even the unchanged digit: its ten outputs are equal.")
        elif digit.label is not None and first != digit.label:
            st.caption(f"{network} takes the unchanged digit for a {first}, so nothing can break.")
    st.caption(
        "A break point is the first amount from which on, up to the end of the slider, the answer is never again that "
        "for the unchanged digit. Where it is another one sooner and comes back, the first such amount is given too."
    )


def _broken(sweep: "Sweep", network: str, side: int, far: str, label: int | None) -> str:
    """When the network stops recognising the digit on one side of the neutral amount; far: the end of that side."""
    answers = sweep.read(network)
    if answers[sweep.at] is None or (label is not None and answers[sweep.at] != label):
        return "wrong from the start"
    first, broken = sweep.first_changes(network)[side], sweep.break_points(network)[side]

    def reads(place: int) -> str:
        answer = answers[place]
        return f"{sweep.transformation.show(float(sweep.amounts[place]))}: " + (
            "cannot tell" if answer is None else f"reads {answer}"
        )

    if first is None:
        return f"holds to {far}"
    if broken is None:
        return f"holds to {far}, but not at {reads(first)}"
    return f"from {reads(broken)}" + (f", and at {reads(first)}" if first != broken else "")


def two_ways(name: str, digit: Digit, models: "dict[str, LeNet]", at: Mapping[str, float], normalise: bool) -> None:
    """Probability of the digit against two amounts at once, one map for each network; where two sliders stand."""
    import torch

    from lenet.evaluation import outputs, read
    from lenet.probes.stress import TRANSFORMATIONS, grid

    others = [other for other in TRANSFORMATIONS if other != name]
    usual = "scale" if name != "scale" else "rotate"
    second = st.selectbox(
        "Second way",
        others,
        others.index(usual),
        format_func=lambda key: TRANSFORMATIONS[key].label,
        width=200,
        key=f"{SECOND}_{name}",
    )
    across, down = TRANSFORMATIONS[name], TRANSFORMATIONS[second]
    for column, (network, model) in zip(st.columns(max(2, len(models))), models.items()):
        with torch.inference_mode():
            target = digit.label
            if target is None:
                target = read(outputs(model, digit.image[None]).softmax(1))[0] or 0
            shares = grid(model, digit.image, name, second, normalise)[..., target]
        with column:
            st.markdown(f"**{network}**, probability of {target}")
            highest = highest_probability(model.variant)
            st.vega_lite_chart(
                spec=charts.two_ways(across, down, shares.tolist(), (at[name], at[second]), highest),
                width="stretch",
                alt=f"{network}: probability of {target} against {across.label.lower()} and {down.label.lower()}",
            )
