"""The class's own test set: every chosen network on digits that nobody tuned it to."""

from math import floor
from typing import TYPE_CHECKING, Any

import streamlit as st

from lenet.classroom.files import by_writer, name_of
from lenet.classroom.store import Drawing, Teacher
from lenet.formatting import percent, probability
from lenet.recipe import MNIST
from lenet.ui.classroom.results import result
from lenet.ui.shared import membership, networks

_MNIST = "accuracy_on_mnist"  # by the weights' checksum, of networks that learnt from other pictures

if TYPE_CHECKING:  # torch
    from lenet.classroom.scores import Score


def page(me: Teacher) -> None:
    """Choose networks, read the wall as it is now, and look at what came out."""
    wall = me.wall()
    if not wall:
        st.info("The wall is empty: let the class write digits first. They become the test set.")
        return
    chosen = networks.choose("networks", most=3, label="Networks (up to three)")
    if said := networks.removed():
        st.caption(said)
    with networks.waking(), networks.sentences():
        shown, scores = _not_learnt(chosen, me.code, wall), {}
        with st.spinner(f"Reading {len(shown)} digits …"):
            for name in chosen:
                if found := _score(name, shown):
                    scores[name] = found
        if not scores:
            return
        chosen = list(scores)
        writers = len({drawing.pupil for drawing in wall})
        st.markdown(
            f"**You collected a test set that nobody tuned to**: {len(wall)} digits by {writers} "
            f"{'writer' if writers == 1 else 'writers'}. Lines are 95 % intervals, as if every digit stood for itself."
        )
        about = chosen[0]
        if len(chosen) > 1:
            about = st.segmented_control("In detail", chosen, default=about, required=True, key="in_detail") or about
        membership.view("score", _message(scores, dict(zip(chosen, networks.colours(chosen))), about))
    st.button("Read the wall again", icon=":material/refresh:", key="again")  # every run of the page does
    every = st.expander("Every network on these digits", on_change="rerun", key="every")
    if every.open:
        with every, networks.sentences(), st.spinner("Reading with every network …"):
            _every(shown)


def _every(wall: list[Drawing]) -> None:
    """A line for each network that reads digits, the best on the class's digits first."""
    from lenet.classroom.scores import accuracies

    models = {name: networks.load(name) for name in networks.names()}
    models = {name: (model, card) for name, (model, card) in models.items() if card.recipe.data == MNIST}
    st.dataframe(
        [
            {
                "network": name,
                "your class": f"{percent(ours.value)} ({percent(ours.low)} to {percent(ours.high)})",
                "MNIST's test": f"{percent(theirs.value, 2)} ({percent(theirs.low, 2)} to {percent(theirs.high, 2)})",
            }
            for name, ours, theirs in accuracies(models, wall)
        ],
        hide_index=True,
        height="content",
        alt="The accuracy of every network on the class's digits and on MNIST's, with 95 % intervals",
    )


def _not_learnt(chosen: list[str], code: str, wall: list[Drawing]) -> list[Drawing]:
    """The wall; without the writers that one of the networks learnt from, so that all are compared on the others."""
    learnt = [name for name in chosen if networks.load(name)[1].recipe.data.name == name_of(code)]
    if not learnt:
        return wall
    others = by_writer(wall)[1]
    writers = len({drawing.pupil for drawing in others})
    names = networks.plain(", ".join(learnt))
    st.caption(f"{names} learnt from this class, so all are tested on the writers it has not seen: {writers}.")
    return others


def _score(name: str, wall: list[Drawing]) -> "Score | None":
    """What a network makes of these drawings; None if it reads something else than digits, or there are none."""
    from lenet.classroom.scores import score
    from lenet.data import mnist
    from lenet.evaluation import evaluate

    model, card = networks.load(name)
    data, accuracy = card.recipe.data, card.test_accuracy
    if data.classes != MNIST.classes:
        st.caption(f"{networks.plain(name)} reads other classes than digits.")
        return None
    if data != MNIST:
        known = st.session_state.setdefault(_MNIST, {})
        if card.checksum not in known:
            known[card.checksum] = evaluate(model, mnist("test")).accuracy
        accuracy = known[card.checksum]
    return score(model, accuracy, wall) if wall else None


def _message(scores: "dict[str, Score]", colours: dict[str, str], about: str) -> dict[str, Any]:
    least = min(estimate.low for score in scores.values() for estimate in (score.accuracy, score.mnist))
    shown = scores[about]
    return {
        "view": "score",
        "from": floor(10 * min(least, 0.9)) / 10,
        "networks": [
            {
                "name": name,
                "colour": colours[name],
                "results": [result("your class", score.accuracy, 1), result("MNIST's test", score.mnist, 2)],
            }
            for name, score in scores.items()
        ],
        "details": {
            "name": about,
            "confusion": shown.confusion.tolist(),
            "facts": _facts(about, shown),
            "misread": [
                [
                    m.drawing.pupil,
                    m.drawing.label,
                    m.drawing.strokes,
                    f"{m.drawing.label} read as {m.answer}, {probability(m.probability)}",
                ]
                for m in shown.misread
            ],
        },
    }


def _facts(name: str, score: "Score") -> list[str]:
    """What to say in front of a class."""
    raw, scaled, centred = (score.stages[stage] for stage in ("raw", "scaled", "centred"))
    facts = [
        f"What centring was worth: {name} reads {percent(raw)} of the boards as they were drawn, {percent(scaled)} "
        f"scaled to MNIST's size, and {percent(centred)} once they are centred too."
    ]
    if hardest := score.hardest:
        digit, right, total = hardest
        facts.insert(0, f"The hardest digit is {digit}: {right} of {total} read correctly.")
    else:
        facts.insert(0, "Every digit was read correctly.")
    return facts
