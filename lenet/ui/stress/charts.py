"""The charts of the Stress page. A network has its colour and its dashes by its place among the chosen ones."""

from typing import TYPE_CHECKING, Any

import altair as alt

from lenet.ui.experiments.charts import DASHES
from lenet.ui.shared import palette
from lenet.ui.shared.vega import made_once

if TYPE_CHECKING:  # the page is on the screen before torch is loaded
    from lenet.probes.stress import Transformation

HEIGHT = 330  # of the chart of a sweep


def bars(shares: dict[str, list[float]]) -> dict:
    """Ten bars of probability for each network. A Vega-Lite specification."""
    rows = [
        {"network": name, "digit": digit, "probability": share}
        for name, ten in shares.items()
        for digit, share in enumerate(ten)
    ]
    return _bars(tuple(shares)) | {"datasets": {"answers": rows}}


@made_once
def _bars(networks: tuple[str, ...]) -> alt.Chart:
    return (
        alt.Chart(alt.NamedData("answers"), height=210)
        .mark_bar()
        .encode(
            alt.X("digit:O", title=None, axis=alt.Axis(labelAngle=0)),
            alt.Y(
                "probability:Q",
                title=None,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%", values=[0, 0.5, 1]),
            ),
            _colours(networks, alt.Legend(title=None, orient="bottom")),
            xOffset=alt.XOffset("network:N", sort=list(networks)),
            tooltip=["network:N", "digit:O", alt.Tooltip("probability:Q", format=".1%")],
        )
    )


def sweep(
    row: "Transformation",
    networks: list[str],
    own: list[dict],
    broken: list[dict],
    first: list[dict],
    measured: list[dict],
    amount: float,
) -> dict:
    """Probability against the amount. A Vega-Lite specification.

    own, broken, first: rows with network, amount, share, shown, reads, target, for the curve, for its break points and
    for the first changes of an answer that comes back;
    measured: rows of the table of averages, or none; amount: where the slider stands.
    """
    data = {"own": own, "broken": broken, "first": first, "measured": measured, "here": [{"amount": amount}]}
    return _sweep(row, tuple(networks), bool(measured)) | {"datasets": data}


@made_once
def _sweep(row: "Transformation", networks: tuple[str, ...], measured: bool) -> alt.LayerChart:
    less, more = row.ways
    title = f"{row.label}, {row.unit}" + (f": ← {less}, {more} →" if less else "")
    x = alt.X("amount:Q", title=title, scale=alt.Scale(domain=[row.low, row.high], nice=False))
    y = alt.Y("share:Q", title="Probability", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    legend = alt.Legend(title=None, orient="bottom", symbolType="stroke", symbolStrokeWidth=3, symbolSize=400)
    colour, plain = _colours(networks, legend), _colours(networks, None)
    dash = alt.StrokeDash(
        "network:N", legend=legend, scale=alt.Scale(domain=list(networks), range=DASHES[: len(networks)])
    )
    said = [
        alt.Tooltip("network:N", title="Network"),
        alt.Tooltip("shown:N", title=row.label),
        alt.Tooltip("share:Q", title="Probability", format=".1%"),
        alt.Tooltip("target:N", title="of"),
        alt.Tooltip("reads:N", title="Reads"),
    ]
    near = alt.selection_point(
        name="near", fields=["amount"], nearest=True, on="pointerover", empty=False, clear="pointerout"
    )
    layers = [alt.Chart(alt.NamedData("here")).mark_rule(color="gray", strokeWidth=1.5).encode(x=x)]
    if measured:
        base = alt.Chart(alt.NamedData("measured")).encode(x=x)
        layers += [
            base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title="Probability"), y2="high:Q", color=plain),
            base.mark_line(strokeWidth=1, opacity=0.8).encode(y=alt.Y("mean:Q", title="Probability"), color=plain),
        ]
    lines = alt.Chart(alt.NamedData("own")).encode(x=x, y=y)
    layers += [
        lines.mark_line(strokeWidth=2.5).encode(color=colour, strokeDash=dash),
        lines.mark_point(filled=True, size=60)
        .encode(color=plain, tooltip=said, opacity=alt.when(near).then(alt.value(1)).otherwise(alt.value(0)))
        .add_params(near),
        alt.Chart(alt.NamedData("broken"))
        .mark_point(filled=True, shape="diamond", size=190, opacity=1, stroke="gray", strokeWidth=1)
        .encode(x=x, y=y, color=plain, tooltip=said),
        alt.Chart(alt.NamedData("first"))
        .mark_point(filled=False, shape="diamond", size=150, opacity=1, strokeWidth=2.5)
        .encode(x=x, y=y, color=plain, tooltip=said),
    ]
    return (
        alt.layer(*layers)
        .resolve_legend(color="independent", strokeDash="independent")
        .properties(height=HEIGHT + 20 * (len(networks) > 2))
    )


def two_ways(
    across: "Transformation",
    down: "Transformation",
    shares: list[list[float]],
    here: tuple[float, float],
    highest: float,
) -> dict:
    """Probability against two amounts, a line of `shares` for each amount of `down`. A Vega-Lite specification.

    here: the amounts at which the sliders stand; highest: the probability that the network cannot exceed.
    """
    rows = [
        {"x": x, "y": y, "probability": share}
        for y, line in zip(_amounts(down, len(shares)), shares)
        for x, share in zip(_amounts(across, len(line)), line)
    ]
    lines = _amounts(across, len(shares[0])), _amounts(down, len(shares))
    x, y = (min(line, key=lambda amount: abs(amount - stands)) for line, stands in zip(lines, here))
    return _two_ways(across, down, highest) | {"datasets": {"cells": rows, "here": [{"x": x, "y": y}]}}


@made_once
def _two_ways(across: "Transformation", down: "Transformation", highest: float) -> alt.LayerChart | alt.FacetChart:
    def axis(row: "Transformation") -> alt.Axis:
        return alt.Axis(values=_amounts(row, 5), labelAngle=0, grid=False)

    x = alt.X("x:O", title=f"{across.label}, {across.unit}", axis=axis(across))
    y = alt.Y("y:O", title=f"{down.label}, {down.unit}", sort="descending", axis=axis(down))
    cells = (
        alt.Chart(alt.NamedData("cells"), height=440)
        .mark_rect()
        .encode(
            x,
            y,
            alt.Color(
                "probability:Q",
                scale=alt.Scale(range=palette.SEQUENTIAL_RANGE, domain=[0, highest]),
                legend=alt.Legend(title="Probability", format="%", orient="bottom"),
            ),
            tooltip=[
                alt.Tooltip("x:O", title=across.label),
                alt.Tooltip("y:O", title=down.label),
                alt.Tooltip("probability:Q", title="Probability", format=".1%"),
            ],
        )
    )
    here = alt.Chart(alt.NamedData("here")).mark_point(shape="cross", size=90, color="#d55e00", filled=True)
    return alt.layer(cells, here.encode(x, y, tooltip=[alt.Tooltip("x:O", title="The sliders"), "y:O"]))


def _amounts(row: "Transformation", count: int) -> list[float]:
    return [round(amount, 4) for amount in row.amounts(count).tolist()]


def _colours(networks: tuple[str, ...], legend: Any) -> alt.Color:
    scale = alt.Scale(domain=list(networks), range=palette.VARIANT_COLOURS[: len(networks)])
    return alt.Color("network:N", legend=legend, scale=scale)
