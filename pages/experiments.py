"""The experiments, one tab each: guess, then see the curves, the claims and their verdicts, and why."""

import streamlit as st

from lenet.study.curves import CurvesError
from lenet.ui.experiments import data, links, tabs
from lenet.ui.shared import frame

frame.page("experiments")

try:
    runs = data.load()
except CurvesError as error:
    st.error(str(error))
    st.stop()

for e, tab in links.tabs():
    if tab.open:
        with tab:
            tabs.show(e, runs)
