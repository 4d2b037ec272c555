"""The parts of an experiment's tab: guess, curves and table, claims, why. Nothing here needs torch."""

import pandas as pd
import streamlit as st

from lenet.study import judging, measures, tables
from lenet.study.design import FORMS, SEEDS, Experiment
from lenet.study.measures import Runs
from lenet.study.report import MANY_TESTS, claim_lines, luck
from lenet.study.tables import COURSES
from lenet.ui.experiments import charts, data, links
from lenet.ui.experiments.panels import PANELS
from lenet.ui.shared import networks

ONLY_LOOK = "look"  # the answer of somebody who does not want to guess
VERDICTS = {  # colour and symbol of the badge
    judging.REPRODUCED: ("green", "check_circle"),
    judging.CAVEAT: ("orange", "rule"),
    judging.NOT_REPRODUCED: ("red", "cancel"),
    judging.CANNOT_TELL: ("gray", "help"),
}
BESIDE = ("gradients", "outcomes")  # panels half as wide as the page
OUTPUT = {"paper": "as in the paper", "linear": FORMS["linear"]}


def show(e: Experiment, runs: Runs) -> None:
    """Everything of an experiment, from its question on; most of it only after the guess."""
    st.subheader(e.question, anchor=False)
    panels(e, e.before, runs)
    if not guess(e, runs):
        return
    panels(e, e.shows, runs)
    claims(e, runs)
    if e.why:
        st.subheader("Why", anchor=False)
        panels(e, e.why, runs)
    with st.container(horizontal=True):
        there = networks.names()
        for name in e.variants or {"original": ""}:
            if name in there:
                st.page_link(
                    "app.py", label=f"Try {name} on the board", icon=":material/draw:", query_params={"networks": name}
                )


def panels(e: Experiment, names: tuple[str, ...], runs: Runs) -> None:
    """Rows of PANELS; two that are charts stand beside each other."""
    columns: list = []
    for name in names:
        if name in BESIDE and not columns:
            columns = list(st.columns(2, gap="medium"))
        with columns.pop(0) if name in BESIDE else st.container():
            if name == "curves":
                explore(e)
            else:
                PANELS[name](e, runs)


def guess(e: Experiment, runs: Runs) -> bool:
    """The reader commits to an answer. True once one is given, or none is wanted."""
    options = {name: answer.words for name, answer in e.guess.answers.items()} | {ONLY_LOOK: "Just show me"}
    answer = links.choice(st.pills, "guess", e, options, label=e.guess.question, required=True)
    if answer is None:
        st.caption("Choose an answer to see what was measured.")
        return False
    found = judging.answers(e.guess, runs)
    missing = len(e.guess.answers) - len(found)
    if not found:
        st.info(f"Not yet run: {missing} of {len(e.guess.answers)} answers. What there is, is below.")
        return True
    means = {name: measures.interval(by_seed.values()) for name, by_seed in found.items()}
    best = max(means, key=lambda name: means[name].mean)
    said = {name: judging.in_words(e.guess.answers[name].quantity, mean) for name, mean in means.items()}
    sentences = [f"Highest mean: **{options[best]}**, {said[best]}."]
    if answer == best:
        sentences.insert(0, "Right!")
    elif answer != ONLY_LOOK:
        sentences.insert(0, f"You said **{options[answer]}**: {said.get(answer, 'not yet run')}.")
    if missing:
        sentences.append(f"Not yet run: {missing} of {len(e.guess.answers)} answers.")
    st.info(" ".join(sentences), icon=":material/lightbulb:")
    return True


@st.fragment
def explore(e: Experiment) -> None:
    """Curves and table of an experiment: what is chosen in legend, curve or table stands out in all of them."""
    runs = data.load()
    form, lr, course, each = _controls(e)
    settings = tables.settings_at(e, lr, form)
    rows = tables.table(settings, runs)
    key = f"table-{e.id}-{form}-{lr}"
    chosen = st.session_state.get(key, {}).get("selection", {}).get("rows", [])
    picked = {rows[row]["network"] for row in chosen if row < len(rows)}
    means, seeds = tables.course(settings, course, runs)
    stands_out = _curves(e, means, seeds if each else [], course, picked) if means else set()
    if not means:
        st.info("Not yet run.")
    _table(rows, stands_out, key)
    for sentence in luck(rows):
        st.caption(sentence)
    done = sum(len(set(runs.seeds(setting)) & set(SEEDS)) for setting in settings.values())
    wanted = len(settings) * len(SEEDS)
    if done < wanted:
        st.caption(f"Not yet run: {wanted - done} of {wanted} runs of this choice.")
    st.download_button(
        "All curves of this experiment as CSV",
        lambda: data.curves_csv(e),
        f"experiment-{e.id}.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv-{e.id}",
    )


def _controls(e: Experiment) -> tuple[str, float, str, bool]:
    """Output form, learning rate, course, and whether every seed is drawn."""
    asked = next(iter(e.guess.answers.values())).quantity.of[0].lr  # the learning rate of the guess comes first
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
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
        lr: str | None = f"{e.lrs[0]:g}"
        if len(e.lrs) > 1:
            rates = {f"{rate:g}": f"{rate:g}" for rate in e.lrs}
            first = f"{asked:g}"
            lr = links.choice(st.segmented_control, "lr", e, rates, first, label="Learning rate", required=True)
        words = {name: course.words for name, course in COURSES.items()}
        course = links.choice(st.selectbox, "course", e, words, "accuracy", label="Show", width=300)
        each = st.toggle("Every seed", key=f"seeds-{e.id}", bind="query-params")
    return form or "paper", float(lr or asked), course or "accuracy", each


def _curves(e: Experiment, means: list[dict], seeds: list[dict], course: str, picked: set[str]) -> set[str]:
    """The chart; returns the networks that are picked in it."""
    there = {row["network"] for row in means}
    labels = tables.labels(e)
    chart = charts.curves(means, seeds, labels, [text for text in labels if text in there], course, picked)
    event = st.vega_lite_chart(
        spec=chart,
        key=f"chart-{e.id}",
        on_select="rerun",
        selection_mode="pick",
        alt=f"{COURSES[course].words} by epoch, mean and 95 % interval; the numbers are in the table.",
    )
    whole = {row["network"]: row["n"] for row in reversed(means)}  # at the first epoch
    lost = any(row["n"] < whole[row["network"]] for row in means)
    st.caption(
        "Line: mean over the seeds; band: 95 % interval. Click a name or a curve to single it out, double-click to see "
        "all again. The chart's toolbar saves it as a picture."
        + " A run whose weights become NaN is left out from there on."
        * lost
    )
    return {one["network"] for one in event.selection.get("pick", []) if "network" in one}


def _table(rows: list[dict], stands_out: set[str], key: str) -> None:
    """The table; rows chosen in the chart are marked, rows chosen here stand out in the chart."""
    frame = pd.DataFrame(rows)
    frame.insert(0, "", ["●" if name in stands_out else "" for name in frame["network"]])
    frame["final"] *= 100
    frame["interval"] = [
        "–" if pd.isna(low) else f"{100 * low:.1f} to {100 * high:.1f} %" for low, high in zip(frame.low, frame.high)
    ]
    frame["seeds"] = [[round(value, 2) for value in seeds] for seeds in frame["seeds"]]
    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        placeholder="–",
        on_select="rerun",
        selection_mode="multi-row",
        alt="For each network its runs, accuracy with its interval, epochs to 90 % and classes never predicted",
        column_order=([""] if stands_out else []) + list(COLUMNS),
        column_config={"": st.column_config.TextColumn(width=30), **COLUMNS},
    )


_number = st.column_config.NumberColumn
COLUMNS = {
    "network": st.column_config.TextColumn("Network", pinned=True),
    "n": _number("Runs", format="%d", width=45),
    "failed": _number("Fail", help="Runs that never predict some class at the end, or are NaN", format="%d", width=45),
    "final": _number("Accuracy", help="Test accuracy at the end, mean over the seeds", format="%.1f %%", width=75),
    "interval": st.column_config.TextColumn("95 % interval", help="Of the mean", width=120),
    "unpredicted": _number(
        "Never predicted",
        help="Classes that are predicted for no test digit at the end, or whose logit is dead; mean over the seeds",
        format="%.1f",
        width=110,
    ),
    "reached": _number("Runs above 90 %", help="Seeds that ever get to 90 % accuracy", format="%d", width=110),
    "epochs": _number("Epochs to 90 %", help="Mean over the seeds that get there", format="%.1f", width=105),
    "dead logits": _number(
        "Dead logits",
        help="Outputs at zero (or saturated) for every test digit at the end, mean over the seeds; none without a "
        "nonlinearity after the last layer",
        format="%.1f",
        width=80,
    ),
    "seeds": st.column_config.ListColumn("Each seed", help="Test accuracy at the end of each seed, in per cent"),
}


@st.fragment
def claims(e: Experiment, runs: Runs) -> None:
    """Every claim of the paper with our verdict; opened, the numbers, the rule and the mechanism."""
    st.subheader("What the paper claims, and what came out", anchor=False)
    for judgement in data.judged(e, runs):
        colour, symbol = VERDICTS[judgement.verdict]
        claim = judgement.claim
        badge = f":{colour}-badge[:material/{symbol}: {judgement.verdict}]"
        name = f"{e.number}{claim.letter}"
        opened = st.expander(f"{badge} **{name}** {claim.words}", key=f"claim-{name}", on_change="rerun")
        if opened.open:  # what nobody looks at is not sent
            lines = claim_lines(judgement, data.corrected(runs))
            opened.markdown("\n\n".join([*lines, f"**Mechanism.** {judging.mechanism(claim, runs)}"]))
    rule = st.popover(
        "How a verdict is reached", type="tertiary", icon=":material/gavel:", on_change="rerun", key=f"rule-{e.id}"
    )
    if rule.open:
        rule.markdown(judging.VERDICT_RULE)
        rule.markdown(judging.FAILURE_RULE)
        rule.markdown(MANY_TESTS)
