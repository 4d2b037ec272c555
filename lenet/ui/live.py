"""A training run as it goes on: charts, kernels, ten digits, the diagnosis, and what to do with it afterwards."""

import csv
import io

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from lenet import jobs
from lenet.jobs import Job
from lenet.ui import digit, networks, palette

HEIGHT = 260
ICONS = {"good": st.success, "warning": st.warning, "bad": st.error}
RANGE = palette.VARIANT_COLOURS


def name(job: Job) -> str:
    """What a run is called in legends."""
    v, r = job.variant, job.recipe
    return f"run {job.number}: {v.activation}, {v.depth} conv, {v.head}, {r.optimiser} {r.lr:g}, seed {r.seed}"


def status(job: Job, before: int, wait: float) -> None:
    """Where the run stands, in one line with its bar."""
    p = job.progress
    if job.state == jobs.QUEUED:
        st.info(f"Waiting: {before} before you, about {wait:.0f} s to go." if before or wait else "About to begin …")
    elif p is None and not job.ended:
        st.info("Loading PyTorch and MNIST …")
    elif p is not None:
        if job.ended and not job.settled:
            st.info("Stopped. Measuring what it has learnt so far …")
        words = {jobs.RUNNING: f"about {p.seconds_left:.0f} s left", jobs.PAUSED: "paused", jobs.DONE: "done"}
        st.progress(min(p.step / p.steps, 1.0), f"Step {p.step:,} of {p.steps:,}, {words.get(job.state, job.state)}. "
                    f"Loss of the last batch {p.loss:.4f}.")  # fmt: skip
    if job.reason:
        st.warning(job.reason)


def charts(job: Job, earlier: list[Job], cached: pd.DataFrame) -> None:
    """Loss and accuracy with earlier runs and the cached curves behind; gradients and dead units by layer."""
    runs = [job, *earlier]
    epochs = pd.DataFrame(
        [{"run": name(j), "epoch": e.epoch, "accuracy": e.test_accuracy} for j in runs for e in j.history]
    )
    every = pd.concat([epochs, cached]) if len(cached) else epochs
    losses = pd.DataFrame(
        [{"run": name(j), "step": step, "loss": loss} for j in runs if j.progress for step, loss in j.progress.losses]
    )
    layers = pd.DataFrame(
        [
            {"layer": layer, "epoch": e.epoch, "value": value, "what": what}
            for e in job.history
            for what, values in (("gradient", e.gradient_norms), ("dead", e.dead_units))
            for layer, value in values.items()
        ]
    )
    left, right = st.columns(2)
    if len(every):
        left.markdown("**Test accuracy** after each epoch")
        left.altair_chart(_lines(every, "epoch", "accuracy", "run", axis=alt.Axis(format="%")), width="stretch")
    if len(losses):
        right.markdown("**Training loss** of single batches")
        right.altair_chart(_lines(losses, "step", "loss", "run"), width="stretch")
    if len(layers):
        left.markdown("**Gradient norm** of each layer, on the first 1,000 training images")
        positive = layers[(layers.what == "gradient") & (layers.value > 0)]
        left.altair_chart(_lines(positive, "epoch", "value", "layer", alt.Scale(type="log")), width="stretch")
        right.markdown("**Dead or saturated units**, the share that no test picture moves")
        right.altair_chart(
            _lines(layers[layers.what == "dead"], "epoch", "value", "layer", axis=alt.Axis(format="%")), width="stretch"
        )


def _lines(
    rows: pd.DataFrame, x: str, y: str, colour: str, scale: alt.Scale | None = None, axis: alt.Axis | None = None
) -> alt.LayerChart | alt.FacetChart:
    titles = {"value": "", "accuracy": "", "loss": "", "epoch": "epoch", "step": "step"}
    base = alt.Chart(rows).encode(
        x=alt.X(f"{x}:Q", title=titles[x], axis=alt.Axis(tickMinStep=1)),
        y=alt.Y(f"{y}:Q", title=titles[y], scale=scale or alt.Scale(zero=False), axis=axis or alt.Axis()),
        color=alt.Color(f"{colour}:N", scale=alt.Scale(range=RANGE), sort=None,
                        legend=alt.Legend(title=None, orient="bottom", columns=5 if colour == "layer" else 1,
                                          labelLimit=400)),
        tooltip=[colour, x, alt.Tooltip(f"{y}:Q", format=".4g")],
    ).properties(height=HEIGHT)  # fmt: skip
    return alt.layer(base.mark_line(), base.mark_circle(size=22))


def pictures(job: Job) -> None:
    """Conv1's kernels and the answers for the ten fixed digits (and the drawing), as they are now."""
    p = job.progress
    if p is None:
        return
    kernels = np.nan_to_num(p.kernels)
    scale = float(np.abs(kernels).max()) or 1.0
    strip = np.concatenate([np.pad(palette.heat(k, True, scale), ((1, 1), (1, 1), (0, 0)), constant_values=128)
                            for k in kernels], 1)  # fmt: skip
    size = (strip.shape[1] * 12, strip.shape[0] * 12)
    left, right = st.columns(2)
    left.markdown("**The six kernels of conv1**")
    left.image(Image.fromarray(strip).resize(size, Image.Resampling.NEAREST),
               alt=f"Six 5 × 5 kernels, weights from −{scale:.2f} to {scale:.2f}")  # fmt: skip
    left.html(palette.legend(True, scale, "weights"))
    right.markdown("**Ten test digits, one of each,** and what it reads")
    reads = p.answers.argmax(1)
    row = {f"a {k}": f"{reads[k]} {'✓' if reads[k] == k else '✗'}" for k in range(10)}
    mine = digit.current()  # the run may be shared, and then it has somebody else's drawing
    if mine is not None and job.drawing is not None and np.array_equal(mine.image.numpy(), job.drawing):
        row["your drawing"] = str(reads[10])
    sure = {column: f"{p.answers[index].max():.0%}" for index, column in enumerate(row)}
    right.dataframe(pd.DataFrame([row, sure], index=["reads", "how sure"]), hide_index=False)


def diagnosis(job: Job) -> None:
    """The findings, each with its evidence."""
    from lenet.diagnosis import diagnose

    for finding in diagnose(job.variant, job.recipe, job.history):
        ICONS[finding.kind](f"**{finding.sentence}** {finding.evidence}")


def afterwards(job: Job) -> None:
    """Into the pickers of the other pages, and the downloads."""
    if job.weights is None:
        return
    known = st.session_state.setdefault("run_names", {})
    if job.key not in known:
        model, card = from_bytes(job.weights)
        known[job.key] = networks.add_session_network(f"run-{job.number}", model, card)
    called = known[job.key]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link("app.py", label=f"Draw on {called}", icon=":material/draw:", query_params={"networks": called})
        st.download_button("Weights", job.weights, f"{called}.safetensors", icon=":material/download:", key="weights")
        st.download_button(
            "Curve as CSV", _csv(job), f"{called}.csv", "text/csv", icon=":material/download:", key="curve"
        )


def from_bytes(content: bytes) -> "tuple":
    """Network and card of a weights file. Raises WeightsError."""
    import tempfile
    from pathlib import Path

    from lenet.pretrained import load

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.safetensors")
        path.write_bytes(content)
        return load(path)


def _csv(job: Job) -> bytes:
    table = io.StringIO()
    writer = csv.writer(table)
    if job.history:
        first = job.history[0]
        columns = [f"gradient_{name}" for name in first.gradient_norms] + [f"dead_{name}" for name in first.dead_units]
        writer.writerow(["epoch", "train_loss", "test_accuracy", "classes_predicted", "train_seconds", *columns])
    for e in job.history:
        writer.writerow([e.epoch, e.train_loss, e.test_accuracy, e.classes_predicted, e.train_seconds,
                         *e.gradient_norms.values(), *e.dead_units.values()])  # fmt: skip
    return table.getvalue().encode()


def upload() -> None:
    """Weights that were downloaded here come back into the pickers."""
    from lenet.pretrained import WeightsError

    file = st.file_uploader("Load weights that were saved here", type=["safetensors"], key="weights_upload")
    if file is None or st.session_state.get("uploaded") == file.file_id:
        return
    st.session_state["uploaded"] = file.file_id
    try:
        model, card = from_bytes(file.getvalue())
    except WeightsError as error:
        st.error(str(error))
        return
    called = networks.add_session_network("loaded", model, card)
    st.success(
        f"Loaded as {called}: {card.test_accuracy:.2%} of the test set. It is in the pickers of the other pages."
    )
