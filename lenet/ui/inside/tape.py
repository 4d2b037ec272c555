"""The training tape, which the browser replays: it gets what happens in words, and the tapes as files."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from lenet.tape_story import TAPES, TapeError, shipped, story
from lenet.ui.shared import modules, palette, stages
from lenet.variant import layers

if TYPE_CHECKING:  # the page is on the screen before torch is loaded
    from lenet.ui.shared.digit import Digit

NOTE = (
    "Of each tape: the ten probabilities, the kernels of conv1, and what they make of your digit. "
    "Each tape has a network of its own, recorded while it trained; between two moments the weights are mixed. "
    "The curve is the accuracy on the 10,000 test digits, at the training steps below it, most of them early. "
    "The weights are rounded to three figures (float16)."
)


@st.cache_data(show_spinner=False)
def _tapes() -> tuple[list[dict[str, Any]], int]:
    """What the browser must know of each shipped tape, and the checkpoint to begin with. Raises TapeError."""
    found, start = [], 0
    for name in shipped():
        one = story(name)
        start = start or one.awakening
        found.append(
            {
                "name": name,
                "words": f"{TAPES[name][0]}, seed {TAPES[name][1]}: {TAPES[name][2]}",
                "url": modules.tape_url(name),
                "mean": one.variant.mean,
                "std": one.variant.std,
                "layers": stages.describe(layers(one.variant)),
                "steps": one.steps,
                "accuracy": one.test_accuracy,
                "said": [one.said(at) for at in range(len(one))],
            }
        )
    return found, start


def tape(shown: "Digit") -> None:
    """Two runs, replayed beside each other on the digit."""
    try:
        tapes, start = _tapes()
    except TapeError as error:
        st.error(str(error))
        return
    if not tapes:
        st.info("No training tape is shipped. Record one with `python -m lenet tape original-1` (a few minutes).")
    else:
        modules.view(
            "tape",
            {
                "view": "tape",
                "tapes": tapes,
                "chosen": [tapes[0]["name"], tapes[min(1, len(tapes) - 1)]["name"]],
                "start": start,
                "colours": palette.VARIANT_COLOURS[:2],
                "image": modules.numbers(shown.pixels),
                "note": NOTE,
            },
        )
