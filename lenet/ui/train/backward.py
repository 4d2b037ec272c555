"""After a single step: how the error of a picture ran back through the network, layer by layer."""

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lenet.formatting import short
from lenet.service.queue import Job
from lenet.ui.shared import modules
from lenet.ui.shared.stages import describe
from lenet.variant import layers

if TYPE_CHECKING:  # torch
    from lenet.learning import Sweep
    from lenet.service.worker import Stepped

HTML = '<div class="backward"></div>\n'
MOST_NUMBERS = 150_000  # of a picture's way there and back: more are neither drawn nor sent


def show(job: Job) -> None:
    """The pictures of the last single step with the largest and the smallest loss, on their way there and back."""
    stepped = job.stepped  # read once: the run may go on meanwhile
    if not stepped:
        return
    sweeps = [one for one in stepped.sweeps if _size(one) <= MOST_NUMBERS]
    if not sweeps:
        st.caption("This network is too large for its errors to be drawn.")
        return
    sheets = ("train/training", "train/backward")
    modules.component("train/backward.js", HTML, *sheets)(key="backward", data=_message(job, stepped, sweeps))


def _size(sweep: "Sweep") -> int:
    return sum(value.size for value in sweep.values.values()) + sum(error.size for error in sweep.errors.values())


def _message(job: Job, stepped: "Stepped", sweeps: "list[Sweep]") -> dict[str, Any]:
    norms: dict[str, float] = {}
    for name, gradient in stepped.gradients.items():
        layer = name.partition(".")[0]
        norms[layer] = float(np.hypot(norms.get(layer, 0.0), np.linalg.norm(gradient)))
    return {
        "run": job.key,
        "step": stepped.number,
        "classes": job.recipe.data.classes,
        "smoothing": job.recipe.smoothing,
        "layers": describe(layers(job.variant)),
        "gradients": {name: short(norm, 3) for name, norm in norms.items()},
        "pictures": [
            {
                "label": sweep.label,
                "loss": short(sweep.loss, 3),
                "values": {name: _bytes(value) for name, value in sweep.values.items()},
                "errors": {name: modules.numbers(np.nan_to_num(error)) for name, error in sweep.errors.items()},
            }
            for sweep in sweeps
        ],
    }


def _bytes(values: np.ndarray) -> dict[str, Any]:
    """Around 128, of the largest magnitude."""
    values = np.nan_to_num(values)
    scale = float(np.abs(values).max()) or 1.0
    cells = (128 + 127 * values / scale).round().astype("u1")
    return {"cells": b64encode(cells.tobytes()).decode(), "scale": scale}
