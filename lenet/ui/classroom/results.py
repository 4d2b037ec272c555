"""A share with its interval, as lenet/ui/network/class/score.js shows it."""

from collections.abc import Sequence
from typing import Any

from lenet.formatting import percent


def result(what: str, estimate: Sequence[float], digits: int) -> dict[str, Any]:
    """estimate: value, low, high, as Estimate has them; digits: after the point of the percentages."""
    value, low, high = estimate
    ends = f"{percent(low, digits).removesuffix(' %')} to {percent(high, digits)}"
    return {"what": what, "value": value, "low": low, "high": high, "text": f"{percent(value, digits)} ({ends})"}
