"""What a run shows, painted in the browser: digits with their answers, kernels, curves, gradients, confusion.

One component that gets numbers: an `st.image` that changes four times a second flashes, because each picture has an
address of its own and the old one is gone before the new one is loaded.
"""

from base64 import b64encode
from typing import Any

import numpy as np
import streamlit as st

from lenet.formatting import probability
from lenet.recipe import MNIST
from lenet.service import queue
from lenet.service.queue import Job
from lenet.service.worker import TEN
from lenet.ui.shared import digit, modules, palette

HTML = '<div class="training"></div>\n'


def show(data: dict[str, Any], key: str = "training-pictures") -> None:
    """Mount the component. data: pictures, frames (several play one after another) and charts."""
    modules.component("train/training.js", HTML, "train/training")(key=key, data=data)


def of_run(job: Job) -> list[dict[str, Any]]:
    """The pictures that the run reads: the ten fixed test digits and, if it is the one looked at now, your own.
    A run may be shared, and then it has somebody else's."""
    drawn = digit.current()
    own = drawn is not None and job.drawn == queue.digest(drawn.pixels)
    return and_own(drawn.pixels if drawn and own else None, job.samples, job.recipe.data.classes)


def and_own(
    own: np.ndarray | None, samples: np.ndarray | None = None, classes: tuple[str, ...] = MNIST.classes
) -> list[dict[str, Any]]:
    """For the component. own: [1, 28, 28] in [0, 1]; samples: one of each class, bytes, or those of MNIST."""
    others = _ten() if samples is None else samples / 255
    shown: list[dict[str, Any]] = [
        {"grid": _grid(picture, False, 1.0), "name": "", "label": name} for name, picture in zip(classes, others)
    ]
    return shown if own is None else [*shown, {"grid": _grid(own[0], False, 1.0), "name": "yours", "label": ""}]


def kernels(weights: np.ndarray) -> dict[str, Any]:
    """For the component. weights: [kernels, rows, columns]; no number is shown as zero."""
    weights = np.nan_to_num(weights)
    scale = float(np.abs(weights).max()) or 1.0
    return {
        "grids": [_grid(kernel, True, scale) for kernel in weights],
        "scale": f"{scale:.2f}",
        "words": palette.WORDS[True],
        "layer": "conv1",
    }


def answers(
    probabilities: np.ndarray, count: int | None = None, classes: tuple[str, ...] = MNIST.classes
) -> list[dict[str, Any]]:
    """For the component: what is said of each picture. probabilities: [pictures, 10], of which `count` are shown; the
    first ones are one of each class."""
    import torch

    from lenet.evaluation import read

    rows = []
    for place, answer in enumerate(read(torch.from_numpy(probabilities))[:count]):
        rows.append(
            {
                "answer": None if answer is None else name_of(answer, classes),
                "sure": "cannot tell" if answer is None else probability(float(probabilities[place, answer])),
                "wrong": place < len(classes) and answer != place,
            }
        )
    return rows


def name_of(answer: int, classes: tuple[str, ...]) -> str:
    """Of an answer: where there are fewer than ten classes, a network has logits that stand for none."""
    return classes[answer] if answer < len(classes) else "none of them"


def confusion(counts: np.ndarray | None, classes: tuple[str, ...], title: str) -> dict[str, Any] | None:
    """For the component. counts: [classes, 10]; answers that stand for no class make one more column."""
    if counts is None:
        return None
    names, rows = list(classes), counts[:, : len(classes)].tolist()
    if counts[:, len(classes) :].any():
        names.append("none")
        rows = [[*row, int(rest)] for row, rest in zip(rows, counts[:, len(classes) :].sum(1))]
    return {"counts": rows, "classes": names, "title": title}


def _grid(values: np.ndarray, signed: bool, scale: float) -> dict[str, Any]:
    """As bytes: 255 is the scale; where numbers are signed, 128 is zero."""
    share = (np.asarray(values) / scale).clip(-1 if signed else 0, 1)
    cells = (128 + 127 * share if signed else 255 * share).round().astype("u1")
    return {"cells": b64encode(cells.tobytes()).decode(), "shape": cells.shape, "signed": signed}


@st.cache_resource(show_spinner=False)
def _ten() -> np.ndarray:
    """The ten fixed test digits, float32 [10, 28, 28] in [0, 1]."""
    from lenet.data import mnist, pixels

    return pixels(mnist("test").images[list(TEN)])[:, 0].numpy()
