"""Photographs of a digit, made from clean ink: what telephones, scanners and paper add to it.

    >>> photograph(ink, "squared", np.random.default_rng(0))      # uint8 [height, width], or in colour [.., .., 3]

ink: float [height, width] in [0, 1], 1 where the pen was. Most kinds add one thing to a sheet that is lit a little
unevenly, and "all at once" adds many; in these the digit's longer side takes 20 to 90 % of the frame's shorter side.
The kinds in CUT_OUT have sizes of their own: digits cut from a scan or a table, a whole scan, a chart and a photograph
that was made black and white.
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

FRAME = (330, 400)  # height and width of a photograph
SHARE = (0.2, 0.9)  # of the frame's shorter side, the digit's longer side


@dataclass
class Scene:
    """A sheet before the camera sees it. ink, of the pen and of what is printed, in [0, 1]; paper: what the sheet
    reflects, light: what falls on it, 1 is white; box: top, left, height and width of the digit; over: what lies on
    the sheet, its place in [0, 1] and its colour. Pen and what lies over it may have a colour: red, green and blue."""

    ink: np.ndarray
    box: tuple[int, int, int, int]
    random: np.random.Generator
    paper: np.ndarray
    light: np.ndarray
    pen: float | np.ndarray = 0.2
    blur: float = 0.7
    grain: float = 0.004
    quality: int = 92
    glow: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))
    over: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    def between(self, low: float, high: float) -> float:
        """A number by chance."""
        return float(self.random.uniform(low, high))


def photograph(ink: np.ndarray, kind: str, random: np.random.Generator) -> np.ndarray:
    """A picture of this kind, uint8 [height, width] or [height, width, 3]."""
    if kind in CUT_OUT:
        return CUT_OUT[kind](ink, random)
    scene = _scene(ink, random)
    for step in KINDS[kind]:
        step(scene)
    return _camera(scene)


def _scene(ink: np.ndarray, random: np.random.Generator) -> Scene:
    high, wide = FRAME
    small = _digit(ink, random.uniform(*SHARE) * min(FRAME))
    margin = 6
    top = int(random.integers(margin, max(margin, high - small.shape[0] - margin) + 1))
    left = int(random.integers(margin, max(margin, wide - small.shape[1] - margin) + 1))
    sheet = np.zeros(FRAME)
    sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
    y, x = np.mgrid[0:high, 0:wide] / max(FRAME) - 0.4
    light = 0.82 + random.uniform(-0.12, 0.12) * x + random.uniform(-0.12, 0.12) * y
    scene = Scene(sheet, (top, left, *small.shape), random, np.full(FRAME, 1.0), light)
    scene.pen = random.uniform(0.08, 0.45)
    return scene


def _camera(scene: Scene) -> np.ndarray:
    ink = scene.ink[..., None]
    reflected = scene.paper[..., None] * (1 - ink) + scene.pen * ink
    for place, colour in scene.over:
        reflected = reflected * (1 - place[..., None]) + colour * place[..., None]
    seen = ndimage.gaussian_filter(reflected * scene.light[..., None], (scene.blur, scene.blur, 0))
    seen = seen + scene.glow[..., None]
    seen = seen + scene.random.normal(0, scene.grain, seen.shape)
    return _jpeg(seen[..., 0] if seen.shape[2] == 1 else seen, scene.quality)


def _jpeg(seen: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray((seen * 255).round().clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def _digit(ink: np.ndarray, longer: float) -> np.ndarray:
    """The digit alone, its longer side at so many pixels."""
    rows, columns = (np.flatnonzero((ink > 0.1).any(axis)) for axis in (1, 0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    high, wide = (max(2, round(side * longer / max(digit.shape))) for side in digit.shape)
    picture = Image.fromarray(digit.astype(np.float32))
    return np.asarray(picture.resize((wide, high), Image.Resampling.BICUBIC)).clip(0, 1)


def _thumbnail(ink: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """16 to 60 pixels high or wide with a margin of 0 to 4, as digits cut from a scan are."""
    margin = int(random.integers(0, 5))
    small = np.pad(_digit(ink, int(random.integers(16, 61)) - 2 * margin), margin)
    pen, paper = random.uniform(0.05, 0.4), random.uniform(0.75, 1)
    if random.random() < 0.3:  # light on dark
        pen, paper = 1 - pen, 1 - paper
    seen = paper * (1 - small) + pen * small + random.normal(0, random.uniform(0, 0.025), small.shape)
    return _jpeg(seen, int(random.integers(50, 96)))


def _cell(ink: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Cut from a printed table, with remains of its lines along some of the edges."""
    longer = int(random.integers(30, 120))
    margins = [(int(random.uniform(0.08, 0.3) * longer) + 2, int(random.uniform(0.08, 0.3) * longer) + 2) for _ in "yx"]
    small = np.pad(_digit(ink, longer), margins)
    y, x = np.mgrid[0 : small.shape[0], 0 : small.shape[1]].astype(float)
    for away, along in ((y, x), (small.shape[0] - 1 - y, x), (x, y), (small.shape[1] - 1 - x, y)):
        if random.random() < 0.6:
            edge = random.uniform(-1, 2) + random.uniform(-0.02, 0.02) * along
            small = np.maximum(small, (random.uniform(0.5, 1.5) + 0.5 - np.abs(away - edge)).clip(0, 1))
    seen = random.uniform(0.8, 1) * (1 - small) + random.uniform(0.05, 0.4) * small
    return _jpeg(seen + random.normal(0, random.uniform(0, 0.02), small.shape), int(random.integers(60, 96)))


def _clean_cell(ink: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The same without noise, and the lines lie right at the edges."""
    side = int(random.integers(50, 150))
    sheet = _placed(ink, side, side, random.uniform(0.5, 0.75) * side, random)
    for turn, line in enumerate(random.random(4) < 0.6):
        if line:
            np.rot90(sheet, turn)[: int(random.integers(1, 3))] = 1
    return np.asarray(255 * (1 - random.uniform(0.5, 1) * sheet), np.uint8)


def _placed(ink: np.ndarray, high: int, wide: int, longer: float, random: np.random.Generator) -> np.ndarray:
    """A sheet with the digit anywhere, but not at an edge."""
    small = _digit(ink, longer)
    top, left = (int(random.integers(4, size - side - 3)) for size, side in zip((high, wide), small.shape))
    sheet = np.zeros((high, wide))
    sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
    return sheet


def _scan(ink: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A sheet that is smaller than the scanner's glass: dark bars along some of the edges."""
    sheet = _placed(ink, 400, 400, random.uniform(80, 260), random)
    seen = np.pad(0.95 - 0.8 * sheet, 30, constant_values=0.95)
    wide, shade = int(random.integers(3, 26)), random.uniform(0, 0.4)
    for turn, bar in enumerate(random.random(4) < 0.6):
        if bar:
            np.rot90(seen, turn)[:wide] = shade
    return _jpeg(ndimage.gaussian_filter(seen, 0.6) + random.normal(0, 0.006, seen.shape), 70)


def _chart(ink: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The digit as a picture of 28 × 28 cells, light on dark or dark on light, between the axes of a chart."""
    cells = _placed(ink, 28, 28, 19, random)
    page = np.ones((480, 640))
    page[58:422, 140:504] = np.kron(cells if random.random() < 0.7 else 1 - cells, np.ones((13, 13)))
    picture = Image.fromarray((255 * page).astype(np.uint8))
    sketch = ImageDraw.Draw(picture)
    sketch.rectangle((140, 58, 504, 422), outline=0)
    for tick in range(0, 28, 5):
        at = 13 * tick + 6
        sketch.line((140 + at, 422, 140 + at, 426), 0)
        sketch.line((136, 58 + at, 140, 58 + at), 0)
        sketch.text((136 + at, 428), str(tick), 0)
        sketch.text((118, 52 + at), str(tick), 0)
    return np.asarray(picture)


def _thresholded(ink: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Black and white: a dark corner of the photograph became a blot."""
    sheet = _placed(ink, 300, 300, random.uniform(120, 200), random)
    y, x = np.mgrid[0:300, 0:300]
    corner = np.hypot(y - random.choice([0, 299]), x - random.choice([0, 299])) < random.uniform(20, 90)
    free = ndimage.binary_dilation(sheet > 0.2, iterations=12)
    return np.where((sheet > 0.5) | (corner & ~free), 0, 255).astype(np.uint8)


CUT_OUT = {
    "thumbnail": _thumbnail,
    "cell": _cell,
    "clean cell": _clean_cell,
    "scan": _scan,
    "chart": _chart,
    "thresholded": _thresholded,
}


# --- What a scene may have -------------------------------------------------------------------------------------------


def _grain(scene: Scene) -> None:
    scene.grain = math.exp(scene.between(math.log(0.002), math.log(0.05)))
    scene.quality = 95


def _uneven(scene: Scene) -> None:
    high, wide = FRAME
    angle = scene.between(0, 2 * math.pi)
    y, x = np.mgrid[0:high, 0:wide] / max(FRAME) - 0.4
    scene.light = 0.62 + scene.between(0.3, 0.55) * (x * math.cos(angle) + y * math.sin(angle))
    lamp = (x - scene.between(-0.4, 0.4)) ** 2 + (y - scene.between(-0.4, 0.4)) ** 2
    scene.light = (scene.light + scene.between(0, 0.25) * np.exp(-lamp / 0.1)).clip(0.15, 1)


def _half_plane(scene: Scene, soft: float, through: tuple[float, float]) -> np.ndarray:
    """1 on one side of a line by chance, 0 on the other. through: x, y of a point of it."""
    angle = scene.between(0, 2 * math.pi)
    y, x = np.mgrid[0 : FRAME[0], 0 : FRAME[1]]
    return ((x - through[0]) * math.cos(angle) + (y - through[1]) * math.sin(angle)).clip(-soft, soft) / soft / 2 + 0.5


def _shadow(scene: Scene) -> None:
    """The edge of a hand or a telephone, which may lie across the digit."""
    through = scene.between(0.15, 0.85) * FRAME[1], scene.between(0.15, 0.85) * FRAME[0]
    shade = _half_plane(scene, scene.between(0.5, 6), through)
    scene.light = scene.light * (1 - scene.between(0.25, 0.6) * shade)


def _lines(scene: Scene, spacing: float, upright: bool) -> np.ndarray:
    thick, slope, phase = scene.between(1, 2.2), scene.between(-0.03, 0.03), scene.between(0, spacing)
    y, x = np.mgrid[0 : FRAME[0], 0 : FRAME[1]]
    across = (x + slope * y if upright else y + slope * x) + phase
    far = np.abs((across + spacing / 2) % spacing - spacing / 2)
    return (thick / 2 + 0.5 - far).clip(0, 1)


def _ruled(scene: Scene) -> None:
    scene.paper = scene.paper * (1 - scene.between(0.1, 0.4) * _lines(scene, scene.between(24, 60), False))


def _squared(scene: Scene) -> None:
    spacing, dark = scene.between(14, 36), scene.between(0.1, 0.4)
    grid = np.maximum(_lines(scene, spacing, False), _lines(scene, spacing, True))
    scene.paper = scene.paper * (1 - dark * grid)


def _chalk(scene: Scene) -> None:
    """Light on dark, with gaps where the board is rough, and clouds of what was wiped off."""
    rough = ndimage.gaussian_filter(scene.random.normal(0, 1, FRAME), 0.8)
    scene.ink = scene.ink * (0.85 + 0.35 * rough / rough.std()).clip(0, 1)
    clouds = ndimage.gaussian_filter(scene.random.normal(0, 1, FRAME), (8, 30))
    scene.paper = scene.between(0.12, 0.25) + scene.between(0.01, 0.05) * clouds / clouds.std()
    scene.pen, scene.grain = scene.between(0.6, 0.95), 0.012


def _glare(scene: Scene) -> None:
    """A lamp in a whiteboard."""
    y, x = np.mgrid[0 : FRAME[0], 0 : FRAME[1]]
    at, wide = (scene.between(0, FRAME[0]), scene.between(0, FRAME[1])), scene.between(25, 90)
    spot = np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / 2 / wide**2)
    scene.light, scene.glow = scene.light * 0.75, scene.between(0.3, 0.6) * spot


def _frame(scene: Scene) -> None:
    """A printed box around the digit."""
    top, left, high, wide = scene.box
    thick, gap = scene.between(1, 4), scene.between(0.08, 0.3) * max(high, wide)
    y, x = np.mgrid[0 : FRAME[0], 0 : FRAME[1]] + 0.5
    outside = np.maximum(np.maximum(top - y, y - top - high), np.maximum(left - x, x - left - wide))
    scene.ink = np.maximum(scene.ink, (thick / 2 + 0.5 - np.abs(outside - gap)).clip(0, 1))


def _underline(scene: Scene) -> None:
    """A line under the digit, as long as the digit is wide or from edge to edge."""
    top, left, high, wide = scene.box
    thick, gap, slope = scene.between(1.5, 4), scene.between(0.04, 0.2) * high, scene.between(-0.02, 0.02)
    y, x = np.mgrid[0 : FRAME[0], 0 : FRAME[1]] + 0.5
    line = (thick / 2 + 0.5 - np.abs(y - top - high - gap - thick / 2 - slope * (x - left - wide / 2))).clip(0, 1)
    if scene.random.random() < 0.5:
        line = line * (np.abs(x - left - wide / 2) < max(wide, high / 2) * scene.between(0.5, 0.9))
    scene.ink = np.maximum(scene.ink, line)


def _table(scene: Scene) -> None:
    """The sheet ends on one side, and the table is seen."""
    top, left, high, wide = scene.box
    room = [top, FRAME[0] - top - high, left, FRAME[1] - left - wide]
    side = int(np.argmax(room))
    y, x = np.mgrid[0 : FRAME[0], 0 : FRAME[1]]
    away = (y, FRAME[0] - 1 - y, x, FRAME[1] - 1 - x)[side] + scene.between(-0.1, 0.1) * (x if side < 2 else y)
    table = (away < room[side] * scene.between(0.2, 0.6)).astype(float)
    scene.paper = scene.paper * (1 - table * scene.between(0.3, 0.9))


def _neighbour(scene: Scene) -> None:
    """Another digit of the same size, cut by the edge of the frame: here the same, turned around."""
    top, left, high, wide = scene.box
    other = scene.ink[top : top + high, left : left + wide][::-1, ::-1]
    right = FRAME[1] - left - wide > left
    seen = int(min(scene.between(0.2, 0.6) * wide, (FRAME[1] - left - wide if right else left) - 0.06 * high))
    if seen < 3:
        return
    place = scene.ink[top : top + high]
    if right:
        place[:, -seen:] = np.maximum(place[:, -seen:], other[:, :seen])
    else:
        place[:, :seen] = np.maximum(place[:, :seen], other[:, -seen:])


def _compressed(scene: Scene) -> None:
    scene.quality, scene.grain = int(scene.between(12, 45)), 0.01


def _tilted(scene: Scene) -> None:
    """A sheet turned by some degrees, seen from below: before anything else is put beside the digit."""
    angle, nearer = math.radians(scene.between(-9, 9)), scene.between(-0.3, 0.3)
    middle = np.array(FRAME) / 2
    y, x = np.mgrid[0 : FRAME[0], 0 : FRAME[1]].astype(float)
    y, x = y - middle[0], x - middle[1]
    depth = 1 + nearer * y / FRAME[0]
    down, across = (
        (y * math.cos(angle) - x * math.sin(angle)) / depth,
        (x * math.cos(angle) + y * math.sin(angle)) / depth,
    )
    scene.ink = ndimage.map_coordinates(scene.ink, [down * 1.15 + middle[0], across * 1.15 + middle[1]], order=1)
    rows, columns = (np.flatnonzero((scene.ink > 0.1).any(axis)) for axis in (1, 0))
    scene.box = (int(rows[0]), int(columns[0]), int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1)


def _dim(scene: Scene) -> None:
    scene.grain = scene.between(0.005, 0.02)
    scene.quality = int(scene.between(40, 90))
    scene.blur = scene.between(0.6, 1.2)


def _paper(scene: Scene) -> None:
    (_ruled, _squared, lambda scene: None)[int(scene.random.integers(3))](scene)


def _one_more(scene: Scene) -> None:
    (_table, _neighbour, lambda scene: None)[int(scene.random.integers(3))](scene)


PENS = {"blue": (0.1, 0.2, 0.6), "red": (0.75, 0.12, 0.15), "green": (0.1, 0.5, 0.25), "pencil": (0.55, 0.55, 0.57)}
MARKERS = {"yellow": (0.95, 0.93, 0.3), "pink": (0.98, 0.5, 0.7), "orange": (1.0, 0.7, 0.3)}  # that one sees through


def _colour(scene: Scene, pens: dict[str, tuple[float, float, float]]) -> None:
    scene.pen = np.array(list(pens.values())[int(scene.random.integers(len(pens)))])
    scene.pen = (scene.pen + scene.random.normal(0, 0.03, 3)).clip(0.02, 1)
    scene.grain = 0.008


def _coloured(scene: Scene) -> None:
    _colour(scene, PENS)


def _highlighter(scene: Scene) -> None:
    _colour(scene, MARKERS)


def _finger(scene: Scene) -> None:
    """It holds the sheet down, from an edge: as far from the digit as there is room, with a shadow beside it."""
    _coloured(scene)
    top, left, high, wide = scene.box
    room = [top, FRAME[0] - top - high, left, FRAME[1] - left - wide]
    side = int(np.argmax(room))
    y, x = np.mgrid[0 : FRAME[0], 0 : FRAME[1]].astype(float)
    depth, along = ((y, x), (FRAME[0] - 1 - y, x), (x, y), (FRAME[1] - 1 - x, y))[side]
    thick = scene.between(0.06, 0.12) * max(FRAME)
    long = min(room[side] - 0.08 * max(high, wide), scene.between(0.15, 0.4) * max(FRAME)) - thick
    middle = scene.between(0.2, 0.8) * along.max() + scene.between(-0.4, 0.4) * depth
    far = np.hypot((depth - long).clip(0), along - middle)
    scene.light = scene.light * (1 - 0.35 * np.exp(-(((far - thick).clip(0) / 8) ** 2)))
    skin = np.array([0.85, 0.62, 0.5]) * scene.between(0.4, 1)
    scene.over.append(((thick - far + 0.5).clip(0, 1), skin))


def _whiteboard(scene: Scene) -> None:
    """Glare, clouds of what was wiped off, and a coloured marker that is nearly empty."""
    _colour(scene, {**PENS, "black": (0.15, 0.15, 0.17)})
    streaks = ndimage.gaussian_filter(scene.random.normal(0, 1, FRAME), 1.2)
    scene.ink = scene.ink * (scene.between(0.5, 0.95) + 0.12 * streaks / streaks.std()).clip(0, 1)
    clouds = ndimage.gaussian_filter(scene.random.normal(0, 1, FRAME), (10, 30))
    scene.paper = 0.93 + scene.between(0.003, 0.012) * clouds / clouds.std()
    _glare(scene)


def _sheet_on_a_table(scene: Scene) -> None:
    """A whole sheet, turned, with a table of wood or of another shade around it. For what is drawn already."""
    _tilted(scene)
    top, left, high, wide = scene.box
    y, x = np.mgrid[0 : FRAME[0], 0 : FRAME[1]].astype(float)
    angle, gap = math.radians(scene.between(-12, 12)), max(0.12 * max(high, wide), 12)
    y, x = y - top - high / 2, x - left - wide / 2
    down, across = y * math.cos(angle) - x * math.sin(angle), x * math.cos(angle) + y * math.sin(angle)
    sides = [scene.between(1, 3.5) * gap for _ in range(4)]
    reach = (
        (high * math.cos(angle) + wide * abs(math.sin(angle))) / 2,
        (wide * math.cos(angle) + high * abs(math.sin(angle))) / 2,
    )
    outside = np.maximum.reduce(
        [
            -down - reach[0] - sides[0],
            down - reach[0] - sides[1],
            -across - reach[1] - sides[2],
            across - reach[1] - sides[3],
        ]
    )
    wood = ndimage.gaussian_filter(scene.random.normal(0, 1, FRAME), (1, 25))
    shade = (scene.between(0.15, 0.75) * (1 + 0.12 * wood / wood.std())).clip(0, 1)
    table = (outside + 0.5).clip(0, 1)
    scene.paper = scene.paper * (1 - table) + shade * table
    scene.light = scene.light * (1 - 0.25 * np.exp(-((outside.clip(0) / 5) ** 2)) * (outside > 0))


def _form(scene: Scene) -> None:
    """A row of printed boxes, the digit in one of them, the others empty."""
    top, left, high, wide = scene.box
    longer = max(high, wide)
    thick, side = scene.between(1, 3), (1 + 2 * scene.between(0.06, 0.25)) * longer
    y, x = np.mgrid[0 : FRAME[0], 0 : FRAME[1]] + 0.5
    y, x = y - top - high / 2, x - left - wide / 2
    far = np.abs((x + side / 2 + side / 2) % side - side / 2)
    lines = (thick / 2 + 0.5 - far).clip(0, 1) * (np.abs(y) < side / 2)
    lines = np.maximum(lines, (thick / 2 + 0.5 - np.abs(np.abs(y) - side / 2)).clip(0, 1))
    scene.ink = np.maximum(scene.ink, lines * scene.between(0.5, 1))


KINDS: dict[str, tuple[Callable[[Scene], None], ...]] = {
    "clean": (),
    "grain": (_grain,),
    "uneven light": (_uneven,),
    "hard shadow": (_shadow,),
    "ruled": (_ruled,),
    "squared": (_squared,),
    "chalk": (_chalk,),
    "glare": (_glare,),
    "frame": (_frame,),
    "line under it": (_underline,),
    "table edge": (_table,),
    "neighbour": (_neighbour,),
    "JPEG": (_compressed,),
    "tilted": (_tilted, _ruled),
    "all at once": (_tilted, _one_more, _paper, _shadow, _dim),
    "coloured pen": (_coloured,),
    "highlighter": (_highlighter,),
    "finger": (_finger,),
    "whiteboard": (_whiteboard,),
    "sheet on a table": (_sheet_on_a_table,),
    "form": (_form,),
    **dict.fromkeys(CUT_OUT, ()),
}
