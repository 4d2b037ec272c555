"""The five experiments, one tab each: guess, then see the curves, the claims and their verdicts, and why."""

import streamlit as st

from lenet.study.curves import CurvesError
from lenet.study.experiments import EXPERIMENTS, KERNELS
from lenet.ui.experiments import tabs as parts
from lenet.ui.shared import frame

frame.page("experiments")

try:
    runs = parts.load()
except CurvesError as error:
    st.error(str(error))
    st.stop()

for e, tab in zip(EXPERIMENTS, st.tabs([f"{e.number} {e.title}" for e in EXPERIMENTS], key="experiment",
                                       bind="query-params")):  # fmt: skip
    if not tab.open:
        continue
    with tab:
        st.subheader(e.question, anchor=False)
        if e is KERNELS:
            parts.first_kernels(runs)
        if not parts.guess(e, runs):
            continue
        if e is KERNELS:
            parts.second_kernels(runs)
        else:
            parts.explore(e)
        parts.claims(e)
        parts.why(e, runs)
        parts.links(e)
