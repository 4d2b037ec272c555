"""Who this visitor is in which class: teacher, pupil, or nobody. The session, the browser's cookie or a link knows it.

A link may bring a class (?class=CODE), and the teacher's secret with it (&teacher=SECRET); the secret leaves the
address at once, so that no projector shows it. Cookies are written by lenet/ui/network/class/member.js.
"""

import os

import streamlit as st

from lenet.classroom.codes import as_code
from lenet.classroom.store import FOLDER_VARIABLE, ClassError, Pupil, Store, Teacher
from lenet.ui.shared import modules

PUPILS_LOOK = 5  # seconds between two looks of a pupil's page at the class: 150 pupils ask 30 times a second
TEACHER_LOOKS = 2  # of the teacher's
URL, OPEN, SECRET = "class", "open", "teacher"
_KEYS, _CODE, _GONE = "class_keys", "class_code", "class_gone"


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The classes of this server. Raises ClassError if they cannot be kept where the server was told to."""
    return Store(os.environ.get(FOLDER_VARIABLE))


def visitor() -> str:
    """Whose wrong codes are counted together."""
    address = st.context.ip_address
    return address if isinstance(address, str) else ""  # on this machine there is none


def code() -> str:
    """The class that the link asks for, else the one that this browser was in last; empty if there is none."""
    asked = as_code(st.query_params.get(URL, ""))
    if asked:
        st.session_state[_CODE] = asked
    return st.session_state.get(_CODE) or as_code(_cookie("class"))


def me() -> Teacher | Pupil | None:
    """What this visitor may do in the class. Raises ClassError if the classes cannot be read."""
    here = code()
    role, key = _key(here)
    if not key or here == st.session_state.get(_GONE):
        return None
    try:
        return store().teacher(here, key) if role == "teacher" else store().pupil(here, key)
    except ClassError:
        return None  # the class was deleted, or somebody made up a cookie


def enter(here: str, role: str, key: str) -> None:
    """Be this in a class from now on; the browser is told by `remember`."""
    st.session_state.setdefault(_KEYS, {})[here] = (role, key)
    st.session_state[_CODE] = here
    st.session_state.pop(_GONE, None)


def leave() -> None:
    """Be nobody in the class any more."""
    here = code()
    st.session_state.get(_KEYS, {}).pop(here, None)
    st.session_state[_GONE] = here
    st.session_state.pop(_CODE, None)
    st.query_params.pop(URL, None)


def remember() -> None:
    """Have the browser keep who this is, or forget it."""
    gone = st.session_state.get(_GONE)
    here = code()
    role, key = _key(here)
    if key and here != gone:
        view("member", {"view": "remember", "code": here, "role": role, "key": key})
    elif gone:
        view("member", {"view": "remember", "forget": gone})


def teacher_key() -> str:
    """The secret of the class, for its teacher's link."""
    role, key = _key(code())
    return key if role == "teacher" else ""


def _key(here: str) -> tuple[str, str]:
    """The role and its secret in a class, as far as this visitor says."""
    if here in st.session_state.get(_KEYS, {}):
        return st.session_state[_KEYS][here]
    if here and (secret := st.query_params.get(SECRET)):
        return "teacher", secret
    role, _, key = _cookie(f"class-{here}").partition(".")
    return role, key


def _cookie(name: str) -> str:
    """As the page's connection brought it; empty if there is none, or no browser, as in Streamlit's AppTest."""
    value = st.context.cookies.get(name, "")
    return value if isinstance(value, str) else ""


def view(key: str, data: dict, **callbacks):
    """Show a view of lenet/ui/network/class/class.js."""
    return modules.component("class/class.js", modules.HTML, "style", "class/class")(key=key, data=data, **callbacks)
