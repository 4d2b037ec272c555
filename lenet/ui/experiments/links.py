"""The Experiments page in the URL: short ids, and what the links of earlier releases called them."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from lenet.study.design import Experiment
from lenet.study.experiments import EXPERIMENTS

TABS = {f"{e.number} {e.title}": e for e in EXPERIMENTS}  # label -> experiment
EARLIER = {"pooling": "3 Max-pool parameters"}  # titles that a released app wrote into links


def tabs() -> list[tuple[Experiment, Any]]:
    """A tab for each experiment; the open one is in the URL, `?experiment=pooling`."""
    if "tabs" not in st.session_state:
        st.session_state["tabs"] = _asked_tab()
    return list(zip(EXPERIMENTS, st.tabs(list(TABS), key="tabs", on_change=_remember_tab)))


def _asked_tab() -> str:
    asked = st.query_params.get("experiment", "")
    for label, e in TABS.items():
        if asked in (e.id, str(e.number), label, EARLIER.get(e.id)):
            return label
    st.query_params.pop("experiment", None)
    return next(iter(TABS))


def _remember_tab() -> None:
    st.query_params["experiment"] = TABS[st.session_state["tabs"]].id


def choice(
    widget: Callable, name: str, e: Experiment, options: Mapping[str, str], default: str | None = None, **how: Any
) -> str | None:
    """A widget that chooses one id of `options` (id -> label) for an experiment; the choice is in the URL.

    widget: st.pills, st.segmented_control or st.selectbox; `how` goes to it.
    """
    key = f"{name}-{e.id}"
    if key not in st.session_state:
        st.session_state[key] = _asked(name, e, options) or default
    ids, label_of = list(options), options.__getitem__
    return widget(options=ids, format_func=label_of, key=key, on_change=_remember, args=(key, default), **how)


def _asked(name: str, e: Experiment, options: Mapping[str, str]) -> str | None:
    """The id that the link asks for; earlier releases wrote the number of the experiment and the label."""
    for key in (f"{name}-{e.id}", f"{name}-{e.number}", f"{name}{e.number}"):
        asked = st.query_params.get(key)
        for option, label in options.items():
            if asked in (option, label):
                return option
    return None


def _remember(key: str, default: str | None) -> None:
    value = st.session_state[key]
    if value == default:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = value
