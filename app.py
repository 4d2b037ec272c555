"""The first page: draw a digit, and LeNet reads it while you draw. Start it with: streamlit run app.py"""

import streamlit as st

from lenet.strokes import SIDE
from lenet.ui.draw import board, reading
from lenet.ui.shared import digit, frame, networks

frame.page("draw")
digit.follow_url()


@st.fragment
def draw() -> None:
    """All but the head of the page, which nothing here changes."""
    with st.container(horizontal=True, gap="medium", key="desk"):
        left, right = st.container(width=SIDE, key="board", gap="xsmall"), st.container(width="stretch", gap="xsmall")
    with left:
        drawn = board.board()
        board.buttons()
    if drawn:
        board.draw()
    with right:
        with st.container(horizontal=True, vertical_alignment="bottom", key="pickers"):
            chosen = networks.choose("networks", most=3, label="Who reads it (up to three)")
            digit.pick("Test digit or picture")
            reading.ways_to_draw()
        reading.show_answers(chosen)
        reading.show_time()
    reading.show_network(chosen)
    with st.container(horizontal=True, vertical_alignment="center"):
        reading.show_upload()
    reading.show_slides()
    reading.show_pixels(chosen)


draw()
