"""What a kernel does: the patches and bars that it answers to, and what its removal costs."""

from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from lenet.ui.shared import grids, networks, palette
from lenet.ui.shared.frame import dark
from lenet.variant import CLASSES

if TYPE_CHECKING:  # the page is on the screen before torch is loaded
    from lenet.probes.kernels import Patches

SAMPLE = 2_000  # test pictures for the networks with more than two convolutions, where a kernel's removal is costly


@st.cache_resource(max_entries=8, show_spinner="Looking through the test digits: a few seconds, once …")
def _measured(name: str, mark: str, _model):
    """Patches and bars of each layer, and what removing a kernel costs. mark: of the weights, for the cache."""
    from lenet.data import mnist
    from lenet.probes import kernels as probes

    digits = mnist("test")
    few = digits if _model.variant.depth <= 2 else digits[:SAMPLE]
    layers = [layer.name for layer in probes.convolutions(_model)]
    return (
        {layer: probes.strongest_patches(_model, few, layer) for layer in layers},
        {layer: probes.oriented_bars(_model, layer) for layer in layers},
        probes.removal_cost(_model, few),
        len(few),
    )


@st.fragment
@networks.sentences()
def evidence(name: str, model, mark: str) -> None:
    """What each kernel answers to and what its removal costs."""
    from lenet.probes.kernels import ANGLES

    patches, bars, costs, count = _measured(name, mark, model)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layer = st.segmented_control("Layer", list(patches), default="conv1", key="evidence_layer", required=True)
        layer = layer if layer in patches else "conv1"
        kernel = st.selectbox("Kernel", range(len(patches[layer].values)), key=f"evidence_{layer}", width=120)
    left, middle, right = st.columns(3)
    with left:
        _patches(patches[layer], layer, kernel, count)
    with middle:
        st.markdown("**Answer to a bar, by its angle**")
        st.altair_chart(_bar_chart(ANGLES, bars[layer].numpy(), kernel), width="stretch")
        st.caption(
            "A white bar in the middle of an empty picture, turned; 0° lies level, 90° stands. "
            "How much the largest cell of the map exceeds that of an empty picture. Grey: the layer's other kernels."
        )
    with right:
        _cost(costs[layer][kernel].numpy())
    _all_costs(costs)


def _patches(found: "Patches", layer: str, kernel: int, count: int) -> None:
    """The strongest patches of a kernel, of the first `count` test pictures."""
    st.markdown("**Top-activating patches**")
    side = found.images.shape[-1]
    values = zip(found.numbers[kernel].tolist(), found.values[kernel].tolist())
    st.image(
        grids.sheet(
            found.images[kernel].numpy(),
            [f"{number}: {value:.2f}" for number, value in values],
            across=3,
            zoom=max(2, 80 // side),
            signed=False,
            scale=1.0,
            dark=dark(),
        ),
        alt=f"The nine patches of test pictures that kernel {kernel} of {layer} answers to most",
    )
    st.caption(
        f"{side} × {side} pixels each, of the first {count:,} test pictures, one of a picture: its number, and "
        "what the kernel makes of it before the nonlinearity."
    )


def _cost(lost: np.ndarray) -> None:
    """What each digit loses without a kernel. lost: [10], of the test accuracy in 0..1."""
    st.markdown("**Accuracy lost without it**")
    if not lost.any():
        st.info("Nothing depends on this kernel: without it as many test pictures are classified correctly as with it.")
        return
    chart = (
        alt.Chart(pd.DataFrame({"digit": range(CLASSES), "lost": 100 * lost}), height=260)
        .mark_bar(color=palette.VARIANT_COLOURS[1])
        .encode(
            alt.X("digit:O", axis=alt.Axis(labelAngle=0)),
            alt.Y("lost:Q", title="points lost"),
            tooltip=["digit", alt.Tooltip("lost", format="+.1f", title="points lost")],
        )
    )
    st.altair_chart(chart, width="stretch")
    st.caption(
        "Percentage points of test accuracy that each digit loses when the kernel and its bias are zero; below "
        "zero: it gains."
    )


def _all_costs(costs: dict) -> None:
    """The same of all kernels, as one picture."""
    rows = [
        (f"{layer} {kernel}", digit, 100 * loss)
        for layer, kernels in costs.items()
        for kernel, row in enumerate(kernels.tolist())
        for digit, loss in enumerate(row)
    ]
    everything = pd.DataFrame(rows, columns=["kernel", "digit", "points lost"])
    most = float(everything["points lost"].abs().max()) or 1.0
    with st.expander("All kernels at once"):
        chart = (
            alt.Chart(everything)
            .mark_rect()
            .encode(
                alt.X("digit:O", axis=alt.Axis(labelAngle=0, orient="top")),
                alt.Y("kernel:N", sort=None, title=None),
                alt.Color("points lost:Q", scale=alt.Scale(range=palette.DIVERGING_RANGE, domain=[-most, most])),
                tooltip=["kernel", "digit", alt.Tooltip("points lost", format="+.1f")],
            )
        )
        st.altair_chart(chart, width="stretch")
        st.caption("Orange: the digit loses accuracy without the kernel; blue: it gains.")


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
