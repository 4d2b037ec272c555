"""Look inside: every cell's arithmetic, weights to be edited, the kernels, and the training tape."""

import streamlit as st

from lenet.ui.inside import evidence, kernels, living, tape
from lenet.ui.shared import digit, frame, networks

FIRST_DIGIT = 7  # of the test set, while nothing is drawn or chosen: a 9 with a clear loop
SECTIONS = {
    "network": "Network",
    "kernels": "Kernels",
    "evidence": "What a kernel does",
    "tape": "Training tape",
}

frame.page("inside")
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    with st.container(width="content"):
        shown = digit.choose()
    with st.container(width="content"):
        chosen = networks.choose("network", most=1)
asked = st.query_params.get("section")
st.session_state.setdefault(
    "section", next((id_ for id_, title in SECTIONS.items() if asked in (id_, title)), "network")
)
section = st.segmented_control(
    "What to look at",
    list(SECTIONS),
    format_func=SECTIONS.__getitem__,
    key="section",
    label_visibility="collapsed",
    required=True,
)
if section and section != asked:  # the link has the section's id; Streamlit's own binding would write its title
    st.query_params["section"] = section
place = st.container()

# The browser computes the first two sections; the others wait for torch where they need it.
with place:
    if shown is None:
        digit.show_first(FIRST_DIGIT)
    abouts = [living.described_network(name) for name in chosen]
    for about in abouts:
        if about["problem"]:
            st.error(about["problem"])
        elif shown is None:
            pass  # the chooser says why
        elif section == "network":
            living.show(about, shown)
        elif section == "kernels":
            kernels.show(about, shown)
        elif section == "evidence":
            evidence.show(about, shown)
        else:
            tape.tape(shown)
networks.warm_up()
