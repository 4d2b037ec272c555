"""What the pixels of the current digit contribute to each network's answer, for the pages Draw and Stress."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image
from scipy import ndimage

from lenet.formatting import percent
from lenet.ui.shared import palette
from lenet.ui.shared.digit import Digit
from lenet.variant import CLASSES, INPUT_SIZE

if TYPE_CHECKING:  # the page is on the screen before torch is loaded
    from lenet.model import LeNet
    from lenet.probes.saliency import Saliency

ZOOM = 7  # pixels of the screen for one of the digit
INK = 0.5  # of the full ink: the outline is drawn where it ends
OUTLINE = (20, 20, 20)
_KEPT = "saliency_kept"


@st.fragment
def view(digit: Digit, models: "dict[str, LeNet]") -> None:
    """Occlusion and integrated gradients of the digit, for each network: up to a second for the largest."""
    import torch

    from lenet.evaluation import outputs, read
    from lenet.probes.saliency import FLOOR, METHODS

    asked = st.pills(
        "Explain the logit of",
        range(CLASSES),
        key="saliency_target",
        help="Choose none to explain each network's own answer.",
    )
    for about in METHODS.values():
        st.markdown(f"**{about.label}.** {about.honest}")
    with torch.no_grad():
        own = {name: read(outputs(model, digit.image[None]).softmax(1))[0] for name, model in models.items()}
    for column, (name, model) in zip(st.columns(max(2, len(models))), models.items()):
        target = asked if asked is not None else own[name]
        with column:
            st.markdown(f"**{name}**, logit of **{target}**" if target is not None else f"**{name}**")
            if target is None:
                st.info("It answers the same whatever it sees: its ten logits are equal, so no pixel counts.")
                continue
            found = _found(name, model, digit, target)
            with st.container(horizontal=True):
                for method, one in found.items():
                    with st.container(width=INPUT_SIZE * ZOOM, gap="xsmall"):
                        st.image(
                            picture(digit, one, one.scale),
                            width=INPUT_SIZE * ZOOM,
                            alt=f"{METHODS[method].label} for the logit of {target} of {name}",
                        )
                        st.html(palette.legend(True, one.scale, METHODS[method].label + ":"))
            if all(one.scale == FLOOR for one in found.values()):
                st.caption("No pixel matters much to this network here, so both pictures stay pale.")
            st.caption(_sum(found["gradients"]))


def _found(name: str, model: "LeNet", digit: Digit, target: int) -> "dict[str, Saliency]":
    """Both methods; what was found last for this digit is kept for this session."""
    from lenet.probes.saliency import METHODS

    mark = digit.image.numpy().tobytes()
    if st.session_state.get(_KEPT, (None,))[0] != mark:
        st.session_state[_KEPT] = (mark, {})
    kept = st.session_state[_KEPT][1]
    if (name, target) not in kept:
        kept[name, target] = {key: method.of(model, digit.image, target) for key, method in METHODS.items()}
    return kept[name, target]


def picture(digit: Digit, found: "Saliency", scale: float) -> Image.Image:
    """The contributions in the diverging colours, with the outline of the digit."""
    colours = palette.heat(found.values.numpy(), True, scale).repeat(ZOOM, 0).repeat(ZOOM, 1)
    ink = (digit.image[0].numpy() > INK).repeat(ZOOM, 0).repeat(ZOOM, 1)
    colours[ink & ~ndimage.binary_erosion(ink, border_value=1)] = OUTLINE
    return Image.fromarray(np.ascontiguousarray(colours))


def _sum(found: "Saliency") -> str:
    from lenet.probes.saliency import GAP

    difference = found.digit - found.baseline
    apart = f"{percent(found.gap, 2)} apart"
    if found.gap > GAP:  # next to a difference of almost nothing any share is large
        apart = f"{found.missed:.2g} apart, for what speaks for it and against it nearly cancels"
    return (
        f"The logit of {found.target} is {found.digit:.3g} for this digit and {found.baseline:.3g} for a black "
        f"picture. The integrated gradients sum to {float(found.values.double().sum()):.3g} of the difference of "
        f"{difference:.3g}: {apart}, with {found.steps} steps."
    ).replace("-", "−")
