"""Vote, then reveal: ask the class, watch how many have voted, and show what they said."""

import random
from dataclasses import replace
from typing import Any

import streamlit as st

from lenet.classroom import lessons
from lenet.classroom.store import LONGEST_TEXT, ClassError, Question, Teacher
from lenet.strokes import decode, read_strokes
from lenet.ui.shared import digit, membership, networks

KINDS = {
    "read": "What will it read?",
    "map": "Which map lights up?",
    "lost": "Which network lost a class?",
    "step": "A step of the lesson",
    "own": "A question of your own",
}
PAIR = ("original", "original-dead")  # at first: one says all ten digits, one never says 6
FIRST_DIGIT = 9  # of the hard ones, while nothing else is looked at
_ANOTHER = "ask_another"


def page(me: Teacher) -> None:
    """The question that is open, or the way to ask one."""
    asked = me.view().question
    if asked and st.session_state.get(_ANOTHER) != asked.id:
        _live(me, asked.id)
        with st.container(horizontal=True):
            if not asked.revealed:
                st.button("Reveal", type="primary", icon=":material/visibility:", on_click=me.reveal, key="reveal")
            st.button("Ask another question", icon=":material/add:", on_click=_another, args=(asked.id,), key="another")
        return
    _ask(me)


@st.fragment(run_every=membership.TEACHER_LOOKS)
def _live(me: Teacher, number: int) -> None:
    try:
        seen = me.view()
    except ClassError as error:
        st.error(str(error))
        return
    if seen.question and seen.question.id == number:
        membership.view("question", _message(seen.question, len(seen.pupils)))


def _message(asked: Question, pupils: int) -> dict[str, Any]:
    return {"view": "question", **asked.__dict__, "pupils": pupils}


def _another(number: int) -> None:
    st.session_state[_ANOTHER] = number


@st.fragment
def _ask(me: Teacher) -> None:
    """What to ask; the class sees it when it is asked."""
    kind = st.segmented_control(
        "Ask the class", list(KINDS), format_func=KINDS.__getitem__, default="read", required=True, key="ask_kind"
    )
    make = {"read": _ask_reading, "map": _ask_map, "lost": _ask_lost, "step": _ask_step, "own": _ask_own}[
        kind or "read"
    ](me)
    if st.button("Ask the class", type="primary", icon=":material/campaign:", key="ask"):
        try:
            with networks.waking(), networks.sentences():
                me.ask(**make())
                st.session_state.pop(_ANOTHER, None)
                st.rerun()
        except ClassError as error:
            st.error(str(error))
    st.caption("Nobody sees a vote before you reveal them all.")


def _ask_reading(me: Teacher):
    """A digit and a network: what will it read?"""
    shown, name = _digit_and_network(me, "Who reads it")

    def make() -> dict[str, Any]:
        from lenet.classroom.quizzes import what_will_it_read

        if shown is None:
            raise ClassError("Choose a digit first.")
        return what_will_it_read(shown.pixels[0], shown.label, name, networks.load(name)[0])

    return make


def _ask_map(me: Teacher):
    """A digit and a network's kernels: which of its first maps will light up most?"""
    shown, name = _digit_and_network(me, "Whose kernels")
    st.caption("The class sees the digit and the kernels of conv1, numbered as on all pages.")

    def make() -> dict[str, Any]:
        from lenet.classroom.quizzes import which_map_lights_up

        if shown is None:
            raise ClassError("Choose a digit first.")
        return which_map_lights_up(shown.pixels[0], name, networks.load(name)[0])

    return make


def _digit_and_network(me: Teacher, label: str):
    """Choose both; the digit is None while there is none."""
    shown = digit.current()
    if shown is None:
        with networks.waking(), networks.sentences():
            digit.show_number(digit.hardest()[FIRST_DIGIT])
            shown = digit.current()
    with st.container(horizontal=True, vertical_alignment="center"):
        if shown:
            st.image(shown.pixels[0], width=140, clamp=True, alt="The digit that the class will see")
        with st.container(width="content"):
            st.button(
                "A hard test digit", icon=":material/local_fire_department:", on_click=digit.a_hard_one, key="hard"
            )
            st.button("Any test digit", icon=":material/casino:", on_click=digit.at_random, key="any")
            if me.view().drawings:
                st.button(
                    "One from the wall", icon=":material/groups:", on_click=_from_wall, args=(me,), key="from-wall"
                )
            st.page_link("app.py", label="Draw one", icon=":material/draw:")
    return shown, st.selectbox(label, networks.names(), key="ask_network", width=320)


def _from_wall(me: Teacher) -> None:
    """Look at one of the class's own digits."""
    if wall := me.wall():
        chosen = random.choice(wall)
        ink = read_strokes(decode(chosen.strokes))
        shown = digit.from_ink(ink, f"a {chosen.label} from the wall", f"wall-{me.code}-{chosen.id}")
        digit.show(replace(shown, label=chosen.label))


def _ask_lost(_: Teacher):
    """Two networks under other names: which of them lost a class?"""
    with st.container(horizontal=True):
        chosen = [
            st.selectbox(
                f"Network {place}",
                names := networks.names(),
                index=names.index(first) if first in names else 0,
                width=240,
            )
            for place, first in enumerate(PAIR, 1)
        ]
    st.caption("The class sees them as A and B, in an order drawn by lot, with their logits for one digit.")

    def make() -> dict[str, Any]:
        from lenet.classroom.quizzes import TESTED, which_lost_a_class
        from lenet.data import mnist

        names = random.sample(chosen, 2)
        return which_lost_a_class([(name, networks.load(name)[0]) for name in names], mnist("test")[:TESTED])

    return make


def _ask_step(_: Teacher):
    """The guess of a step of a lesson."""
    asked: dict[str, lessons.Guess] = {}
    for name in lessons.folders():
        try:
            lesson = lessons.load(name)
        except lessons.LessonError as error:
            st.error(str(error))
            continue
        for number, step in enumerate(lesson.steps, 1):
            if step.guess:
                asked[f"{lesson.title}, {number}. {step.title}"] = step.guess
    chosen = st.selectbox("Step", list(asked), key="ask_step")
    if not chosen:
        return lambda: {"text": "", "choices": []}
    guess = asked[chosen]
    st.markdown(f"**{networks.plain(guess.question)}**")
    st.markdown("\n".join(f"- {networks.plain(answer)}" for answer in guess.answers))
    return lambda: {
        "text": guess.question,
        "choices": guess.answers,
        "truth": guess.right,
        "note": networks.plain(guess.reveal),
    }


def _ask_own(_: Teacher):
    """Anything."""
    text = st.text_input(
        "Question", max_chars=LONGEST_TEXT, key="own_text", placeholder="Will it read a 7 that lies on its side?"
    )
    lines = st.text_area("Answers, one a line", "yes\nno", key="own_choices", height=120)
    right = st.number_input(
        "Number of the right answer, if there is one", 1, 10, None, key="own_truth", width=320, help="Shown on reveal."
    )
    return lambda: {
        "text": text,
        "choices": [line for line in lines.splitlines() if line.strip()],
        "truth": right - 1 if right else None,
    }
