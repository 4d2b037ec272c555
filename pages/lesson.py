"""Lesson: choose one, begin or go on, and print the worksheet from your own digit."""

import streamlit as st

from lenet.classroom import lessons
from lenet.classroom.lessons import LessonError
from lenet.ui.shared import digit, frame, lesson, networks

frame.page("lesson")
there, last = lesson.on(), lesson.last()
for name in lessons.folders():
    try:
        one = lessons.load(name)
    except LessonError as error:
        st.error(str(error))
        continue
    with st.container(key=f"lesson-{name}"):
        st.header(one.title, anchor=False)
        with st.container(horizontal=True, gap="small"):
            at = min(last[1], len(one.steps)) if last and last[0] == name else 0
            if at > 1:
                words = f"Go on at step {at}"
                st.button(words, type="primary", on_click=lesson.go, args=(name, at), key=f"go-on-{name}")
            label = "Begin again" if at > 1 else "Begin"
            st.button(
                label,
                type="secondary" if at > 1 else "primary",
                on_click=lesson.go,
                args=(name, 1),
                key=f"begin-{name}",
            )
            if there and there[0] == name:
                st.button("Leave the lesson", on_click=lesson.leave, key="lesson-leave")
        with st.container(gap="xxsmall"):
            for number, step in enumerate(one.steps, start=1):
                asked = {**step.query, lesson.URL: name, lesson.STEP: str(number)}
                st.page_link(frame.PAGES[step.page].file, label=f"{number}. {step.title}", query_params=asked)

st.header("Worksheet and exit ticket", anchor=False)
st.markdown("From your own digit: one cell of the first layer by hand. Print it; the key is on its second sheet.")
shown = digit.choose()
place = st.container()
with place, networks.waking():
    if shown is None:
        st.stop()
    from lenet.classroom import worksheet

    with networks.sentences():
        sheet = worksheet.page(shown.pixels[0], networks.load(networks.DEFAULT)[0], shown.source)
        place.download_button(
            "Worksheet", sheet, "worksheet.html", "text/html", icon=":material/print:", key="worksheet"
        )
