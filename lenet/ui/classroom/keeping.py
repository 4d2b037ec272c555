"""What becomes of the class's digits: files to keep, files to bring back, and the end of everything."""

import streamlit as st

from lenet.classroom import files
from lenet.classroom.store import ClassError, Drawing, Teacher
from lenet.ui.classroom import racing
from lenet.ui.shared import membership

FILES = {
    "wall.png": ("Picture of the wall", files.as_picture, "image/png"),
    "drawings.csv": ("CSV: strokes", files.as_csv, "text/csv"),
    "drawings.npz": ("NPZ: pictures, labels, writers", files.as_npz, "application/octet-stream"),
    "idx.zip": ("IDX: as MNIST, split by writer", files.as_idx, "application/zip"),
}  # name -> what it is, how it is made, its type
_DELETED, _MADE = "class_deleted", "class_files"


def page(me: Teacher) -> None:
    """Export, import, delete."""
    wall = me.wall()
    st.header("Keep the class's digits", anchor=False)
    if wall:
        with st.container(horizontal=True):
            for name, content in _made(wall).items():
                label, _, kind = FILES[name]
                st.download_button(
                    label,
                    content,
                    f"class-{me.code}-{name}",
                    kind,
                    icon=":material/download:",
                    on_click="ignore",
                    key=f"export-{name}",
                )
        st.caption(
            f"{len(wall)} drawings; hidden ones stay behind. Writers are numbers, and no nickname is in the files. All "
            "but the picture can be brought back. `python -m benchmarks handwriting FILE.npz` measures any network on "
            "them; the page Train learns from them."
        )
    else:
        st.caption("There are no digits on the wall yet.")
    _bring_back(me)
    st.header("Delete the class", anchor=False)
    where = membership.store().folder
    st.caption(
        "Classes are kept on this server until you delete them."
        if where
        else "This class lives in the server's memory: it is gone when the server stops."
    )
    with st.popover("Delete everything", icon=":material/delete_forever:", key="delete-open"):
        st.markdown("Votes, drawings and pupils of this class are deleted for good, from the disk too.")
        st.button("Delete it all now", type="primary", on_click=_delete, args=(me,), key="delete")


def _made(wall: list[Drawing]) -> dict[str, bytes]:
    """The files, made once while the wall stays as it is.

    If Streamlit had them made when they are asked for, every other page that runs meanwhile, of any pupil, would have
    it throw them away before they are fetched.
    """
    known, made = st.session_state.get(_MADE, (None, {}))
    if known != wall:
        with st.spinner("Making the files …"):
            made = {name: make(wall) for name, (_, make, _) in FILES.items()}
        st.session_state[_MADE] = wall, made
    return made


def _bring_back(me: Teacher) -> None:
    """Drawings of an earlier class onto this wall."""
    with st.expander("Bring back the digits of an earlier class"):
        file = st.file_uploader("CSV, NPZ or IDX from this page", type=["csv", "npz", "zip"], key="import")
        if file and st.session_state.get("imported") != file.file_id:
            try:
                with st.spinner("Looking at every drawing …"):
                    count = me.put(files.read_back(file.getvalue()))
                st.session_state["imported"] = file.file_id
                st.success(f"{count} drawings are on the wall.")
            except ClassError as error:
                st.error(str(error))


def _delete(me: Teacher) -> None:
    from lenet.ui.train import own

    try:
        racing.stop(me)
        me.delete()
        own.forget_class(me.code)
        st.session_state.pop(_MADE, None)
        membership.leave()
        st.session_state[_DELETED] = True
    except ClassError as error:
        st.session_state["delete_problem"] = str(error)


def said() -> None:
    """What was done by the button, which is gone with the class."""
    if st.session_state.pop(_DELETED, False):
        st.success("The class is deleted, with everything in it.")
    if problem := st.session_state.pop("delete_problem", ""):
        st.error(problem)
