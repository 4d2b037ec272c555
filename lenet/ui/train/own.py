"""What a network learns from: MNIST, the digits of a class, or pictures that somebody loads here."""

import streamlit as st

from lenet.classroom.files import name_of, to_learn_from
from lenet.classroom.store import ClassError, Pupil, Teacher
from lenet.formatting import fixed
from lenet.own_data import KNOWN, Loaded, OwnDataError, load
from lenet.recipe import MNIST, DataSet
from lenet.ui.shared import membership, networks
from lenet.ui.train.service import mine, service

LARGEST = 64  # MB of a file, as server.maxUploadSize says; the training pictures of EMNIST's digits are about 60
GUESS, OTHER = "", "other"
WHICH = {GUESS: "Guess from the files", **{key: known.title for key, known in KNOWN.items()}, OTHER: "Something else"}
_CHOSEN, _SAID, _TRIES = "data", "own_data_said", "own_data_tries"


def choose() -> DataSet:
    """The controls: which pictures, and how to load others."""
    me = _in_class()
    there = {MNIST.name: MNIST, **_of_class(me), **mine().data}
    if st.session_state.get(_CHOSEN) not in there:
        st.session_state[_CHOSEN] = MNIST.name
    asked = st.pills("Pictures to learn from", list(there), key=_CHOSEN, required=True)
    chosen = there[asked or MNIST.name]
    st.caption(
        f"{chosen.name}: {len(chosen.classes)} classes, {', '.join(chosen.classes)}. Mean intensity "
        f"{fixed(chosen.mean, 4)}, deviation {fixed(chosen.std, 4)}. Licence: {chosen.licence}."
    )
    if loading := st.session_state.get(_SAID):
        (st.error if loading.startswith("!") else st.success)(networks.plain(loading.lstrip("!")))
    if isinstance(me, Teacher):
        words = f"Learn from the digits of class {me.code}"
        st.button(words, icon=":material/groups:", on_click=_choose_class, args=(me,), key="own_class")
    with st.popover("Load your own pictures", icon=":material/upload_file:"):
        st.markdown(
            "**IDX** files (MNIST, Fashion-MNIST, KMNIST, EMNIST; packed or not, pictures and labels together), an "
            "**NPZ** file, or a **ZIP of folders**: a folder of pictures for each class, two to ten of them."
        )
        st.file_uploader("Files", accept_multiple_files=True, max_upload_size=LARGEST, key=_key())
        st.selectbox("What is in them", list(WHICH), format_func=WHICH.__getitem__, key="own_which")
        st.text_input("Names of the classes, with commas between", key="own_names", placeholder="as in the files")
        files = st.session_state[_key()]
        st.button("Load them", on_click=_load, disabled=not files, type="primary", key="own_load")
    return chosen


def _key() -> str:
    """Of the uploader, a new one after each try: its files are then gone from it, and from the server's memory."""
    return f"own_files_{st.session_state.get(_TRIES, 0)}"


def _load() -> None:
    """Read the files, keep the pictures, and choose them."""
    files = st.session_state[_key()]
    st.session_state[_TRIES] = st.session_state.get(_TRIES, 0) + 1
    which = st.session_state["own_which"]
    names = [part.strip() for part in st.session_state["own_names"].split(",") if part.strip()]
    try:
        loaded = load([(file.name, file.getvalue()) for file in files], which, tuple(names))
    except OwnDataError as error:
        st.session_state[_SAID] = "!" + str(error)
        return
    keep(loaded)


def keep(loaded: Loaded) -> None:
    """Let this session's runs learn from these pictures, and choose them."""
    service().keep(loaded)
    about = loaded.about
    called = about.name
    while called in ({MNIST.name} | set(mine().data)) and mine().data.get(called) != about:
        called += "+"
    mine().data[called] = about
    st.session_state[_CHOSEN] = called
    sizes = f"{len(loaded.train):,} pictures to learn from, {len(loaded.test):,} to test."
    st.session_state[_SAID] = " ".join([f"{called} is loaded: {sizes}", *loaded.said])


# --- The digits of a class -------------------------------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def _classes() -> dict[str, DataSet]:
    """By code, of the classes whose teacher chose them to be learnt from: from then on the pupils can, too."""
    return {}


def _in_class() -> Teacher | Pupil | None:
    try:
        return membership.me()
    except ClassError:
        return None


def _of_class(me: Teacher | Pupil | None) -> dict[str, DataSet]:
    about = _classes().get(me.code) if me else None
    return {about.name: about} if about and service().data(about.checksum) else {}


def keep_class(me: Teacher) -> Loaded:
    """Choose the digits that are on the wall now, for the teacher and for the pupils.

    Raises OwnDataError if there are too few, ClassError if the class is gone.
    """
    loaded = to_learn_from(me.code, me.wall())
    keep(loaded)
    _classes()[me.code] = loaded.about
    return loaded


def _choose_class(me: Teacher) -> None:
    try:
        keep_class(me)
    except (OwnDataError, ClassError) as error:
        st.session_state[_SAID] = "!" + str(error)


def forget_class(code: str) -> None:
    """Of a class that is deleted no digits stay behind to learn from."""
    _classes().pop(code, None)
    service().forget(name_of(code))
