"""What the pixels of the current digit contribute to each network's answer, for the pages Draw and Stress."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from lenet.formatting import percent
from lenet.ui.shared import modules, palette
from lenet.ui.shared.digit import Digit
from lenet.variant import CLASSES

if TYPE_CHECKING:  # the page is on the screen before torch is loaded
    from lenet.model import LeNet
    from lenet.probes.saliency import Saliency

_KEPT = "saliency_kept"


@st.fragment
def view(digit: Digit, models: "dict[str, LeNet]") -> None:
    """Occlusion and integrated gradients of the digit, for each network: up to a second for the largest."""
    import torch

    from lenet.evaluation import outputs, read
    from lenet.probes.saliency import METHODS

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
    modules.view(
        "saliency",
        {
            "view": "saliency",
            "image": modules.numbers(digit.pixels),
            "words": palette.WORDS[True],
            "networks": [
                _message(name, model, digit, asked if asked is not None else own[name])
                for name, model in models.items()
            ],
        },
    )


def _message(name: str, model: "LeNet", digit: Digit, target: int | None) -> dict[str, Any]:
    """The pictures of one network for the browser, and what to say of them."""
    from lenet.probes.saliency import FLOOR, METHODS

    if target is None:
        note = "It answers the same whatever it sees: its ten logits are equal, so no pixel counts."
        return {"name": name, "target": None, "pictures": [], "note": note}
    found = _found(name, model, digit, target)
    pictures = [
        {"label": METHODS[method].label, "values": modules.numbers(one.values.numpy()), "scale": one.scale}
        for method, one in found.items()
    ]
    pale = "No pixel matters much to this network here, so both pictures stay pale. "
    note = (pale if all(one.scale == FLOOR for one in found.values()) else "") + _sum(found["gradients"])
    return {"name": name, "target": target, "pictures": pictures, "note": note}


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
