"""What a kernel does: the bars that it answers to, and what its removal costs."""

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from lenet.formatting import fixed
from lenet.recipe import MNIST, DataSet
from lenet.ui.inside import kernels, living
from lenet.ui.shared import networks, palette
from lenet.ui.train.service import own_pictures

if TYPE_CHECKING:
    from lenet.ui.shared.digit import Digit

KEY = "kernel-picker"
SAMPLE = 2_000  # test pictures for the networks with more than two convolutions, where a kernel's removal is costly


@st.cache_resource(max_entries=8, show_spinner="Showing bars to every kernel …")
def _bars(name: str, mark: str, _model) -> dict:
    """The answers to bars of each layer. mark: of the weights, for the cache."""
    from lenet.probes import kernels as probes

    return {layer.name: probes.oriented_bars(_model, layer.name) for layer in probes.convolutions(_model)}


@st.cache_resource(max_entries=8, show_spinner="Switching off one kernel after another: a few seconds, once …")
def _costs(name: str, mark: str, _model, _data: DataSet) -> tuple[dict, int] | None:
    """What removing a kernel costs, on test pictures of what the network learnt from, and on how many; None without."""
    from lenet.data import mnist, own
    from lenet.probes import kernels as probes

    kept = own_pictures(_data)
    if not kept and _data != MNIST:
        return None
    digits = own(kept, "test") if kept else mnist("test")
    few = digits if _model.variant.depth <= 2 else digits[:SAMPLE]
    return probes.removal_cost(_model, few), len(few)


@st.fragment
@networks.sentences()
def show(about: dict[str, Any], shown: "Digit") -> None:
    """The kernels to choose from, and what the chosen one answers to and what its removal costs."""
    kernels.view(KEY, about, shown)
    with networks.waking():
        from lenet.probes.kernels import ANGLES

        model, card = networks.load(about["name"])
    mark, data = card.checksum or about["mark"], card.recipe.data
    bars = _bars(about["name"], mark, model)
    if not bars:
        return  # the browser says that there are no kernels
    chosen = (st.session_state.get(KEY) or {}).get("kernel") or {}
    layer, kernel = chosen.get("layer"), chosen.get("number")
    layer = layer if layer in bars else next(iter(bars))
    kernel = kernel if isinstance(kernel, int) and 0 <= kernel < len(bars[layer]) else 0
    left, right = st.columns(2)
    with left:
        st.markdown(f"**Answer of kernel {kernel} of {layer} to a bar, by its angle**")
        st.altair_chart(
            _bar_chart(ANGLES, bars[layer].numpy(), kernel),
            width="stretch",
            alt=f"How kernel {kernel} of {layer} answers to bars",
        )
        st.caption(
            "A white bar in the middle of an empty picture, turned; 0° lies level, 90° stands. "
            "How much the largest cell of the map exceeds that of an empty picture. Grey: the layer's other kernels."
        )
    with right:
        st.markdown(f"**Accuracy lost without kernel {kernel} of {layer}**")
        if about["tests"]["problem"] or not (found := _costs(about["name"], mark, model, data)):
            st.info(networks.plain(about["tests"]["problem"] or living.GONE.format(data.name)))
            return
        costs, count = found
        _cost(costs[layer][kernel].numpy()[: len(data.classes)], count, data)
    _all_costs(costs, data)


def _cost(lost: np.ndarray, count: int, data: DataSet) -> None:
    """What each class loses without a kernel. lost: of the accuracy on `count` test pictures, in 0..1."""
    what = "digit" if data == MNIST else "class"
    if not lost.any():
        st.info("Nothing depends on this kernel: without it as many test pictures are classified correctly as with it.")
        return
    chart = (
        alt.Chart(pd.DataFrame({what: data.classes, "lost": 100 * lost}), height=260)
        .mark_bar(color=palette.VARIANT_COLOURS[1])
        .encode(
            alt.X(f"{what}:N", sort=None, axis=alt.Axis(labelAngle=0 if data == MNIST else -40)),
            alt.Y("lost:Q", title="points lost"),
            tooltip=[what, alt.Tooltip("lost", format="+.1f", title="points lost")],
        )
    )
    words = ", ".join(f"{name}: {fixed(100 * loss, 1)}" for name, loss in zip(data.classes, lost.tolist()))
    st.altair_chart(chart, width="stretch", alt=f"Points of accuracy lost by each {what}: {words}")
    st.caption(
        f"Percentage points of the accuracy on {count:,} test pictures of {networks.plain(data.name)} that each {what} "
        "loses when the kernel and its bias are zero; below zero: it gains."
    )


def _all_costs(costs: dict, data: DataSet) -> None:
    """The same of all kernels, as one picture."""
    rows = [
        (f"{layer} {kernel}", name, 100 * loss)
        for layer, kernels in costs.items()
        for kernel, row in enumerate(kernels.tolist())
        for name, loss in zip(data.classes, row)
    ]
    what = "digit" if data == MNIST else "class"
    everything = pd.DataFrame(rows, columns=["kernel", what, "points lost"])
    most = float(everything["points lost"].abs().max()) or 1.0
    with st.expander("All kernels at once"):
        chart = (
            alt.Chart(everything)
            .mark_rect()
            .encode(
                alt.X(f"{what}:N", sort=None, axis=alt.Axis(labelAngle=0 if data == MNIST else -40, orient="top")),
                alt.Y("kernel:N", sort=None, title=None),
                alt.Color("points lost:Q", scale=alt.Scale(range=palette.DIVERGING_RANGE, domain=[-most, most])),
                tooltip=["kernel", what, alt.Tooltip("points lost", format="+.1f")],
            )
        )
        st.altair_chart(chart, width="stretch", alt=f"Points of accuracy that each {what} loses without each kernel")
        st.caption(f"Orange: the {what} loses accuracy without the kernel; blue: it gains.")


def _bar_chart(angles, answers, kernel: int) -> "alt.LayerChart | alt.FacetChart":
    table = pd.DataFrame(
        [(k, a, float(v)) for k, row in enumerate(answers) for a, v in zip((*angles, 180), (*row, row[0]))],
        columns=["kernel", "angle", "answer"],
    )
    base = alt.Chart(table, height=260).encode(
        alt.X(
            "angle:Q",
            title="angle of the bar, degrees",
            scale=alt.Scale(domain=[0, 180]),
            axis=alt.Axis(values=[0, 45, 90, 135, 180]),
        ),
        alt.Y("answer:Q", title="answer above empty"),
        detail="kernel:N",
        tooltip=["kernel", "angle", alt.Tooltip("answer", format=".3f")],
    )
    return alt.layer(
        base.transform_filter(alt.datum.kernel != kernel).mark_line(color="gray", opacity=0.35, strokeWidth=1),
        base.transform_filter(alt.datum.kernel == kernel).mark_line(
            color=palette.VARIANT_COLOURS[1], strokeWidth=3, point=True
        ),
    )
