"""A pupil's page: one component that waits, asks, or has a digit written, as the teacher leads."""

from typing import Any

import streamlit as st

from lenet.classroom.store import ClassError, Pupil, PupilView, TryAgainError
from lenet.ui.classroom import racing
from lenet.ui.shared import membership

KEY = "pupil"
_REFUSED, _PROBLEM = "refused_drawings", "pupil_problem"


def page(me: Pupil) -> None:
    """All of it."""
    with st.container(horizontal=True, vertical_alignment="center", key="pupil-out"):
        _live(me)
    st.button("Leave the class", icon=":material/logout:", type="tertiary", on_click=membership.leave, key="leave")


@st.fragment(run_every=membership.PUPILS_LOOK)
def _live(me: Pupil) -> None:
    """What the teacher does runs this and nothing else."""
    try:
        seen = me.view()
    except TryAgainError as error:
        st.warning(str(error))
        return
    except ClassError as error:
        st.info(str(error))
        return
    race = racing.of_pupil(me, seen.number) if seen.stage == "race" else None
    membership.view(
        KEY, _message(me.code, seen, race), on_sent_change=lambda: _sent(me), on_follows_change=lambda: _go(me)
    )


def _message(code: str, seen: PupilView, race: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "view": "pupil",
        "code": code,
        **seen.__dict__,
        "question": seen.question and seen.question.__dict__,
        "lead": seen.lead.__dict__,
        "race": race,
        "refused": dict.fromkeys(st.session_state.get(_REFUSED, ()), True),
        "problem": st.session_state.pop(_PROBLEM, ""),
    }


def _sent(me: Pupil) -> None:
    """Take in what the browser has sent; what it does not find in the next message it sends again."""
    sent = dict(st.session_state.get(KEY) or {}).get("sent")
    if not isinstance(sent, dict):
        return
    vote, drawings = sent.get("vote"), sent.get("drawings")
    if isinstance(vote, dict):
        _try(lambda: me.vote(_number(vote, "question"), _number(vote, "choice")))
    for drawing in drawings[:5] if isinstance(drawings, list) else []:
        mark = str(drawing.get("mark", ""))[:40] if isinstance(drawing, dict) else ""
        if mark and not _try(lambda d=drawing, m=mark: me.draw(m, _number(d, "label"), d.get("strokes"))):
            st.session_state.setdefault(_REFUSED, []).append(mark)
            del st.session_state[_REFUSED][:-20]


def _try(act) -> bool:
    """Whether it was done, or will be if it is sent again."""
    try:
        act()
    except TryAgainError:
        return True
    except ClassError as error:
        st.session_state[_PROBLEM] = str(error)
        return False
    return True


def _number(message: dict, name: str) -> int:
    value = message.get(name)
    return value if type(value) is int and abs(value) < 2**31 else -1


def _go(me: Pupil) -> None:
    """Follow the teacher, or look around by oneself."""
    me.follow(bool(dict(st.session_state.get(KEY) or {}).get("follows")))
