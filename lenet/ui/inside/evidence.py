"""What a kernel does: the patches and bars that it answers to, and what its removal costs."""

from base64 import b64encode
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from lenet.ui.shared import modules, networks, palette
from lenet.variant import CLASSES

if TYPE_CHECKING:  # the page is on the screen before torch is loaded
    from lenet.probes.kernels import Patches
    from lenet.ui.shared.digit import Digit

PICKER = "kernel-picker"
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
def evidence(name: str, model, mark: str, shown: "Digit") -> None:
    """What each kernel answers to and what its removal costs."""
    from lenet.probes.kernels import ANGLES

    patches, bars, costs, count = _measured(name, mark, model)
    layer = st.segmented_control("Layer", list(patches), default="conv1", key="evidence_layer", required=True)
    layer = layer if layer in patches else "conv1"
    kernel = _choose(layer, model, shown, patches[layer])
    side = patches[layer].images.shape[-1]
    st.caption(
        f"Its top-activating patches: {side} × {side} pixels each, of the first {count:,} test pictures, one of a "
        "picture: its number, and what the kernel makes of it before the nonlinearity."
    )
    middle, right = st.columns(2)
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


def _choose(layer: str, model, shown: "Digit", found: "Patches") -> int:
    """The kernels as pictures to choose from, and what belongs to the chosen one. Returns its number."""
    import torch

    weights = model.get_parameter(f"{layer}.weight").detach().numpy()
    chosen = int((st.session_state.get(PICKER) or {}).get("kernel") or 0)
    chosen = chosen if 0 <= chosen < len(weights) else 0
    with torch.inference_mode():
        made = model.trace(shown.image[None])[layer].output[0, chosen].numpy()
    rows = zip(found.images[chosen].numpy(), found.numbers[chosen].tolist(), found.values[chosen].tolist())
    modules.view(
        PICKER,
        {
            "view": "kernels",
            "layer": layer,
            "chosen": chosen,
            "count": len(weights),
            "inputs": weights.shape[1],
            "side": weights.shape[2],
            "weights": _numbers(weights),
            "image": _numbers(shown.pixels),
            "map": {"shape": made.shape, "values": _numbers(made)},
            "patch": found.images.shape[-1],
            "patches": [{"values": _numbers(p), "number": n, "value": v} for p, n, v in rows],
        },
        on_kernel_change=lambda: None,
    )
    return chosen


def _numbers(array: np.ndarray) -> str:
    """float32 as base64."""
    return b64encode(np.asarray(array, "<f4").tobytes()).decode()


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
