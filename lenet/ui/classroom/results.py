"""A share with its interval, as lenet/ui/network/class/score.js shows it."""

from typing import TYPE_CHECKING, Any

from lenet.formatting import percent

if TYPE_CHECKING:  # scipy
    from lenet.study.exact import Estimate


def result(what: str, estimate: "Estimate", digits: int) -> dict[str, Any]:
    """digits: after the point of the percentages."""
    low, high = percent(estimate.low, digits).removesuffix(" %"), percent(estimate.high, digits)
    text = f"{percent(estimate.value, digits)} ({low} to {high})"
    return {"what": what, "value": estimate.value, "low": estimate.low, "high": estimate.high, "text": text}
