"""Pictures of kernels, maps and patches: many small grids of numbers on one sheet, with their names."""

import re
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lenet.ui.shared import palette

GAP, MARGIN, NAME = 8, 4, 15  # pixels: between grids, around them, height of a line of text
PAPER = {False: "#fdfcf9", True: "#12151b"}  # by whether the theme is dark: its own, as in .streamlit/config.toml
TEXT = {False: "#1d2129", True: "#ebe8e1"}
FRAME = (130, 130, 130)
FONT = 12  # pixels
MINUS = 7  # pixels that a minus sign takes


def sheet(
    grids: np.ndarray,
    names: list[str],
    across: int,
    zoom: int,
    signed: bool,
    scale: float | None = None,
    dark: bool = False,
) -> Image.Image:
    """Grids [N, rows, columns] with a name above each, `across` in a row, each cell `zoom` pixels.

    scale: the value that gets the last colour, for all grids; by default each grid has its own.
    dark: for the dark theme.
    """
    font = ImageFont.load_default(FONT)
    names = [re.sub(r"^-(?=\d)", "−", name.replace("\N{NO-BREAK SPACE}", " ")) for name in names]
    widest = max((_length(name, font) for name in names), default=0)
    rows, columns = grids.shape[1:]
    wide, high = max(columns * zoom, round(widest)) + GAP, rows * zoom + NAME + GAP
    across = max(1, min(across, len(grids)))
    size = (across * wide - GAP + 2 * MARGIN, -(-len(grids) // across) * high - GAP + 2 * MARGIN)
    page = Image.new("RGB", size, PAPER[dark])
    draw = ImageDraw.Draw(page)
    for at, (grid, name) in enumerate(zip(grids, names)):
        left, top = MARGIN + at % across * wide, MARGIN + at // across * high
        _write(draw, (left, top), name, TEXT[dark], font)
        colours = palette.heat(grid, signed, scale)
        page.paste(
            Image.fromarray(colours).resize((columns * zoom, rows * zoom), Image.Resampling.NEAREST), (left, top + NAME)
        )
        draw.rectangle((left, top + NAME, left + columns * zoom - 1, top + NAME + rows * zoom - 1), outline=FRAME)
    return page


def _length(text: str, font: Any) -> float:
    """Of a line of text, in pixels."""
    return sum(MINUS if sign else font.getlength(part) for part, sign in _parts(text))


def _parts(text: str) -> list[tuple[str, bool]]:
    """The text cut at its minus signs, which the font has not, and whether a part is one."""
    return [(part, part == "−") for part in re.split("(−)", text) if part]


def _write(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, colour: str, font: Any) -> None:
    """A line of text from its upper left corner on; minus signs are drawn as lines."""
    x, y = place
    for part, sign in _parts(text):
        if sign:
            level = round(y + FONT * 0.68)
            draw.line((round(x) + 1, level, round(x) + MINUS - 2, level), colour)
        else:
            draw.text((x, y), part, colour, font)
        x += _length(part, font)
