"""After a single step: every weight's gradient, and one weight's update as arithmetic."""

from base64 import b64encode
from typing import Any

import numpy as np
import streamlit as st

from lenet.formatting import short
from lenet.service.queue import Job
from lenet.service.worker import Stepped
from lenet.ui.shared import modules
from lenet.ui.train.service import service

HTML = '<div class="update"></div>\n'
MOST_CELLS = 130_000  # of a parameter: more could not be pointed at
FIGURES = 5
KEY = "weight-update"


def show(job: Job) -> None:
    """The gradients of the last single step, painted; whoever clicks a weight sees how it changed."""
    stepped = job.stepped  # read once: the run may go on meanwhile
    if not stepped:
        st.caption("Press **One step**, then click any weight to see where its gradient came from.")
        return
    modules.component("train/update.js", HTML, "train/training", "train/update")(
        key=KEY,
        data={
            "run": job.key,
            "step": stepped.number,
            "layers": [_layer(name, value) for name, value in _those_that_fit(stepped).items()],
            "opened": _opened(job),
        },
        on_weight_change=lambda: _open(job),
    )


def _those_that_fit(stepped: Stepped) -> dict[str, np.ndarray]:
    return {
        name: value
        for name, value in stepped.gradients.items()
        if name.split(".")[0].rstrip("0123456789") in ("conv", "fc") and value.size <= MOST_CELLS
    }


def _open(job: Job) -> None:
    asked = st.session_state[KEY].get("weight")
    stepped = job.stepped
    gradients = _those_that_fit(stepped) if stepped else {}
    if asked and asked.get("name") in gradients:
        shape = gradients[asked["name"]].shape
        at = int(asked.get("at", -1))
        if 0 <= at < gradients[asked["name"]].size:
            service().open(job, asked["name"], tuple(int(i) for i in np.unravel_index(at, shape)))


def _layer(name: str, values: np.ndarray) -> dict[str, Any]:
    """As bytes around 128; scale: the largest magnitude."""
    scale = float(np.nan_to_num(np.abs(values)).max()) or 1.0
    cells = (128 + 127 * np.nan_to_num(values) / scale).round().clip(0, 255).astype("u1")
    return {"name": name, "shape": values.shape, "scale": short(scale), "cells": b64encode(cells.tobytes()).decode()}


def _opened(job: Job) -> dict[str, Any] | None:
    if not (u := job.opened):
        return None
    names = job.recipe.data.classes
    count = len(u.terms) + u.rest[0]
    many = f"{u.places:,} places each" if u.places > 1 else "one place each"
    scale = max((abs(term.value) for term in u.terms), default=0.0) or 1.0
    return {
        "name": u.name,
        "index": list(u.index),
        "head": f"{u.name} [{', '.join(map(str, u.index))}], step {u.step:,}",
        "sum": f"Gradient = what {count:,} pictures add, in {many}: {_n(u.gradient)}",
        "check": f"PyTorch's autograd: {_n(u.autograd)} {_same(u.gradient, u.autograd)}",
        "terms": [
            {
                "image": b64encode(np.ascontiguousarray(term.image).tobytes()).decode(),
                "label": names[term.label],
                "value": _n(term.value),
                "share": term.value / scale,
                "words": ""
                if term.input is None or term.error is None
                else f"input {short(term.input, 3)} × error {short(term.error, 3)}",
            }
            for term in u.terms
        ],
        "rest": f"{u.rest[0]:,} other pictures together: {_n(u.rest[1])}" if u.rest[0] else "",
        "lines": list(u.lines),
        "torch": f"PyTorch's new weight: {_n(u.torch)} {_same(u.new, u.torch)}",
    }


def _n(value: float) -> str:
    return short(value, FIGURES)


def _same(ours: float, theirs: float) -> str:
    return "✓ the same" if abs(ours - theirs) <= 1e-4 * max(abs(ours), abs(theirs), 1e-6) else "(other rounding)"
