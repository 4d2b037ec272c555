"""Any settings of any experiments on one chart: chosen by search, kept in the link."""

import streamlit as st

from lenet.study import tables
from lenet.study.design import FORMS, Setting
from lenet.study.experiments import EXPERIMENTS
from lenet.study.measures import Runs
from lenet.ui.experiments import lines, view

MOST = 12  # settings on one chart
FIRST = ("original@0.1", "original-linear@0.1", "tanh@0.1")  # while nothing is chosen
BY = {"epoch": "epoch", "seconds": "CPU seconds"}
OF, COURSE, AXIS = "of", "show", "by"  # in the URL


def id_of(setting: Setting) -> str:
    """Short, for the URL."""
    return "@".join([setting.variant, f"{setting.lr:g}", *[setting.recipe] * (setting.recipe != "paper")])


def settings() -> dict[str, tuple[Setting, str, str]]:
    """Every setting by its id: what it is called on the chart, and where one chooses it by search."""
    found: dict[str, tuple[Setting, str, str]] = {}
    for e in EXPERIMENTS:
        for one in e.settings():
            for form in FORMS:
                setting = one.form(form)
                label = tables.full_label(e, setting)
                words = f"{label} ({setting.variant}) · {e.number} {e.title}"
                found.setdefault(id_of(setting), (setting, label, words))
    return found


@st.fragment
def compare(runs: Runs) -> None:
    """The choosers and the chart."""
    there = settings()
    st.header("Any networks of any experiments, on one chart", anchor=False)
    chosen = st.multiselect(
        "Networks: type to search",
        list(there),
        default=_asked(list(there)),
        format_func=lambda name: there[name][2],
        max_selections=MOST,
        key="compare-of",
        on_change=_remember,
        args=(OF, "compare-of"),
        placeholder="tanh, 4 layers, LSTM …",
    )
    course = _chosen(COURSE, lines.WORDS)
    _chosen(AXIS, BY)
    by = st.segmented_control(
        "By",
        list(BY),
        format_func=BY.__getitem__,
        required=True,
        key=f"compare-{AXIS}",
        on_change=_remember,
        args=(AXIS, f"compare-{AXIS}"),
    )
    if not chosen:
        st.info("Choose at least one network.")
        return
    shown = {there[name][1]: there[name][0] for name in chosen}
    message = lines.message(shown, course, runs, by=by, file=f"compare-{course}")
    if not message["lines"]:
        st.info("Not yet run.")
        return
    view.show("compare-view", message, on_course_change=_another_course)


def _asked(there: list[str]) -> list[str]:
    asked = [name for name in dict.fromkeys(st.query_params.get_all(OF)) if name in there]
    return (asked or list(FIRST))[:MOST]


def _chosen(name: str, options: dict[str, str]) -> str:
    """The selected id of the options; at first the link's, or else the first."""
    asked = st.query_params.get(name, "")
    return st.session_state.setdefault(f"compare-{name}", asked if asked in options else next(iter(options)))


def _another_course() -> None:
    asked = st.session_state["compare-view"].get("course")
    if asked in lines.WORDS:
        st.session_state[f"compare-{COURSE}"] = st.query_params[COURSE] = asked


def _remember(name: str, key: str) -> None:
    st.query_params[name] = st.session_state[key]
