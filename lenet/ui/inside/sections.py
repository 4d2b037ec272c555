"""The sections of the page Look inside: kernels, what each of them does, the training tape."""

import altair as alt
import pandas as pd
import streamlit as st

from lenet.formatting import percent, probability
from lenet.layers import Conv
from lenet.ui.shared import grids, networks, palette
from lenet.ui.shared.frame import dark
from lenet.variant import CLASSES

SAMPLE = 2_000  # test pictures for the networks with more than two convolutions, where a kernel's removal is costly
FRAME_SECONDS = 0.8  # of the tape, while it plays


@st.cache_resource(max_entries=8, show_spinner="Looking through the test digits: a few seconds, once …")
def _measured(name: str, mark: str, _model):
    """Patches and bars of each layer, and what removing a kernel costs. mark: of the weights, for the cache."""
    from lenet.data import mnist
    from lenet.probes import kernels as probes

    digits = mnist("test")
    few = digits if _model.variant.depth <= 2 else digits[:SAMPLE]
    layers = [layer.name for layer in probes.convolutions(_model)]
    return (
        {layer: probes.strongest_patches(_model, few, layer) for layer in layers},
        {layer: probes.oriented_bars(_model, layer) for layer in layers},
        probes.removal_cost(_model, few),
        len(few),
    )


@st.cache_resource(max_entries=8, show_spinner="Reading the tape …")
def _tape_of(name: str):
    from lenet.tape import load

    return load(name)


def _convolutions(model) -> dict:
    """Weights [K, inputs, 5, 5] of each convolutional layer."""
    return {
        layer.name: model.get_parameter(f"{layer.name}.weight").detach().numpy()
        for layer in model.layers
        if isinstance(layer, Conv)
    }


@st.fragment
def kernels(name: str, model) -> None:
    """Experiment 1: all kernels."""
    weights = _convolutions(model)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layer = st.segmented_control("Layer", list(weights), default="conv1", key="kernels_layer", required=True)
        each = st.segmented_control(
            "Colours",
            ["one scale for the layer", "one scale for each kernel"],
            required=True,
            default="one scale for the layer",
            key="kernels_scale",
        )
        values = weights[layer if layer in weights else "conv1"]
        several = values.shape[1] > 1
        one = (
            st.selectbox(
                "Numbers",
                [None, *range(len(values))],
                key="kernels_one",
                format_func=lambda k: "none" if k is None else f"kernel {k}",
                help="Choose a kernel to read its weights.",
            )
            if several
            else None
        )
        numbers = one is not None or (not several and st.toggle("Numbers", key="kernels_numbers"))
    count, inputs = values.shape[:2]
    scale = float(abs(values).max()) if each == "one scale for the layer" else None
    some = [one] if one is not None and one < count else range(count)
    picture = grids.sheet(
        values[list(some)].reshape(-1, *values.shape[2:]),
        [f"{k}, map {i}" if several else f"kernel {k}" for k in some for i in range(inputs)],
        across=inputs if several and inputs <= 8 else 8,
        zoom=34 if numbers else 14 if several else 24,
        signed=True,
        scale=scale,
        numbers=numbers,
        dark=dark(),
    )
    words = "A row is one kernel, a column one map it reads. " if several and inputs <= 8 else ""
    st.image(picture, alt=f"The {count} kernels of {layer} of {name}, {inputs} × 5 × 5 weights each")
    if scale:
        st.html(palette.legend(True, scale, f"{words}Weights:"))
    else:
        st.caption(f"{words}Each grid of 5 × 5 has its own scale: {palette.WORDS[True]}.")
    with st.container(horizontal=True):
        st.download_button(
            "Picture (PNG)", grids.png(picture), f"{name}-{layer}.png", "image/png", icon=":material/image:"
        )
        st.download_button(
            "All weights (CSV)",
            grids.kernel_table(weights),
            f"{name}-kernels.csv",
            "text/csv",
            icon=":material/table:",
        )
    _guesses(name, weights)


def _guesses(name: str, weights: dict) -> None:
    """The two kernels that the paper guesses about, its words and the measure of the experiments."""
    from lenet.study.experiments import experiment
    from lenet.study.measures import MEASURES, contrast

    if "conv2" not in weights:
        return
    st.subheader("Two kernels that the paper reads by eye", anchor=False)
    for claim, (layer, number) in zip(experiment("kernels").claims, [("conv2", 2), ("conv1", 3)]):
        kernel = weights[layer][number - 1].mean(0)
        name_of_measure = "conv2 #2 below diagonal" if layer == "conv2" else "conv1 #3 bottom left"
        measure, found = MEASURES[name_of_measure], contrast(name_of_measure, weights) or 0.0
        left, right = st.columns([1, 9], vertical_alignment="center")
        left.image(
            grids.sheet(kernel[None], [f"{layer} #{number}"], 1, 20, True, dark=dark()),
            alt=f"{layer} #{number}, mean of its maps",
        )
        right.markdown(
            f"The paper: “{claim.words}” It counts from 1, so this is kernel {number - 1} here"
            f"{', the mean over the maps it reads' if weights[layer].shape[1] > 1 else ''}.  \n"
            f"In **{name}**: {measure.words}: **{found:+.2f}** — "
            + (
                "the sign the paper's reading needs."
                if found > 0
                else "the opposite of what the paper's reading needs."
            )
            + " Which kernel gets which number depends on the seed; “What a kernel does” measures what it does."
        )


@st.fragment
@networks.sentences()
def evidence(name: str, model, mark: str) -> None:
    """What each kernel answers to and what its removal costs."""
    from lenet.probes.kernels import ANGLES

    patches, bars, costs, count = _measured(name, mark, model)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layer = st.segmented_control("Layer", list(patches), default="conv1", key="evidence_layer", required=True)
        layer = layer if layer in patches else "conv1"
        kernel = st.selectbox("Kernel", range(len(patches[layer].values)), key=f"evidence_{layer}", width=120)
    found, cost = patches[layer], costs[layer]
    left, middle, right = st.columns(3)
    with left:
        st.markdown("**Strongest patches**")
        side = found.images.shape[-1]
        st.image(
            grids.sheet(
                found.images[kernel].numpy(),
                [
                    f"{number}: {value:.2f}"
                    for number, value in zip(found.numbers[kernel].tolist(), found.values[kernel].tolist())
                ],
                across=3,
                zoom=max(2, 80 // side),
                signed=False,
                scale=1.0,
                dark=dark(),
            ),
            alt=f"The nine patches of test pictures that kernel {kernel} of {layer} answers to most",
        )
        st.caption(
            f"{side} × {side} pixels each, of the first {count:,} test pictures, one of a picture: its number, and "
            "what the kernel makes of it before the nonlinearity."
        )
    with middle:
        st.markdown("**Answer to a bar, by its angle**")
        st.altair_chart(_bar_chart(ANGLES, bars[layer].numpy(), kernel), width="stretch")
        st.caption(
            "A white bar in the middle of an empty picture, turned; 0° lies level, 90° stands. "
            "How much the largest cell of the map exceeds that of an empty picture. Grey: the layer's other kernels."
        )
    with right:
        st.markdown("**Accuracy lost without it**")
        table = pd.DataFrame({"digit": range(CLASSES), "lost": 100 * cost[kernel].numpy()})
        st.altair_chart(
            alt.Chart(table, height=260)
            .mark_bar(color=palette.VARIANT_COLOURS[1])
            .encode(
                alt.X("digit:O", axis=alt.Axis(labelAngle=0)),
                alt.Y("lost:Q", title="points lost"),
                tooltip=["digit", alt.Tooltip("lost", format="+.1f", title="points lost")],
            ),
            width="stretch",
        )
        st.caption(
            "Percentage points of test accuracy that each digit loses when the kernel and its bias are zero; below "
            "zero: it gains."
        )
    everything = pd.DataFrame(
        [
            (f"{one} {k}", d, 100 * loss)
            for one, rows in costs.items()
            for k, row in enumerate(rows.tolist())
            for d, loss in enumerate(row)
        ],
        columns=["kernel", "digit", "points lost"],
    )
    with st.expander("All kernels at once"):
        most = float(everything["points lost"].abs().max()) or 1.0
        st.altair_chart(
            alt.Chart(everything)
            .mark_rect()
            .encode(
                alt.X("digit:O", axis=alt.Axis(labelAngle=0, orient="top")),
                alt.Y("kernel:N", sort=None, title=None),
                alt.Color("points lost:Q", scale=alt.Scale(range=palette.DIVERGING_RANGE, domain=[-most, most])),
                tooltip=["kernel", "digit", alt.Tooltip("points lost", format="+.1f")],
            ),
            width="stretch",
        )
        st.caption("Orange: the digit loses accuracy without the kernel; blue: it gains.")


def _bar_chart(angles, answers, kernel: int) -> "alt.LayerChart | alt.FacetChart":
    table = pd.DataFrame(
        [(k, a, float(v)) for k, row in enumerate(answers) for a, v in zip((*angles, 180), (*row, row[0]))],
        columns=["kernel", "angle", "answer"],
    )
    base = alt.Chart(table, height=260).encode(
        alt.X(
            "angle:Q",
            title="angle of the bar, degrees",
            scale=alt.Scale(domain=[0, 180]),
            axis=alt.Axis(values=[0, 45, 90, 135, 180]),
        ),
        alt.Y("answer:Q", title="answer above empty"),
        detail="kernel:N",
        tooltip=["kernel", "angle", alt.Tooltip("answer", format=".3f")],
    )
    return alt.layer(
        base.transform_filter(alt.datum.kernel != kernel).mark_line(color="gray", opacity=0.35, strokeWidth=1),
        base.transform_filter(alt.datum.kernel == kernel).mark_line(
            color=palette.VARIANT_COLOURS[1], strokeWidth=3, point=True
        ),
    )


def _turn_page() -> None:
    st.session_state["tape_playing"] = not st.session_state.get("tape_playing", False)
    if st.session_state["tape_playing"] and st.session_state.get("tape_at", 0) == st.session_state.get("tape_last"):
        st.session_state["tape_at"] = 0


def tape(image) -> None:
    """The fragment ticks by itself while the tape plays."""
    playing = st.session_state.get("tape_playing", False)
    st.fragment(_tape, run_every=FRAME_SECONDS if playing else None)(image)


def _tape(image) -> None:
    """Two runs, replayed beside each other on the digit."""
    from lenet.tape import TAPES, TapeError, shipped

    there = shipped()
    if not there:
        st.info("No training tape is shipped. Record one with `python -m lenet tape original-1` (a few minutes).")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = {name: f"{name.rpartition('-')[0]}, seed {TAPES[name][1]}: {TAPES[name][2]}" for name in there}
        sides: list[str] = [
            st.selectbox(
                label, there, min(at, len(there) - 1), format_func=lambda name: words[name], key=f"tape_{at}", width=330
            )
            for at, label in enumerate(["Tape", "Beside it"])
        ]
    st.caption("Each tape has a network of its own, recorded while it trained; the one chosen above is not on it.")
    try:
        tapes = [_tape_of(name) for name in sides]
    except TapeError as error:
        st.error(str(error))
        return
    last = min(map(len, tapes)) - 1
    st.session_state["tape_last"] = last
    playing = st.session_state.get("tape_playing", False)
    if playing:
        if st.session_state.get("tape_at", 0) < last:
            st.session_state["tape_at"] = st.session_state.get("tape_at", 0) + 1
        else:
            st.session_state["tape_playing"] = False
            st.rerun()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Stop" if playing else "Play",
            icon=f":material/{'stop' if playing else 'play_arrow'}:",
            on_click=_turn_page,
            key="tape_play",
        )
        steps = tapes[0].steps
        at = st.select_slider(
            "Updates of the weights so far", range(last + 1), key="tape_at", format_func=lambda k: f"{steps[k]:,}"
        )
        if (st.session_state.get("tape_playing", False)) != st.session_state.get("tape_ticking", False):
            st.session_state["tape_ticking"] = st.session_state.get("tape_playing", False)
            st.rerun()  # the whole page: only that changes how often the fragment ticks
    colours = dict(zip(dict.fromkeys(sides), palette.VARIANT_COLOURS))
    for column, name, one in zip(st.columns(2), sides, tapes):
        with column:
            _tape_side(name, one, at, image, colours[name])
    st.altair_chart(_accuracy_chart(dict(zip(sides, tapes)), at, colours), width="stretch")
    st.caption(
        "Accuracy on the 10,000 test digits of the weights on the tape, which are rounded to three figures (float16)."
    )


def _tape_side(name: str, one, at: int, image, colour: str) -> None:
    """One network at one moment: answer, kernels, maps."""
    import torch

    from lenet.evaluation import read

    model = one.model(at)
    with torch.inference_mode():
        trace = model.trace(image[None])
    shares = trace.probabilities[0]
    lost = one.lost(at)
    [digit_read] = read(trace.probabilities)
    answer = "cannot tell" if digit_read is None else f"reads a {digit_read}, {probability(float(shares.max()))}"
    st.markdown(
        f"**{name}** · {answer} · test accuracy {percent(one.test_accuracy[at])} · "
        + (f"never predicts {', '.join(map(str, lost))}" if lost else "predicts all ten digits")
    )
    table = pd.DataFrame({"digit": range(CLASSES), "probability": shares.numpy()})
    st.altair_chart(
        alt.Chart(table, height=150)
        .mark_bar(color=colour)
        .encode(
            alt.X("digit:O", title=None, axis=alt.Axis(labelAngle=0)),
            alt.Y("probability:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=2)),
            tooltip=["digit", alt.Tooltip("probability", format=".1%")],
        ),
        width="stretch",
    )
    kernels = _convolutions(model)["conv1"][:, 0]
    most, names = float(abs(kernels).max()), [f"kernel {k}" for k in range(len(kernels))]
    st.image(
        grids.sheet(kernels, names, 6, 12, True, most, dark=dark()),
        alt=f"The kernels of conv1 of {name} after {one.steps[at]} updates",
    )
    maps = trace[f"{model.variant.activation}1"].output[0].numpy()
    most, names = float(abs(maps).max()), [f"map {k}" for k in range(len(maps))]
    st.image(
        grids.sheet(maps, names, 6, 3, bool((maps < 0).any()), most, dark=dark()),
        alt=f"What they make of the digit, after {model.variant.activation}",
    )


def _accuracy_chart(tapes: dict, at: int, colours: dict[str, str]) -> "alt.LayerChart | alt.FacetChart":
    table = pd.DataFrame(
        [
            (name, step + 1, accuracy)
            for name, one in tapes.items()
            for step, accuracy in zip(one.steps, one.test_accuracy)
        ],
        columns=["tape", "step", "accuracy"],
    )
    lines = (
        alt.Chart(table, height=300)
        .mark_line(point=True)
        .encode(
            alt.X("step:Q", scale=alt.Scale(type="log"), title="updates of the weights + 1 (logarithmic)"),
            alt.Y("accuracy:Q", title="test accuracy", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            alt.Color(
                "tape:N",
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=alt.Legend(orient="top", title=None),
            ),
            tooltip=["tape", "step", alt.Tooltip("accuracy", format=".2%")],
        )
    )
    now = (
        alt.Chart(pd.DataFrame({"step": [next(iter(tapes.values())).steps[at] + 1]}))
        .mark_rule(strokeDash=[4, 3], color="gray")
        .encode(x="step:Q")
    )
    return alt.layer(lines, now)


def stop_tape() -> None:
    """Another section is on the page."""
    st.session_state["tape_playing"] = st.session_state["tape_ticking"] = False
