"""Stress: change a digit in six ways, and see when each network stops recognising it, and what it looks at."""

import streamlit as st

from lenet.ui.shared import digit, frame, networks

FIRST_DIGIT = 0  # of the test set, while nothing is drawn or chosen: a 7
SECTIONS = {
    "points": "Break points",
    "two": "Two ways at once",
    "pixels": "What the pixels contribute",
}

# On a phone picture and answers stay in sight while a slider moves: they stick to the top of all columns.
STYLE = """<style>
@media (max-width: 640px) {
  [data-testid="stColumn"]:has(.st-key-now), [data-testid="stColumn"] *:has(.st-key-now) { display: contents; }
  .st-key-now { position: sticky; top: 0; z-index: 3; padding-bottom: 0.5rem; }
  .st-key-now { background: light-dark(#fdfcf9, #12151b); }
}
</style>"""

frame.page("stress")
st.html(STYLE)
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    with st.container(width="content"):
        shown = digit.choose()
    with st.container(width="content"):
        chosen = networks.choose("networks", most=3, label="Networks (up to three)")
        if said := networks.removed():
            st.caption(said)
place = st.container()

# From here on torch is needed; the frame and the choosers are on the screen already.
with place, networks.waking():
    from lenet.probes.stress import TRANSFORMATIONS
    from lenet.ui.shared import saliency
    from lenet.ui.stress import parts

    if shown is None:
        digit.show_first(FIRST_DIGIT)
    models, problems = networks.load_all(chosen)
for problem in problems:
    place.error(problem)


@st.fragment
def stress(shown: digit.Digit) -> None:
    """A slider runs this and nothing else."""
    left, middle, right = st.columns([3, 2.4, 5], gap="medium")
    with middle:
        parts.sliders()
    with left:
        picture = st.container()
        with st.container(horizontal=True):
            again = st.toggle(
                "Normalise again",
                key=parts.AGAIN,
                bind="query-params",
                help="Scale and centre the changed picture as MNIST's were before it is read. Centring "
                "hides shifts, scaling hides sizes. Where no digit is found, as under noise, it is "
                "read as it is.",
            )
            st.button("Reset", icon=":material/restart_alt:", on_click=parts.reset, key="reset")
    at = parts.amounts()
    with picture:
        parts.live(shown, models, at, again)
    swept = parts.sweeps(shown, models, again)
    with right, st.container(key="sweep"):
        name = (
            st.segmented_control(
                "Sweep",
                list(TRANSFORMATIONS),
                default=parts.FIRST,
                required=True,
                format_func=lambda key: TRANSFORMATIONS[key].label,
                key=parts.CURVE,
                bind="query-params",
                label_visibility="collapsed",
            )
            or parts.FIRST
        )
        cards = {network: networks.load(network)[1] for network in models}
        parts.curve(name, swept[name], shown, cards, again, at[name])
    section = st.segmented_control(
        "More about this digit",
        list(SECTIONS),
        format_func=SECTIONS.__getitem__,
        default="points",
        key="more",
        bind="query-params",
    )
    if section in ("points", "pixels") and parts.moved(at):
        st.caption("Of the digit itself, as it is with all sliders at rest.")
    if section == "points":
        parts.table(swept, shown)
    elif section == "two":
        parts.two_ways(name, shown, models, at, again)
    elif section == "pixels":
        saliency.view(shown, models)


if shown is not None and models:
    stress(shown)
networks.warm_up()
