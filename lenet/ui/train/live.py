"""A training run as it goes on: charts, kernels, ten digits, the diagnosis, and what to do with it afterwards."""

import csv
import io
from math import ceil, inf

import altair as alt
import numpy as np
import streamlit as st
from PIL import Image

from lenet.formatting import percent, probability
from lenet.service import queue
from lenet.service.queue import Job
from lenet.ui.shared import digit, grids, networks, palette
from lenet.ui.shared.frame import dark
from lenet.ui.shared.vega import made_once, powers_of_ten
from lenet.variant import CLASSES

HEIGHT = 200  # pixels of a chart without its legend
LINE = 24  # of a line of the legend
STEEP = 50.0  # a loss above it would leave nothing to see of the usual ones on a linear axis
DOTTED = 40  # single points of a line that can be told apart
ICONS = {"good": st.success, "warning": st.warning, "bad": st.error}


def name(job: Job) -> str:
    """What a run is called in legends."""
    v, r = job.variant, job.recipe
    return f"run {job.number}: {v.activation}, {v.depth} conv, {v.head}, {r.optimiser} {r.lr:g}, seed {r.seed}"


def status(job: Job, before: int, wait: float) -> None:
    """Where the run stands, in one line with its bar."""
    p = job.progress
    if job.state == queue.QUEUED:
        left = f", about {wait:.0f} s to go" if wait < inf else ""
        st.info(f"Waiting: {before} before you in the queue{left}." if before or wait else "About to begin …")
    elif p is None and not job.ended:
        st.info("Loading PyTorch and MNIST …")
    elif p is not None:
        if job.ended and not job.settled:
            st.info("Stopped. Measuring what it has learnt so far …")
        words = {queue.RUNNING: f"about {p.seconds_left:.0f} s left", queue.PAUSED: "paused", queue.DONE: "done"}
        st.progress(min(p.step / p.steps, 1.0), f"Step {p.step:,} of {p.steps:,}, {words.get(job.state, job.state)}. "
                    f"Loss of the last batch {p.loss:.4f}.")  # fmt: skip
    if job.reason:
        st.warning(job.reason)


def charts(job: Job, earlier: list[Job], cached: list[dict]) -> None:
    """Loss and accuracy with earlier runs and the cached curves behind; gradients and dead units by layer."""
    runs = [job, *earlier]
    # A run keeps its colour while others come and go.
    colours = {name(j): palette.VARIANT_COLOURS[j.number % len(palette.VARIANT_COLOURS)] for j in runs}
    free = [colour for colour in palette.VARIANT_COLOURS if colour not in colours.values()]
    others = dict.fromkeys(row["of"] for row in cached)
    colours |= dict(zip(others, (free or palette.VARIANT_COLOURS) * len(others)))
    epochs = [{"of": name(j), "epoch": e.epoch, "value": e.test_accuracy} for j in runs for e in j.history] + cached
    losses = [{"of": name(j), "step": step, "value": v} for j in runs if j.progress for step, v in j.progress.losses]
    gradients = [
        {"of": layer, "step": step, "value": norm}
        for step, norms in (job.progress.gradients if job.progress else [])
        for layer, norm in norms.items()
        if 0 < norm < inf
    ]
    dead = [
        {"of": layer, "epoch": e.epoch, "value": share} for e in job.history for layer, share in e.dead_units.items()
    ]
    left, right = st.columns(2)
    shown: tuple[tuple, ...] = (
        (left, "**Test accuracy** after each epoch", epochs, "accuracy", ("epoch", "%", 1)),
        (right, "**Training loss** of single batches", losses, "losses", ("step", "", 1)),
        (left, "**Gradient norm** of each layer, of single batches", gradients, "gradients", ("step", "log", 5)),
        (right, "**Dead or saturated units**, the share that no test picture moves", dead, "dead", ("epoch", "%", 5)),
    )
    whole = {"epoch": job.recipe.epochs, "step": job.recipe.epochs * job.recipe.steps_per_epoch}
    for place, words, rows, key, (x, kind, columns) in shown:
        if not rows:
            continue
        values = [row["value"] for row in rows]
        if key == "losses" and min(values) > 0 and STEEP < max(values) < inf:
            kind = "log"
        powers = powers_of_ten(values) if kind == "log" else ()
        there = tuple(dict.fromkeys(row["of"] for row in rows))
        ink = tuple(colours.get(of, palette.VARIANT_COLOURS[i % len(palette.VARIANT_COLOURS)])
                    for i, of in enumerate(there))  # fmt: skip
        end = max(whole[x], *(row[x] for row in rows))
        dotted = len(rows) <= DOTTED * len(there)
        place.markdown(words)
        look = _lines(x, end, kind, columns, powers, there, ink, dotted)
        place.vega_lite_chart(spec=look | {"datasets": {"rows": rows}}, key=f"live-{key}", alt=words.replace("*", ""))


@made_once
def _lines(
    x: str,
    end: int,
    kind: str,
    columns: int,
    powers: tuple[float, ...],
    there: tuple[str, ...],
    ink: tuple[str, ...],
    dotted: bool,
) -> alt.LayerChart | alt.FacetChart:
    """One line for each of `there` in its `ink`, from 0 to `end`. kind: of the upright axis, % for shares, log for
    `powers` of ten."""
    domain = [powers[0], powers[-1]] if powers else [0, 1] if kind == "%" else alt.Undefined
    scale = alt.Scale(type="log" if powers else "linear", domain=domain, zero=False)
    axis = alt.Axis(values=list(powers), format=".0e") if powers else alt.Axis(format="%") if kind else alt.Axis()
    base = alt.Chart(alt.NamedData("rows")).encode(
        x=alt.X(f"{x}:Q", title=x, scale=alt.Scale(domain=[0, end]), axis=alt.Axis(tickMinStep=1)),
        y=alt.Y("value:Q", title="", scale=scale, axis=axis),
        color=alt.Color("of:N", scale=alt.Scale(domain=list(there), range=list(ink)),
                        legend=alt.Legend(title=None, orient="bottom", columns=columns, labelLimit=400)),
        tooltip=[alt.Tooltip("of:N", title="of"), f"{x}:Q", alt.Tooltip("value:Q", format=".4g")],
    ).properties(height=HEIGHT + 60 + LINE * ceil(len(there) / columns))  # fmt: skip
    line = base.mark_line(strokeWidth=2 if dotted else 1.2)
    return alt.layer(line, base.mark_circle(size=22, opacity=1.0 if dotted else 0.0))


def pictures(job: Job) -> None:
    """Conv1's kernels and the answers for the ten fixed digits (and the drawing), as they are now."""
    p = job.progress
    if p is None:
        return
    import torch

    from lenet.evaluation import read

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
    right.markdown("**Ten test digits, one of each,** what it reads and how sure it is")
    mine = digit.current()  # the run may be shared, and then it has somebody else's drawing
    pictures, names = _ten(), []
    drawn = mine is not None and job.drawn == queue.digest(mine.image.numpy())
    if mine is not None and drawn:
        pictures = np.concatenate([pictures, mine.image.numpy()])
    for label, answer, shares in zip(range(len(pictures)), read(torch.from_numpy(p.answers)), p.answers):
        wrong = " wrong" * (label < CLASSES and answer not in (None, label))
        names.append("cannot tell" if answer is None else f"{answer}{wrong}, {probability(float(shares[answer]))}")
    yours = ", and your drawing" if drawn else ""
    right.image(grids.sheet(pictures, names, across=6 if drawn else 5, zoom=3, signed=False, scale=1.0, dark=dark()),
                alt=f"Ten test digits, 0 to 9{yours}: read as {'; '.join(names)}")  # fmt: skip


@st.cache_resource(show_spinner=False)
def _ten() -> np.ndarray:
    """The ten fixed test digits, float32 [10, 28, 28] in [0, 1]."""
    from lenet.data import mnist, pixels

    return pixels(mnist("test").images[list(queue.TEN)])[:, 0].numpy()


def diagnosis(job: Job) -> None:
    """The findings, each with its evidence."""
    from lenet.probes.diagnosis import diagnose

    for finding in diagnose(job.variant, job.recipe, job.history):
        ICONS[finding.kind](f"**{finding.sentence}** {finding.evidence}")


def afterwards(job: Job) -> None:
    """Into the pickers of the other pages, and the downloads."""
    if job.weights is None:
        return
    known = st.session_state.setdefault("run_names", {})
    called = known.get(job.key, f"run-{job.number}")
    if job.key not in known:
        from lenet.pretrained import WeightsError, load

        try:
            called = known[job.key] = networks.add_session_network(called, *load(job.weights))
        except WeightsError as error:
            st.warning(str(error))
    with st.container(horizontal=True, vertical_alignment="center"):
        if job.key in known:
            st.page_link("app.py", label=f"Draw on {called}", icon=":material/draw:", query_params={"networks": called})
        st.download_button("Weights", job.weights, f"{called}.safetensors", icon=":material/download:", key="weights")
        st.download_button(
            "Curve as CSV", _csv(job), f"{called}.csv", "text/csv", icon=":material/download:", key="curve"
        )


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
