"""What an experiment shows beside its curves: rows of PANELS, named in Experiment.before, shows and why.

Nothing here needs torch before a button asks for it.
"""

from collections.abc import Callable

import numpy as np
import streamlit as st

from lenet.formatting import percent
from lenet.study import tables, training_times
from lenet.study.design import ORIGINAL, Experiment
from lenet.study.measures import Runs
from lenet.study.report import markdown, times_table
from lenet.ui.experiments import charts
from lenet.ui.shared import grids, networks, palette
from lenet.ui.shared.digit import TEST_DIGITS
from lenet.ui.shared.frame import dark
from lenet.variant import CLASSES, KERNEL

NEIGHBOURS = 16  # digits that come before the one that is read
SWAYED = 290  # the first test digit whose answer they change in both shipped networks, rnn and lstm


def gradients(e: Experiment, runs: Runs) -> None:
    """Gradient norm of each layer, before and after training."""
    lr = e.lrs[0]
    settings = tables.settings_at(e, lr)
    st.markdown(f"**Gradients, layer by layer** (output as in the paper, learning rate {lr:g})")
    when = st.segmented_control(
        "When",
        ["before training", "after training"],
        default="before training",
        required=True,
        key=f"when-{e.id}",
        label_visibility="collapsed",
    )
    rows = [row for row in tables.gradients(settings, runs) if row["when"] == when]
    if not rows:
        st.info("Not yet run.")
        return
    st.vega_lite_chart(
        spec=charts.gradients(rows, tables.labels(e), list(settings)),
        key=f"gradients-{e.id}",
        alt="Norm of the loss gradient of each layer, logarithmic",
    )
    st.caption(
        "Norm of the loss gradient on the first 1,000 training digits, geometric mean over the seeds. A line that "
        "falls to the left is a gradient that vanishes on its way back."
        + " Before training a network is the same with either optimiser, so their lines coincide."
        * bool(e.extra)
    )


def outcomes(e: Experiment, runs: Runs) -> None:
    """Every run as a point: classes never predicted, and accuracy."""
    settings = tables.settings_at(e, e.lrs[0])
    st.markdown("**Classes never predicted, and accuracy**: one point a run")
    rows = tables.outcomes(settings, runs)
    if not rows:
        st.info("Not yet run.")
        return
    st.vega_lite_chart(
        spec=charts.outcomes(rows, tables.labels(e), list(settings)),
        key=f"outcomes-{e.id}",
        alt="Accuracy of each run by the number of classes it never predicts",
    )
    st.caption(
        "Crosses: as in the paper; circles: linear output. Points are spread sideways so that they don't overlap. A "
        "class that is never predicted costs about ten points of accuracy. Point at a run for its seed and its dead "
        "logits."
    )


def times(e: Experiment, runs: Runs) -> None:
    """Training times by depth, the paper's and ours."""
    st.markdown("**Training time**, the paper's and ours, as ratios to two layers")
    rows = training_times.rows()
    if not rows:
        st.info("Not measured on this machine yet: `python -m lenet times` does it, best with nothing else running.")
        return
    st.markdown(times_table(rows))
    st.caption(f"Here: {training_times.machine()}.")


@networks.sentences()
def output_life(e: Experiment, runs: Runs) -> None:
    """Which logits of the shipped bad repetition are above zero at all."""
    name = "original-dead"
    st.markdown("**A bad repetition from inside**: which logits ever rise above zero?")
    if name not in networks.names():
        st.caption(f"The network {name} is not shipped here.")
        return
    if not st.button(f"Measure {name} on the test set", key="life", icon=":material/monitor_heart:"):
        return
    header = ["class", "above zero for its own digits", "for other digits", "times predicted"]
    st.markdown(markdown(header, _measured_life(name)))
    st.caption(
        "An output ReLU passes a gradient only where the logit is above zero. A class whose own digits never get there "
        "has nothing to learn from."
    )


@st.cache_data(max_entries=4, show_spinner="Reading 10,000 digits …")
def _measured_life(name: str) -> list[list[str]]:
    from lenet.data import mnist
    from lenet.study.mechanisms import output_life

    model, _ = networks.load(name)
    life = output_life(model, mnist("test"))
    return [[f"{k}", percent(one.own), percent(one.others), f"{one.predicted:,}"] for k, one in enumerate(life)]


@st.fragment
@networks.sentences()
def neighbours(e: Experiment, runs: Runs) -> None:
    """One digit, other neighbours in the batch; and the sound form reading step by step."""
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
    if st.session_state["recurrent-asked"]:
        _show_among(name, int(number))


def _show_among(name: str, number: int) -> None:
    found = _read_among(name, number)
    shown, left, right = st.columns([1, 3, 3], gap="medium")
    with shown:
        words = f"Test digit {number}, a {found['label']}"
        st.image(found["picture"], caption=words, width=140, alt="The digit that is read")
    with left:
        st.vega_lite_chart(
            spec=charts.probabilities(found["neighbours"], "Answer", f"{NEIGHBOURS} digits before it"),
            key="neighbours",
            alt="Probability of each answer for each kind of neighbours",
        )
        st.caption(found["sentence"])
    with right:
        if not found["steps"]:
            st.caption(
                "This network reads the batch, not the digit, as its sequence: choose one that ends in -steps to see "
                "a digit read step by step."
            )
            return
        st.vega_lite_chart(
            spec=charts.probabilities(found["steps"], "Positions read", "Answer"),
            key="steps",
            alt="Probability of each answer after each position of the digit",
        )
        st.caption(
            "Step by step: what the network would answer if it stopped after so many of the 16 positions of pool2, "
            "read row by row."
        )


@st.cache_data(max_entries=64, show_spinner="Reading …")
def _read_among(name: str, number: int) -> dict:
    import torch

    from lenet.data import mnist, pixels
    from lenet.evaluation import read
    from lenet.study.mechanisms import among_neighbours, reading

    model, _ = networks.load(name)
    digits = mnist("test")
    image = pixels(digits.images[number])
    of_class = [
        [i for i in (digits.labels == k).nonzero().flatten().tolist() if i != number][:NEIGHBOURS]
        for k in range(CLASSES)
    ]
    answers = among_neighbours(model, image, torch.stack([pixels(digits.images[rows]) for rows in of_class]))
    before = f"{NEIGHBOURS} digits before it"
    rows = [
        {before: f"only {k}", "Answer": j, "probability": float(answers[k, j])}
        for k in range(CLASSES)
        for j in range(CLASSES)
    ]
    given = ["cannot tell" if one is None else str(one) for one in dict.fromkeys(read(answers))]
    swing = float((answers.max(0).values - answers.min(0).values).max())
    steps = reading(model, image) if name.endswith("-steps") else ()
    return {
        "picture": np.kron(digits.images[number, 0].numpy(), np.ones((5, 5), np.uint8)),
        "label": int(digits.labels[number]),
        "neighbours": rows,
        "steps": [
            {"Positions read": t + 1, "Answer": j, "probability": float(p)}
            for t, row in enumerate(steps)
            for j, p in enumerate(row)
        ],
        "sentence": f"Answers given: {', '.join(given)}. The probability of an answer moves by up to "
        f"{100 * swing:.1f} points with the neighbours.",
    }


def first_kernels(e: Experiment, runs: Runs) -> None:
    """The kernels of conv1 of the original network, seed by seed."""
    shipped = _shipped_kernels(runs)
    if not shipped:
        st.info("The trained original network is not shipped here, so there are no kernels to show.")
        return
    st.markdown("**conv1**: its six kernels, 0 to 5, one row for each seed")
    weights = np.stack([kernels["conv1"][:, 0] for kernels in shipped.values()])
    names = [f"seed {seed}: {number}" for seed in shipped for number in range(weights.shape[1])]
    _sheet(weights.reshape(-1, KERNEL, KERNEL), names, weights.shape[1], 16, "Weights of the kernels of conv1")


def second_kernels(e: Experiment, runs: Runs) -> None:
    """The kernels of conv2 of one seed."""
    shipped = _shipped_kernels(runs)
    if not shipped:
        return
    st.markdown("**conv2**, one column for each kernel, one row for each of its six inputs")
    seed = first = next(iter(shipped))
    if len(shipped) > 1:
        seed = st.segmented_control("Seed", list(shipped), default=first, required=True, key="kernel-seed")
    weights = shipped[seed]["conv2"].transpose(1, 0, 2, 3)
    inputs, count = weights.shape[:2]
    names = [f"kernel {number}" for number in range(count)] + [""] * count * (inputs - 1)
    _sheet(weights.reshape(-1, KERNEL, KERNEL), names, count, 11, "Weights of the kernels of conv2")


def _sheet(weights: np.ndarray, names: list[str], columns: int, pixels: int, alt: str) -> None:
    most = float(np.abs(weights).max())
    st.image(grids.sheet(weights, names, columns, pixels, True, most, dark=dark()), alt=alt)
    st.html(palette.legend(True, most, "Weight"))


def _shipped_kernels(runs: Runs) -> dict:
    """By seed the kernels of the original network, where they are shipped."""
    return {seed: history.kernels for seed, history in runs.of(ORIGINAL).items() if "conv1" in history.kernels}


def look_inside(e: Experiment, runs: Runs) -> None:
    """The way to the evidence."""
    st.page_link(
        "pages/inside.py",
        icon=":material/search:",
        label="The evidence for each kernel: Look inside",
        query_params={"network": "original"},
    )


PANELS: dict[str, Callable[[Experiment, Runs], None]] = {
    "conv1": first_kernels,
    "conv2": second_kernels,
    "look inside": look_inside,
    "gradients": gradients,
    "outcomes": outcomes,
    "times": times,
    "output life": output_life,
    "neighbours": neighbours,
}
