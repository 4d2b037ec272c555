"""The parts of an experiment's tab: guess, curves, claims, and more on request. Nothing here needs torch."""

import streamlit as st

from lenet.study import tables
from lenet.study.design import FORMS, SEEDS, Experiment
from lenet.study.judging import FAILURE_RULE, VERDICT_RULE
from lenet.study.measures import Runs
from lenet.study.report import MANY_TESTS, TABLE, luck, markdown, table_row
from lenet.ui.experiments import data, lines, links, view
from lenet.ui.experiments.guess import best, guess
from lenet.ui.experiments.panels import PANELS
from lenet.ui.experiments.stories import STORIES
from lenet.ui.shared import networks

FEW = 4  # networks whose curves can lie on one another and still be told apart
BESIDE = ("gradients", "outcomes")  # panels half as wide as the page
OUTPUT = {"paper": "as in the paper", "linear": FORMS["linear"]}


def show(e: Experiment, runs: Runs) -> None:
    """Everything of an experiment, from its question on; most of it only after the guess."""
    st.header(e.question, anchor=False)
    left, right = st.columns(2, gap="medium") if e.before else (st.container(), st.container())
    with left:
        panels(e, e.before, runs)
    with right:
        answer, curve = guess(e, runs)
    if answer is None:
        return
    for name in e.shows:
        if name == "curves":
            explore(e, answer, curve)
        else:
            panels(e, (name,), runs)
    claims(e)
    more(e, runs)


def panels(e: Experiment, names: tuple[str, ...], runs: Runs) -> None:
    """Rows of PANELS; two that are charts stand beside each other."""
    columns: list = []
    for name in names:
        if name in BESIDE and not columns:
            columns = list(st.columns(2, gap="medium"))
        with columns.pop(0) if name in BESIDE else st.container():
            PANELS[name](e, runs)


@st.fragment
def explore(e: Experiment, answer: str, curve: list[float] | None) -> None:
    """The curves: what was guessed and what came out highest stand out, the rest is grey."""
    runs = data.load()
    form, lr = _controls(e)
    course = links.chosen("course", e, lines.WORDS, e.course) or e.course
    settings = tables.settings_at(e, lr, form)
    asked = _asked(e).lr == lr and form == "paper"
    message = lines.message(
        settings,
        course,
        runs,
        places=tables.labels(e),
        bold=_stand_out(e, answer, list(settings), runs),
        yours=curve if course == "accuracy" and asked else None,
        file=f"experiment-{e.id}-{course}",
    )
    key = f"curves-{e.id}"

    def another() -> None:
        links.choose("course", e, st.session_state[key].get("course"), lines.WORDS, e.course)

    if message["lines"]:
        view.show(key, message, on_course_change=another)
    done = sum(len(set(runs.seeds(setting)) & set(SEEDS)) for setting in settings.values())
    wanted = len(settings) * len(SEEDS)
    if done < wanted:
        st.caption(f"Not yet run: {wanted - done} of {wanted} runs of this choice.")


def _asked(e: Experiment):
    """A setting that the guess is about."""
    return next(iter(e.guess.answers.values())).quantity.of[0]


def _stand_out(e: Experiment, answer: str, here: list[str], runs: Runs) -> list[str] | None:
    """Labels of the guess and of the best; all (None) if nothing was guessed and they are few."""
    if answer == links.ONLY_LOOK and len(here) <= FEW:
        return None
    named = [name for name in (answer, best(e, runs)) if name in e.guess.answers]
    return [tables.label(e, e.guess.answers[name].quantity.of[0]) for name in named] or None


def _controls(e: Experiment) -> tuple[str, float]:
    """Output form and learning rate."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        lr: str | None = f"{e.lrs[0]:g}"
        if len(e.lrs) > 1:
            rates = {f"{rate:g}": f"{rate:g}" for rate in e.lrs}
            first = f"{_asked(e).lr:g}"  # the learning rate of the guess comes first
            lr = links.choice(st.segmented_control, "lr", e, rates, first, label="Learning rate", required=True)
        form: str | None = "paper"
        if len(e.forms) > 1:
            form = links.choice(
                st.segmented_control,
                "form",
                e,
                OUTPUT,
                "paper",
                label="Output",
                required=True,
                help="The paper's networks have a nonlinearity after the last layer as well.",
            )
    return form or "paper", float(lr or e.lrs[0])


@st.fragment
def claims(e: Experiment) -> None:
    """Every claim of the paper: verdict, evidence, numbers."""
    key = f"claims-{e.id}"
    asked = view.show(key, data.claims(e, data.load()), on_open_change=lambda: None).get("open")
    if asked:
        claim, _, story = str(asked).partition("/")
        if claim in STORIES and story in STORIES[claim].ways:
            STORIES[claim].ways[story].open()


def more(e: Experiment, runs: Runs) -> None:
    """Everything else, behind one disclosure: what nobody opens is not sent."""
    opened = st.expander("More: tables, gradients, rules, all numbers as CSV", key=f"more-{e.id}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        for lr in e.lrs if e.variants else ():
            st.markdown(f"**{e.rate(lr)}**, {e.forms['paper'] if e.named else OUTPUT['paper']}")
            rows = tables.table(tables.settings_at(e, lr), runs)
            st.markdown(markdown(TABLE[:-1], (table_row(row)[:-1] for row in rows)))
            for sentence in luck(rows):
                st.caption(sentence)
        panels(e, e.why, runs)
        st.markdown(f"**How a verdict is reached.** {VERDICT_RULE}")
        st.markdown(FAILURE_RULE)
        st.markdown(MANY_TESTS)
        if e.variants:
            st.download_button(
                "All curves of this experiment as CSV",
                lambda: data.curves_csv(e),
                f"experiment-{e.id}.csv",
                "text/csv",
                icon=":material/download:",
                on_click="ignore",
                key=f"csv-{e.id}",
            )
        with st.container(horizontal=True):
            there = networks.names()
            for name in e.variants or {"original": ""}:
                if name in there:
                    st.page_link(
                        "app.py",
                        label=f"Try {name} on the board",
                        icon=":material/draw:",
                        query_params={"networks": name},
                    )
