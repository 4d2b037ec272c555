"""The experiments: what three repetitions would have said, then a tab each: guess, see the curves, and the verdicts."""

import streamlit as st

from lenet.study.curves import CurvesError
from lenet.ui.experiments import compare, data, links, tabs, view
from lenet.ui.shared import frame

frame.page("experiments")

try:
    runs = data.load()
except CurvesError as error:
    st.error(str(error))
    st.stop()

top = st.container()
for e, tab in links.tabs():
    if tab.open:
        if e:
            with top:
                view.show("three", data.three(runs))
            with tab:
                tabs.show(e, runs)
        else:
            with tab:
                compare.compare(runs)
