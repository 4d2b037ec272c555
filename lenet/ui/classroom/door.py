"""The way into a class: open one, or join one."""

import streamlit as st

from lenet.classroom.codes import NICKNAME, as_code, new_code
from lenet.classroom.store import NO_CLASS, ClassError
from lenet.ui.shared import membership

_JOINED = "class_nickname"


def open_asked() -> None:
    """Open the class that a link asks for, once; its code is the address's from then on."""
    asked = as_code(st.query_params.pop(membership.OPEN, ""))
    if not asked:
        return
    if membership.code() != asked or not membership.teacher_key():  # else the page was only run again
        try:
            code, secret = membership.store().open(asked, membership.visitor())
        except ClassError as error:
            st.error(str(error))
            return
        membership.enter(code, "teacher", secret)
    st.query_params[membership.URL] = asked


def hide_secret() -> None:
    """A teacher's link was followed: the browser keeps the secret, and the address shows it no more."""
    if secret := st.query_params.get(membership.SECRET):
        code = membership.code()
        try:
            if not membership.store().has(code, membership.visitor()):  # it counts wrong codes
                raise ClassError(NO_CLASS)
            membership.store().teacher(code, secret)
            membership.enter(code, "teacher", secret)
        except ClassError as error:
            st.error(str(error))
        del st.query_params[membership.SECRET]


def door() -> None:
    """For those who are in no class."""
    code = as_code(st.query_params.get(membership.URL, ""))
    typed = st.query_params.get(membership.URL)
    if typed and not code:
        st.error(NO_CLASS)
    elif code:
        try:
            if membership.store().has(code, membership.visitor()):
                _join(code)
                return
            st.error(NO_CLASS)
        except ClassError as error:
            st.error(str(error))
    new = st.session_state.setdefault("class_new_code", new_code())
    membership.view("door", {"view": "door", "code": new})
    store = membership.store()
    st.caption(
        "No accounts, no names: pupils get a number. "
        + (
            "Classes are kept on this server until their teacher deletes them."
            if store.folder
            else "Classes live in this server's memory and are gone when it stops."
        )
    )


def _join(code: str) -> None:
    """One tap, and a pupil is in."""
    st.header(f"Class {code}", anchor=False)
    if membership.store().nicknames(code):
        st.text_input("A nickname, if you like", max_chars=NICKNAME, key=_JOINED, width=320)
    st.button("Join the class", type="primary", key="join", on_click=_joined, args=(code,))
    if problem := st.session_state.pop("join_problem", ""):
        st.error(problem)
    st.caption("Nobody asks for your name: you get a number.")


def _joined(code: str) -> None:
    nickname = st.session_state.get(_JOINED) or ""
    try:
        membership.enter(code, "pupil", membership.store().join(code, nickname, membership.visitor()))
    except ClassError as error:
        st.session_state["join_problem"] = str(error)
