"""Charts that are drawn again and again with other numbers.

Altair takes longer to build and check a chart than all else on a page takes together. So what a chart looks like is
made once, with data that are only named in it, and the data are put beside it each time.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from json import loads
from math import ceil, floor, log10

import altair as alt


def made_once(look: Callable[..., alt.TopLevelMixin]) -> Callable[..., dict]:
    """The chart as a Vega-Lite specification of one's own, without Altair's own sizes: those are Streamlit's."""
    text = lru_cache(maxsize=256)(lambda *arguments: look(*arguments).to_json())
    return lambda *arguments: {key: value for key, value in loads(text(*arguments)).items() if key != "config"}


def powers_of_ten(values: Iterable[float]) -> tuple[float, ...]:
    """Those from the one below the smallest value to the one above the largest, for a logarithmic axis."""
    values = list(values)
    return tuple(10.0**i for i in range(floor(log10(min(values))), ceil(log10(max(values))) + 1))
