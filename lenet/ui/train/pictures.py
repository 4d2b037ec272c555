"""Conv1's kernels and the answers for ten digits while a network trains, painted in the browser.

One component that gets numbers: an `st.image` that changes four times a second flashes, because each picture has an
address of its own and the old one is gone before the new one is loaded.
"""

from base64 import b64encode
from typing import Any

import numpy as np
import streamlit as st

from lenet.formatting import probability
from lenet.service import queue
from lenet.service.queue import Job
from lenet.service.worker import TEN
from lenet.ui.shared import digit, modules, palette
from lenet.variant import CLASSES

HTML = '<div class="pictures"></div>\n'


def pictures(job: Job) -> None:
    """The six kernels and the answers for the ten fixed test digits (and for one's own), as they are now."""
    if job.progress:
        drawn = digit.current()  # the run may be shared, and then it has somebody else's
        own = drawn is not None and job.drawn == queue.digest(drawn.pixels)
        modules.component("training.js", HTML, "training")(
            key="training-pictures",
            data={
                "kernels": kernels(job.progress.kernels),
                "digits": answers(job.progress.answers, drawn.pixels if drawn and own else None),
            },
        )


def kernels(weights: np.ndarray) -> dict[str, Any]:
    """For the component. weights: [6, 5, 5]; no number is shown as zero."""
    weights = np.nan_to_num(weights)
    scale = float(np.abs(weights).max()) or 1.0
    return {
        "grids": [_grid(kernel, True, scale) for kernel in weights],
        "scale": f"{scale:.2f}",
        "words": palette.WORDS[True],
    }


def answers(probabilities: np.ndarray, own: np.ndarray | None) -> list[dict[str, Any]]:
    """For the component: each digit with what is said of it. probabilities: [10 or 11, 10]; own: [1, 28, 28]."""
    import torch

    from lenet.evaluation import read

    found = read(torch.from_numpy(probabilities))
    rows = []
    for place, picture in enumerate(_ten() if own is None else np.concatenate([_ten(), own])):
        answer = found[place]
        rows.append(
            {
                "grid": _grid(picture, False, 1.0),
                "name": "yours" if place == CLASSES else "",
                "answer": answer,
                "sure": "cannot tell" if answer is None else probability(float(probabilities[place, answer])),
                "wrong": place < CLASSES and answer != place,
            }
        )
    return rows


def _grid(values: np.ndarray, signed: bool, scale: float) -> dict[str, Any]:
    numbers = b64encode(np.asarray(values, "<f4").tobytes()).decode()
    return {"values": numbers, "shape": values.shape, "signed": signed, "scale": scale}


@st.cache_resource(show_spinner=False)
def _ten() -> np.ndarray:
    """The ten fixed test digits, float32 [10, 28, 28] in [0, 1]."""
    from lenet.data import mnist, pixels

    return pixels(mnist("test").images[list(TEN)])[:, 0].numpy()
