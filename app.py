"""The first page: draw a digit, and LeNet reads it. Start it with: streamlit run app.py"""

from typing import TYPE_CHECKING

import streamlit as st

from lenet.ui.draw import board, reading
from lenet.ui.shared import digit, frame, networks

if TYPE_CHECKING:  # the page is on the screen before torch is loaded
    from lenet.model import LeNet

EMPTY = "Draw a digit, 0 to 9, on the board, as large as you like. No pen at hand?"
# In the order of the code the answer follows the board, as on a phone; with more room the pickers come first.
STYLE = """<style>
@media (min-width: 700px) { div:has(> .st-key-pickers) { order: -1; } }
</style>"""

frame.page("draw")
st.html(STYLE)
digit.follow_url()


@networks.taking_turns
def stroke() -> "tuple[digit.Digit | None, dict[str, LeNet]]":
    """The board and what is read on it. Returns the digit, and the networks that have read it."""
    with st.container(horizontal=True, gap="medium"):
        left, right = st.container(width=board.SIDE, key="board"), st.container(width="stretch")
    with left:
        st.caption("The board")
        picture, drawn = board.board()
        board.buttons()
        waiting = st.container()
    with waiting, networks.waking():
        if drawn:
            digit.draw(picture, mark=f"drawing-{board.count()}")
    with right:
        place = st.container()
        with st.container(horizontal=True, vertical_alignment="bottom", key="pickers"):
            chosen = networks.choose("networks", most=3, label="Who reads it (up to three)")
            digit.pick("Test digit or picture")

    shown = digit.current()
    if picture and shown and shown.source != digit.DRAWN:
        with left:
            st.button("Back to my drawing", icon=":material/draw:", on_click=digit.draw,
                      args=(picture, f"back-{board.count()}"), key="back")  # fmt: skip
    models, problems = networks.load_all(chosen) if shown else ({}, [])
    answers, films = reading.read(shown, models) if shown else ([], [])
    wrong = " ".join(filter(None, [digit.problem(), *problems]))
    message = wrong or ("" if shown else EMPTY)
    with place:
        painted = reading.show_answers(
            chosen, answers, shown, message, bool(wrong), waking="" if networks.warm() else networks.WAKING
        )
    reading.show_film(films)
    if painted:
        networks.warm_up()
    return shown, models


@st.fragment
def draw() -> None:
    """A stroke runs this and nothing else."""
    shown, models = stroke()
    if shown and models:
        pixels = st.expander("What the pixels contribute", key="pixels", on_change="rerun")
        if pixels.open:
            from lenet.ui.shared import saliency

            with pixels:
                saliency.view(shown, models)


draw()
