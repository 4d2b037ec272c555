"""The Experiments page in the URL: short ids, and what the links of earlier releases called them."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from lenet.recipe import RECIPES
from lenet.study.design import Experiment
from lenet.study.experiments import EXPERIMENTS

FIRST = "nonlinearities"  # the experiment that the page opens with
COMPARE = "compare"  # the tab that compares settings of all experiments
ORDER = sorted(EXPERIMENTS, key=lambda e: (e.id != FIRST, e.number))
TABS: dict[str, Experiment | None] = {**{f"{e.number} {e.title}": e for e in ORDER}, "Compare": None}  # by label
EARLIER = {"pooling": "3 Max-pool parameters"}  # titles that a released app wrote into links
ONLY_LOOK = "look"  # the answer of somebody who does not want to guess
AGAIN = "again"
_ONLY_CURVES = "only-curves"  # in the URL as ?curves=1: for all tabs, no guess is wanted


def tabs() -> list[tuple[Experiment | None, Any]]:
    """A tab for each experiment, and one to compare; the open one is in the URL, `?experiment=pooling`."""
    if "tabs" not in st.session_state:
        st.session_state["tabs"] = _asked_tab()
    return list(zip(TABS.values(), st.tabs(list(TABS), key="tabs", on_change=_remember_tab)))


def _asked_tab() -> str:
    asked = st.query_params.get("experiment", "")
    for label, e in TABS.items():
        if e and asked in (e.id, str(e.number), label, EARLIER.get(e.id)):
            return label
        if not e and asked == COMPARE:
            return label
    st.query_params.pop("experiment", None)
    return next(iter(TABS))


def _remember_tab() -> None:
    e = TABS[st.session_state["tabs"]]
    st.query_params["experiment"] = e.id if e else COMPARE


def only_curves() -> bool:
    """Whether somebody wants no guesses, on no tab."""
    return st.session_state.setdefault(_ONLY_CURVES, st.query_params.get("curves") == "1")


def guessed(e: Experiment) -> tuple[str | None, list[float] | None]:
    """The answer given for an experiment, in the URL as ?guess-pooling=original, and the curve drawn with it."""
    key = f"guess-{e.id}"
    options = {name: answer.words for name, answer in e.guess.answers.items()} | {ONLY_LOOK: "Just show me"}
    if key not in st.session_state:
        st.session_state[key] = _asked("guess", e, options)
    return st.session_state[key], st.session_state.get(f"curve-{e.id}")


def remember_guess(e: Experiment, answer: object, curve: object) -> None:
    """Keep what the browser sends, if it can be an answer: ONLY_LOOK asks for the curves alone, on all tabs, and AGAIN
    for guesses after all."""
    if answer == AGAIN:
        st.session_state[_ONLY_CURVES] = False
        st.session_state[f"guess-{e.id}"] = st.session_state[f"curve-{e.id}"] = None
        for name in ("curves", f"guess-{e.id}"):
            st.query_params.pop(name, None)
    elif answer == ONLY_LOOK:
        st.session_state[_ONLY_CURVES], st.query_params["curves"] = True, "1"
    elif isinstance(answer, str) and answer in e.guess.answers:
        st.session_state[f"guess-{e.id}"] = st.query_params[f"guess-{e.id}"] = answer
        st.session_state[f"curve-{e.id}"] = _drawn(curve)


def _drawn(curve: object) -> list[float] | None:
    """A curve from the browser: an accuracy for each epoch, or nothing."""
    if not isinstance(curve, list) or len(curve) != RECIPES["paper"].epochs + 1:
        return None
    if not all(isinstance(value, int | float) and 0 <= value <= 1 for value in curve):
        return None
    return [float(value) for value in curve]


def choice(
    widget: Callable, name: str, e: Experiment, options: Mapping[str, str], default: str | None = None, **how: Any
) -> str | None:
    """A widget that chooses one id of `options` (id -> label) for an experiment; the choice is in the URL.

    widget: st.pills or st.segmented_control; `how` goes to it.
    """
    key = f"{name}-{e.id}"
    chosen(name, e, options, default)
    ids, label_of = list(options), options.__getitem__
    return widget(options=ids, format_func=label_of, key=key, on_change=_remember, args=(key, default), **how)


def chosen(name: str, e: Experiment, options: Mapping[str, str], default: str | None = None) -> str | None:
    """The selected id; at first the link's, or else the default."""
    return st.session_state.setdefault(f"{name}-{e.id}", _asked(name, e, options) or default)


def choose(name: str, e: Experiment, value: object, options: Mapping[str, str], default: str) -> None:
    """Choose what a view in the browser asks for, if it is there."""
    if value in options:
        st.session_state[f"{name}-{e.id}"] = value
        _remember(f"{name}-{e.id}", default)


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
