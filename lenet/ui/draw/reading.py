"""What the page Draw sends to the browser, which reads: the networks, the digit, and the strokes on the board.

A stroke costs the server no forward pass: the networks' weights are files that the browser fetches once.
"""

from base64 import b64encode
from typing import Any

import streamlit as st

from lenet.splitting import JUDGE
from lenet.ui.draw import board
from lenet.ui.shared import described, digit, modules, networks

_AROUND = "around_the_board"
HINT = "Draw a digit on the board: it is read as you draw."
STEPS = ("raw", "cropped", "scaled")  # on the way to what a network sees, as in lenet.ink.Ink
HEIGHTS = {0: 200, 1: 200, 2: 124, 3: 100}  # pixels of each network in the view, by their number


@st.fragment
def show_answers(chosen: list[str]) -> None:
    """The answers beside the board. Strokes run this and nothing else, unless they change what stands around it."""
    if board.is_outdated() or st.session_state.pop(_AROUND, False):
        st.rerun()
    shown, over = digit.given(), _over_drawing()
    drawing = board.message()
    notes = [networks.removed(), over.hint if over else ""]
    said = {"problem": digit.problem() or board.problem(), "note": " ".join(filter(None, notes))}
    eager = _around() or any(said.values()) or not networks.warm()  # the first stroke wakes PyTorch
    modules.view(
        board.PEN_KEY,
        {
            "view": "answer",
            "networks": [described.message(*pair) for pair in zip(chosen, networks.colours(chosen))],
            "judge": described.message(JUDGE, ""),
            "digit": _digit(shown, drawing["mark"], bool(drawing["strokes"])),
            "board": drawing | {"eager": eager},
            "hint": HINT,
            **said,
        },
        on_example_change=_show_example,
        on_drawing_change=_take_in,
        on_blind_change=lambda: None,
    )


def _take_in() -> None:
    """Take in the strokes before anything else of a run, which may lead to another page."""
    around = _around()
    if board.take_in():
        board.draw()
        st.session_state[_AROUND] = around


def _show_example() -> None:
    _take_in()  # before the digit, in whichever order the two arrive
    digit.at_random()


def _around() -> bool:
    """Whether the page shows something beside the board that another stroke would change."""
    return _over_drawing() is not None or bool(st.session_state.get("pixels"))


def show_time() -> None:
    """The strip over pen time, under the board."""
    modules.view("time", {"view": "strip"})


def show_network(chosen: list[str]) -> None:
    """The network view, as wide as the page, and the weights that the browser cannot fetch as files."""
    modules.view("view", {"view": "network", "height": HEIGHTS[len(chosen)]})
    for name in chosen:
        if weights := described.packed(name):
            modules.view(f"weights-{name}", weights)


def show_slides() -> None:
    """A drawing of several digits read without a cut; nothing for a single digit."""
    modules.view("slides", {"view": "slides"})


def show_pixels(chosen: list[str]) -> None:
    """What each pixel contributes, computed only when it is opened."""
    pixels = st.expander("What the pixels contribute", key="pixels", on_change="rerun")
    shown = digit.current() if pixels.open else None
    if shown is None:
        return
    with pixels, networks.waking():
        from lenet.ui.shared import saliency

        saliency.view(shown, networks.load_all(chosen)[0])


def ways_to_draw() -> None:
    """From a test digit or picture: draw over it, or back to what is on the board."""
    shown = _over_drawing()
    if not shown:
        return
    st.button("Draw over it", icon=":material/edit:", on_click=board.draw_over, args=(shown.pixels[0],), key="over")
    if not board.is_blank():
        st.button("Back to my drawing", icon=":material/draw:", on_click=board.draw, key="back")


def show_upload() -> None:
    """What of an uploaded picture was taken for ink."""
    shown = _over_drawing()
    if shown and shown.taken:
        st.image(shown.taken, alt="The uploaded picture: its ink is pink, and a frame is around it")
        st.caption("Pink: what was taken for ink. The frame: what is scaled to 28 × 28.")


def _over_drawing() -> digit.Digit | None:
    """The test digit or picture that is looked at in place of the drawing."""
    shown = digit.given()
    return shown if shown and shown.source != digit.DRAWN else None


def _digit(shown: digit.Digit | None, mark: str, strokes: bool) -> dict[str, Any]:
    """A digit that the browser cannot make from strokes, or what it needs to know of its own."""
    if shown is None or (shown.source == digit.DRAWN and strokes):
        return {"drawn": True, "mark": mark, "label": None, "source": digit.DRAWN}
    sheet = "" if shown.sheet is None else b64encode(shown.sheet.tobytes()).decode()
    steps = [{"id": name, "image": modules.numbers(image)} for name, image in zip(STEPS, shown.stages)]
    about = {"drawn": False, "mark": shown.mark, "label": shown.label, "source": shown.source, "sheet": sheet}
    return about | {"image": modules.numbers(shown.pixels), "steps": steps}
