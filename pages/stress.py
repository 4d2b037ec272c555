"""Stress: change a digit in six ways, and see when each network stops recognising it, and what it looks at."""

import streamlit as st

from lenet.ui.shared import digit, frame, networks
from lenet.ui.stress import message

FIRST_DIGIT = 0  # of the test set, while nothing is drawn or chosen: a 7
SECTIONS = {
    "two": "Two ways at once",
    "spoilt": "Spoilt pictures",
    "network": "Every layer",
    "pixels": "What the pixels contribute",
}

frame.page("stress")
with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="chosen"):
    with st.container(width="content"):
        shown = digit.choose()
    with st.container(width="content"):
        chosen = networks.choose("networks", most=3, label="Networks (up to three)")
        if said := networks.removed():
            st.caption(said)
place = st.container()

# The browser reads and changes the digit: nothing up to the last section waits for torch.
with place:
    if shown is None:
        digit.show_first(FIRST_DIGIT)
    abouts = message.described_networks(chosen)
for about in abouts:
    if about["problem"]:
        place.error(about["problem"])
working = [about for about in abouts if not about["problem"]]

if shown is not None and working:
    message.show(shown, working)
    section = st.segmented_control(
        "More about this digit",
        list(SECTIONS),
        format_func=SECTIONS.__getitem__,
        default="two",
        key="more",
        bind="query-params",
    )
    if section == "two":
        message.show_two_ways()
    elif section == "spoilt":
        message.show_spoilt(shown)
    elif section == "network":
        message.show_network(len(working))
    elif section == "pixels":
        message.show_pixels(shown, [about["name"] for about in working])
networks.warm_up()
