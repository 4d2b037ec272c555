"""The board: a drawing that survives a change of page, with undo and clear."""

from typing import Any

import streamlit as st

SIDE = 320  # pixels; fits the narrowest phones
PEN = 20  # pixels: about as thick, against the digit, as the pens of MNIST
KEY = "canvas"
# Larger for the back row, where there is room; the drawing keeps its SIDE pixels.
STYLE = """<style>
@media (min-width: 1500px) and (min-height: 900px) { div:has(> .st-key-board) { zoom: 1.4; } }
.st-key-plain-board { display: none; }
</style>"""
# The canvas has a toolbar of its own, which it cannot be told to leave away. Without a mouse that could hover, it lies
# unseen on the upper edge of the board and takes strokes that begin there. No style from outside reaches it.
_PLAIN = st.components.v2.component(
    "lenet_plain_board",
    js="""const plain = new CSSStyleSheet()
plain.replaceSync(".dc-toolbar { display: none !important }")
export default () => {
  const looking = setInterval(() => {
    const board = document.querySelector(".st-key-canvas [data-testid=stBidiComponentIsolated]")?.shadowRoot
    if (!board) return
    board.adoptedStyleSheets.push(plain)
    clearInterval(looking)
  }, 50)
  return () => clearInterval(looking)
}
""",
)
_BOARD = "board"


def board() -> tuple[bytes | None, bool]:
    """Show the board.

    Returns the drawing as a PNG (None while there is no ink) and whether it is another than at the last call.
    """
    from streamlit_drawable_canvas import st_canvas  # needs a running app: never at import

    st.html(STYLE)
    _PLAIN(key="plain-board")
    state = _state()
    if KEY not in st.session_state:  # a new page: the canvas starts with what was drawn before
        _restart(len(state["objects"]))
    try:
        result = st_canvas(
            stroke_width=PEN,
            stroke_color="#ffffff",
            background_color="#000000",
            width=SIDE,
            height=SIDE,
            initial_drawing=state["start"],
            return_image_data=True,
            key=KEY,
        )
        picture, objects = result.image_bytes, list(result.json_data.get("objects", []))
    except (ValueError, TypeError, AttributeError, LookupError):  # no board sends that, but a program may
        st.error("What came from the board is no drawing, so the last one is kept: draw on the board, or clear it.")
        return state["seen"][0] if state["objects"] else None, False
    changed = picture is not None and (picture, len(objects)) != state["seen"]
    if changed:
        state.update(seen=(picture, len(objects)), objects=objects, count=state["count"] + 1)
    return state["seen"][0] if state["objects"] else None, changed


def count() -> int:
    """How many drawings the board has sent."""
    return _state()["count"]


def buttons() -> None:
    """Undo and clear. They need the board on the same page."""
    with st.container(horizontal=True, key="board-buttons"):
        empty = not _state()["objects"]
        st.button("Undo", icon=":material/undo:", on_click=_restart, args=(-1,), disabled=empty, key="undo")
        st.button("Clear", icon=":material/delete:", on_click=_restart, args=(0,), disabled=empty, key="clear")


def _state() -> dict[str, Any]:
    """objects: the strokes; seen: the last picture that was sent, and of how many strokes; count: pictures so far.

    start: what the canvas was told to begin with; while the canvas is in use it must not change, or the canvas begins
    anew. turn: makes a new start differ from an equal old one.
    """
    return st.session_state.setdefault(_BOARD, {"objects": [], "seen": (None, 0), "start": {}, "turn": 0, "count": 0})


def _restart(keep: int) -> None:
    """Begin again with the strokes up to `keep`; a canvas that is there already then sends the picture of them."""
    state = _state()
    state["turn"] += 1
    state["objects"] = state["objects"][:keep]
    state["start"] = {"objects": state["objects"], "turn": state["turn"]}
