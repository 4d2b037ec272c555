"""A drawing as the strokes of a pen, and the 28 × 28 image that a network reads: the same in Python and in the browser.

    >>> strokes = decode("1...")                       # or what the board has sent
    >>> read_strokes(strokes).image()                  # float32 [1, 28, 28]

The board is SIDE × SIDE pixels. Browsers that guard against fingerprinting hand out noise when a canvas is read back,
so a drawing is never read from pixels: both sides draw the pen's path themselves, this one and `ui/network/ink.js`.
"""

import base64
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lenet.ink import ROUND, Ink, read_grey
from lenet.variant import INPUT_SIZE as SIZE

SIDE = 320  # pixels of the board
PEN = 20  # pixels: about as thick, against the digit, as the pens of MNIST
THICKEST = 0.25  # of the path's longer side, 0.2 of the drawing's: a small one is read as if its pen were no thicker
STEP = 0.5  # pixels: a link keeps points this exactly
MOST_STROKES = 200
MOST_POINTS = 20_000  # of all strokes together
FAR = 10 * SIDE  # a pen may leave the board, but not for another planet
TIE = 1e-4  # pixels: see read_grey
VERSION = "1"  # first letter of a drawing in a link


class StrokesError(ValueError):
    """These are no strokes; the message says why."""


@dataclass(frozen=True)
class Stroke:
    """points: (x, y) in pixels of the board, in the order of the pen; width in pixels; erase: it takes ink away.

    picture: in place of points, what was on the board before the pen: 28 × 28 bytes from 0, no ink, to 255.
    """

    points: tuple[tuple[float, float], ...]
    width: float = PEN
    erase: bool = False
    picture: bytes = b""


def from_pixels(pixels: np.ndarray) -> Stroke:
    """A picture as what a drawing begins with: [28, 28] numbers in [0, 1]."""
    return Stroke((), picture=(np.asarray(pixels) * 255).round().astype(np.uint8).tobytes())


def from_message(message: Any) -> list[Stroke]:
    """The strokes that the browser has sent: a list of {points: [x, y, x, y, …], width, erase, picture (base64)}.

    Raises StrokesError.
    """
    try:
        strokes = [
            _picture(base64.b64decode(one["picture"], validate=True))
            if one.get("picture")
            else _stroke(one["points"], one.get("width", PEN), bool(one.get("erase", False)))
            for one in message
        ]
    except (TypeError, KeyError, AttributeError, ValueError, OverflowError) as error:
        raise StrokesError(f"A stroke is a list of points with a width ({type(error).__name__}).") from error
    return _bounded(strokes)


def to_message(strokes: Iterable[Stroke]) -> list[dict[str, Any]]:
    """The strokes as `from_message` takes them and as the browser keeps them."""
    return [
        {"points": [n for point in stroke.points for n in point], "width": stroke.width, "erase": stroke.erase}
        | ({"picture": base64.b64encode(stroke.picture).decode()} if stroke.picture else {})
        for stroke in strokes
    ]


def _stroke(flat: Sequence[float], width: float, erase: bool) -> Stroke:
    numbers = [float(number) for number in flat]
    if len(numbers) < 2 or len(numbers) % 2:
        raise StrokesError("A stroke has at least one point, and each point has two numbers.")
    if not all(math.isfinite(number) and abs(number) <= FAR for number in (*numbers, float(width))):
        raise StrokesError("The points of a stroke are numbers on the board.")
    if not 1 <= width <= SIDE:
        raise StrokesError(f"A pen is 1 to {SIDE} pixels wide.")
    return Stroke(tuple(zip(numbers[::2], numbers[1::2])), float(width), erase)


def _picture(data: bytes) -> Stroke:
    if len(data) != SIZE * SIZE:
        raise StrokesError(f"A picture on the board has {SIZE} × {SIZE} pixels.")
    return Stroke((), picture=data)


def _bounded(strokes: list[Stroke]) -> list[Stroke]:
    if len(strokes) > MOST_STROKES or sum(len(stroke.points) for stroke in strokes) > MOST_POINTS:
        raise StrokesError(f"A drawing has at most {MOST_STROKES} strokes and {MOST_POINTS:,} points.")
    if any(stroke.picture for stroke in strokes[1:]):
        raise StrokesError("A picture lies below the strokes, not above them.")
    return strokes


def raster(strokes: Iterable[Stroke]) -> np.ndarray:
    """How much ink lies on each pixel of the board, float32 [SIDE, SIDE] in [0, 1].

    A stroke covers what is nearer to its path than half its width, with an edge one pixel soft. In a small drawing the
    pen is thinner than on the board, or it would fill the loops.
    """
    strokes = list(strokes)
    widest = widest_pen(strokes)
    sheet = np.zeros((SIDE, SIDE), np.float32)
    for stroke in strokes:
        if stroke.picture:
            cells = np.frombuffer(stroke.picture, np.uint8).reshape(SIZE, SIZE)
            nearest = np.arange(SIDE) * SIZE // SIDE
            sheet = cells[np.ix_(nearest, nearest)].astype(np.float32) / np.float32(255)
        ends = stroke.points[1:] or stroke.points
        for start, end in zip(stroke.points, ends):
            width = stroke.width if stroke.erase else min(stroke.width, widest)
            _segment(sheet, start, end, width / 2, stroke.erase)
    return sheet


def widest_pen(strokes: Iterable[Stroke]) -> float:
    """How wide a pen may be in this drawing, in pixels; infinite over a picture and for a mere dot."""
    inked = [stroke for stroke in strokes if not stroke.erase]
    if not inked or any(stroke.picture for stroke in inked):
        return math.inf
    width = max(stroke.width for stroke in inked)
    points = [point for stroke in inked for point in stroke.points]
    side = max(max(along) - min(along) for along in zip(*points))
    return THICKEST * side if side + width > ROUND * width else math.inf


def _segment(
    sheet: np.ndarray, start: tuple[float, float], end: tuple[float, float], radius: float, erase: bool
) -> None:
    """Ink the neighbourhood of one straight piece of a stroke, or take the ink away there."""
    (x1, y1), (x2, y2) = start, end
    reach = radius + 1
    left, right = max(0, math.floor(min(x1, x2) - reach)), min(SIDE, math.ceil(max(x1, x2) + reach))
    top, bottom = max(0, math.floor(min(y1, y2) - reach)), min(SIDE, math.ceil(max(y1, y2) + reach))
    if left >= right or top >= bottom:
        return
    x = np.arange(left, right)[None, :] + 0.5 - x1
    y = np.arange(top, bottom)[:, None] + 0.5 - y1
    dx, dy = x2 - x1, y2 - y1
    length = dx * dx + dy * dy
    along = np.clip((x * dx + y * dy) / length, 0, 1) if length > 0 else 0.0
    distance = np.sqrt((x - along * dx) ** 2 + (y - along * dy) ** 2)
    cover = np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)
    part = sheet[top:bottom, left:right]
    if erase:
        np.minimum(part, 1 - cover, out=part)
    else:
        np.maximum(part, cover, out=part)


def read_strokes(strokes: Iterable[Stroke]) -> Ink:
    """The stages from the drawing to what a network sees. Raises InkError where there is no digit."""
    return read_grey(raster(strokes), TIE)


def from_canvas(drawing: Any) -> list[Stroke]:
    """The strokes of what the drawing canvas keeps: its free-drawn paths, curves as their corner points.

    Raises StrokesError.
    """
    try:
        strokes = [
            _stroke(_path(one["path"]), one.get("strokeWidth", PEN), False)
            for one in drawing["objects"]
            if one.get("type", "path").lower() == "path"
        ]
    except StrokesError:
        raise
    except (TypeError, KeyError, AttributeError, ValueError, IndexError, OverflowError) as error:
        raise StrokesError(f"The canvas sent no paths ({type(error).__name__}).") from error
    return _bounded(strokes)


def _path(commands: Iterable[Sequence[Any]]) -> list[float]:
    """The points of a path of M, L and Q commands. The canvas smooths a stroke by curves through the middles between
    the pen's points, which are the curves' own control points."""
    flat: list[float] = []
    for command in commands:
        if command[0] in ("M", "L", "Q"):
            flat += command[1:3]
    return flat


# --- A drawing as text -----------------------------------------------------------------------------------------------


def encode(strokes: Iterable[Stroke]) -> str:
    """The drawing as text for a link: points to half a pixel, only those that the shape needs."""
    data = bytearray()
    for stroke in strokes:
        if stroke.picture:
            _write(data, 0)  # no stroke is without points
            data += stroke.picture
            continue
        points = [(round(x / STEP), round(y / STEP)) for x, y in _simplified(stroke.points)]
        _write(data, len(points) * 2 + stroke.erase)
        _write(data, round(stroke.width))
        before = (0, 0)
        for point in points:
            for now, then in zip(point, before):
                step = now - then
                _write(data, step * 2 if step >= 0 else -step * 2 - 1)
            before = point
    return VERSION + base64.urlsafe_b64encode(bytes(data)).decode().rstrip("=")


def decode(text: str) -> list[Stroke]:
    """The strokes of a text that `encode` made. Raises StrokesError for any other."""
    if not text.startswith(VERSION) or len(text) > 4 * MOST_POINTS:
        raise StrokesError("That link holds no drawing.")
    try:
        data = iter(base64.b64decode(text[1:] + "=" * (-len(text[1:]) % 4), altchars=b"-_", validate=True))
        strokes = []
        while (head := _read(data, optional=True)) is not None:
            if head == 0:
                strokes.append(_picture(bytes(itertools.islice(data, SIZE * SIZE))))
                continue
            width, at, flat = _read(data), [0, 0], []
            for _ in range(head // 2):
                for axis in (0, 1):
                    step = _read(data) or 0
                    at[axis] += step // 2 if step % 2 == 0 else -(step + 1) // 2
                flat += [at[0] * STEP, at[1] * STEP]
            strokes.append(_stroke(flat, width or 0, bool(head % 2)))
    except StrokesError:
        raise
    except (ValueError, StopIteration, RuntimeError) as error:
        raise StrokesError("That link holds only a part of a drawing.") from error
    return _bounded(strokes)


def _simplified(points: Sequence[tuple[float, float]], tolerance: float = 1.0) -> list[tuple[float, float]]:
    """Without the points that lie within `tolerance` pixels of the line between their neighbours (Douglas, Peucker)."""
    keep = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        (x1, y1), (x2, y2) = points[first], points[last]
        length = math.hypot(x2 - x1, y2 - y1)

        def away(i: int, x1=x1, y1=y1, x2=x2, y2=y2, length=length) -> float:
            x, y = points[i]
            if length == 0:
                return math.hypot(x - x1, y - y1)
            return abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length

        farthest = max(range(first + 1, last), key=away)
        if away(farthest) > tolerance:
            keep.add(farthest)
            spans += [(first, farthest), (farthest, last)]
    return [points[i] for i in sorted(keep)]


def _write(data: bytearray, number: int) -> None:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    data.append(number)


def _read(data, optional: bool = False) -> int | None:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number
        if shift > 28:
            break
    if optional and shift == 0:
        return None
    raise StrokesError("That link holds only a part of a drawing.")
