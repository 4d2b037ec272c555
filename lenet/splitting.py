"""Several digits in one drawing: where to cut it, so that each part can be read by itself.

Strokes that lie apart are told by geometry alone. Where digits touch, cuts are tried as in the paper of 1998 (LeCun,
Bottou, Bengio, Haffner, section VII): paths from the upper edge to the lower one that cross as little ink as possible,
and the network judges by the two parts and by the whole. `ui/network/splitting.js` finds the same cuts.

    >>> split(raster(strokes), reader(model)).parts          # one sheet of ink for each digit, from left to right
    >>> [reading.answer for reading in read_all(Image.open("42.png"))]      # 4, 2
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from lenet.ink import INK, STRAY, InkError, read_grey, read_ink, thickness_of
from lenet.strokes import SIDE, TIE, raster, read_strokes

if TYPE_CHECKING:
    from lenet.familiarity import Reading
    from lenet.model import LeNet

Read = Callable[[np.ndarray], np.ndarray]  # float32 [28, 28] -> ten probabilities

JUDGE = "best"  # tells where digits that touch are cut, whoever reads them
TALL = 0.45  # of the height of the tallest: what is less tall is a part of a digit, as the hat of a five
SAME = 0.5  # of the narrower one's width: strokes that lie above one another that far are one digit
MOST = 8  # digits of one drawing
ROWS = 48  # cells of the grid on which cuts are sought, from the top of the ink to its bottom
THROUGH = (0.35, 0.5, 0.65)  # of the height: a cut is sought through each place of these rows
SIDEWAYS = 0.03  # what a step to the side costs, in cells full of ink
NARROWEST = 0.6  # width against height: narrower ink is not cut
LOWEST = 2.5  # times the thickness of its strokes: what is lower is a dot or a dash
DOUBT = 2.0  # temperature: networks are surer of halves of digits than they should be
LEAST = 1e-6  # probability
BETTER = 0.01  # a cut is preferred to an earlier one only by so much, more than what rounding may do

# Whether a cut is right, by a logistic regression on 1,500 single digits and 500 touching pairs of people and 3,000 of
# MNIST's held-out training digits (not the test set), fitted to an earlier `best`: above zero it is made. Heights and
# widths against the height of the ink, ink along the cut against the thickness of the strokes, logarithms of the
# largest probabilities.
OFFSET, LOWER, WIDER, ASPECT, CROSSED, HALVES, WHOLE = -6.9, 6.2, -4.1, 5.8, -1.0, 3.6, -4.3


@dataclass(frozen=True)
class Split:
    """parts: float32 [height, width] each, the sheet with the ink of one digit only, from left to right; cuts: between
    each part and the next one, points (x, y) in pixels of the sheet, downwards; many: whether there are more than MOST,
    which stay one part."""

    parts: list[np.ndarray]
    cuts: list[list[tuple[int, int]]]
    many: bool = False


def split(sheet: np.ndarray, read: Read) -> Split:
    """The digits of a sheet of ink, float32 [height, width] in [0, 1]; the sheet itself if it is one digit or none.

    read: gives the ten probabilities of a 28 × 28 picture, for digits that touch.
    """
    parts = [piece for part in _apart(sheet) for piece in _touching(part, read)]
    if not 1 < len(parts) <= MOST:
        return Split([sheet], [], many=len(parts) > MOST)
    return Split(parts, [_between(left, right) for left, right in pairwise(parts)])


def read_all(image: Any, network: str = JUDGE) -> "list[Reading]":
    """Each digit of a drawing or picture, from left to right, as a shipped network reads it: one for a single digit.

    image, network and errors as for `lenet.read`.
    """
    from lenet.familiarity import is_drawing, reading
    from lenet.pretrained import create_model

    drawn = is_drawing(image)
    whole = read_strokes(list(image)) if drawn else read_ink(image)
    sheet = raster(image) if drawn else on_board(whole.grey) / np.float32(255)
    parts = split(sheet, reader(create_model(JUDGE, pretrained=True))).parts
    try:
        digits = [read_grey(part, TIE) for part in parts] if len(parts) > 1 else [whole]
    except InkError:  # a part that is only a dot
        digits = [whole]
    return [reading(digit.image(), network) for digit in digits]


def on_board(grey: np.ndarray) -> np.ndarray:
    """A picture's ink in the middle of the board, as large as it goes: [height, width] in [0, 1] -> uint8 [SIDE, SIDE],
    which is what the browser splits."""
    return np.asarray(ImageOps.pad(Image.fromarray((255 * grey).round().astype(np.uint8)), (SIDE, SIDE)))


def reader(model: "LeNet") -> Read:
    """What `split` asks, of a network."""
    import torch

    @torch.inference_mode()
    def read(image: np.ndarray) -> np.ndarray:
        return model(torch.from_numpy(image)[None, None])[0].softmax(0).numpy()

    return read


# --- Digits that lie apart -------------------------------------------------------------------------------------------


def _apart(sheet: np.ndarray) -> list[np.ndarray]:
    """One sheet for each group of strokes that lies beside the others; every pixel belongs to the group that is
    nearest to it, counted as a king walks."""
    labels, _ = ndimage.label(sheet >= INK, structure=np.ones((3, 3)))
    boxes = [(y.start, x.start, y.stop, x.stop) for y, x in ndimage.find_objects(labels)]
    groups = _groups(boxes)
    if len(groups) < 2:
        return [sheet]
    far = [ndimage.distance_transform_cdt(~np.isin(labels, [n + 1 for n in group]), "chessboard") for group in groups]
    owner = np.argmin(far, axis=0)
    return [np.where(owner == number, sheet, np.float32(0)) for number in range(len(groups))]


Box = tuple[int, int, int, int]  # top, left, bottom, right


def _groups(boxes: list[Box]) -> list[list[int]]:
    """Which spots of ink are one digit, from left to right. Spots that are too small to be strokes are left out."""
    sizes = [max(bottom - top, right - left) for top, left, bottom, right in boxes]
    heights = [bottom - top for top, _, bottom, _ in boxes]
    strokes = [n for n, size in enumerate(sizes) if size >= STRAY * max(sizes)]
    tall = [n for n in strokes if heights[n] >= TALL * max(heights[m] for m in strokes)]
    groups: list[list[int]] = []
    for spot in sorted(tall, key=lambda n: (boxes[n][1] + boxes[n][3], n)):
        if groups and _lies_over(boxes, groups[-1], spot):
            groups[-1].append(spot)
        else:
            groups.append([spot])
    for spot in strokes:
        if spot not in tall:
            nearest = min(groups, key=lambda group: _gap(_around(boxes, group), boxes[spot]))
            nearest.append(spot)
    return groups


def _lies_over(boxes: list[Box], group: list[int], spot: int) -> bool:
    left, right = _around(boxes, group)
    _, start, _, end = boxes[spot]
    return min(right, end) - max(left, start) > SAME * min(right - left, end - start)


def _around(boxes: list[Box], group: Iterable[int]) -> tuple[int, int]:
    return min(boxes[n][1] for n in group), max(boxes[n][3] for n in group)


def _gap(around: tuple[int, int], box: Box) -> int:
    """Pixels between the two, from left to right; less than nothing where they lie above one another."""
    return max(around[0] - box[3], box[1] - around[1])


# --- Digits that touch -----------------------------------------------------------------------------------------------


def _touching(sheet: np.ndarray, read: Read, whole: float | None = None, most: int = MOST) -> list[np.ndarray]:
    """The sheet, or its parts on both sides of the best cut that is worth it, each of them cut in the same way."""
    found = _Ink.of(sheet)
    if found is None or found.width < NARROWEST * found.height or most < 2:
        return [sheet]
    if found.height < LOWEST * found.thickness:
        return [sheet]
    whole = _sureness(sheet, read) if whole is None else whole
    if whole <= math.log(LEAST):
        return [sheet]
    cuts = []
    for cut in found.cuts():
        left, right = found.sides(cut)
        if left.any() and right.any():
            cuts.append((found.worth(cut, left, right, whole), left, right))
    best, chosen = 0.0, None
    for worth, left, right in sorted(cuts, key=lambda cut: -cut[0]):
        if worth <= best + BETTER * (chosen is not None):
            break  # even if the network were sure of both sides
        first, second = _sureness(left, read), _sureness(right, read)
        if worth + HALVES * (first + second) > best + BETTER * (chosen is not None):
            best, chosen = worth + HALVES * (first + second), (left, right, first, second)
    if not chosen:
        return [sheet]
    left, right, first, second = chosen
    return [*_touching(left, read, first, most // 2), *_touching(right, read, second, most // 2)]


def _sureness(sheet: np.ndarray, read: Read) -> float:
    """The logarithm of the largest probability, in doubt."""
    try:
        probabilities = read(read_grey(sheet, TIE).centred)
    except InkError:
        return math.log(LEAST)
    logs = [math.log(max(float(p), LEAST)) / DOUBT for p in probabilities]
    return max(logs) - math.log(sum(math.exp(log) for log in logs))


@dataclass(frozen=True)
class _Ink:
    """A sheet on a grid of square cells: how many of the cell's pixels are ink, in 1/32 of a pixel, all whole numbers,
    so that both languages find the same paths."""

    sheet: np.ndarray
    top: int
    left: int
    height: int
    width: int
    side: int
    cells: np.ndarray

    @staticmethod
    def of(sheet: np.ndarray) -> "_Ink | None":
        ink = sheet >= INK
        rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
        if not len(rows):
            return None
        crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        height, width = crop.shape
        side = max(1, (2 * height + ROWS) // (2 * ROWS))
        padded = np.pad(crop, ((0, -height % side), (0, -width % side)))
        cells = padded.reshape(padded.shape[0] // side, side, padded.shape[1] // side, side).sum((1, 3))
        return _Ink(sheet, int(rows[0]), int(columns[0]), height, width, side, 32 * cells)

    def cuts(self) -> list[tuple[int, ...]]:
        """Paths from the upper edge to the lower one, the column in each row, no two the same: for each of the rows
        THROUGH, through each place where any other place nearby would cost more."""
        sideways = round(SIDEWAYS * 32 * self.side**2)
        found: dict[tuple[int, ...], None] = {}
        for share in THROUGH:
            row = int(len(self.cells) * share)
            above, back = _cheapest(self.cells[: row + 1], sideways)
            below, on = _cheapest(self.cells[row:][::-1], sideways)
            for column in _valleys(above + below - self.cells[row]):
                found[(*_path(back, column)[::-1], *_path(on, column)[1:])] = None
        return list(found)

    def sides(self, cut: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """The sheet left of the cut, and right of it."""
        rows = np.clip((np.arange(self.sheet.shape[0]) - self.top) // self.side, 0, len(cut) - 1)
        edge = self.left + np.array(cut)[rows] * self.side + self.side // 2
        left = np.arange(self.sheet.shape[1]) < edge[:, None]
        return np.where(left, self.sheet, np.float32(0)), np.where(left, np.float32(0), self.sheet)

    def worth(self, cut: tuple[int, ...], left: np.ndarray, right: np.ndarray, whole: float) -> float:
        """What speaks for the cut before the network has seen its sides."""
        sides = [(np.flatnonzero((side >= INK).any(1)), np.flatnonzero((side >= INK).any(0))) for side in (left, right)]
        if not all(len(rows) for rows, _ in sides):
            return -math.inf
        lower = min(rows[-1] - rows[0] + 1 for rows, _ in sides) / self.height
        wider = max(columns[-1] - columns[0] + 1 for _, columns in sides) / self.height
        steps = sum(abs(a - b) for a, b in pairwise(cut))
        cost = sum(int(self.cells[row, column]) for row, column in enumerate(cut)) / (32 * self.side**2)
        crossed = (cost + SIDEWAYS * steps) * self.side / self.thickness
        aspect = self.width / self.height
        return float(OFFSET + LOWER * lower + WIDER * wider + ASPECT * aspect + CROSSED * crossed + WHOLE * whole)

    @cached_property
    def thickness(self) -> float:
        return thickness_of(self.sheet[self.top : self.top + self.height, self.left : self.left + self.width])


def _cheapest(cells: np.ndarray, sideways: int) -> tuple[np.ndarray, np.ndarray]:
    """The least that a path from the first row to each cell of the last one costs, and for each cell [rows, columns]
    the step, −1, 0 or 1, to where the path came from."""
    far = np.iinfo(np.int64).max // 4
    costs, back = cells[0].astype(np.int64), np.zeros(cells.shape, np.int64)
    for row in range(1, len(cells)):
        ways = np.stack([costs, np.append(far, costs[:-1]) + sideways, np.append(costs[1:], far) + sideways])
        way = ways.argmin(0)
        back[row] = np.array([0, -1, 1])[way]
        costs = ways.min(0) + cells[row]
    return costs, back


def _valleys(costs: np.ndarray) -> list[int]:
    """The middle of each run of equal costs that is dearer on both sides; the edges are none."""
    found, start = [], 1
    for column in range(1, len(costs)):
        if costs[column] != costs[start]:
            if costs[start - 1] > costs[start] < costs[column] or (start == 1 and costs[start] < costs[column]):
                found.append((start + column - 1) // 2)
            start = column
    return found


def _path(back: np.ndarray, column: int) -> list[int]:
    """From the last row to the first."""
    path = [column]
    for row in range(len(back) - 1, 0, -1):
        path.append(path[-1] + int(back[row, path[-1]]))
    return path


# --- What is shown ---------------------------------------------------------------------------------------------------


def _between(left: np.ndarray, right: np.ndarray) -> list[tuple[int, int]]:
    """A line from the top of both parts to their bottom, with as much room on its left as on its right."""
    inks = [side >= INK for side in (left, right)]
    rows = np.flatnonzero((inks[0] | inks[1]).any(1))
    columns = [np.flatnonzero(ink.any(0)) for ink in inks]
    last, first = int(columns[0][-1]), int(columns[1][0])
    middle = (last + first) // 2
    line = []
    for row in range(int(rows[0]), int(rows[-1]) + 1):
        ends, starts = np.flatnonzero(inks[0][row]), np.flatnonzero(inks[1][row])
        low = int(ends[-1]) if len(ends) else min(last, middle)
        high = int(starts[0]) if len(starts) else max(first, middle)
        line.append((min(max((low + high + 1) // 2, min(last, first)), max(last, first)), row))
    return [line[0], *line[4:-1:8], line[-1]]
