"""Look inside: every cell's arithmetic, weights to be edited, the kernels, and the training tape."""

import streamlit as st

from lenet.ui.inside import kernels, living, tape
from lenet.ui.shared import digit, frame, networks

FIRST_DIGIT = 7  # of the test set, while nothing is drawn or chosen: a 9 with a clear loop
SECTIONS = {
    "network": "Network",
    "kernels": "Kernels",
    "evidence": "What a kernel does",
    "tape": "Training tape",
}

frame.page("inside")
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
with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="chosen"):
    with st.container(width="content"):
        shown = digit.choose()
    chosen = []
    if section != "tape":  # whose networks are its own
        with st.container(width="content"):
            chosen = networks.choose("network", most=1)
place = st.container()

# The browser computes all sections: nothing here waits for torch.
with place:
    if shown is None:  # the chooser says why
        digit.show_first(FIRST_DIGIT)
    elif section == "tape":
        tape.tape(shown)
    else:
        for name in chosen:
            about = living.described_network(name)
            if about["problem"]:
                st.error(about["problem"])
            elif section == "network":
                living.show(about, shown)
            else:
                kernels.show(about, shown, does=section == "evidence")
networks.warm_up()
