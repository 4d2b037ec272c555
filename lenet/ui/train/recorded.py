"""A stored run, played back while there is none of one's own to watch: before the first Start, and in the queue."""

from typing import Any

import numpy as np
import streamlit as st

from lenet.formatting import percent
from lenet.ui.shared import digit, networks, palette
from lenet.ui.train import pictures

TAPE = "original-1"
WORDS = (
    "**A stored run**, played back: the paper's network, seed 1, recorded while it trained. "
    "Draw a digit first, and it reads yours too."
)


def play() -> None:
    """The tape in the same view as a live run, once PyTorch is there; one's own digit is read by it, too."""
    if not networks.warm():
        st.caption("Fetching a stored run to watch …")
        return
    from lenet.data import DataError
    from lenet.tape import TapeError

    shown = digit.current()
    own = None if shown is None else shown.pixels
    try:
        read = None if own is None else own.tobytes()
        data = _frames(read) | {"pictures": pictures.and_own(own)}
    except (TapeError, DataError) as error:
        st.caption(str(error))
        return
    st.markdown(WORDS)
    pictures.show(data, "stored-run")


@st.cache_data(show_spinner="Reading a stored run …", max_entries=40)
def _frames(own: bytes | None) -> dict[str, Any]:
    """Everything but the pictures. own: float32 [28, 28] as bytes."""
    import torch

    from lenet.data import mnist, pixels
    from lenet.service.worker import TEN
    from lenet.tape import load

    tape = load(TAPE)
    images = pixels(mnist("test").images[list(TEN)])
    if own is not None:
        images = torch.cat([images, torch.from_numpy(np.frombuffer(own, np.float32).reshape(1, 1, 28, 28).copy())])
    frames = []
    for at, (step, accuracy) in enumerate(zip(tape.steps, tape.test_accuracy)):
        with torch.inference_mode():
            answers = tape.model(at)(images).softmax(1).numpy()
        frames.append(
            {
                "said": f"After {step:,} steps: {percent(accuracy)} of the test digits right",
                "until": at,
                "answers": pictures.answers(answers),
                "kernels": pictures.kernels(tape.weights["conv1.weight"][at, :, 0].float().numpy()),
            }
        )
    line = {"name": TAPE, "colour": palette.VARIANT_COLOURS[0], "points": list(enumerate(tape.test_accuracy))}
    chart = {
        "key": "accuracy",
        "title": "Accuracy on the test set",
        "kind": "%",
        "lines": [line],
        "end": len(tape) - 1,
        "x": f"the {len(tape)} recorded moments of {tape.steps[-1]:,} steps, most of them early",
    }
    return {"frames": frames, "charts": [chart]}
