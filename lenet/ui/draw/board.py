"""The board: a drawing that survives a change of page and a reload, with undo and clear.

The surface that takes the pen is streamlit-drawable-canvas. The drawing is its strokes: our own component follows
the pen and sends them before the server is asked for anything else (lenet/ui/network/desk.js). If the canvas ever
changes inside, so that the component cannot follow, the canvas itself sends the drawing after each stroke.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from lenet.strokes import (
    PEN,
    SIDE,
    Stroke,
    StrokesError,
    decode,
    from_canvas,
    from_message,
    from_pixels,
    to_message,
)
from lenet.ui.shared import digit, networks

KEY = "canvas"
PEN_KEY = "answer"  # of the component that follows the pen
URL = "drawing"  # a link may bring a drawing: ?drawing=1...
NO_DRAWING = (ValueError, TypeError, AttributeError, LookupError)  # of what no board sends, but a program may
REFUSED = "Couldn't read the drawing, so the last one is kept: draw on the board, or clear it."
_BOARD, _LINK = "board", "followed_drawing"


@dataclass
class Board:
    """strokes: the drawing; picture: what the canvas sent in their place where it knows no paths; sent: what it sent
    last; stroke: the number of the component's message that was taken in last; count: drawings so far.

    start: what the canvas was told to begin with; while it is in use it must not change, or the canvas begins anew.
    tells: whether the canvas was told to tell the server itself.
    problem: why what the component has sent last is no drawing.
    turn: how often strokes were taken back: what the component sent before that is of no interest any more.
    """

    strokes: list[Stroke] = field(default_factory=list)
    picture: bytes | None = None
    sent: Any = None
    stroke: int = 0
    start: dict = field(default_factory=dict)
    tells: bool = False
    problem: str = ""
    turn: int = 0
    count: int = 0

    @property
    def blank(self) -> bool:
        return not self.strokes and not self.picture

    @property
    def mark(self) -> str:
        """Another for each drawing."""
        return f"drawing-{self.count}-{self.turn}"


def board() -> bool:
    """Show the board. Returns whether there is another drawing on it than at the last call."""
    from streamlit_drawable_canvas import st_canvas  # needs a running app: never at import

    state = _state()
    state.tells = _blind()
    changed = _follow_link(state)
    if KEY not in st.session_state and state.strokes:  # a new page: the canvas starts with what was drawn before
        state.turn += 1
        _begin(state)
    try:
        result = st_canvas(
            stroke_width=PEN,
            stroke_color="#ffffff",
            background_color="#000000",
            width=SIDE,
            height=SIDE,
            initial_drawing=state.start,
            update_streamlit=state.tells,
            return_image_data=True,
            key=KEY,
        )
        return _from_canvas(state, result) or changed
    except NO_DRAWING:
        st.error(REFUSED)
        return False


def take_in() -> bool:
    """Take in the strokes that the component has sent. Returns whether there were any."""
    state = _state()
    state.problem = ""
    try:
        return _from_pen(state)
    except NO_DRAWING:
        state.problem = REFUSED
        return False


def problem() -> str:
    """Why what the component has sent last is not the drawing; empty if it is."""
    return _state().problem


def is_outdated() -> bool:
    """Whether the canvas has still to be told that it must tell the drawing."""
    return _blind() and not _state().tells


def draw() -> None:
    """Make the drawing the digit that all pages look at."""
    state = _state()
    digit.draw(state.strokes, state.picture, state.mark)
    networks.warm_up()  # the other pages need PyTorch, this one does not


def draw_over(pixels: np.ndarray) -> None:
    """Put a picture on the board, [28, 28] numbers in [0, 1], and go on drawing on it."""
    state = _state()
    state.strokes, state.picture = [from_pixels(pixels)], None
    state.turn += 1
    state.count += 1
    draw()


def is_blank() -> bool:
    return _state().blank


def message() -> dict[str, Any]:
    """The drawing for the browser: its strokes, and how often some were taken back."""
    state = _state()
    return {
        "strokes": to_message(state.strokes),
        "turn": state.turn,
        "stroke": state.stroke,
        "mark": state.mark,
        "eraser": bool(st.session_state.get("eraser")),
    }


def buttons() -> None:
    """Undo, clear and the eraser. They need the board on the same page."""
    with st.container(horizontal=True, key="board-buttons"):
        st.button("Undo", icon=":material/undo:", on_click=_take_back, args=(1,), key="undo")
        st.button("Clear", icon=":material/delete:", on_click=_take_back, key="clear")
        st.toggle("Eraser", key="eraser", help="The right mouse button erases, too.")


def _state() -> Board:
    return st.session_state.setdefault(_BOARD, Board())


def _pen() -> dict[str, Any]:
    """What the component that follows the pen has sent."""
    return dict(st.session_state.get(PEN_KEY) or {})


def _blind() -> bool:
    """Whether the component cannot follow the pen, so that the canvas must tell the server itself."""
    return bool(_pen().get("blind"))


def _from_pen(state: Board) -> bool:
    """Take in what the component has sent. Raises StrokesError."""
    sent = _pen().get("drawing")
    if not sent or sent["turn"] != state.turn or sent["stroke"] == state.stroke:
        return False
    state.strokes, state.picture = from_message(sent["strokes"]), None
    state.stroke, state.count = int(sent["stroke"]), state.count + 1
    return True


def _from_canvas(state: Board, result: Any) -> bool:
    """Take in what the canvas has sent, if anything. Raises one of many errors for what it could not have sent."""
    if result.json_data is None:
        return False
    picture, objects = result.image_bytes, list(result.json_data.get("objects", []))
    if picture is None or (picture, objects) == state.sent:
        return False
    state.sent, state.count = (picture, objects), state.count + 1
    try:
        state.strokes, state.picture = from_canvas({"objects": objects}), None
    except StrokesError:
        state.strokes, state.picture = [], picture if objects else None
    return True


def _follow_link(state: Board) -> bool:
    """Put the drawing of the link on the board, once."""
    if _LINK in st.session_state:
        return False
    asked = st.session_state[_LINK] = st.query_params.get(URL, "")
    if not asked or not state.blank:
        return False
    try:
        state.strokes = decode(asked)
    except StrokesError as error:
        st.warning(f"{error} The board is blank.")
        return False
    state.count += 1
    return True


def _take_back(count: int | None = None) -> None:
    """Take back the last strokes, or all."""
    state = _state()
    take_in()  # the strokes that came with the press of the button
    state.strokes = [] if count is None else state.strokes[:-count]
    state.picture = None
    state.turn += 1
    if state.sent:  # the canvas tells the drawing, so it must know; else its ink lies unseen below ours, and a pen that
        _begin(state)  # comes down while it begins again would be lost
    state.count += 1
    draw()


def _begin(state: Board) -> None:
    """Have the canvas begin again with the strokes."""
    state.start = {"objects": [_path(stroke) for stroke in state.strokes if stroke.points], "turn": state.turn}


def _path(stroke: Stroke) -> dict[str, Any]:
    """A stroke as the canvas keeps it, which is Fabric's way: around the middle of the path."""
    xs, ys = zip(*stroke.points)
    path = [["M", *stroke.points[0]], *(["L", *point] for point in stroke.points[1:] or stroke.points)]
    return {
        "type": "Path",
        "version": "7.4.0",
        "originX": "center",
        "originY": "center",
        "left": (min(xs) + max(xs)) / 2,
        "top": (min(ys) + max(ys)) / 2,
        "fill": None,
        "stroke": "#000000" if stroke.erase else "#ffffff",
        "strokeWidth": stroke.width,
        "strokeLineCap": "round",
        "strokeLineJoin": "round",
        "path": path,
    }
