"""The lesson on every page: the card of its step, under the head of the page. Nothing is done while no lesson is on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from lenet.ui.shared import modules

if TYPE_CHECKING:  # nobody who does without a lesson reads one
    from lenet.classroom.lessons import Guess, Lesson, Step

URL, STEP = "lesson", "step"  # in the address, the step from 1
_ON, _LAST, _FOLDED, _GO = "lesson_on", "lesson_last", "lesson_folded", "lesson_go"
_COOKIE = "lesson"  # of the browser: the last step, as in "first.7"; lesson.js writes it
_GUESSES = "lesson_guesses"
# Slim, so that the page below stays in sight.
STYLE = """<style>
.st-key-lesson { padding: 0.4rem 0.9rem 0.6rem; }
.st-key-lesson-bar button { min-height: 2rem; padding: 0.1rem 0.6rem; }
div:has(> .st-key-lesson-view), .st-key-lesson-view { flex: 1 1 0; min-width: 0; }
@media (max-width: 700px) {
  .st-key-lesson-bar { row-gap: 0.25rem; }
  .st-key-lesson-bar > :first-child, div:has(> .st-key-lesson-view), .st-key-lesson-view { flex: 0 0 100%; }
  div:has(> .st-key-lesson-view), .st-key-lesson-view { order: 9; }
}
</style>"""


def card(page: str, files: Mapping[str, str]) -> None:
    """The card of the step, on every page while a lesson is on. files: of each page, from the root of the project."""
    _follow_url()
    if _ON not in st.session_state:
        return
    from lenet.classroom import lessons

    name, number = st.session_state[_ON]
    try:
        lesson = lessons.load(name)
    except lessons.LessonError as error:
        leave()
        st.error(str(error))
        return
    number = min(number, len(lesson.steps))
    st.session_state[_ON] = st.session_state[_LAST] = name, number
    step = lesson.steps[number - 1]
    if st.session_state.pop(_GO, False):
        if step.page != page:
            st.switch_page(files[step.page], query_params={**step.query, URL: name, STEP: str(number)})
        _set_widgets(step)
    st.query_params[URL], st.query_params[STEP] = name, str(number)
    if page != "lesson":
        _show(lesson, number, step, page == step.page)


def _follow_url() -> None:
    """A link or a reload says which step."""
    name, number = st.query_params.get(URL), st.query_params.get(STEP, "1")
    if name:
        known = number.isdecimal() and 0 < len(number) < 4
        st.session_state[_ON] = name, max(1, int(number)) if known else 1


def _set_widgets(step: "Step") -> None:
    """Bring the page to the state of the step; widgets that are there already do not follow the address."""
    for key, values in step.query.items():
        if key not in st.session_state:
            st.query_params[key] = values
        else:  # it writes the address itself
            wanted = values if isinstance(st.session_state[key], list) else values[0]
            if st.session_state[key] != wanted:
                st.session_state[key] = wanted


def on() -> tuple[str, int] | None:
    """The lesson that is on, and its step from 1."""
    return st.session_state.get(_ON)


def asked(page: str) -> dict | None:
    """What the step that is on asks of the page where it plays: for what the browser alone keeps, once a step.

    The address says the same, but may arrive after the page's views.
    """
    if _ON not in st.session_state:
        return None
    from lenet.classroom import lessons

    name, number = st.session_state[_ON]
    step = lessons.load(name).steps[number - 1]
    query = {key: values[0] for key, values in step.query.items()}
    return {"at": f"{name}.{number}", "query": query} if step.page == page else None


def last() -> tuple[str, int] | None:
    """The lesson and the step from 1 at which this visitor was last, in this session or in an earlier one."""
    if _LAST in st.session_state:
        return st.session_state[_LAST]
    kept = st.context.cookies.get(_COOKIE, "")
    name, _, number = kept.partition(".") if isinstance(kept, str) else ("", "", "")
    return (name, int(number)) if name and number.isdecimal() and 0 < len(number) < 4 else None


def go(name: str, number: int) -> None:
    """Be at that step, on the page where it plays. For callbacks."""
    st.session_state[_ON] = name, number
    st.session_state[_GO] = True
    st.query_params[URL], st.query_params[STEP] = name, str(number)


def leave() -> None:
    """Back to free play. For callbacks."""
    for key in (_ON, _GO):
        st.session_state.pop(key, None)
    for key in (URL, STEP):
        st.query_params.pop(key, None)


def _fold() -> None:
    st.session_state[_FOLDED] = not st.session_state.get(_FOLDED, False)


def _show(lesson: "Lesson", number: int, step: "Step", here: bool) -> None:
    folded, count = st.session_state.get(_FOLDED, False), len(lesson.steps)
    guess = _guess_made(lesson.name, number)
    st.html(STYLE)
    with st.container(key="lesson", border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", key="lesson-bar", gap="xsmall"):
            st.markdown(f"{number} of {count} · **{step.title}**", width="content")
            name = lesson.name
            message = {**_message(step, here, guess is not None), "at": f"{name}.{number}"}
            modules.view("lesson-view", message)
            st.button("Back", on_click=go, args=(name, number - 1), disabled=number == 1, key="lesson-back")
            last = number == count
            st.button("Next", on_click=go, args=(name, number + 1), disabled=last, key="lesson-next", type="primary")
            label, icon = ("Open", "expand_more") if folded else ("Fold", "expand_less")
            st.button(label, icon=f":material/{icon}:", on_click=_fold, key="lesson-fold", type="tertiary")
            st.button("Leave", icon=":material/close:", on_click=leave, key="lesson-leave", type="tertiary")
        if not here:
            st.button("Go to this step’s page", on_click=go, args=(lesson.name, number), key="lesson-go")
        elif not folded:
            text, question = st.columns(2, gap="medium") if step.guess else (st.container(), None)
            text.markdown(step.text)
            if step.guess and question:
                with question:
                    _ask(lesson.name, number, step.guess, guess)


def _message(step: "Step", here: bool, guessed: bool) -> dict:
    """What the browser recognises and outlines."""
    what, of = step.done
    return {
        "view": "lesson",
        "highlight": step.highlight if here else "",
        "task": step.task if here else "",
        "what": what if here else "",
        "of": of,
        "board": step.page == "draw",
        "guessed": guessed,
    }


def _guess_made(name: str, number: int) -> str | None:
    return st.session_state.get(_GUESSES, {}).get((name, number))


def _ask(name: str, number: int, guess: "Guess", made: str | None) -> None:
    """The question; once it is guessed, whether that was right, and why."""
    key = f"lesson-guess-{name}-{number}"

    def keep() -> None:
        if answer := st.session_state[key]:
            st.session_state.setdefault(_GUESSES, {})[name, number] = answer

    default = made if made in guess.answers and key not in st.session_state else None
    st.pills(guess.question, guess.answers, default=default, key=key, on_change=keep, wrap=True)
    if made in guess.answers:
        right = guess.answers[guess.right]
        said = "**Right.** " if made == right else f"**Not quite: {right}.** "
        st.markdown(said + guess.reveal)
