"""The kernels of a network, which the browser draws and measures; the server adds what the paper reads from two."""

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lenet.study.experiments import experiment
from lenet.study.measures import CONTRASTS, MEASURES
from lenet.ui.inside import living
from lenet.ui.shared import described, modules

if TYPE_CHECKING:
    from lenet.ui.shared.digit import Digit

READ_BY_EYE = ("conv2 #2 below diagonal", "conv1 #3 bottom left")  # of MEASURES, in the order of the paper's claims


def show(about: dict[str, Any], shown: "Digit", does: bool = False) -> None:
    """Every kernel as a picture; of the chosen one its weights, what it makes of the digit, and its patches. does: in
    their place what it answers to, and what the network loses without it."""
    modules.view(
        "does-view" if does else "kernels-view",
        {
            "view": "kernels",
            "network": about,
            "digit": {"image": modules.numbers(shown.pixels), "source": shown.source},
            "guesses": guesses(),
            "does": does,
        },
        on_digits_change=living.send_digits,
    )
    if weights := described.packed(about["name"]):
        modules.view(f"weights-{about['name']}", weights)
    living.send(about)


@st.cache_data
def guesses() -> list[dict[str, Any]]:
    """The two kernels that the paper reads by eye: which, its words, and how a measure of the experiments reads them.

    half: of the 25 cells of a kernel those whose mean is held against that of the mirrored ones.
    """
    found = []
    for claim, name in zip(experiment("kernels").claims, READ_BY_EYE):
        layer, number, half = CONTRASTS[name]
        found.append(
            {
                "layer": layer,
                "kernel": number - 1,
                "words": claim.words,
                "measure": MEASURES[name].words,
                "half": np.asarray(half).ravel().tolist(),
            }
        )
    return found
