"""The training tape: a network at some moments of its training."""

import altair as alt
import pandas as pd
import streamlit as st

from lenet.formatting import percent, probability
from lenet.ui.shared import grids, palette
from lenet.ui.shared.frame import dark
from lenet.variant import CLASSES

FRAME_SECONDS = 0.8  # of the tape, while it plays


@st.cache_resource(max_entries=8, show_spinner="Reading the tape …")
def _tape_of(name: str):
    from lenet.tape import load

    return load(name)


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
    kernels = model.conv1.weight.detach().numpy()[:, 0]
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
