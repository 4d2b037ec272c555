"""The guess: what a reader commits to before the curves are shown, and what is said to it afterwards."""

from collections.abc import Mapping

import streamlit as st

from lenet.formatting import percent
from lenet.study import judging, measures
from lenet.study.design import STUCK, Experiment
from lenet.study.measures import MEASURES, Runs, failed, interval
from lenet.ui.experiments import links, view
from lenet.ui.experiments.links import ONLY_LOOK
from lenet.ui.experiments.three import colour_of
from lenet.variant import CLASSES

GUESSING = 1 / CLASSES + STUCK  # accuracy below which a network tells no class from the others


def guess(e: Experiment, runs: Runs) -> tuple[str | None, list[float] | None]:
    """The question, or what came of it. The answer's id, None before the guess, and the curve that was drawn."""
    answer, curve = links.guessed(e)
    if answer is None and links.only_curves():
        answer = ONLY_LOOK
    data = {
        "view": "guess",
        "id": e.id,
        "question": e.guess.question,
        "answers": [
            {"id": name, "words": one.words, "colour": colour_of(e, one.quantity.of[0]) if e.variants else ""}
            for name, one in e.guess.answers.items()
        ],
        "answer": answer,
        "curve": curve,
        "pad": bool(e.variants),
        "sentences": sentences(e, answer, curve, runs) if answer else [],
    }

    def guessed() -> None:
        said = st.session_state[f"guess-view-{e.id}"].get("guess") or {}
        links.remember_guess(e, said.get("answer"), said.get("curve"))

    view.show(f"guess-view-{e.id}", data, on_guess_change=guessed)
    return answer, curve


def best(e: Experiment, runs: Runs) -> str | None:
    """The answer whose quantity has the highest mean."""
    means = {name: interval(found.values()).mean for name, found in judging.answers(e.guess, runs).items()}
    return max(means, key=means.__getitem__, default=None)


def sentences(e: Experiment, answer: str, curve: list[float] | None, runs: Runs) -> list[str]:
    """What is said to an answer: whether it was right, what became of it, and what came out highest."""
    found = judging.answers(e.guess, runs)
    missing = len(e.guess.answers) - len(found)
    late = f"Not yet run: {missing} of {len(e.guess.answers)} answers." if missing else ""
    right = best(e, runs)
    if right is None:
        return [late]
    words = {name: one.words for name, one in e.guess.answers.items()}
    highest = f"Highest: {words[right]}, {_shown(e, right, found)} in the mean of {len(found[right])} runs."
    if answer == ONLY_LOOK:
        said = [highest]
    elif answer == right:
        said = [f"Right! {words[right]} came out highest: {_shown(e, right, found)}.", _fate(e, right, runs)]
    else:
        said = [f"You said {words[answer]}.", _fate(e, answer, runs), highest]
    if curve and answer in found and e.variants:
        [setting] = e.guess.answers[answer].quantity.of
        off = _distance(curve, [history.test_accuracy for history in runs.of(setting).values()])
        said.append(f"Your curve was {100 * off:.0f} points off on average.")
    return [sentence for sentence in (*said, late) if sentence]


def _shown(e: Experiment, answer: str, found: Mapping[str, Mapping[int, float]]) -> str:
    quantity = e.guess.answers[answer].quantity
    return measures.show(quantity, interval(found[answer].values()).mean)


def _fate(e: Experiment, answer: str, runs: Runs) -> str:
    """What became of a network, in a sentence; what was measured of it, where it is not about accuracy."""
    quantity = e.guess.answers[answer].quantity
    [setting] = quantity.of
    histories = runs.of(setting).values()
    found = measures.values(quantity, runs)
    if not histories or not found:
        return "Not yet run."
    if quantity.measure != "final":
        mean = measures.show(quantity, interval(found.values()).mean)
        return f"{MEASURES[quantity.measure].words.capitalize()}: {mean}."
    highest = max(max(history.test_accuracy) for history in histories)
    if highest < GUESSING:
        return f"It never got beyond guessing: {percent(interval(found.values()).mean, 0)}."
    lost = sum(map(failed, histories))
    ended = f"It ended at {percent(interval(found.values()).mean)} in the mean"
    return (
        f"{ended}, and no run lost a digit." if not lost else f"{ended}; {lost} of {len(histories)} runs lost a digit."
    )


def _distance(curve: list[float], accuracies: list[list[float]]) -> float:
    """How far a drawn curve lies from the mean of the measured ones, 0..1."""
    means = [sum(values) / len(values) for values in zip(*accuracies)]
    return sum(abs(mine - mean) for mine, mean in zip(curve, means)) / len(means)
