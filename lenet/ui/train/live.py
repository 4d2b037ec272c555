"""A training run as it goes on: where it stands, what is wrong with it, its charts, and what to do with it then."""

import csv
import io
from math import ceil, inf, isfinite
from typing import NamedTuple

import altair as alt
import streamlit as st

from lenet.formatting import percent
from lenet.service.queue import Job
from lenet.service.worker import Command, State
from lenet.ui.shared import networks, palette
from lenet.ui.shared.vega import made_once, powers_of_ten
from lenet.ui.train.service import ended_early, mine, number

HEIGHT = 200  # pixels of a chart without its legend
LINE = 24  # of a line of the legend
STEEP = 50.0  # a loss above it would leave nothing to see of the usual ones on a linear axis
DOTTED = 40  # single points of a line that can be told apart
ICONS = {"good": st.success, "warning": st.warning, "bad": st.error}
WORDS = {State.PAUSED: "paused", State.DONE: "done", State.STOPPED: "stopped", State.FAILED: "failed"}


def name(job: Job) -> str:
    """What a run is called in legends."""
    v, r = job.variant, job.recipe
    return f"run {number(job)}: {v.activation}, {v.depth} conv, {v.head}, {r.optimiser} {r.lr:g}, seed {r.seed}"


def status(job: Job, before: int, wait: float) -> None:
    """Where the run stands, in one line with its bar."""
    p = job.progress
    held = " It will pause after the first step." if job.awaited in (Command.PAUSE, Command.STEP, Command.EPOCH) else ""
    if job.state == State.QUEUED:
        left = f", about {wait:.0f} s to go" if wait < inf else ""
        words = f"Waiting: {before} before you in the queue{left}." if before or wait else "About to begin …"
        st.info(words + held)
    elif p is None and not job.ended:
        st.info(f"Loading PyTorch and MNIST …{held}")
    elif p is not None:
        if job.ended and not job.settled:
            st.info("Stopped. Measuring what it has learnt so far …")
        words = WORDS.get(job.state, f"about {p.seconds_left:.0f} s left")
        share = min(p.step / p.steps, 1.0)
        st.progress(share, f"Step {p.step:,} of {p.steps:,}, {words}. Loss of the last batch {p.loss:.4g}.")
    if words := ended_early(job):
        st.warning(words)


class Axes(NamedTuple):
    """x: of the rows, from 0 to `end`; kind: of the upright axis, % for shares, log for `powers` of ten; columns: of
    the legend."""

    x: str
    end: float
    kind: str
    columns: int
    powers: tuple[float, ...] = ()


def charts(job: Job, earlier: list[Job], published: list[dict]) -> None:
    """Loss and accuracy with earlier runs and published curves behind; gradients and dead units by layer."""
    runs = [job, *earlier]
    # A run keeps its colour while others come and go.
    colours = {name(j): palette.VARIANT_COLOURS[number(j) % len(palette.VARIANT_COLOURS)] for j in runs}
    free = [colour for colour in palette.VARIANT_COLOURS if colour not in colours.values()]
    others = dict.fromkeys(row["of"] for row in published)
    colours |= dict(zip(others, (free or palette.VARIANT_COLOURS) * len(others)))
    accuracy: list[dict] = [
        {"of": name(j), "epoch": epoch, "value": value} for j in runs for epoch, value in accuracies(j)
    ]
    losses: list[dict] = [
        {"of": name(j), "step": step, "value": v} for j in runs if j.progress for step, v in j.progress.losses
    ]
    gradients = [
        {"of": layer, "step": step, "value": norm}
        for step, norms in (job.progress.gradients if job.progress else [])
        for layer, norm in norms.items()
    ]
    dead = [
        {"of": layer, "epoch": e.epoch, "value": share} for e in job.history for layer, share in e.dead_units.items()
    ]
    steep = any(row["value"] > STEEP for row in losses)
    epochs, steps = job.recipe.epochs, job.recipe.epochs * job.recipe.steps_per_epoch
    left, right = st.columns(2)
    tested = "**Test accuracy**, every 50 steps on 1,000 digits"
    with left:
        _chart("accuracy", tested, accuracy + published, Axes("epoch", epochs, "%", 1), colours)
        _chart("gradients", "**Gradient norm** of each layer", gradients, Axes("step", steps, "log", 5), colours)
    with right:
        kind = "log" if steep else ""
        _chart("losses", "**Training loss** of single batches", losses, Axes("step", steps, kind, 1), colours)
        words = "**Dead units**: the same output for every picture"
        _chart("dead", words, dead, Axes("epoch", epochs, "%", 5), colours)


def accuracies(job: Job) -> list[tuple[float, float]]:
    """(epoch, test accuracy): after whole epochs on all test digits, in between on the first 1,000."""
    per_epoch = job.recipe.steps_per_epoch
    found = [(float(e.epoch), e.test_accuracy) for e in job.history]
    if job.progress:
        found += [(step / per_epoch, value) for step, value in job.progress.accuracies if step % per_epoch]
        if job.interrupted:
            found.append((job.progress.step / per_epoch, job.interrupted.test_accuracy))
    return sorted(found)


def _chart(key: str, words: str, rows: list[dict], axes: Axes, colours: dict[str, str]) -> None:
    """One line for each name under `of`; those without a colour get one each."""
    rows = [row for row in rows if isfinite(row["value"])]
    if axes.kind == "log":  # nothing else lies on such an axis
        rows = [row for row in rows if row["value"] > 0]
        axes = axes._replace(powers=powers_of_ten(row["value"] for row in rows) if rows else ())
    if not rows:
        return
    there = tuple(dict.fromkeys(row["of"] for row in rows))
    some = palette.VARIANT_COLOURS
    ink = tuple(colours.get(of, some[i % len(some)]) for i, of in enumerate(there))
    axes = axes._replace(end=max(axes.end, *(row[axes.x] for row in rows)))
    st.markdown(words)
    look = _lines(axes, there, ink, len(rows) <= DOTTED * len(there))
    st.vega_lite_chart(spec=look | {"datasets": {"rows": rows}}, key=f"live-{key}", alt=words.replace("*", ""))


@made_once
def _lines(axes: Axes, there: tuple[str, ...], ink: tuple[str, ...], dotted: bool) -> alt.LayerChart | alt.FacetChart:
    """One line for each of `there` in its `ink`."""
    x, end, kind, columns, powers = axes
    domain = [powers[0], powers[-1]] if powers else [0, 1] if kind == "%" else alt.Undefined
    scale = alt.Scale(type="log" if powers else "linear", domain=domain, zero=False)
    upright = alt.Axis(values=list(powers), format=".0e") if powers else alt.Axis(format="%") if kind else alt.Axis()
    legend = alt.Legend(title=None, orient="bottom", columns=columns, labelLimit=400)
    base = (
        alt.Chart(alt.NamedData("rows"))
        .encode(
            x=alt.X(f"{x}:Q", title=x, scale=alt.Scale(domain=[0, end]), axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("value:Q", title="", scale=scale, axis=upright),
            color=alt.Color("of:N", scale=alt.Scale(domain=list(there), range=list(ink)), legend=legend),
            tooltip=[
                alt.Tooltip("of:N", title="of"),
                alt.Tooltip(f"{x}:Q", format=".4~g"),
                alt.Tooltip("value:Q", format=".4g"),
            ],
        )
        .properties(height=HEIGHT + 60 + LINE * ceil(len(there) / columns))
    )
    line = base.mark_line(strokeWidth=2 if dotted else 1.2)
    return alt.layer(line, base.mark_circle(size=22, opacity=1.0 if dotted else 0.0))


def diagnosis(job: Job) -> None:
    """The findings, each with its evidence."""
    from lenet.probes.diagnosis import diagnose

    history = [*job.history, job.interrupted] if job.interrupted else job.history
    for finding in diagnose(job.variant, job.recipe, history, job.progress.losses if job.progress else []):
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
        st.download_button("Curve as CSV", _csv(job), f"{file}.csv", "text/csv", icon=icon, key="curve")


def _csv(job: Job) -> bytes:
    table = io.StringIO()
    writer = csv.writer(table)
    if job.history:
        first = job.history[0]
        columns = [f"gradient_{name}" for name in first.gradient_norms] + [f"dead_{name}" for name in first.dead_units]
        writer.writerow(["epoch", "train_loss", "test_accuracy", "classes_predicted", "train_seconds", *columns])
    for e in job.history:
        numbers = [e.epoch, e.train_loss, e.test_accuracy, e.classes_predicted, e.train_seconds]
        writer.writerow([*numbers, *e.gradient_norms.values(), *e.dead_units.values()])
    return table.getvalue().encode()


def upload() -> None:
    """Weights that were downloaded here come back into the pickers."""
    from lenet.pretrained import WeightsError, load

    file = st.file_uploader("Load weights that were saved here", type=["safetensors"], key="weights_upload")
    if file is None or st.session_state.get("uploaded") == file.file_id:
        return
    st.session_state["uploaded"] = file.file_id
    try:
        model, card = load(file.getvalue())
        called = networks.add_session_network("loaded", model, card)
    except WeightsError as error:
        st.error(networks.plain(str(error)))
        return
    st.success(
        f"Loaded as {called}: {percent(card.test_accuracy, 2)} of the test set. It is in the pickers of the other "
        "pages."
    )
