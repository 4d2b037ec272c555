"""A training run as it goes on: where it stands, what is wrong with it, its charts, and what to do with it then."""

import csv
import io
from collections.abc import Callable, Sequence
from math import ceil, inf, isfinite, log
from typing import TYPE_CHECKING

import streamlit as st

from lenet.formatting import duration, fixed, percent, short
from lenet.recipe import LIMITS, MNIST
from lenet.service.queue import Job
from lenet.service.worker import QUICK_TEST, QUICK_TEST_EVERY, Command, State
from lenet.ui.shared import networks, palette
from lenet.ui.train import builder, pictures, service
from lenet.ui.train.service import ended_early, mine, number
from lenet.variant import CLASSES, layers

if TYPE_CHECKING:  # torch
    from lenet.pretrained import Card

STEEP = 50.0  # a loss above it would leave nothing to see of the usual ones on a linear axis
ICONS = {"good": st.success, "warning": st.warning, "bad": st.error}
# Where a run pauses, if this was asked for before it began.
HELD = {Command.PAUSE: "its first step", Command.STEP: "its second step", Command.EPOCH: "an epoch"}
WORDS = {State.PAUSED: "paused", State.DONE: "done", State.STOPPED: "stopped", State.FAILED: "failed"}


def name(job: Job) -> str:
    """What a run is called in legends."""
    v, r = job.variant, job.recipe
    data = "" if r.data == MNIST else f"{r.data.name}, "
    own = ", own layers" if builder.to_texts(v) else ""
    inside = f"{v.activation}, {v.depth} conv, {v.head}{own}"
    return f"run {number(job)}: {data}{inside}, {r.optimiser} {r.lr:g}, seed {r.seed}"


def status(job: Job, before: int, wait: float) -> None:
    """Where the run stands, in one line with its bar."""
    p = job.progress
    held = f" It will pause after {HELD[job.awaited]}." if job.awaited in HELD else ""
    if job.state == State.QUEUED:
        left = f", about {duration(wait)} to go" if wait < inf else ""
        words = f"Waiting: {before} before you in the queue{left}." if before or wait else "About to begin …"
        st.info(words + held)
    elif p is None and not job.ended:
        st.info(f"About to take the first step …{held}")
    elif p is not None:
        if job.ended and not job.settled:
            st.info("Stopped. Measuring what it has learnt so far …")
        words = WORDS.get(job.state, f"about {duration(p.seconds_left)} left")
        share = min(p.step / p.steps, 1.0)
        seen = f" Accuracy {percent(p.accuracies[-1][1])}." if p.accuracies else ""
        st.progress(share, f"Step {p.step:,} of {p.steps:,}, {words}. Loss of the last batch {short(p.loss, 4)}.{seen}")
        for step, lr in p.rates:
            st.caption(f"After step {step:,} the learning rate was changed to {lr:g}.")
    if words := ended_early(job):
        st.warning(words)


def change_rate(job: Job) -> None:
    """While the run is paused: another learning rate."""
    rates = job.progress.rates if job.progress else ()
    now = rates[-1][1] if rates else job.recipe.lr
    least, most = LIMITS["lr"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = "Learning rate from here on" + " (its peak)" * (job.recipe.schedule == "one-cycle")
        lr = st.number_input(words, least, most, now, format="%g", key=f"rate-{job.key}-{len(rates)}", width=260)
        same = lr is None or lr == now
        st.button("Change it", on_click=service.change_rate, args=(job, lr), disabled=same, key="change_rate")


def panel(job: Job, earlier: list[Job], published: list[dict]) -> None:
    """All that the run shows, in one component: digits, kernels, curves with earlier runs and published ones behind,
    gradients, dead units, and the confusion matrix."""
    p = job.progress
    if p is None:
        return
    total = job.recipe.epochs * job.recipe.steps_per_epoch
    end = max(span(total, p.step), *(j.progress.step for j in earlier if j.progress), 1)
    runs = [(job, False), *((j, True) for j in reversed(earlier))]
    # A run keeps its colour while others come and go.
    colours = {name(j): palette.VARIANT_COLOURS[number(j) % len(palette.VARIANT_COLOURS)] for j, _ in runs}
    free = [colour for colour in palette.VARIANT_COLOURS if colour not in colours.values()]
    behind = [
        {
            "name": of,
            "colour": colour,
            "behind": True,
            "points": [[e * job.recipe.steps_per_epoch, v] for e, v in points],
        }
        for (of, points), colour in zip(_by_name(published).items(), (free or palette.VARIANT_COLOURS) * len(published))
    ]

    def lines(points: Callable[[Job], Sequence[tuple[float, float]]]) -> list[dict]:
        return [
            {"name": name(j), "colour": colours[name(j)], "behind": old, "points": _plain(points(j))} for j, old in runs
        ]

    losses = lines(lambda j: j.progress.losses if j.progress else [])
    steep = any(value is not None and value > STEEP for line in losses for _, value in line["points"])
    common = {"end": end, "x": f"steps ({job.recipe.steps_per_epoch:,} are an epoch)"}
    tested = f"Accuracy, every {QUICK_TEST_EVERY} steps on {QUICK_TEST:,} test pictures"
    charts = [
        {"key": "accuracy", "title": tested, "kind": "%", "lines": lines(accuracies) + behind, **common},
        {
            "key": "loss",
            "title": "Loss of each batch" + floor(job),
            "kind": "log" if steep else "",
            "lines": losses,
            **common,
        },
    ]
    shown, classes = pictures.of_run(job), job.recipe.data.classes
    frame = {
        "answers": pictures.answers(p.answers, len(shown), classes),
        "kernels": pictures.kernels(p.kernels),
        "gradients": _bars(p.gradients[-1][1]) if p.gradients else None,
        "dead": _bars(job.history[-1].dead_units) if len(job.history) > 1 else None,
        "confusion": pictures.confusion(p.confusion, classes, f"Confusion matrix: {QUICK_TEST:,} test pictures"),
    }
    pictures.show({"pictures": shown, "frames": [frame], "charts": charts})


def floor(job: Job) -> str:
    """With label smoothing no answer is quite right, so the loss does not fall to zero: how far it can, in words."""
    share, classes = job.recipe.smoothing, CLASSES
    if not share:
        return ""
    right, wrong = 1 - share + share / classes, share / classes
    least = -(right * log(right) + (classes - 1) * wrong * log(wrong))
    return f" (label smoothing keeps it above {fixed(least, 2)})"


def span(total: int, step: int) -> int:
    """How many steps a chart shows: all, halved until the present one is in the second half."""
    while total > 40 and step * 2 < total:
        total = ceil(total / 2)
    return total


def _by_name(rows: list[dict]) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        found.setdefault(row["of"], []).append((row["epoch"], row["value"]))
    return found


def _plain(points: Sequence[tuple[float, float]]) -> list[list[float | None]]:
    """JSON has no NaN."""
    return [[x, value if isfinite(value) else None] for x, value in points]


def _bars(values: dict[str, float]) -> list[dict]:
    return [{"name": name, "value": value if isfinite(value) else None} for name, value in values.items()]


def accuracies(job: Job) -> list[tuple[float, float]]:
    """(step, test accuracy): after whole epochs on all test digits, in between on the first 1,000."""
    per_epoch = job.recipe.steps_per_epoch
    found = [(float(e.epoch * per_epoch), e.test_accuracy) for e in job.history]
    if job.progress:
        found += [(float(step), value) for step, value in job.progress.accuracies if step % per_epoch]
        if job.interrupted:
            found.append((float(job.progress.step), job.interrupted.test_accuracy))
    return sorted(found)


def diagnosis(job: Job) -> None:
    """The findings, each with its evidence."""
    from lenet.probes.diagnosis import diagnose

    history = [*job.history, job.interrupted] if job.interrupted else job.history
    told = (job.progress.losses, job.progress.gradients) if job.progress else ()
    for at, finding in enumerate(diagnose(job.variant, job.recipe, history, *told)):
        with st.container(key=f"diagnosis-{finding.kind}-{at}"):
            ICONS[finding.kind](f"**{finding.sentence}** {finding.evidence}")


def afterwards(job: Job) -> None:
    """The way to the board, and the downloads."""
    if job.weights is None:
        return
    called = mine().networks.get(job.key)
    if why := mine().unreadable.get(job.key):
        st.warning(why)
    file = called or f"run-{number(job)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        if called:
            words = f"Try {called} on the board"
            st.page_link("app.py", label=words, icon=":material/draw:", query_params={"networks": called})
        icon = ":material/download:"
        st.download_button("Weights", job.weights, f"{file}.safetensors", icon=icon, key="weights")
        for label, (kind, content) in _home(job.key, job.weights, file).items():
            st.download_button(label, content, f"{file}.{kind}", icon=icon, key=kind)
        st.download_button("Curve as CSV", _csv(job), f"{file}.csv", "text/csv", icon=icon, key="curve")


@st.cache_data(show_spinner=False, max_entries=40)
def _home(key: str, _weights: bytes, file: str) -> dict[str, tuple[str, bytes]]:
    """What a student takes home beside the weights: label -> ending and content of a file."""
    from lenet.export import onnx_bytes, pytorch_code
    from lenet.pretrained import load

    model, _ = load(_weights)
    program = pytorch_code(model.variant, f"{file}.safetensors").encode()
    return {"PyTorch program": ("py", program), "ONNX": ("onnx", onnx_bytes(model))}


def _csv(job: Job) -> bytes:
    table = io.StringIO()
    writer = csv.writer(table)
    if job.history:
        first = job.history[0]
        columns = [f"gradient_{name}" for name in first.gradient_norms] + [f"dead_{name}" for name in first.dead_units]
        writer.writerow(
            ["data", "epoch", "train_loss", "test_accuracy", "classes_predicted", "train_seconds", *columns]
        )
    for e in job.history:
        numbers = [job.recipe.data.name, e.epoch, e.train_loss, e.test_accuracy, e.classes_predicted, e.train_seconds]
        writer.writerow([*numbers, *e.gradient_norms.values(), *e.dead_units.values()])
    return table.getvalue().encode()


# In one line, or Windows' shell would not take it.
CONVERT = (
    'python -c "import torch, safetensors.torch as s; '
    "s.save_file(torch.load('net.pth', weights_only=True), 'net.safetensors')\""
)
LARGEST = 16  # MB, as LARGEST_FILE of lenet/pretrained.py says


def upload() -> None:
    """Weights that were downloaded here, or a state_dict from elsewhere, come into the pickers."""
    from lenet.pretrained import BROUGHT, WeightsError

    kinds = ["safetensors", "pth", "pt"]
    words = "Weights that were saved here, or another LeNet's"
    file = st.file_uploader(words, type=kinds, max_upload_size=LARGEST, key="weights_upload")
    st.caption(
        "A file from here comes back with its card. Any other safetensors state_dict gets one, if its shapes fit."
    )
    if file is None or st.session_state.get("uploaded") == file.file_id:
        return
    st.session_state["uploaded"] = file.file_id
    if not file.name.endswith(".safetensors"):
        st.warning("A .pth or .pt file may contain code, so it is not opened here. Turn it into safetensors at home:")
        st.code(CONVERT, language="bash", wrap_lines=True)
        return
    try:
        called, card = _take_in(file.getvalue(), file.name)
    except WeightsError as error:
        st.error(networks.plain(str(error)))
        return
    st.success(
        f"Loaded as {called}: {percent(card.test_accuracy, 2)} of the test set. It is in the pickers of the other "
        "pages."
    )
    if card.name == BROUGHT:
        st.caption(
            "The file holds weights alone. Of the networks that they fit, this one reads digits best: "
            f"{' → '.join(layer.name for layer in layers(card.variant))}."
        )


def _take_in(content: bytes, file: str) -> "tuple[str, Card]":
    """Name and card of the network in a file. Raises WeightsError."""
    from lenet.data import mnist
    from lenet.pretrained import adopt, load
    from lenet.safetensors_io import says

    known = says(content, "card")
    model, card = load(content) if known else adopt(content, file, mnist("train"), mnist("test"))
    return networks.add_session_network("loaded", model, card), card
