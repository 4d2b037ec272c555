"""The charts behind "More", as Vega-Lite. A network has its colour and its dashes by its place in the experiment."""

from math import ceil, floor, log10
from typing import Any

from lenet.study.design import FORMS
from lenet.ui.shared.palette import SEQUENTIAL_RANGE, VARIANT_COLOURS
from lenet.variant import CLASSES

HEIGHT = 310  # pixels, without the legend
DASHES = [[1, 0], [7, 3], [2, 2], [10, 2, 2, 2], [5, 5], [1, 4], [12, 4]]
UPRIGHT = {"labelAngle": 0}


def field(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """kind: nominal, ordinal or quantitative."""
    return {"field": name, "type": kind, **more}


def _columns(here: list[str]) -> int:
    """Of the legend: as many as a telephone has room for."""
    longest = max(map(len, here), default=0)
    return 1 if longest > 18 else 2 if longest > 9 else 4


def _looks(networks: list[str], here: list[str], symbol: str) -> dict[str, Any]:
    """Colour and dashes of the networks that are here, by their place among all, with one legend for both."""
    places = [networks.index(name) for name in here]
    legend = {
        "title": None,
        "orient": "bottom",
        "columns": _columns(here),
        "labelLimit": 0,
        "symbolType": symbol,
        "symbolStrokeWidth": 3,
        "symbolSize": 400 if symbol == "stroke" else 80,
    }
    ranges: dict[str, list] = {"color": VARIANT_COLOURS, "strokeDash": DASHES}
    return {
        channel: field(
            "network",
            "nominal",
            scale={"domain": here, "range": [looks[place % len(looks)] for place in places]},
            legend=legend,
        )
        for channel, looks in ranges.items()
    }


def _chart(rows: list[dict], mark: dict[str, Any], encoding: dict[str, Any], height: int = HEIGHT) -> dict[str, Any]:
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding, "height": height}


def _high(here: list[str]) -> int:
    """With its legend."""
    return HEIGHT + 20 * ceil(len(here) / _columns(here))


def gradients(rows: list[dict], networks: list[str], here: list[str]) -> dict[str, Any]:
    """Gradient norm by layer on a logarithmic axis. A Vega-Lite specification."""
    names = {row["layer"] for row in rows}
    convolutions = sorted(name for name in names if name.startswith("conv"))
    layers = [*convolutions, *sorted(names - set(convolutions), key=lambda name: -int(name.removeprefix("→ ")))]
    norms = [row["norm"] for row in rows]
    powers = [10.0**at for at in range(floor(log10(min(norms))), ceil(log10(max(norms))) + 1)]
    encoding = {
        "x": field("layer", "nominal", sort=layers, title="Layer, from the picture to the answer", axis=UPRIGHT),
        "y": field(
            "norm",
            "quantitative",
            title="Gradient norm",
            scale={"type": "log", "domain": [powers[0], powers[-1]]},
            axis={"format": ".0e", "values": powers},
        ),
        **_looks(networks, here, "stroke"),
        "tooltip": [
            field("network", "nominal", title="Network"),
            field("layer", "nominal", title="Layer"),
            field("norm", "quantitative", title="Gradient norm", format=".3g"),
            field("n", "quantitative", title="Seeds"),
        ],
    }
    mark = {"type": "line", "point": {"filled": True, "size": 60}, "strokeWidth": 2.5}
    return _chart(rows, mark, encoding, _high(here))


def outcomes(rows: list[dict], networks: list[str], here: list[str]) -> dict[str, Any]:
    """Each run as a point, a cross in the paper's form: the classes it never predicts, and its accuracy.

    A Vega-Lite specification.
    """
    classes = {"domain": list(range(CLASSES))}
    shapes = {"domain": list(FORMS.values()), "range": ["cross", "circle"]}
    encoding = {
        "x": field("unpredicted", "ordinal", title="Classes never predicted", scale=classes, axis=UPRIGHT),
        "xOffset": field("network", "nominal", scale={"domain": here}),
        "y": field("final", "quantitative", title="Accuracy", scale={"domain": [0, 1]}, axis={"format": "%"}),
        "color": _looks(networks, here, "circle")["color"],
        "shape": field("output", "nominal", scale=shapes, legend=None),
        "tooltip": [
            field("network", "nominal", title="Network"),
            field("output", "nominal", title="Output"),
            field("seed", "nominal", title="Seed"),
            field("final", "quantitative", title="Accuracy", format=".2%"),
            field("unpredicted", "quantitative", title="Classes never predicted"),
            field("dead logits", "quantitative", title="Dead logits"),
        ],
    }
    return _chart(rows, {"type": "point", "size": 60, "strokeWidth": 2, "opacity": 0.85}, encoding, _high(here))


def probabilities(rows: list[dict], x: str, y: str) -> dict[str, Any]:
    """Probabilities as a heat map: rows with the columns x, y and `probability`. A Vega-Lite specification."""
    encoding = {
        "x": field(x, "ordinal", axis=UPRIGHT),
        "y": field(y, "ordinal"),
        "color": field(
            "probability",
            "quantitative",
            scale={"range": SEQUENTIAL_RANGE, "domain": [0, 1]},
            legend={"title": "Probability", "format": "%", "orient": "bottom"},
        ),
        "tooltip": [
            field(y, "ordinal"),
            field(x, "ordinal"),
            field("probability", "quantitative", format=".1%"),
        ],
    }
    return _chart(rows, {"type": "rect"}, encoding)
