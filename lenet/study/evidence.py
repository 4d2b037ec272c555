"""The evidence for a part of a claim as one picture: every seed on one axis, and where on it the part holds."""

import re
from math import ceil, floor, isfinite, log10

from lenet.study import exact
from lenet.study.design import Part, Quantity
from lenet.study.judging import Finding
from lenet.study.measures import show

STEPS = (1, 2, 5, 10)  # of an axis, times a power of ten
TICKS = 4  # about as many on an axis
NOUGHTS = re.compile(r"\.0+(?!\d)")  # after the point, where they say nothing in any of the words
WHOLE = ("epochs", "fails")  # measures that have no values between whole numbers


def strip(finding: Finding) -> dict:
    """What to draw, in the quantity's own unit, or in shares of the seeds where it is failures that are counted.

    axis: its two ends; ticks: (place, words) on it; band: where the part holds, cut at the axis, or None; dots: for
    each seed its value, the same in words, and whether a run of it fails; interval: the estimate and the ends of its
    exact interval on the same axis, None where the rule looks at none; share: whether the axis is one of shares. Empty
    without seeds.
    """
    if not finding.rows:
        return {}
    part = finding.part
    dots = [
        {"seed": seed, "value": row.value, "words": show(part.quantity, row.value), "fails": row.left or row.right}
        for seed, row in finding.rows.items()
    ]
    return {"dots": dots, **(_shares(finding) if counts_failures(part) else _values(finding))}


def counts_failures(part: Part) -> bool:
    """Whether the part is about how many seeds fail, and no more."""
    return part.quantity.measure == "fails" and not part.quantity.minus and part.rule in ("share", "can")


def _shares(finding: Finding) -> dict:
    part, values = finding.part, [row.value for row in finding.rows.values()]
    band = (0.0, 1.0) if part.rule == "can" else part.share
    return {
        "axis": (0.0, 1.0),
        "ticks": [(share, f"{100 * share:.0f} %") for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)],
        "band": band,
        "interval": list(exact.share_interval(sum(value > part.low for value in values), len(values))),
        "share": True,
    }


def _values(finding: Finding) -> dict:
    part, values = finding.part, [row.value for row in finding.rows.values()]
    sound = [row.value for row in finding.rows.values() if not (row.left or row.right)]
    judged = {"compare": sound, "median": values}.get(part.rule)
    median = exact.median_interval(judged) if judged else None
    ends = [end for end in (part.low, part.high) if isfinite(end)]
    least, most = min([*values, *ends]), max([*values, *ends])
    places = _ticks(least, most, part.quantity)
    low, high = min(least, places[0]), max(most, places[-1])
    words = [show(part.quantity, place) for place in places]
    if all(map(NOUGHTS.search, words)):
        words = [NOUGHTS.sub("", one) for one in words]
    return {
        "axis": (low, high),
        "ticks": list(zip(places, words)),
        "band": None if part.rule == "varied" else (max(part.low, low), min(part.high, high)),
        "interval": list(median) if median and isfinite(median.low) else None,
        "share": False,
    }


def _ticks(least: float, most: float, quantity: Quantity) -> list[float]:
    """Round numbers from at most the least value to at least the largest."""
    whole = quantity.measure in WHOLE or quantity.over == "best"
    span = max(most - least, 1.0 if whole else 1e-3)
    power = 10.0 ** floor(log10(span / TICKS))
    step = next(power * step for step in STEPS if span / (power * step) <= TICKS)
    step = max(step, 1.0) if whole else step
    first, last = floor(least / step + 1e-9), ceil(most / step - 1e-9)
    return [round(step * at, 12) for at in range(first, max(last, first + 1) + 1)]
