"""Class: open one for the projector, or join one from a phone."""

import streamlit as st

from lenet.classroom.store import ClassError, Teacher
from lenet.ui.classroom import door, keeping, pupil, teacher
from lenet.ui.shared import frame, membership

frame.page("class")
try:
    door.open_asked()
    door.hide_secret()
    me = membership.me()
    keeping.said()
    if isinstance(me, Teacher):
        teacher.page(me)
    elif me:
        pupil.page(me)
    else:
        door.door()
except ClassError as error:
    st.error(str(error))
membership.remember()
