"""The teacher's page: how to join on the left, what the class does on the right."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from lenet.classroom.address import for_others, of_this_machine, qr_code
from lenet.classroom.store import ClassError, Teacher
from lenet.ui.classroom import keeping, questions, racing, testset, tuning
from lenet.ui.shared import membership

SECTIONS = {
    "join": ("Join", "lobby"),
    "vote": ("Vote", "vote"),
    "wall": ("Wall", "wall"),
    "test": ("Test set", "look"),
    "train": ("Train on us", "look"),
    "race": ("Race", "race"),
    "keep": ("Keep or delete", "look"),
}  # id -> label, and what pupils' pages show meanwhile
_SECTION, _MACHINE, _HIDDEN = "class_section", "class_machine", "wall_hidden"


def page(me: Teacher) -> None:
    """All of it."""
    if _SECTION not in st.session_state:  # back after a reload: where the class still is
        stage = me.view().stage
        st.session_state[_SECTION] = next(key for key, (_, shown) in SECTIONS.items() if shown == stage)
    with st.container(horizontal=True, vertical_alignment="center", key="class-bar"):
        section = (
            st.segmented_control(
                "What the class does",
                list(SECTIONS),
                format_func=lambda key: SECTIONS[key][0],
                required=True,
                key=_SECTION,
                on_change=_show,
                args=(me,),
                label_visibility="collapsed",
                persist_state="session",
                wrap=True,
            )
            or "join"
        )
        _settings(me)
    if section == "join":
        _card(me)
        return
    left, right = st.columns([1, 4], gap="medium")
    with left:
        _card(me, aside=True)
    with right:
        {
            "vote": questions.page,
            "wall": _wall,
            "test": testset.page,
            "train": tuning.page,
            "race": racing.page,
            "keep": keeping.page,
        }[section](me)


def _show(me: Teacher) -> None:
    """Pupils' pages change with the teacher's."""
    me.show(SECTIONS[st.session_state[_SECTION]][1])


def _settings(me: Teacher) -> None:
    """What is set once, out of the way of the class."""
    seen = me.view()
    _toggle(
        "Pupils follow me",
        "lead",
        bool(seen.lead.path),
        lambda on: me.lead("class" if on else ""),
        help="Their pages go where yours goes, with your digit and networks. One tap leaves.",
    )
    with st.popover("Settings", icon=":material/settings:", key="class-settings"):
        _toggle("Pupils may take a nickname", "nicknames", seen.nicknames, me.allow_nicknames)
        _toggle("Nobody else may join", "closed", seen.closed, me.close)
        if seen.pupils:
            with st.container(horizontal=True, vertical_alignment="bottom"):
                number = st.selectbox("Send a pupil away", list(seen.pupils), index=None, key="away", width=160)
                st.button("Send away", on_click=me.send_away, args=(number,), disabled=number is None, key="send-away")
        st.text_input(
            "This computer's address, if phones cannot reach the one shown",
            key=_MACHINE,
            placeholder=of_this_machine() or "192.168.1.20",
        )
        st.markdown("**Your own link**: opens this class as its teacher. Show it to nobody.")
        st.button("Show my link", key="show-link")
        if st.session_state.get("show-link"):
            st.code(f"{_address()}?class={me.code}&teacher={membership.teacher_key()}", language=None, wrap_lines=True)


def _toggle(label: str, key: str, on: bool, change: Callable[[bool], None], help: str | None = None) -> None:
    """A switch that shows what the class says, wherever it was changed."""
    st.session_state[key] = on
    st.toggle(label, key=key, on_change=lambda: change(st.session_state[key]), help=help)


def _address() -> str:
    typed = "".join(c for c in st.session_state.get(_MACHINE) or "" if c.isalnum() or c in ".-")
    return for_others(st.context.url or "http://localhost:8501/class", typed)


@st.fragment(run_every=membership.TEACHER_LOOKS)
def _card(me: Teacher, aside: bool = False) -> None:
    """The code, and who is there."""
    try:
        seen = me.view()
    except ClassError as error:
        st.error(str(error))
        return
    membership.view("card", _card_message(me.code, seen.pupils, aside))


def _card_message(code: str, pupils: dict[int, str], aside: bool) -> dict[str, Any]:
    """aside: it stands beside what the class does, and on a phone it is short."""
    link = f"{_address()}?class={code}"
    short = _address().partition("://")[2]
    return {
        "view": "card",
        "aside": aside,
        "code": code,
        "address": short,
        "link": link,
        "qr": qr_code(link),
        "pupils": list(pupils.items()),
    }


def _wall(me: Teacher) -> None:
    """Everybody's digits, as they come in."""
    seen = me.view()
    with st.container(horizontal=True, vertical_alignment="center"):
        _toggle("Lock the wall", "lock", seen.locked, me.lock)
        st.toggle("Show hidden ones", key=_HIDDEN)
        st.caption("Every phone asks for one digit after another. Click a digit to see how it is read.")
    _live_wall(me)


@st.fragment(run_every=membership.TEACHER_LOOKS)
def _live_wall(me: Teacher) -> None:
    try:
        wall = me.wall(hidden=bool(st.session_state.get(_HIDDEN)))
    except ClassError as error:
        st.error(str(error))
        return
    drawings = [[d.id, d.pupil, d.label, d.strokes, d.hidden] for d in wall]
    membership.view("wall", {"view": "wall", "drawings": drawings}, on_hide_change=lambda: _hide(me))


def _hide(me: Teacher) -> None:
    sent = dict(st.session_state.get("wall") or {}).get("hide")
    if isinstance(sent, dict) and type(sent.get("id")) is int:
        me.hide(sent["id"], bool(sent.get("hidden")))
