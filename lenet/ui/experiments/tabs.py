"""What the tabs of the Experiments page are made of. Nothing here needs torch before a button asks for it."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from lenet.paths import PRETRAINED
from lenet.study import curves, statistics, training_times
from lenet.study.experiments import DEPTH, FORMS, KERNELS, ORIGINAL, POOLING, RECURRENCE, SEEDS, Experiment
from lenet.study.kernels import kernels
from lenet.study.report import luck, part_lines
from lenet.study.statistics import COURSES, Judgement, Runs
from lenet.ui.experiments import charts as charts
from lenet.ui.shared import grids, networks, palette
from lenet.ui.shared.digit import TEST_DIGITS
from lenet.ui.shared.frame import dark
from lenet.variant import KERNEL

ONLY_LOOK = "Just show me"
VERDICTS = {  # colour and symbol of the badge
    statistics.REPRODUCED: ("green", "check_circle"),
    statistics.CAVEAT: ("orange", "rule"),
    statistics.NOT_REPRODUCED: ("red", "cancel"),
    statistics.CANNOT_TELL: ("gray", "help"),
}
NEIGHBOURS = 16  # digits that come before the one that is read
SWAYED = 290  # the first test digit whose answer they change in both shipped networks, rnn and lstm


def load() -> Runs:
    """All finished runs and shipped kernels; shared by all sessions, never changed. Raises CurvesError."""
    return _load(curves.CURVES, _changes())


def _changes() -> tuple:
    """When the files that the runs are made of were changed."""
    files = [curves.CURVES, *sorted(PRETRAINED.glob("*.safetensors"))]
    return tuple((file.name, file.stat().st_mtime_ns) for file in files if file.exists())


@st.cache_resource(max_entries=2, show_spinner=False)
def _load(path: Path, changes: tuple) -> Runs:
    return statistics.load(curves.read(path), kernels())


@st.cache_resource(max_entries=32, show_spinner=False)
def _judged(number: int, _e: Experiment, _runs: Runs, changes: tuple) -> list[tuple[Judgement, str]]:
    """Claims of an experiment with verdict and mechanism; `changes` stands for the runs."""
    return [(statistics.judge(claim, _runs), statistics.mechanism(claim, _runs)) for claim in _e.claims]


def guess(e: Experiment, runs: Runs) -> bool:
    """The reader commits to an answer. True once one is given, or none is wanted."""
    answer = st.pills(e.guess.question, [*e.guess.answers, ONLY_LOOK], key=f"guess{e.number}", bind="query-params")
    if answer is None:
        st.caption("Choose an answer: then you see what was measured.")
        return False
    found = statistics.answers(e.guess, runs)
    missing = len(e.guess.answers) - len(found)
    if not found:
        st.info(f"Not yet measured: {missing} of {len(e.guess.answers)} answers. What there is, is below.")
        return True
    means = {text: statistics.interval(by_seed.values()) for text, by_seed in found.items()}
    best = max(means, key=lambda text: means[text].mean)
    show = {text: statistics.in_words(e.guess.answers[text], mean) for text, mean in means.items()}
    sentences = [f"Highest mean: **{best}**, {show[best]}."]
    if answer == best:
        sentences.insert(0, "That is what was measured.")
    elif answer in show:
        sentences.insert(0, f"You said **{answer}**: {show[answer]}.")
    elif answer != ONLY_LOOK:
        sentences.insert(0, f"You said **{answer}**: not yet run.")
    if missing:
        sentences.append(f"Not yet run: {missing} of {len(e.guess.answers)} answers.")
    st.info(" ".join(sentences), icon=":material/lightbulb:")
    return True


@st.fragment
def explore(e: Experiment) -> None:
    """Curves and table of an experiment: what is chosen in legend, curve or table stands out in all of them."""
    runs = load()
    key = f"-{e.number}"
    asked = next(iter(e.guess.answers.values())).of[0].lr  # the learning rate of the guess comes first
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        form = st.segmented_control("Output", list(FORMS), format_func=_form, default=True, required=True,
                                    help="The paper's networks have a nonlinearity after the last layer as well.",
                                    key=f"form{key}", bind="query-params")  # fmt: skip
        lr = st.segmented_control("Learning rate", e.lrs, default=asked, required=True, format_func="{:g}".format,
                                  key=f"lr{key}", bind="query-params") if len(e.lrs) > 1 else e.lrs[0]  # fmt: skip
        course = st.selectbox("Show", list(COURSES), format_func=lambda name: COURSES[name].words, key=f"course{key}",
                              bind="query-params", width=300)  # fmt: skip
        each = st.toggle("Every seed", key=f"seeds{key}", bind="query-params")
    settings = {statistics.label(e, setting): setting for setting in statistics.settings_at(e, lr)}
    labels = list(dict.fromkeys(statistics.label(e, setting) for setting in e.settings()))
    here = [text for text in labels if text in settings]
    rows = statistics.table(settings, runs, form)
    left, right = st.columns(2, gap="medium")

    chart_key, table_key = f"chart{key}", f"table{key}-{form}-{lr}"
    in_table = {rows[i]["network"] for i in st.session_state.get(table_key, {}).get("selection", {}).get("rows", [])
                if i < len(rows)}  # fmt: skip
    with left:
        means, seeds = statistics.course(settings, course, runs, form)
        if means:
            chart = charts.curves(means, seeds if each else [], labels, here, course, in_table)
            picked = st.vega_lite_chart(
                spec=chart, key=chart_key, on_select="rerun", selection_mode="pick",
                alt=f"{COURSES[course].words} by epoch, mean and 95 % interval; the numbers are in the table.",
            )  # fmt: skip
            in_chart = {one.get("network") for one in picked.selection.get("pick", []) if isinstance(one, dict)}
            whole = {row["network"]: row["n"] for row in reversed(means)}  # at the first epoch
            lost = any(row["n"] < whole[row["network"]] for row in means)
            st.caption("Line: mean over the seeds; band: 95 % interval. Click a name or a curve to single it out, "
                       "double-click to end it. The chart's toolbar has it as a picture."
                       + " Runs whose weights are no numbers any more are left out from there on." * lost)  # fmt: skip
        else:
            in_chart = set()
            st.info(f"Not yet run: {len(settings) * len(SEEDS)} of {len(settings) * len(SEEDS)} runs of this choice.")
    with right:
        _table(rows, in_chart, table_key)
        for sentence in luck(rows):
            st.caption(sentence)
        done = sum(len(set(runs.seeds(setting, form)) & set(SEEDS)) for setting in settings.values())
        wanted = len(settings) * len(SEEDS)
        if done < wanted:
            st.caption(f"Not yet run: {wanted - done} of {wanted} runs of this choice.")
        st.download_button("All curves of this experiment as CSV", lambda: _csv(e.number), f"experiment-{e.number}.csv",
                           "text/csv", icon=":material/download:", on_click="ignore", key=f"csv{key}")  # fmt: skip


def _form(form: bool) -> str:
    return "as in the paper" if form else FORMS[form]


def _table(rows: list[dict], stands_out: set, key: str) -> None:
    """The table; rows chosen in the chart are marked, rows chosen here stand out in the chart."""
    frame = pd.DataFrame(rows)
    frame.insert(0, "", ["●" if name in stands_out else "" for name in frame["network"]])
    for share in ("final", "low", "high"):
        frame[share] *= 100
    frame["seeds"] = [[round(value, 2) for value in seeds] for seeds in frame["seeds"]]
    number = st.column_config.NumberColumn
    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        placeholder="–",
        on_select="rerun",
        selection_mode="multi-row",
        alt="For each network n, final accuracy with its interval, epochs to 90 % and classes never predicted",
        column_order=([""] if stands_out else [])
        + ["network", "n", "final", "low", "high", "reached", "epochs", "unpredicted", "dead outputs", "seeds"],
        column_config={
            "": st.column_config.TextColumn(width=30),
            "network": st.column_config.TextColumn("Network", pinned=True),
            "n": number("n", help="Seeds", format="%d", width=30),
            "final": number("Final", help="Final test accuracy, mean over the seeds", format="%.1f %%", width=60),
            "low": number("from", help="Lower end of the 95 % interval of the mean", format="%.1f %%", width=60),
            "high": number("to", help="Upper end of the 95 % interval of the mean", format="%.1f %%", width=60),
            "reached": number("≥ 90 %", help="Seeds that ever get to 90 % accuracy", format="%d", width=55),
            "epochs": number("after", help="Epochs that those seeds take until then, mean", format="%.1f", width=50),
            "unpredicted": number("lost", help="Classes that no test digit is taken for at the end, or whose output is "
                                  "dead, mean", format="%.1f", width=45),
            "dead outputs": number("dead", help="Output units at zero (or saturated) for every test digit at the end, "
                                   "mean; none without an output nonlinearity", format="%.1f", width=50),
            "seeds": st.column_config.ListColumn("Each seed", help="Final test accuracy of each seed, in per cent"),
        },
    )  # fmt: skip


def _csv(number: int) -> str:
    """The experiment's rows of the curves file; lists as text with spaces between their numbers."""
    table = curves.read(curves.CURVES)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        if row["experiment"] == number:
            writer.writerow([" ".join(map(str, v)) if isinstance(v, list) else v for v in row.values()])
    return text.getvalue()


@st.fragment
def claims(e: Experiment) -> None:
    """Every claim of the paper with our verdict; opened, the numbers, the rule and the mechanism."""
    runs = load()
    st.subheader("What the paper claims, and what came out", anchor=False)
    for judgement, mechanism in _judged(e.number, e, runs, _changes()):
        colour, symbol = VERDICTS[judgement.verdict]
        claim = judgement.claim
        badge = f":{colour}-badge[:material/{symbol}: {judgement.verdict}]"
        name = f"{e.number}{claim.letter}"
        opened = st.expander(f"{badge} **{name}** {claim.words}", key=f"claim-{name}", on_change="rerun")
        if opened.open:  # what nobody looks at is not sent
            parts = "\n".join(part_lines(judgement.paper, judgement.linear))
            opened.markdown(f"{judgement.note}\n\n{parts}\n\n**Mechanism.** {mechanism}")
    rule = st.popover("How a verdict is reached", type="tertiary", icon=":material/gavel:", on_change="rerun",
                      key=f"rule-{e.number}")  # fmt: skip
    if rule.open:
        rule.markdown(statistics.VERDICT_RULE)
        rule.markdown("Intervals are 95 % t intervals of the mean over seeds; comparisons are paired by seed. Many are "
                    "made, and none is corrected for that.")  # fmt: skip


def why(e: Experiment, runs: Runs) -> None:
    """The measurements behind the mechanisms."""
    if e is KERNELS:
        return
    st.subheader("Why", anchor=False)
    if e is DEPTH:
        _times()
    lr = e.lrs[0]
    settings = {statistics.label(e, setting): setting for setting in statistics.settings_at(e, lr)}
    labels = list(dict.fromkeys(statistics.label(e, setting) for setting in e.settings()))
    here = [text for text in labels if text in settings]
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**Gradients, layer by layer** (output as in the paper, learning rate {lr:g})")
        when = st.segmented_control("When", ["before training", "after training"], default="before training",
                                    required=True, key=f"when-{e.number}", label_visibility="collapsed")  # fmt: skip
        rows = [row for row in statistics.gradients(settings, runs, True) if row["when"] == when]
        if rows:
            st.vega_lite_chart(spec=charts.gradients(rows, labels, here), key=f"gradients-{e.number}",
                            alt="Norm of the loss gradient of each layer, logarithmic")  # fmt: skip
            st.caption("Norm of the loss gradient on the first 1,000 training digits, geometric mean over the seeds. A "
                       "line that falls to the left is a gradient that vanishes on its way back."
                       + " Before training a network is the same with either optimiser, so their lines coincide."
                       * bool(e.extra))  # fmt: skip
        else:
            st.info("Not yet run.")
    with right:
        st.markdown("**Lost classes and accuracy**, one point a run")
        rows = statistics.outcomes(settings, runs)
        if rows:
            st.vega_lite_chart(spec=charts.outcomes(rows, labels, here), key=f"outcomes-{e.number}",
                            alt="Final accuracy of each run by the number of classes it never predicts")  # fmt: skip
            st.caption("Crosses: the paper's form; circles: linear output. Within a count, each network has a place of "
                       "its own. A class that no test digit is taken for costs about ten points of accuracy. Point at "
                       "a run for its seed and its output units that are zero for every test digit.")  # fmt: skip
        else:
            st.info("Not yet run.")
    if e is POOLING:
        _output_life()
    if e is RECURRENCE:
        _neighbours()


def _times() -> None:
    """Experiment 4's table of training times."""
    st.markdown("**Training time**, the paper's and ours, as ratios to two layers")
    rows = training_times.rows()
    if not rows:
        st.info("Not measured on this machine yet: `python -m lenet times` does it, best with nothing else "
                "running.")  # fmt: skip
        return
    number = st.column_config.NumberColumn
    st.dataframe(
        rows, hide_index=True, width="content", alt="Training time by number of layers",
        column_config={
            "network": "Network",
            "paper seconds": number("Paper, s", format="%d"),
            "paper ratio": number("Paper, ratio", format="%.2f"),
            "seconds": number("Here, s an epoch", format="%.1f"),
            "ratio": number("Here, ratio", format="%.2f"),
        },
    )  # fmt: skip
    st.caption(f"Here: {training_times.machine()}.")


@networks.sentences()
def _output_life() -> None:
    """Experiment 3: which outputs of the shipped bad repetition are above zero at all."""
    name = "original-dead"
    st.markdown("**A bad repetition from inside**: which outputs ever rise above zero?")
    if name not in networks.names():
        st.caption(f"The network {name} is not shipped here.")
        return
    if not st.button(f"Measure {name} on the test set", key="life", icon=":material/monitor_heart:"):
        return
    rows = _measured_life(name)
    st.dataframe(rows, hide_index=True, width="content", alt="Outputs above zero by class", column_config={
        "class": "Class",
        "own": st.column_config.NumberColumn("Above zero for its own digits", format="%.1f %%"),
        "others": st.column_config.NumberColumn("Above zero for others", format="%.1f %%"),
        "predicted": "Times predicted",
    })  # fmt: skip
    st.caption("An output ReLU passes a gradient only where it is above zero. A class whose own digits never get there "
               "has nothing to learn from.")  # fmt: skip


@st.cache_data(max_entries=4, show_spinner="Reading 10,000 digits …")
def _measured_life(name: str) -> list[dict]:
    from lenet.data import mnist
    from lenet.study.mechanisms import output_life

    model, _ = networks.load(name)
    life = output_life(model, mnist("test"))
    return [{"class": k, "own": 100 * one.own, "others": 100 * one.others, "predicted": one.predicted}
            for k, one in enumerate(life)]  # fmt: skip


@st.fragment
@networks.sentences()
def _neighbours() -> None:
    """Experiment 5: one digit, other neighbours in the batch; and the sound form reading step by step."""
    st.markdown("**The same digit, other neighbours**: along the batch, the digits before it have a say")
    there = [name for name in ("rnn", "lstm", "rnn-steps", "lstm-steps") if name in networks.names()]
    if not there:
        st.caption("No recurrent network is shipped here yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.segmented_control("Network", there, default=there[0], required=True, key="recurrent")
        number = st.number_input("Test digit", 0, TEST_DIGITS - 1, SWAYED, key="recurrent-digit", width=160)
        asked = st.button("Read it", key="recurrent-read", icon=":material/play_arrow:")
    st.session_state["recurrent-asked"] = asked or st.session_state.get("recurrent-asked", False)
    if not st.session_state["recurrent-asked"]:
        return
    found = _read_among(name, int(number))
    shown, left, right = st.columns([1, 3, 3], gap="medium")
    with shown:
        st.image(found["picture"], caption=f"Test digit {number}, a {found['label']}", width=140)
    with left:
        st.vega_lite_chart(spec=charts.probabilities(found["neighbours"], "Answer", f"{NEIGHBOURS} digits before it"),
                        key="neighbours", alt="Probability of each answer for each kind of neighbours")  # fmt: skip
        st.caption(found["sentence"])
    with right:
        if found["steps"]:
            st.vega_lite_chart(spec=charts.probabilities(found["steps"], "Positions read", "Answer"), key="steps",
                            alt="Probability of each answer after each position of the digit")  # fmt: skip
            st.caption("Step by step: what the network would answer if it stopped after so many of the 16 positions of "
                       "pool2, read row by row.")  # fmt: skip
        else:
            st.caption("This network reads the batch, not the digit, as its sequence: choose one that ends in -steps "
                       "to see a digit read step by step.")  # fmt: skip


@st.cache_data(max_entries=64, show_spinner="Reading …")
def _read_among(name: str, number: int) -> dict:
    import torch

    from lenet.data import mnist, pixels
    from lenet.evaluation import read
    from lenet.study.mechanisms import among_neighbours, reading
    from lenet.variant import CLASSES

    model, _ = networks.load(name)
    digits = mnist("test")
    image = pixels(digits.images[number])
    of_class = [[i for i in (digits.labels == k).nonzero().flatten().tolist() if i != number][:NEIGHBOURS]
                for k in range(CLASSES)]  # fmt: skip
    groups = torch.stack([pixels(digits.images[rows]) for rows in of_class])
    answers = among_neighbours(model, image, groups)
    label = f"{NEIGHBOURS} digits before it"
    rows = [{label: f"only {k}", "Answer": j, "probability": float(answers[k, j])}
            for k in range(CLASSES) for j in range(CLASSES)]  # fmt: skip
    given = ["cannot tell" if one is None else str(one) for one in dict.fromkeys(read(answers))]
    swing = float((answers.max(0).values - answers.min(0).values).max())
    steps = []
    if name.endswith("-steps"):
        steps = [{"Positions read": t + 1, "Answer": j, "probability": float(p)}
                 for t, row in enumerate(reading(model, image)) for j, p in enumerate(row)]  # fmt: skip
    return {
        "picture": np.kron(digits.images[number, 0].numpy(), np.ones((5, 5), np.uint8)),
        "label": int(digits.labels[number]),
        "neighbours": rows,
        "steps": steps,
        "sentence": f"Answers given: {', '.join(given)}. The probability of an answer moves by up to "
        f"{100 * swing:.1f} points with the neighbours.",
    }


def first_kernels(runs: Runs) -> None:
    """Experiment 1: the kernels of conv1 of the original network, seed by seed, before the guess."""
    seeds = _kernel_seeds(runs)
    if not seeds:
        st.info("The trained original network is not shipped here, so there are no kernels to show.")
        return
    st.markdown("**conv1**, one row for each seed")
    kernels_there = np.stack([runs[ORIGINAL.run(True, seed)]["conv1"][:, 0] for seed in seeds])
    most = float(np.abs(kernels_there).max())
    names = [f"seed {seed}, #{number}" for seed in seeds for number in range(1, kernels_there.shape[1] + 1)]
    st.image(grids.sheet(kernels_there.reshape(-1, KERNEL, KERNEL), names, kernels_there.shape[1], 16, True, most,
                          dark=dark()), alt="Weights of the kernels of conv1")  # fmt: skip
    st.html(palette.legend(True, most, "Weight"))


def second_kernels(runs: Runs) -> None:
    """Experiment 1: the kernels of conv2 of one seed."""
    seeds = _kernel_seeds(runs)
    if not seeds:
        return
    st.markdown("**conv2**, one column for each kernel, one row for each of its six inputs")
    seed = seeds[0]
    if len(seeds) > 1:
        seed = st.segmented_control("Seed", seeds, default=seeds[0], required=True, key="kernel-seed")
    kernels_there = runs[ORIGINAL.run(True, seed)]["conv2"].transpose(1, 0, 2, 3)
    most, (inputs, count) = float(np.abs(kernels_there).max()), kernels_there.shape[:2]
    names = [f"#{number}" for number in range(1, count + 1)] + [""] * count * (inputs - 1)
    st.image(grids.sheet(kernels_there.reshape(-1, KERNEL, KERNEL), names, count, 11, True, most, dark=dark()),
             alt="Weights of the kernels of conv2")  # fmt: skip
    st.html(palette.legend(True, most, "Weight"))


def _kernel_seeds(runs: Runs) -> list[int]:
    return [seed for seed in runs.seeds(ORIGINAL, True) if "conv1" in runs[ORIGINAL.run(True, seed)]]


def links(e: Experiment) -> None:
    """Draw on the networks of this experiment, or look inside."""
    with st.container(horizontal=True):
        if e is KERNELS:
            st.page_link("pages/inside.py", icon=":material/search:",
                         label="The evidence for each kernel: Look inside (#1 is kernel 0 there)",
                         query_params={"network": "original"})  # fmt: skip
        for name in networks.names():
            if name in (e.variants or {"original": ""}):
                st.page_link("app.py", label=f"Draw on {name}", icon=":material/draw:", query_params={"networks": name})
