"""A worksheet from a pupil's own digit: one cell of conv1 by hand, an exit ticket, and the key on a second page."""

from dataclasses import dataclass
from html import escape

import numpy as np

from lenet.formatting import fixed
from lenet.model import LeNet

SIDE = 5  # cells of a kernel of conv1
CELL = 7  # pixels of the printed digit's cells
# Questions of the exit ticket and their answers; the numbers are those of the network `best`.
TICKET = (
    ("How many numbers does the network get from your digit?", "28 × 28 = 784"),
    ("A 5 × 5 kernel moves over 28 × 28 pixels. How many cells has its map?", "24 × 24 = 576"),
    ("What does ReLU make of −0.7, and of 0.7?", "0 and 0.7"),
    ("A pool keeps one of 0.2, 0, 1.3 and 0.5. Which one?", "1.3, the largest"),
    (
        "Two networks learn by the same recipe. What may still differ?",
        "the seed: their first weights, and so how they end",
    ),
)
STYLE = """
body { font: 12pt/1.35 system-ui, sans-serif; color: #000; background: #fff; max-width: 18cm; margin: 1cm auto; }
h1 { font-size: 18pt; margin: 0; } h2 { font-size: 13pt; margin: 0.6cm 0 0.2cm; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td { border: 0.5pt solid #555; width: 1cm; height: 0.75cm; padding: 0; text-align: center; font-size: 10pt; }
.row { display: flex; gap: 0.3cm; align-items: center; flex-wrap: wrap; }
caption { text-align: left; font-size: 10pt; }
.line { border-bottom: 0.5pt solid #000; display: inline-block; width: 2.6cm; }
li { margin: 0.25cm 0; } section + section { break-before: page; }
@page { size: A4; margin: 1.2cm; } @media print { body { margin: 0; } .screen { display: none; } }
"""


@dataclass(frozen=True)
class Cell:
    """One cell of conv1, rounded as it is printed. kernel: which, from 0; row, column: of the map; patch, weights:
    [5, 5], to one decimal; bias: to one decimal; exact: what the network computes there from unrounded numbers."""

    kernel: int
    row: int
    column: int
    patch: np.ndarray
    weights: np.ndarray
    bias: float
    exact: float

    @property
    def products(self) -> np.ndarray:
        """What a pupil gets who multiplies the printed numbers, [5, 5], to two decimals."""
        return np.round(self.patch * self.weights, 2) + 0.0  # no minus zero

    @property
    def sum(self) -> float:
        return round(float(self.products.sum()) + self.bias, 2) + 0.0


def strongest(pixels: np.ndarray, model: LeNet) -> Cell:
    """The cell of conv1 with the largest activation. pixels: float32 [28, 28] in [0, 1]."""
    values = model.state_dict()
    weights, biases = values["conv1.weight"].numpy()[:, 0], values["conv1.bias"].numpy()
    normalised = (pixels - model.variant.mean) / model.variant.std
    patches = np.lib.stride_tricks.sliding_window_view(normalised, (SIDE, SIDE))
    maps = np.einsum("rcij,kij->krc", patches, weights) + biases[:, None, None]
    kernel, row, column = (int(place) for place in np.unravel_index(maps.argmax(), maps.shape))
    return Cell(
        kernel,
        row,
        column,
        np.round(patches[row, column], 1) + 0.0,
        np.round(weights[kernel], 1) + 0.0,
        round(float(biases[kernel]), 1) + 0.0,
        float(maps[kernel, row, column]),
    )


def page(pixels: np.ndarray, model: LeNet, source: str) -> str:
    """The worksheet as a page that prints on two sheets: tasks, then the key. source: what the digit is, in words."""
    cell = strongest(pixels, model)
    questions = "".join(f"<li>{escape(question)} <span class=line>&nbsp;</span></li>" for question, _ in TICKET)
    answers = "".join(f"<li>{escape(answer)}</li>" for _, answer in TICKET)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>One cell by hand</title><style>{STYLE}</style></head><body>
<section>
<h1>One cell by hand</h1>
<p class=screen><b>Print this page: the key is on the second sheet.</b></p>
<div class=row>{_picture(pixels, cell)}<p style="flex: 1">
Your digit ({escape(source)}) as the network gets it. Kernel {cell.kernel} of
conv1 lies on the framed patch: rows {cell.row}–{cell.row + SIDE - 1}, columns {cell.column}–{cell.column + SIDE - 1},
counted from 0.</p></div>
<h2>1 Multiply, cell by cell</h2>
<div class=row>{_table(cell.patch, "the patch")} ×
{_table(cell.weights, "the kernel")} = {_table(None, "products")}</div>
<h2>2 Add up</h2>
<p>All products: <span class=line>&nbsp;</span> + bias {fixed(cell.bias, 1)} = <span class=line>&nbsp;</span></p>
<h2>3 ReLU</h2>
<p>Negative numbers become 0. The cell is <span class=line>&nbsp;</span></p>
<h2>Before you go</h2><ol>{questions}</ol>
</section>
<section>
<h1>Key</h1>
<div class=row>{_table(cell.products, "products of the printed numbers", 2)}</div>
<p>Sum of the products {fixed(float(cell.products.sum()), 2)} + bias {fixed(cell.bias, 1)} =
<b>{fixed(cell.sum, 2)}</b>; after ReLU <b>{fixed(max(0.0, cell.sum), 2)}</b>. The network does not round: it gets
{fixed(cell.exact, 3)}. Rounding patch and kernel to one decimal makes the difference.</p>
<h2>Before you go</h2><ol>{answers}</ol>
</section></body></html>
"""


def _table(values: np.ndarray | None, caption: str, digits: int = 1) -> str:
    """The numbers in a grid, so many figures after the point; an empty grid for none."""
    empty = [[""] * SIDE] * SIDE
    cells = empty if values is None else [[fixed(value, digits) for value in row] for row in values.tolist()]
    rows = ("".join(f"<td>{cell}</td>" for cell in row) for row in cells)
    return f"<table><caption>{caption}</caption>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _picture(pixels: np.ndarray, cell: Cell) -> str:
    """The digit, dark on light to spare ink, with a frame around the patch."""
    height, width = pixels.shape
    squares = "".join(
        f'<rect x="{c}" y="{r}" width="1" height="1" fill="rgb({grey},{grey},{grey})"/>'
        for r in range(height)
        for c in range(width)
        if (grey := round(255 * (1 - float(pixels[r, c])))) < 255
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width * CELL}" height="{height * CELL}" role="img" '
        f'aria-label="The digit"><rect width="{width}" height="{height}" fill="#fff" stroke="#555" stroke-width="0.1"/>'
        f'{squares}<rect x="{cell.column}" y="{cell.row}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#d55e00" '
        'stroke-width="0.4"/></svg>'
    )
