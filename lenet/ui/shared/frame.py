"""What every page has: its title, the way to the other pages, one sentence that says what to do."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from lenet.ui.shared import follow, modules

ICON = Path(__file__).with_name("icon.svg")  # a Material symbol here would be fetched from another host

# The orange of the dark theme is a light one: dark words on it.
STYLE = """<style>
.st-key-frame { row-gap: 0; }
.st-key-frame > :first-child p {
  font: 600 1.15rem Georgia, "Times New Roman", serif;
  margin-right: 0.75rem;
  white-space: nowrap;
}
.st-key-frame a:focus-visible { outline: 3px solid var(--st-primary-color, currentColor); outline-offset: 1px; }
.st-key-title { row-gap: 0; margin: -0.75rem 0; }
.st-key-title p { font-size: 1.15rem; }
button[data-testid="stBaseButton-primary"] { color: white; color: light-dark(white, black); }
@media (min-width: 700px) { [data-testid="stMainBlockContainer"] { padding-left: 2.5rem; padding-right: 2.5rem; } }
/* The board shows itself once the pen is followed; without our scripts it does so after a while. */
.st-key-canvas { visibility: hidden; animation: lenet-late 0s 5s forwards; }
.lenet-ready .st-key-canvas { visibility: visible; animation: none; }
@keyframes lenet-late { to { visibility: visible; } }
/* Larger for the back row, where there is room; the drawing keeps its pixels. */
@media (min-width: 1500px) and (min-height: 900px) {
  .st-key-frame, .st-key-title, .st-key-desk, .st-key-view { zoom: 1.4; }
}
@media (forced-colors: active) { /* what is chosen is told by colour alone, else */
  button:is([aria-pressed="true"], [aria-checked="true"]) { outline: 3px solid Highlight; outline-offset: -3px; }
  [role="switch"], [data-testid="stCheckbox"] label > span, [data-testid="stCheckbox"] label > div:first-of-type {
    forced-color-adjust: none;
  }
}
@media (max-width: 700px) {
  .st-key-pickers, div:has(> .st-key-pickers) { order: 9; } /* the answer follows the board */
}
@media (max-width: 700px) { /* all pages in one line, so that the board and the answer have the screen */
  .st-key-frame { column-gap: 0; }
  .st-key-frame > :first-child { flex: 0 0 100%; }
  .st-key-frame a > span:first-child { display: none; }
  .st-key-frame a { padding: 0.25rem 0.35rem; }
  .st-key-title h1 { font-size: 1.25rem; padding: 0; }
  .st-key-title p { font-size: 1rem; }
}
</style>"""


@dataclass(frozen=True)
class Page:
    """file: from the root of the project; icon: a Material symbol; todo: what to do on the page, in one sentence."""

    title: str
    file: str
    icon: str
    todo: str


# A new page is one row here and one file.
PAGES = {
    "draw": Page("Draw", "app.py", "draw", "Draw a digit on the board and watch LeNet read it."),
    "inside": Page(
        "Look inside", "pages/inside.py", "search", "Point at any cell: see what it looks at, and check its arithmetic."
    ),
    "train": Page(
        "Train", "pages/train.py", "play_circle", "Press a button, watch a network learn, and see why it does or fails."
    ),
    "experiments": Page(
        "Experiments",
        "pages/experiments.py",
        "science",
        "Guess first, then hold the paper's claims against many seeds.",
    ),
    "stress": Page(
        "Stress", "pages/stress.py", "tune", "Shift, turn, squeeze and thicken a digit until the network gives up."
    ),
    "class": Page(
        "Class", "pages/class.py", "groups", "Open a class or join one: vote, write digits, test the networks on them."
    ),
}


def page(key: str) -> None:
    """First call of each page: page set-up, the way to all pages, title and the sentence of PAGES."""
    here = PAGES[key]
    st.set_page_config(page_title=f"{here.title} · LeNet, taken apart", page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    with st.container(horizontal=True, key="frame", vertical_alignment="center", gap="xsmall"):
        st.markdown("LeNet, taken apart", width="content")
        for other in PAGES.values():
            st.page_link(other.file, label=other.title, icon=f":material/{other.icon}:")
        modules.view("frame-view", {"view": "frame"})
    with st.container(horizontal=True, key="title", vertical_alignment="center"):
        st.title(here.title, anchor=False, width="content")
        st.markdown(here.todo, width="content")
    follow.banner(key)


def dark() -> bool:
    """Whether the person at the other end looks at the dark theme: for pictures, which no theme reaches."""
    return st.context.theme.type == "dark"
