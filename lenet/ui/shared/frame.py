"""What every page has: its title, the way to the other pages, one sentence that says what to do."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from lenet.ui.shared import follow, lesson, modules

ICON = Path(__file__).with_name("icon.svg")  # a Material symbol here would be fetched from another host

STYLE = Path(__file__).with_name("frame.css")


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
    "lesson": Page(
        "Lesson", "pages/lesson.py", "school", "Take LeNet apart step by step, on the pages themselves. Leave any time."
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
    lesson.card(key, {name: other.file for name, other in PAGES.items()})


def dark() -> bool:
    """Whether the person at the other end looks at the dark theme: for pictures, which no theme reaches."""
    return st.context.theme.type == "dark"
