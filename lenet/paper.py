"""Which marks of a picture are the pen's, and not the paper's, the light's or the camera's.

    >>> pen(light).ink                                 # float32 [height, width] in [0, 1], 1 where there is full ink

Paper is what stays when everything narrower than a wide window is closed up, so light may be uneven and shadows hard.
What rises from it well above the grain, and hangs together, is a mark. Some marks are no part of a digit: lines from
edge to edge, frames, specks, and what the edge of the picture cuts off. Dark marks and light ones are both tried; those
win that look more like strokes, long and thin and strong. Before that, thin lines along the edges are cut off. If a
picture lies on an even sheet, as a chart does, the digit is looked for in that picture alone.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image
from scipy import ndimage

# The numbers of this module were chosen on the photographs of tests/photographs.py, made from pen drawings. How many of
# each kind are read correctly: python -m benchmarks photographs FILE
LEAST_RISE = 0.025  # of the range from black to white: nothing fainter is a mark, however clean the paper
WEAK = 0.3  # of the full ink: a mark goes on down to here
SMALL = 96  # pixels; smaller pictures are enlarged first
FULL = np.ones((3, 3), int)  # marks hang together over corners, too

Part = tuple[slice, slice]  # of a picture: rows and columns


@dataclass(frozen=True)
class Found:
    """ink: float32 [height, width] in [0, 1]; doubt: from 0 to 1, how nearly marks of the other shade, light for dark
    ones, looked like the digit."""

    ink: np.ndarray
    doubt: float = 0.0


NARROW = 6.0  # times as long as wide: such a mark is a straight stroke, or a printed line


@dataclass(frozen=True)
class Mark:
    """A connected spot: its number among the labels, its box, its pixels, how dark it is against the full ink, whether
    it lies at the picture's edge (above, below; left, right), and whether that cuts it."""

    label: int
    box: Part
    inside: np.ndarray
    strength: float
    at_edge: tuple[tuple[bool, bool], tuple[bool, bool]]
    cut: bool

    @property
    def size(self) -> int:
        return max(self.inside.shape)

    @cached_property
    def thickness(self) -> float:
        """Of a stroke, the mean distance of its pixels to its outline is a quarter of this."""
        far = ndimage.distance_transform_edt(np.pad(self.inside, 1))[1:-1, 1:-1]
        return 4 * float(far[self.inside].mean())

    @property
    def length(self) -> float:
        return float(self.inside.sum()) / self.thickness**2

    @property
    def narrow(self) -> bool:
        return max(self.inside.shape) > NARROW * min(self.inside.shape)

    @cached_property
    def filled(self) -> np.ndarray:
        """Its pixels and its holes, also those that the picture's edge closes."""
        walls = np.pad(self.inside, 1)
        for axis, (first, last) in enumerate(self.at_edge):
            side = np.moveaxis(walls, axis, 0)
            side[0, 1:-1], side[-1, 1:-1] = first, last
        return ndimage.binary_fill_holes(walls)[1:-1, 1:-1]

    @property
    def thinness(self) -> float:
        """What it leaves free of its box. A straight stroke leaves nothing free, but is thin: 1."""
        high, wide = self.inside.shape
        return 1 - float(self.inside.mean()) if min(high, wide) > 0.4 * max(high, wide) else 1.0


def pen(light: np.ndarray) -> Found | None:
    """How much of the pen's ink lies on each pixel; None where there is no mark.

    light: float32 [height, width] in [0, 1]. The ink has the same shape or, of a small picture, an enlarged one.
    """
    part = _between_lines(light)
    return _found(light) if part is None else _within(light, part)


def _found(light: np.ndarray) -> Found | None:
    """The same of a picture without lines along its edges."""
    if (sheet := _even(light)) is not None:
        return _inset(light, sheet) or _drawn(light - sheet)
    factor = int(np.ceil(SMALL / max(light.shape)))
    if factor > 1:
        light = _enlarged(light, factor)
    light = _sheet(light) if factor == 1 else light
    kinds = [one for dark in (True, False) if (one := _marks(light, dark, factor)) is not None]
    if not kinds:
        return None
    (best, ink), *others = sorted(kinds, key=lambda one: -one[0])
    return Found(ink, others[0][0] / best if others and best else 0.0)


def border(array: np.ndarray) -> np.ndarray:
    """The values along the four edges of an array [height, width], as one row; corners come twice."""
    return np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])


def _even(light: np.ndarray) -> float | None:
    """Lightness of the sheet if it is the same, without any grain, along the picture's edge, as in a drawing.

    A faint line may run along the edge. So the sheet is the most common shade near the edge's.
    """
    edge = border(light)
    middle = float(np.median(edge))
    away = np.abs(edge - middle)
    if (away < 0.002).mean() <= 0.7 or ((away >= 0.002) & (away < 0.01)).mean() >= 0.02:
        return None
    return float(np.median(light[np.abs(light - middle) < LEAST_RISE]))


def _within(light: np.ndarray, part: Part) -> Found | None:
    """What is found in this part of the picture, [height, width], as ink of the whole picture."""
    found = _found(light[part])
    if found is None:
        return None
    factor = found.ink.shape[0] // light[part].shape[0]
    around = [(factor * side.start, factor * (size - side.stop)) for side, size in zip(part, light.shape)]
    return Found(np.pad(found.ink, around), found.doubt)


RIM = 0.03  # of the shorter side, but at least two pixels: lines along the edges no thicker than this are not ink
TINY = 8  # pixels: smaller pictures have no such lines
SAME_SHADE = 0.1  # of the range from black to white: the pixels of such a line are no further apart
ALONG = 0.95  # of an edge of the picture that belongs to what runs along it


def _between_lines(light: np.ndarray) -> Part | None:
    """The part without thin lines of one shade along the picture's edges, which a window has, or what is cut from a
    table; None if there are none. One line alone, of a small picture, may be the bar of a seven."""
    if min(light.shape) < TINY:
        return None
    above, below, left, right = lines = [_line(rows) for side in (light, light.T) for rows in (side, side[::-1])]
    if np.count_nonzero(lines) < (2 if min(light.shape) < SMALL else 1):
        return None
    return slice(above, light.shape[0] - below), slice(left, light.shape[1] - right)


def _line(rows: np.ndarray) -> int:
    """How many of the first rows of a picture, [height, width], are a line: each has one shade, and differs more from
    the rows behind the line than those differ among themselves, as they do in light that fades slowly."""
    most = _rim(rows.shape)
    shades = np.median(rows[: 2 * most + 1], axis=1)
    even = (np.abs(rows[:most] - shades[:most, None]) < SAME_SHADE).mean(1) > ALONG
    fading = abs(shades[most] - shades[-1])
    line = np.logical_and.accumulate(even) & (np.abs(shades[:most] - shades[most]) > LEAST_RISE + fading)
    return int(np.flatnonzero(line)[-1]) + 1 if line.any() else 0


def _rim(shape: tuple[int, ...]) -> int:
    """Pixels from an edge of a picture of this height and width that a line may cover."""
    return max(2, round(RIM * min(shape)))


INSET, SQUARE = 0.1, 0.65  # a picture in a picture covers this share of it or more; its shorter side against the longer
INSET_FULL = 0.93  # of its box, its holes filled: the marks on a chart's axes stick out of it
COUNTER = 0.45  # of the length of an inset: a shorter mark is a counter, not a digit


def _inset(light: np.ndarray, sheet: float) -> Found | None:
    """What is found in a picture or a box that lies on the sheet, as a chart's does between its numbers.

    light: [height, width]; sheet: the lightness of what is around. None if there is no inset, or no stroke in it
    (the counters of a block 0 or 8 are no strokes).
    """
    if min(light.shape) < SMALL:
        return None
    outer = _largest(np.abs(light - sheet), LEAST_RISE)
    if outer is None:
        return None
    sides = outer.inside.shape
    if outer.inside.size < INSET * light.size or min(sides) < SQUARE * max(sides):
        return None
    if ndimage.binary_fill_holes(outer.inside).mean() < INSET_FULL:
        return None
    rim = _rim(sides)
    rows, columns = outer.box
    found = _within(light, (slice(rows.start + rim, rows.stop - rim), slice(columns.start + rim, columns.stop - rim)))
    inner = _largest(found.ink, WEAK) if found else None
    if inner is None:
        return None
    # inside the rim it goes on: thick strokes, not a thin box
    goes_on = border(outer.inside[rim:-rim, rim:-rim]).mean() > 0.5
    return None if goes_on and inner.length < COUNTER * outer.length else found


def _largest(rise: np.ndarray, least: float) -> Mark | None:
    """The mark with the largest box."""
    labels, _ = ndimage.label(rise > least, FULL)
    return max(_all_marks(labels, rise, cut=False), key=lambda mark: mark.inside.size, default=None)


def _drawn(difference: np.ndarray) -> Found | None:
    """The ink of a drawing on an even sheet, to the bit, without what no pen drew.

    difference: lightness against the sheet's, [height, width].
    """
    dark, bright = -float(difference.min()), float(difference.max())
    if max(dark, bright) < LEAST_RISE:
        return None
    lighter = bright >= dark
    if min(dark, bright) > 0.12:  # both: the pen covers less of the sheet
        lighter = (difference > 0.12).sum() > (difference < -0.12).sum()
    rise = (difference if lighter else -difference).clip(0, None)
    rise = rise / rise.max()
    mask = rise >= WEAK
    labels, count = ndimage.label(_without_lines(mask) if max(mask.shape) >= 2 * SMALL / 3 else mask, FULL)
    marks = _all_marks(labels, rise, min(mask.shape) >= SMALL)
    kept = _of_the_digit(_without_ring(marks, mask.shape))
    if not kept:
        return None
    if len(kept) < count or (mask & (labels == 0)).any():
        own = np.isin(labels, [mark.label for mark in kept])
        other = ndimage.binary_dilation(mask & ~own, FULL, iterations=2) & ~own
        rise = np.where(other, 0, rise)
    spots, _ = ndimage.label(rise > 0.01, FULL)
    own = np.isin(spots, [0, *np.unique(spots[rise >= WEAK])])  # what is fainter than that hurts nobody
    return Found(np.where(own, rise, 0).astype(np.float32))


def _enlarged(light: np.ndarray, factor: int) -> np.ndarray:
    picture = Image.fromarray(np.ascontiguousarray(light, np.float32))
    size = (light.shape[1] * factor, light.shape[0] * factor)
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC), np.float32).clip(0, 1)


RECTANGLE = 0.88  # of the smallest box around it that a sheet fills, though seen at a slant; an ellipse fills 0.79


def _sheet(light: np.ndarray) -> np.ndarray:
    """The same picture; but if a whole sheet lies on something darker, its paper replaces that."""
    smooth = ndimage.gaussian_filter(light, 1.5)
    labels, count = ndimage.label(smooth > _between(smooth))
    if not count:
        return light
    inside = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    sides = (inside[0], inside[-1], inside[:, 0], inside[:, -1])
    if not 0.05 < inside.mean() < 0.9 or sum(bool(side.any()) for side in sides) > 2:
        return light
    filled = ndimage.binary_fill_holes(inside)
    if not 0.02 < 1 - inside.sum() / filled.sum() < 0.5 or _fullness(filled) < RECTANGLE:
        return light
    paper = ndimage.binary_erosion(filled, FULL, iterations=4)
    nearest = ndimage.distance_transform_edt(~paper, return_distances=False, return_indices=True)
    return light[tuple(nearest)]


def _between(values: np.ndarray) -> float:
    """The shade that parts dark from light best (N. Otsu, 1979)."""
    counts, edges = np.histogram(values, 64)
    middles = (edges[1:] + edges[:-1]) / 2
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * middles)[:-1]
    above, total = counts.sum() - below, (counts * middles).sum()
    parted = below * above * (sums / below.clip(1) - (total - sums) / above.clip(1)) ** 2
    return float(edges[1 + int(np.argmax(parted))])


def _fullness(filled: np.ndarray) -> float:
    """How much of the smallest box around it, however turned, it fills."""
    rows, columns = np.nonzero(filled & ~ndimage.binary_erosion(filled))
    turns = np.deg2rad(np.arange(-45, 45, 3))[:, None]
    down, across = rows * np.cos(turns) - columns * np.sin(turns), columns * np.cos(turns) + rows * np.sin(turns)
    return float(filled.sum() / ((np.ptp(down, 1) + 1) * (np.ptp(across, 1) + 1)).min())


GRAINS = 5.0  # standard deviations of the paper's grain that a mark rises at least
STRONG = 0.5  # of the full ink: from here on a mark is sure
LONG = 12.0  # times its thickness: a mark need not be longer to be a stroke


def _marks(light: np.ndarray, dark: bool, factor: int) -> tuple[float, np.ndarray] | None:
    """How much the marks of one kind look like a digit, and their ink."""
    rise, grain = _rise(light, dark, factor)
    least = max(LEAST_RISE, GRAINS * grain)
    top = float(np.percentile(rise, 99.7))
    if top < least:
        return None
    rise = rise / top
    strong = rise > max(STRONG, least / top)
    weak = rise > max(WEAK, least / top)
    free = _without_lines(weak) if factor == 1 else weak
    labels, _ = ndimage.label(free & ndimage.binary_dilation(strong & free, FULL, iterations=2), FULL)
    marks = [mark for mark in _all_marks(labels, rise, factor == 1) if mark.inside.sum() >= 4 * factor]
    kept = _of_the_digit(_without_ring(marks, light.shape))
    if not kept:
        return None
    main = kept[0]
    score = min(main.length, LONG) ** 1.5 * _contrast(light, main, dark)
    score *= (0.3 if main.cut else 1) * main.thinness
    if factor > 1:  # along the edge of a small picture there is more paper than ink
        away = np.median(border(light)) - light[main.box][main.inside].mean()
        score *= 1 if (away if dark else -away) > top / 2 else 0.15
    own = np.isin(labels, [mark.label for mark in kept])
    near = ndimage.binary_dilation(own, FULL, iterations=2) & ((labels == 0) | own)
    full = float(np.percentile(rise[own], 60))
    return score, np.where(near, (rise / full).clip(0, 1), 0).astype(np.float32)


def _contrast(light: np.ndarray, mark: Mark, dark: bool) -> float:
    """How much lighter (or darker) it becomes across the mark's outline, where that is least: a pen's mark ends in a
    step all around, but the hollow between two strokes has open sides."""
    around = tuple(slice(max(0, side.start - 5), side.stop + 5) for side in mark.box)
    inside = np.zeros(light.shape, bool)
    inside[mark.box] = mark.inside
    inside, light = inside[around], light[around]
    core = ndimage.binary_erosion(inside)
    far = ndimage.distance_transform_edt(~inside)
    core = core if core.any() else inside
    nearest = ndimage.distance_transform_edt(~core, return_distances=False, return_indices=True)
    ring = (far > 2) & (far <= 4)
    if not ring.any():
        return 0.001
    step = light[ring] - light[tuple(nearest[:, ring])]
    return max(float(np.percentile(step if dark else -step, 20)), 0.001)


WINDOW = 0.3  # of the picture's shorter side: wider than any stroke
WIDE_WINDOW = 0.7  # of a small picture's, which the digit fills
LIT = 80  # percent of the paper: what is brighter may be the reflection of a lamp, light added to paper and ink alike


def _rise(light: np.ndarray, dark: bool, factor: int) -> tuple[np.ndarray, float]:
    """How far each pixel is from the paper, and the grain of that."""
    share = WINDOW if factor == 1 else WIDE_WINDOW
    window = max(5, round(share * min(light.shape)), round(0.2 * max(light.shape)))
    noise = np.abs(light[1:-1, 1:-1] * 4 - light[:-2, 1:-1] - light[2:, 1:-1] - light[1:-1, :-2] - light[1:-1, 2:])
    grain = float(np.median(noise)) * 1.4826 / np.sqrt(20) if noise.size else 0.0
    smooth = ndimage.gaussian_filter(light, float(np.clip(40 * grain, 0.0, 1.5)) if grain > 0.004 else 0.0)
    if dark:
        paper = ndimage.grey_closing(smooth, (window, window), mode="nearest")
        rise = (paper - smooth) / np.minimum(paper, np.percentile(paper, LIT)).clip(0.25)
    else:
        paper = ndimage.grey_opening(smooth, (window, window), mode="nearest")
        rise = smooth - paper
    middle, low = np.percentile(rise, (50, 16))
    grain = float(middle - low)
    most = float(rise.max())
    if middle > 0.25 * most or (rise > most / 2).mean() > 0.3:  # the picture is more ink than paper, or nearly
        middle, low = np.percentile(rise, (20, 10))
        grain = float(middle - low) / 0.44  # that is how far these two lie apart in a normal distribution
    return (rise - middle).clip(0), grain


MOST_MARKS = 40  # that are looked at, the largest ones


def _all_marks(labels: np.ndarray, rise: np.ndarray, cut: bool) -> list[Mark]:
    """The largest ones. cut: the picture is not so small that its edge may be the digit's."""
    boxes = [(box[0], box[1]) for box in ndimage.find_objects(labels)]
    sides = [max(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in boxes]
    marks = []
    for at in sorted(np.argsort(sides, kind="stable")[::-1][:MOST_MARKS].tolist()):
        inside = labels[boxes[at]] == at + 1
        above, left = ((side.start == 0, side.stop == size) for side, size in zip(boxes[at], labels.shape))
        edge = cut and any(above + left)
        marks.append(Mark(at + 1, boxes[at], inside, float(rise[boxes[at]][inside].mean()), (above, left), edge))
    return marks


RING = 0.15  # of the picture's shorter side: what stays so close to the edges is the rest of a frame
LEFT = 0.3  # of that side: what is left without such rests must be at least this large,
LEFT_OF_SCAN = 0.08  # or this large without those that cover a whole edge, the borders of a scan


def _without_ring(marks: list[Mark], shape: tuple[int, int]) -> list[Mark]:
    """Without what runs along the picture's edges: the rest of a printed box, or the border of a scan.

    shape: height and width of the picture. What is left must be large enough to be the digit.
    """
    ring = [mark for mark in marks if _in_ring(mark, shape)]
    for gone, least in ((ring, LEFT), ([mark for mark in ring if _along_edge(mark, shape)], LEFT_OF_SCAN)):
        left = [mark for mark in marks if mark not in gone]
        if max((mark.size for mark in left), default=0) > least * min(shape):
            return left
    return marks


def _along_edge(mark: Mark, shape: tuple[int, int]) -> bool:
    """Whether it covers a whole edge of the picture, as the border of a scan does.

    A larger RIM would find such borders too, but would also take the bar of a seven that is cut tightly for a line.
    """
    return any(
        there and edge.sum() > ALONG * across
        for axis, across in enumerate(shape[::-1])
        for there, edge in zip(mark.at_edge[axis], np.moveaxis(mark.inside, axis, 0)[[0, -1]])
    )


def _in_ring(mark: Mark, shape: tuple[int, int]) -> bool:
    if not any(map(any, mark.at_edge)) or mark.size < 0.8 * min(shape):
        return False
    ring = round(RING * min(shape))
    spans = zip(mark.box, shape)
    inner = tuple(slice(max(0, ring - side.start), max(0, size - ring - side.start)) for side, size in spans)
    return not mark.inside[inner].any()


APART = 0.4  # of the digit's longer side: what lies further away is no part of it
BESIDE = 0.6  # of the rows of both that the next digit of a number shares with it
SPECK = 0.12  # of the longer side of the largest mark; smaller ones are specks
BLOT = 3.0  # times its thickness: a mark shorter than this is a blot
THICKER = 1.5  # times as thick as the digit's strokes: such a blot is no part of the digit


def _of_the_digit(marks: list[Mark]) -> list[Mark]:
    """Those that may be parts of a digit, the most prominent one first."""
    marks = sorted(marks, key=_prominence, reverse=True)
    marks = [mark for mark in marks if not any(_surrounds(mark, other) for other in marks)]
    marks = _without_thin_lines(marks)
    if not marks:
        return []
    main = marks[0]
    near, rest = [main], [mark for mark in marks[1:] if _fits(mark, main)]
    while more := [mark for mark in rest if _gap(mark, near) < APART * main.size or _beside(mark, main)]:
        near += more
        rest = [mark for mark in rest if mark not in more]
    return near


def _fits(mark: Mark, main: Mark) -> bool:
    """Whether the same pen may have made it for the same digit."""
    if mark.size < SPECK * main.size or mark.strength <= 0.5 * main.strength:
        return False
    if mark.cut and (not main.cut or (all(map(any, mark.at_edge)) and mark.length < BLOT)):
        return False
    if mark.length < BLOT and mark.thickness > THICKER * main.thickness:
        return False
    return not _underlines(mark, main)


THIN = 0.7  # of the thickness of the digit's strokes: narrow marks that go beyond it at both ends are lines below this
THINNER = 0.5  # of that thickness: all other narrow marks below this are lines, too
FAR_LONGER = 2.5  # times as long as a stroke: a narrow mark this long is the digit itself


def _without_thin_lines(marks: list[Mark]) -> list[Mark]:
    """Without printed lines, which are thinner than the first mark that is a stroke and not narrow."""
    stroke = next((mark for mark in marks if not mark.narrow and mark.length >= BLOT), None)
    return marks if stroke is None else [mark for mark in marks if not _is_printed(mark, stroke)]


def _is_printed(mark: Mark, stroke: Mark) -> bool:
    """Whether it is a printed line beside this stroke. Printed lines are thinner than the stroke; one that does not
    reach beyond both its ends, much thinner."""
    if not mark.narrow or mark.size > FAR_LONGER * stroke.size:
        return False
    along = int(np.argmax(mark.inside.shape))
    ours, theirs = mark.box[along], stroke.box[along]
    beyond = ours.start < theirs.start and ours.stop > theirs.stop
    return mark.thickness < (THIN if beyond else THINNER) * stroke.thickness


def _beside(mark: Mark, main: Mark) -> bool:
    """Whether it is as high and stands on the same line: perhaps the next digit of a number."""
    rows, others = mark.box[0], main.box[0]
    shared = min(rows.stop, others.stop) - max(rows.start, others.start)
    return shared > BESIDE * max(rows.stop - rows.start, others.stop - others.start)


def _gap(mark: Mark, others: list[Mark]) -> float:
    """Pixels between the box of a mark and the nearest of the others'."""
    return min(max(max(a.start - b.stop, b.start - a.stop, 0) for a, b in zip(mark.box, o.box)) for o in others)


def _prominence(mark: Mark) -> float:
    """Flat marks are lines, and what the edge cuts is not what the picture is of."""
    high, wide = mark.inside.shape
    return mark.size * mark.strength * (0.3 if mark.cut else 1) * (0.3 if wide > 5 * high else 1)


def _surrounds(outer: Mark, inner: Mark) -> bool:
    """Whether it is a frame or a circle around another mark: the other lies in one of its holes, and is no speck."""
    if outer is inner or inner.size < 0.3 * outer.size or outer.size <= inner.size:
        return False
    offset = [theirs.start - ours.start for theirs, ours in zip(inner.box, outer.box)]
    if min(offset) < 0 or any(theirs.stop > ours.stop for theirs, ours in zip(inner.box, outer.box)):
        return False
    hole = outer.filled & ~outer.inside
    rows, columns = (slice(start, start + side) for start, side in zip(offset, inner.inside.shape))
    return bool(hole[rows, columns][inner.inside].mean() > 0.9)


def _underlines(mark: Mark, main: Mark) -> bool:
    """Whether it is a flat line below or above the largest mark."""
    (rows, columns), (theirs, _) = mark.box, main.box
    high, wide = rows.stop - rows.start, columns.stop - columns.start
    if wide < 5 * high:
        return False
    gap = max(rows.start - theirs.stop, theirs.start - rows.stop)
    below = rows.start >= theirs.stop - high
    return below or gap > 0.15 * main.size or wide > 1.3 * main.inside.shape[1]


def _without_lines(mask: np.ndarray) -> np.ndarray:
    """Without the lines that run from edge to edge, except where strokes cross them."""
    for turned in (False, True):
        sheet = mask.T if turned else mask
        cleaned = _without_rows(sheet)
        mask = cleaned.T if turned else cleaned
    return mask


SLOPES = np.linspace(-0.2, 0.2, 41)  # of lines from edge to edge, against the picture's sides
ACROSS = 0.7  # of the picture that such a line covers
EDGE = 3  # pixels: as close as this to two opposite edges it begins and ends


def _without_rows(mask: np.ndarray) -> np.ndarray:
    high, wide = mask.shape
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return mask
    best, slope = 0.0, 0.0
    pad = int(np.ceil(0.2 * wide)) + 1
    counts = {}
    for one in SLOPES:
        counts[one] = np.bincount((rows + one * columns + pad).round().astype(int), minlength=high + 2 * pad)
        if (share := float((counts[one].astype(float) ** 2).sum())) > best:
            best, slope = share, one
    found = np.flatnonzero(counts[slope] > ACROSS * wide)
    if not len(found):
        return mask
    at = (rows + slope * columns + pad).round().astype(int)
    runs = _upright_runs(mask)[rows, columns]
    bands = np.split(found, np.flatnonzero(np.diff(found) > 1) + 1)
    gone = np.zeros(len(rows), bool)
    for band in bands:
        near = (at >= band[0] - 2) & (at <= band[-1] + 2)
        thick = np.median(runs[(at >= band[0]) & (at <= band[-1])])
        if columns[near].min() > EDGE or columns[near].max() < wide - 1 - EDGE:
            continue
        if thick <= 0.06 * high and not (rows[near].min() > 0.9 * high or rows[near].max() < 0.1 * high):
            gone |= near & (runs <= thick + 2)
    cleaned = mask.copy()
    cleaned[rows[gone], columns[gone]] = False
    return cleaned


def _upright_runs(mask: np.ndarray) -> np.ndarray:
    """For each pixel the length of the unbroken run of the mask in its column."""
    labels, _ = ndimage.label(mask, [[0, 1, 0], [0, 1, 0], [0, 1, 0]])
    return np.bincount(labels.ravel())[labels]
