"""The charts of the Experiments page. A network has its colour and its dashes by its place in the experiment."""

from math import ceil

import altair as alt

from lenet.study.design import FORMS
from lenet.ui.shared.palette import SEQUENTIAL_RANGE, VARIANT_COLOURS
from lenet.ui.shared.vega import made_once, powers_of_ten
from lenet.variant import CLASSES

HEIGHT = 370  # pixels, without the legend
DASHES = [[1, 0], [7, 3], [2, 2], [10, 2, 2, 2], [5, 5], [1, 4], [12, 4]]


def _looks(networks: tuple[str, ...], here: tuple[str, ...], symbol: str = "stroke") -> dict:
    """Colour and dashes of the networks that are here, by their place among all, with one legend for both."""
    places = [networks.index(name) for name in here]
    legend = alt.Legend(
        title=None,
        orient="bottom",
        columns=_columns(here),
        labelLimit=0,
        symbolType=symbol,
        symbolStrokeWidth=3,
        symbolSize=400 if symbol == "stroke" else 80,
    )
    colours = [VARIANT_COLOURS[place % len(VARIANT_COLOURS)] for place in places]
    dashes = [DASHES[place % len(DASHES)] for place in places]
    return {
        "color": alt.Color("network:N", scale=alt.Scale(domain=list(here), range=colours), legend=legend),
        "strokeDash": alt.StrokeDash("network:N", scale=alt.Scale(domain=list(here), range=dashes), legend=legend),
    }


def _columns(here: tuple[str, ...]) -> int:
    """Of the legend: as many as a telephone has room for."""
    longest = max(map(len, here), default=0)
    return 1 if longest > 18 else 2 if longest > 9 else 4


def _height(here: tuple[str, ...], plot: int = HEIGHT) -> int:
    """Of the chart with its legend."""
    return plot + 20 * ceil(len(here) / _columns(here))


def gradients(rows: list[dict], networks: list[str], here: list[str]) -> dict:
    """Gradient norm by layer on a logarithmic axis. A Vega-Lite specification."""
    names = {row["layer"] for row in rows}
    convolutions = sorted(name for name in names if name.startswith("conv"))
    layers = [*convolutions, *sorted(names - set(convolutions), key=lambda name: -int(name.removeprefix("→ ")))]
    powers = powers_of_ten(row["norm"] for row in rows)
    return _gradients(tuple(layers), powers, tuple(networks), tuple(here)) | {"datasets": {"norms": rows}}


@made_once
def _gradients(
    layers: tuple[str, ...], powers: tuple[float, ...], networks: tuple[str, ...], here: tuple[str, ...]
) -> alt.Chart:
    return (
        alt.Chart(alt.NamedData("norms"))
        .mark_line(point=alt.OverlayMarkDef(filled=True, size=60), strokeWidth=2.5)
        .encode(
            x=alt.X(
                "layer:N", sort=list(layers), title="Layer, from the picture to the answer", axis=alt.Axis(labelAngle=0)
            ),
            y=alt.Y(
                "norm:Q",
                title="Gradient norm",
                scale=alt.Scale(type="log", domain=[powers[0], powers[-1]]),
                axis=alt.Axis(format=".0e", values=list(powers)),
            ),
            **_looks(networks, here),
            tooltip=[
                alt.Tooltip("network:N", title="Network"),
                alt.Tooltip("layer:N", title="Layer"),
                alt.Tooltip("norm:Q", title="Gradient norm", format=".3g"),
                alt.Tooltip("n:Q", title="Seeds"),
            ],
        )
        .properties(height=_height(here, HEIGHT - 60))
    )


def outcomes(rows: list[dict], networks: list[str], here: list[str]) -> dict:
    """Each run as a point, a cross in the paper's form: the classes it never predicts, and its accuracy.

    A Vega-Lite specification.
    """
    return _outcomes(tuple(networks), tuple(here)) | {"datasets": {"runs": rows}}


@made_once
def _outcomes(networks: tuple[str, ...], here: tuple[str, ...]) -> alt.Chart:
    return (
        alt.Chart(alt.NamedData("runs"))
        .mark_point(size=60, strokeWidth=2, opacity=0.85)
        .encode(
            x=alt.X(
                "unpredicted:O",
                title="Classes never predicted",
                scale=alt.Scale(domain=list(range(CLASSES))),
                axis=alt.Axis(labelAngle=0),
            ),
            xOffset=alt.XOffset("network:N", scale=alt.Scale(domain=list(here))),
            y=alt.Y("final:Q", title="Accuracy", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            color=_looks(networks, here, "circle")["color"],
            shape=alt.Shape(
                "output:N", scale=alt.Scale(domain=list(FORMS.values()), range=["cross", "circle"]), legend=None
            ),
            tooltip=[
                alt.Tooltip("network:N", title="Network"),
                alt.Tooltip("output:N", title="Output"),
                alt.Tooltip("seed:N", title="Seed"),
                alt.Tooltip("final:Q", title="Accuracy", format=".2%"),
                alt.Tooltip("unpredicted:Q", title="Classes never predicted"),
                alt.Tooltip("dead logits:Q", title="Dead logits"),
            ],
        )
        .properties(height=_height(here, HEIGHT - 60))
    )


def probabilities(rows: list[dict], x: str, y: str) -> dict:
    """Probabilities as a heat map: rows with the columns x, y and `probability`. A Vega-Lite specification."""
    return _probabilities(x, y) | {"datasets": {"cells": rows}}


@made_once
def _probabilities(x: str, y: str) -> alt.Chart:
    return (
        alt.Chart(alt.NamedData("cells"))
        .mark_rect()
        .encode(
            x=alt.X(f"{x}:O", axis=alt.Axis(labelAngle=0)),
            y=alt.Y(f"{y}:O"),
            color=alt.Color(
                "probability:Q",
                scale=alt.Scale(range=SEQUENTIAL_RANGE, domain=[0, 1]),
                legend=alt.Legend(title="Probability", format="%", orient="bottom"),
            ),
            tooltip=[f"{y}:O", f"{x}:O", alt.Tooltip("probability:Q", format=".1%")],
        )
        .properties(height=HEIGHT)
    )
