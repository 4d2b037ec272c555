"""Every colour that means something, in one place. Readable by colour-blind people, in light and dark themes.

Signed numbers (weights, pre-activations): DIVERGING, blue below zero, near-white at zero, orange above.
Magnitudes (pixel intensities, activations, probabilities): SEQUENTIAL, dark at zero, bright at most.
Networks side by side: VARIANT_COLOURS, by position.

For Altair: `alt.Scale(range=DIVERGING_RANGE, domainMid=0)` and `alt.Scale(range=SEQUENTIAL_RANGE)`.
"""

import json
import re
from html import escape
from pathlib import Path

import numpy as np

_FILE = Path(__file__).parent.parent / "network" / "palette.js"  # the browser's, so that there is one


def _colours(name: str) -> list[str]:
    """A list of colours of palette.js."""
    found = re.search(rf"export const {name} = (\[.*?\])", _FILE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"{_FILE.name} has no {name}"
    return json.loads(found[1])


SEQUENTIAL_RANGE = _colours("SEQUENTIAL_RANGE")
DIVERGING_RANGE = _colours("DIVERGING_RANGE")
VARIANT_COLOURS = _colours("VARIANT_COLOURS")

WORDS = {
    False: "dark is zero, bright is the largest value",
    True: "blue is negative, white is zero, orange is positive",
}


def _table(anchors: list[str]) -> np.ndarray:
    """uint8 [256, 3], linear between the anchors."""
    colours = np.array([[int(anchor[i : i + 2], 16) for i in (1, 3, 5)] for anchor in anchors])
    places = np.linspace(0, len(anchors) - 1, 256)
    return np.stack([np.interp(places, range(len(anchors)), channel) for channel in colours.T], 1).round().astype("u1")


SEQUENTIAL = _table(SEQUENTIAL_RANGE)
DIVERGING = _table(DIVERGING_RANGE)


def levels(values: np.ndarray, signed: bool, scale: float | None = None) -> np.ndarray:
    """Rows of the colour table for `values`, as uint8 of the same shape.

    scale: the value that gets the last colour; by default the largest magnitude in `values`. Larger ones are clipped.
    """
    values = np.nan_to_num(np.asarray(values, np.float32))
    most = float(np.abs(values).max(initial=0)) if scale is None else scale
    share = values / most if most > 0 else np.zeros_like(values)
    share = share.clip(-1, 1) / 2 + 0.5 if signed else share.clip(0, 1)
    return (share * 255).round().astype("u1")


def heat(array: np.ndarray, signed: bool, scale: float | None = None) -> np.ndarray:
    """Colours of the numbers, uint8 [..., 3]; arguments as those of `levels`."""
    return (DIVERGING if signed else SEQUENTIAL)[levels(array, signed, scale)]


def gradient(signed: bool) -> str:
    """The colour bar as a CSS background, smallest value on the left."""
    return f"linear-gradient(90deg, {', '.join(DIVERGING_RANGE if signed else SEQUENTIAL_RANGE)})"


def style() -> str:
    """The palette for the style sheet of a component."""
    return f"""
.sequential {{ background: {gradient(signed=False)}; }}
.diverging {{ background: {gradient(signed=True)}; }}
.lenet {{ --positive: {DIVERGING_RANGE[-2]}; --negative: {DIVERGING_RANGE[1]}; }}
"""


def legend(signed: bool, scale: float, what: str = "") -> str:
    """HTML for `st.html`: the colour bar with its two ends and what the colours mean."""
    low = f"−{scale:.3g}" if signed else "0"
    return (
        f'<div style="display:flex;gap:.5rem;align-items:center;font-size:.85rem;flex-wrap:wrap">'
        f"<span>{escape(what)}</span><span>{low}</span>"
        f'<span style="width:8rem;height:.8rem;border-radius:2px;background:{gradient(signed)}"></span>'
        f"<span>{scale:.3g}</span><span>({WORDS[signed]})</span></div>"
    )
