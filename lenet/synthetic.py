"""Digits drawn by a pen that follows a path: ways of writing that MNIST's American writers hardly use.

A one with a long upstroke, a crossed seven, an open four, a nine with a curled tail: a network that knows only MNIST
takes them for other digits. Here every way of writing is one row of points, drawn with a shaking hand and pens of many
widths, scaled and centred as MNIST was made. They are our own; nobody's handwriting went into them.
"""

from math import dist

import torch
from torch import Tensor

from lenet.data import Digits
from lenet.variant import INPUT_SIZE

# Strokes of each way of writing a digit, separated by "|": points x,y in percent of the box, y downwards.
# The pen goes smoothly through the points; "!" marks a corner.
WAYS: dict[int, tuple[str, ...]] = {
    0: (
        "50,5 15,35 15,70 50,95 85,70 85,30 50,5",
        "60,8 25,18 12,55 30,92 65,92 88,55 75,15 45,6 38,16",
    ),
    1: (
        "50,5! 50,95!",
        "30,30! 60,5! 60,95!",
        "15,50! 60,5! 60,95!",
        "5,60! 65,5! 58,95!",
        "10,48 40,30 68,5! 60,95!",
        "0,62! 78,5! 52,97!",
        "0,50! 70,8! 62,97!",
        "8,42 45,25 75,5! 58,97!",
        "30,30! 55,5! 55,95! | 22,95! 88,95!",
        "25,32! 52,5! 52,95! 85,92!",
        "0,42! 70,4! 50,97!",
        "5,38 38,26 80,4! 58,97!",
        "12,30! 74,4! 44,97!",
        "0,52 32,40 72,5! 68,42 54,97",
        "18,24 36,20 68,4! 56,97!",
    ),
    2: (
        "15,30 25,8 60,5 80,25 65,50 10,95! 90,95!",
        "15,30 30,8 65,5 80,28 60,60 25,90 10,92 18,78 40,82 60,95 92,90",
        "10,20 50,5 80,25 50,60 10,95! 50,88 90,95",
    ),
    3: (
        "15,15 50,5 80,22 65,42 40,48! 75,55 85,78 55,95 12,85",
        "15,5! 85,5! 40,42! 75,50 85,75 55,95 10,85",
        "15,12 55,5 75,25 45,45 80,62 75,88 40,97 12,88",
    ),
    4: (
        "60,5! 8,65! 92,65! | 65,30! 65,95!",
        "25,5! 15,55! 88,52! | 70,5! 65,95!",
        "30,5 10,60! 80,55! | 75,25! 60,95!",
        "38,5 12,58! 60,60 92,52! | 78,12! 62,97!",
        "70,95! 75,5! 10,65! 92,65!",
        "30,5! 10,58! 88,55! | 62,30! 60,95!",
        "45,3 30,30 15,60 50,58 88,48 | 68,28! 60,97!",
    ),
    5: (
        "80,5! 25,5! 20,45! 60,38 85,60 75,88 40,97 10,85",
        "25,8! 20,45! 60,38 85,62 70,90 15,92 | 25,8! 90,5!",
        "80,8 35,8 25,40 60,45 80,65 65,92 12,90",
        "22,8! 92,5! | 42,10! 36,42! 65,42 75,65 60,88 20,97",
    ),
    6: (
        "70,5 30,30 15,65 30,92 65,92 80,70 60,52 25,62",
        "60,5 20,50 20,80 45,97 75,85 70,60 45,55 20,72",
        "80,12 55,5 25,35 15,70 40,96 72,85 65,60 30,62",
    ),
    7: (
        "10,8! 88,8! 40,95!",
        "10,8! 88,8! 40,95! | 25,52! 78,48!",
        "12,22! 15,8! 85,8! 45,95! | 25,50! 80,50!",
        "10,15 30,8 60,14 88,5! 60,45 45,95 | 28,52! 82,46!",
        "12,20 25,8 70,8 80,20 60,60 52,97 | 28,58! 85,52!",
        "10,15 40,6 78,10 74,45 62,97 | 35,60! 92,55!",
        "12,22 45,6 78,18 68,55 45,95 | 28,60! 92,50!",
        "10,20 40,5 72,15 66,50 50,95 42,80 60,62 92,56",
        "12,25! 15,8! 88,8! 48,95!",
    ),
    8: (
        "75,18 45,5 22,22 45,45 75,68 60,95 30,92 20,70 50,47 78,22 62,5",
        "50,48 22,28 50,5 78,28 50,48 15,75 50,97 85,75 50,48",
        "80,15 50,5 25,20 40,42 70,58 75,85 45,97 20,80 35,58 65,40 82,18",
        "78,12 45,5 25,20 45,45 60,70 50,95 36,80 52,52 78,28 72,8",
    ),
    9: (
        "75,15 45,5 18,28 40,50 70,38 78,15! 75,95!",
        "78,30 50,5 20,28 45,52 78,28! 72,95!",
        "75,25 50,5 22,25 45,48 75,28 80,60 65,92 35,97 12,85",
        "65,15 42,5 28,18 42,32 66,20 82,45 80,78 50,97 8,92",
        "70,10 35,10 25,32 50,45 72,15 78,60 60,95 20,90",
        "72,12 40,6 30,25 50,38 72,16 86,50 78,85 45,96 5,94",
        "70,8 40,8 28,28 48,42 70,12 72,60 62,90 40,97 25,86",
    ),
}

# Further ways, of writers from elsewhere.
STYLES: dict[int, tuple[str, ...]] = {
    0: (
        "50,5 18,30 15,70 50,95 82,70 85,30 50,5 | 88,2! 12,98!",  # a slash through it
        "50,5 18,30 15,70 50,95 82,70 85,30 50,5 | 72,25! 30,75!",  # a slash inside
        "50,5 18,30 15,70 50,95 82,70 85,30 50,5 | 48,46 52,54",  # a dot
        "45,8 15,35 18,75 50,95 82,72 80,28 50,6 25,20! 80,88!",  # closed and slashed in one go
    ),
    1: (
        "2,58! 66,4! 58,88! | 22,92! 96,90!",  # a foot and a long upstroke
        "10,45 40,26 62,5! 55,94! | 25,95 55,92 90,95",
        "40,20 52,4 58,12 46,60 44,86 58,96 74,88",  # an l without its loop
        "30,60 62,30 66,8 54,6 44,35 44,80 56,96 74,86",  # an l
        "8,50 40,30 66,4! 46,96!",
        "18,40! 70,4! 38,98!",
        "22,42 32,28 66,4! 40,98!",
        "46,22! 62,4! 58,94 40,96 20,90",
        "25,30! 62,4! 55,92! 22,96! 50,88! 66,94!",
    ),
    2: (
        "15,28 32,8 62,6 78,24 64,52 36,84 14,94 16,80 36,80 60,94 92,86",
        "12,20! 78,6! 72,40! 12,94! 92,92!",
        "14,26 40,4 74,12 76,38 48,70 12,95! 30,86 60,92 94,84",
    ),
    3: (
        "14,8! 82,6! 44,38! 78,48! 70,92! 10,92!",
        "12,18 40,4 72,14 60,38 40,46 52,40 82,60 70,90 36,98 10,86",
    ),
    4: (
        "55,4! 20,52! 72,46! 42,97!",  # a lightning
        "40,4! 14,58! 84,44! 58,97!",
        "34,5 22,48! 78,44 | 62,24! 52,97!",
        "58,4 34,34 14,62 26,70 56,56 84,50 | 70,24! 62,97!",  # a loop at the left
        "62,95 66,40 72,8 40,40 12,66 22,74 52,62 92,58",
        "40,4! 34,50! 70,56! | 62,44! 66,97!",
        "24,4! 26,52! 48,66! 66,62! | 54,40! 62,97!",
        "44,3 34,40 36,58 54,60 70,50 | 66,40 62,70 66,97",
        "20,6 16,44 34,56 62,48 78,8 | 78,8! 66,97!",
    ),
    5: (
        "82,6! 30,8! 26,42! 70,44! 74,84! 18,94!",
        "88,10 56,10 32,8 28,38 56,38 78,58 66,88 36,96 12,84",
        "86,6 50,8 30,14 22,42 40,48 68,60 62,88 30,96 34,80",
    ),
    6: (
        "62,4 36,34 22,70 36,95 58,88 54,72 36,72 26,84",  # a small loop
        "58,3 44,30 34,62 34,86 48,96 60,86 50,76 36,84",
        "72,6! 18,60! 26,94! 74,90! 70,62! 22,64!",
        "54,4 30,50 30,90 62,94 70,70 46,64 30,80",
    ),
    7: (
        "10,16 34,6 62,12 86,6 64,48 48,92 36,86 46,62 68,54 92,50",  # bar and stem in one curve
        "12,14 40,6 80,8 64,46 44,94! 30,62 60,56 90,54",
        "14,18 36,6 66,14 60,48 42,90 34,72 60,56 88,56",
        "16,26 30,8 62,6 80,18 66,50 46,94 | 26,62 56,54 90,52",
        "12,24 26,6 66,8 78,26 72,60 66,97 | 44,60! 94,58!",
        "20,20 42,6 68,18 60,50 40,94 30,84 46,66 70,58 92,52",
        "14,10! 82,6! 56,50! 44,96! | 30,54! 78,46!",
        "18,18 26,8 64,8 74,26 58,56 30,97 | 34,50 56,62 82,66",
        "8,12 22,24 50,10 90,6 62,50 52,96",
    ),
    8: (
        "50,46 30,26 50,5 70,26 52,46 20,70 48,97 78,74 50,46",
        "20,46 46,52 74,26 62,6 46,18 52,50 64,76 52,97 40,82 50,56 74,30",
        "78,8! 26,14! 70,76! 44,96! 24,74! 80,12!",
        "10,38 44,54 66,30 60,8 42,14 50,48 60,80 46,97 34,82 52,50 72,20",
    ),
    9: (
        "62,10 40,4 30,18 44,32 62,18 70,10 76,50 52,90 4,94",  # a wide tail
        "56,12 36,6 30,20 48,30 64,14 80,48 70,82 40,95 2,92",
        "64,16 48,4 34,14 46,28 66,20 62,46 50,70 30,92 6,97",  # a script 9
        "60,8 48,4 38,16 52,26 66,14 68,40 56,62 36,84 2,90",
        "54,16 42,6 34,16 50,28 62,18 58,36 84,66 66,92 8,97",
        "72,14! 30,10! 34,46! 70,40! 74,12! 66,96!",
        "44,10 62,6 66,22 46,30 38,16 58,34 86,62 70,90 12,94",
    ),
}
LISTS = {"plain": WAYS, "all": {digit: WAYS[digit] + STYLES[digit] for digit in WAYS}}
ANGULAR, CONNECTED = 0.1, 0.15  # shares of the drawings of `all`: every point a corner; the pen not lifted
LONGEST_LINK = 60.0  # percent of the box; a longer way to the next stroke is always made through the air
SAMPLES = 120  # points along the pen's path; at most half a pixel apart
SHAKE = 4.0  # standard deviation of each point, in percent of the box
ASPECT = (0.45, 1.1)  # width of the box against its height
WIDTH = (1.6, 4.2)  # of the pen, in pixels of the final picture
BOX = 20.0  # pixels of the longer side, as in MNIST


def draw(count: int, seed: int, which: str = "plain") -> Digits:
    """`count` digits, every way of writing as often as any other; the same for the same seed.

    which: `plain`, WAYS alone; or `all`, STYLES too, some of them angular, some written without lifting the pen.
    """
    random = torch.Generator().manual_seed(seed)
    ways = [(digit, way) for digit, ways in LISTS[which].items() for way in ways]
    labels, paths = zip(*(ways[number % len(ways)] for number in range(count)))
    if which == "all":
        paths = tuple(_in_haste(way, random) for way in paths)
    images = torch.stack([_ink(_path(way, random), random) for way in paths])
    return Digits((images * 255).round().byte()[:, None], torch.tensor(labels))


def _in_haste(way: str, random: torch.Generator) -> str:
    """The same way, now and then with a corner at every point, or with strokes that the pen connects."""
    angular, connected = torch.rand(2, generator=random).tolist()
    strokes = way.split("|")
    if angular < ANGULAR:
        strokes = [" ".join(f"{point.rstrip('!')}!" for point in stroke.split()) for stroke in strokes]
    whole = strokes[0]
    for stroke in strokes[1:]:
        link = dist(_place(whole.split()[-1]), _place(stroke.split()[0]))
        whole += (" " if connected < CONNECTED and link < LONGEST_LINK else " | ") + stroke
    return whole


def _place(point: str) -> list[float]:
    return [float(number) for number in point.rstrip("!").split(",")]


def _path(way: str, random: torch.Generator) -> Tensor:
    """The pen's way, [SAMPLES, 2] as x, y in percent, with a shaking hand."""
    strokes = [_smooth(stroke.split(), random) for stroke in way.split("|")]
    lengths = torch.stack([(stroke[1:] - stroke[:-1]).norm(dim=1).sum() for stroke in strokes])
    counts = (lengths / lengths.sum() * SAMPLES).round().int().clamp(min=2).tolist()
    return torch.cat([_evenly(stroke, count) for stroke, count in zip(strokes, counts)])


def _smooth(points: list[str], random: torch.Generator) -> Tensor:
    """A Catmull-Rom spline through the points, straight at corners, 16 samples a piece."""
    knots: list[Tensor] = []
    for point in points:
        place = torch.tensor(_place(point))
        place = place + SHAKE * torch.randn(2, generator=random)
        knots += [place, place] if point.endswith("!") else [place]  # a knot twice over stops the curve there
    p = torch.stack([knots[0], *knots, knots[-1]])
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    t = torch.linspace(0, 1, 16)[None, :, None]
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return curve.flatten(0, 1)


def _evenly(curve: Tensor, count: int) -> Tensor:
    """`count` points at equal distances along the curve."""
    along = torch.cat([torch.zeros(1), (curve[1:] - curve[:-1]).norm(dim=1).cumsum(0)])
    wanted = torch.linspace(0, along[-1].item(), count)
    after = torch.searchsorted(along, wanted).clamp(1, len(along) - 1)
    share = (wanted - along[after - 1]) / (along[after] - along[after - 1]).clamp(min=1e-6)
    return torch.lerp(curve[after - 1], curve[after], share[:, None])


def _ink(path: Tensor, random: torch.Generator) -> Tensor:
    """The picture [28, 28] in [0, 1]: a round pen along the path, longer side 20 pixels, centred by its mass."""
    aspect, width = (low + (high - low) * torch.rand((), generator=random).item() for low, high in (ASPECT, WIDTH))
    path = path * torch.tensor([aspect, 1.0])
    path = path / (path.amax(0) - path.amin(0)).max() * (BOX - width)
    path = path - path.mean(0) + INPUT_SIZE / 2
    low, high = path.amin(0) - width / 2, path.amax(0) + width / 2
    path = path + (-low).clamp(min=0) - (high - INPUT_SIZE).clamp(min=0)  # nothing is cut off
    centres = torch.arange(INPUT_SIZE) + 0.5
    x, y = (centres[:, None] - path[:, axis] for axis in (0, 1))  # [28, points] each
    nearest = (x[None] ** 2 + y[:, None] ** 2).amin(2).sqrt()
    return (width / 2 + 0.5 - nearest).clamp(0, 1)
