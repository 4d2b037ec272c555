"""What the page Stress sends to the browser, which changes the digit: see lenet/ui/network/stress/stress.js."""

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lenet.probes.corruptions import CORRUPTIONS, corrupt, errors
from lenet.probes.transformations import TRANSFORMATIONS, AveragesError, noise_pattern, read_averages
from lenet.recipe import MNIST
from lenet.ui.shared import described, lesson, modules, networks

if TYPE_CHECKING:  # the page is on the screen before torch is loaded
    from lenet.ui.shared.digit import Digit

STRANGE = (
    "{} learnt other classes than digits: no average over MNIST and no true digit applies to it. What counts is "
    "what it reads in the unchanged picture."
)
HEIGHTS = {1: 200, 2: 124, 3: 100}  # pixels of each network in the view of layers, by their number
_AVERAGE = ("network", "checksum", "transformation", "normalised")


def show(shown: "Digit", abouts: list[dict[str, Any]]) -> None:
    """The digit with its handles and sliders, the answers, break points and curves; abouts: of the networks."""
    modules.view("stress", {**message(shown, abouts), "asked": lesson.asked("stress")})
    for about in abouts:
        if weights := described.packed(about["name"]):
            modules.view(f"weights-{about['name']}", weights)


def show_network(count: int) -> None:
    """Every layer of the networks, which follows the sliders."""
    modules.view("view", {"view": "network", "height": HEIGHTS[count]})


def show_two_ways() -> None:
    """Maps of the digit changed in two ways at once."""
    modules.view("two", {"view": "stress-two"})


def show_spoilt(shown: "Digit") -> None:
    """The digit spoilt in fifteen ways, and how often each network misreads such pictures."""
    measured = errors()
    modules.view(
        "spoilt",
        {
            "view": "stress-spoilt",
            "ways": [
                {
                    "id": name,
                    "label": row.label,
                    "about": row.about,
                    "image": modules.numbers(corrupt(shown.pixels[0], name, 0)),
                }
                for name, row in CORRUPTIONS.items()
            ],
            "measured": {mark: row["errors"] for mark, row in measured.items()},
            "digits": max((row["digits"] for row in measured.values()), default=0),
        },
    )


def show_pixels(shown: "Digit", chosen: list[str]) -> None:
    """What each pixel of the digit itself contributes to the answers: the one thing that is computed here."""
    with networks.waking():
        from lenet.ui.shared import saliency

        st.caption("Of the digit itself, as it is with all sliders at rest.")
        saliency.view(shown, networks.load_all(chosen)[0])


def message(shown: "Digit", abouts: list[dict[str, Any]]) -> dict[str, Any]:
    """All that the browser needs: the ways to change a digit, the noise, the digit, networks and what was measured."""
    found = {about["name"]: averages(about["name"], about["mark"]) for about in abouts}
    strange = [about["name"] for about in abouts if about.get("classes", MNIST.classes) != MNIST.classes]
    found |= {name: ({}, STRANGE.format(name)) for name in strange}
    return {
        "view": "stress",
        "ways": ways(),
        "noise": modules.numbers(noise_pattern(0)),
        "digit": {
            "mark": shown.mark,
            "image": modules.numbers(shown.pixels),
            "label": None if strange else shown.label,
            "source": shown.source,
        },
        "networks": abouts,
        "averages": {name: measured for name, (measured, _) in found.items()},
        "lacking": sorted({why for _, why in found.values() if why}),
    }


def described_networks(chosen: list[str]) -> list[dict[str, Any]]:
    """What the browser is told of each of them."""
    return [described.message(*pair) for pair in zip(chosen, networks.colours(chosen))]


def ways() -> list[dict[str, Any]]:
    """The ways to change a digit, in the order in which they are applied together."""
    return [
        {
            "id": name,
            "label": row.label,
            "unit": row.unit,
            "ways": row.ways,
            "low": row.low,
            "high": row.high,
            "neutral": row.neutral,
        }
        for name, row in TRANSFORMATIONS.items()
    ]


def averages(network: str, checksum: str) -> tuple[dict[str, Any], str]:
    """What was measured for these weights: { digits, values }, or none, and why there is none.

    values: float32 as base64, for each way, as it is and normalised again, each of 41 amounts: the mean and both ends
    of its interval.
    """
    table, why_not = _averages()
    kinds = [(network, checksum, name, again) for name in TRANSFORMATIONS for again in (False, True)]
    if why_not or any(kind not in table for kind in kinds):
        return {}, why_not or f"No average was measured for the weights of {network}."
    rows = [row for kind in kinds for row in table[kind]]
    values = np.array([[row["mean"], row["low"], row["high"]] for row in rows])
    return {"digits": rows[0]["digits"], "values": modules.numbers(values)}, ""


@st.cache_resource(max_entries=1, show_spinner=False, ttl=600)
def _averages() -> tuple[dict[tuple, list[dict]], str]:
    """Rows by network, checksum of its weights, transformation and `normalised`; or none, and why there is none."""
    found: dict[tuple, list[dict]] = {}
    try:
        for row in read_averages().to_pylist():
            found.setdefault(tuple(row[key] for key in _AVERAGE), []).append(row)
    except AveragesError as error:
        return {}, str(error)
    return found, ""
