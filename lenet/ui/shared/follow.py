"""Follow me: pupils' pages go where the teacher's goes, and take the digit and the networks along."""

from contextlib import suppress
from urllib.parse import urlencode

import streamlit as st

from lenet.classroom.store import ClassError, Pupil, PupilView, Teacher
from lenet.ui.shared import digit, membership

TAKEN = ("digit", "network", "networks")  # of the address: a slider's move need not load all pages anew
_KEY = "follow"


def banner(page: str) -> None:
    """On every page of somebody in a class: whom it follows, the way out of it, and the way back to the class."""
    if not membership.code():
        return
    with suppress(ClassError):
        me = membership.me()
        if isinstance(me, Teacher):
            _leading(me, page)
        elif me and page != "class":  # there, the pupil's page does it
            _following(me)


@st.fragment(run_every=membership.TEACHER_LOOKS)
def _leading(me: Teacher, page: str) -> None:
    with suppress(ClassError):
        if me.view().lead.path:
            me.lead(page, _query())
        _show(me.code, {"teacher": True, "lead": me.view().lead.__dict__, "home": page == "class"}, me)


@st.fragment(run_every=membership.PUPILS_LOOK)
def _following(me: Pupil) -> None:
    with suppress(ClassError):
        seen = me.view()
        data = {"teacher": False, "lead": seen.lead.__dict__, "follows": seen.follows, "home": False}
        _show(me.code, {**data, "news": _news(seen)}, me)


def _news(seen: PupilView) -> str:
    """What a pupil who is elsewhere misses in the class."""
    asked = seen.question
    if asked and not asked.revealed and asked.mine is None:
        return "Your teacher has asked a question."
    return "Your class is writing digits." if seen.stage == "wall" and not seen.locked else ""


def _show(code: str, data: dict, me: Teacher | Pupil) -> None:
    data = {"view": "follow", "code": code, **data}
    membership.view(_KEY, data, on_follows_change=lambda: _sent(me))


def _sent(me: Teacher | Pupil) -> None:
    follows = bool((st.session_state.get(_KEY) or {}).get("follows"))
    with suppress(ClassError):
        if isinstance(me, Pupil):
            me.follow(follows)
        elif not follows:
            me.lead("")


def _query() -> str:
    """What of the address pupils take along."""
    pairs = [(name, value) for name in TAKEN for value in st.query_params.get_all(name)]
    # Of the address the server hears late, but the first run of a page knows nothing else.
    if drawing := digit.drawing() or st.query_params.get(digit.DRAWING_URL):
        pairs.append((digit.DRAWING_URL, drawing))
    return urlencode(pairs)
