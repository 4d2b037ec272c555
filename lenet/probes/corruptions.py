"""Fifteen ways to spoil a picture of a digit, so that people still read it.

They are those of MNIST-C (N. Mu, J. Gilmer 2019, arXiv 1906.02337), made anew from what the paper says of them, each at
one strength of our own choice: errors measured with them are of the same kind as the paper's, not the same numbers.
`python -m benchmarks robustness` measures every shipped network. Nothing here imports torch.

    >>> corrupt(image, "zigzag", seed=7)      # float32 [28, 28] in [0, 1]
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from lenet.paths import PRETRAINED
from lenet.variant import INPUT_SIZE

ERRORS = PRETRAINED / "robustness.json"
SIDE = INPUT_SIZE
MIDDLE = (SIDE - 1) / 2
CLEAN = "clean"  # the name in ERRORS of pictures as they are
FINE = 8  # times as large, lines are drawn before they are shrunk

PHOTONS = 5  # that a white pixel gets on average
SPOILT = 0.15  # of all pixels, by impulse noise
SHUFFLED = 1  # pixels that glass moves a pixel at most
MOTION = 6  # pixels that the digit moves while the picture is taken
SHEAR = 0.5  # pixels to the side for each pixel of height
SMALLER = 0.6  # times
TURN = 30  # degrees
MOVED = 5  # pixels, in both directions
LIGHT = 0.5  # that is added to every pixel
STRIPE = (11, 17)  # columns
FOG = 0.8  # white, where it is thickest
SPLASHES = 0.1  # of the picture
DOTS = (1.5, 3.5)  # pixels: how thick they are, and from one to the next
ZIGZAG = (1.2, 2.5, 4.0)  # pixels: how thick the line is, how far it goes to each side, and along between two corners
EDGES = (1.0, 0.1, 0.25)  # pixels of blur; of the steepest slope: what goes on with an edge, and what begins one

Corrupt = Callable[[np.ndarray, np.random.Generator], np.ndarray]  # float64 [28, 28] -> the same, not yet cut to [0, 1]


def shot_noise(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return random.poisson(image * PHOTONS) / PHOTONS


def impulse_noise(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    chance = random.random(image.shape)
    return np.where(chance < SPOILT / 2, 0, np.where(chance > 1 - SPOILT / 2, 1, image))


def glass_blur(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    rows, columns = np.indices(image.shape) + random.integers(-SHUFFLED, SHUFFLED + 1, (2, *image.shape))
    return ndimage.gaussian_filter(image[rows.clip(0, SIDE - 1), columns.clip(0, SIDE - 1)], 0.5)


def motion_blur(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    angle = random.uniform(0, np.pi)
    way = np.array([np.sin(angle), np.cos(angle)])
    moments = np.linspace(-MOTION / 2, MOTION / 2, 2 * MOTION + 1)
    return np.mean([ndimage.shift(image, way * moment, order=1) for moment in moments], 0)


def shear(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return _moved(image, [[1, 0], [random.choice([-SHEAR, SHEAR]), 1]])


def scale(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return _moved(image, np.eye(2) / SMALLER)


def rotate(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    angle = np.radians(random.choice([-TURN, TURN]))
    return _moved(image, [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def translate(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return ndimage.shift(image, random.choice([-MOVED, MOVED], 2), order=1)


def _moved(image: np.ndarray, source: Any) -> np.ndarray:
    """source: [2, 2], from a place of the new picture to that of the old, as rows and columns from the middle."""
    matrix, middle = np.asarray(source), np.full(2, MIDDLE)
    return ndimage.affine_transform(image, matrix, middle - matrix @ middle, order=1)


def brightness(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return image + LIGHT


def stripe(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    image = image.copy()
    image[:, slice(*STRIPE)] = 1 - image[:, slice(*STRIPE)]
    return image


def fog(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    cloud = np.sum([2.0**-octave * _soft(random, SIDE / 4 / 2**octave) for octave in range(4)], 0)
    cloud = (cloud - cloud.min()) / np.ptp(cloud)
    return image + FOG * cloud * (1 - image)


def spatter(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    drops = _soft(random, 1.5)
    edge = np.quantile(drops, 1 - SPLASHES)
    return np.maximum(image, ((drops - edge) / 0.5 + 0.5).clip(0, 1))


def _soft(random: np.random.Generator, size: float) -> np.ndarray:
    """Noise whose spots are that many pixels large, of mean 0 and deviation 1."""
    soft = ndimage.gaussian_filter(random.normal(size=(SIDE, SIDE)), size, mode="wrap")
    return (soft - soft.mean()) / soft.std()


def dotted_line(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    thick, apart = DOTS
    start, way = _across(random)
    sheet = Image.new("L", (SIDE * FINE, SIDE * FINE))
    for far in np.arange(0, 2 * SIDE, apart):
        ImageDraw.Draw(sheet).ellipse(_box(start + way * far, thick), fill=255)
    return np.maximum(image, _shrunk(sheet))


def zigzag(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    thick, wide, apart = ZIGZAG
    start, way = _across(random)
    aside = np.array([-way[1], way[0]]) * wide
    corners = [start + way * apart * n + aside * (-1) ** n for n in range(round(2 * SIDE / apart))]
    sheet = Image.new("L", (SIDE * FINE, SIDE * FINE))
    ImageDraw.Draw(sheet).line([tuple(corner * FINE) for corner in corners], 255, round(thick * FINE), joint="curve")
    return np.maximum(image, _shrunk(sheet))


def _across(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A line through the picture, no further than a quarter of it from the middle: where it begins, and its way."""
    angle = random.uniform(0, 2 * np.pi)
    way = np.array([np.cos(angle), np.sin(angle)])
    near = SIDE / 2 + random.uniform(-SIDE / 4, SIDE / 4) * np.array([-way[1], way[0]])
    return near - SIDE * way, way


def _box(middle: np.ndarray, side: float) -> list[float]:
    return [*((middle - side / 2) * FINE), *((middle + side / 2) * FINE)]


def _shrunk(sheet: Image.Image) -> np.ndarray:
    return np.asarray(sheet.resize((SIDE, SIDE), Image.Resampling.BOX)) / 255


def canny_edges(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Edges after J. Canny (1986): where the slope of the blurred picture is the steepest along its own direction, from
    steep places on, as far as it does not become gentle."""
    blur, low, high = EDGES
    soft = ndimage.gaussian_filter(image, blur)
    slope = np.stack([ndimage.sobel(soft, axis) for axis in (0, 1)])
    steep = np.hypot(*slope)
    way = np.divide(slope, steep, out=np.zeros_like(slope), where=steep > 0)
    here = np.indices(image.shape)
    beside = [ndimage.map_coordinates(steep, here + sign * way, order=1) for sign in (-1, 1)]
    ridge = (steep >= beside[0]) & (steep > beside[1])
    labels, _ = ndimage.label(ridge & (steep > low * steep.max()), np.ones((3, 3)))
    return np.isin(labels, np.unique(labels[ridge & (steep > high * steep.max())])).astype(float) * (labels > 0)


@dataclass(frozen=True)
class Corruption:
    """label, about: for people."""

    label: str
    about: str
    function: Corrupt


CORRUPTIONS = {
    "shot_noise": Corruption("Shot noise", "grainy, like a photo taken in the dark", shot_noise),
    "impulse_noise": Corruption("Impulse noise", "pixels that turned black or white", impulse_noise),
    "glass_blur": Corruption("Glass blur", "seen through frosted glass", glass_blur),
    "motion_blur": Corruption("Motion blur", "the camera moved", motion_blur),
    "shear": Corruption("Shear", "leaning to one side", shear),
    "scale": Corruption("Scale", "smaller", scale),
    "rotate": Corruption("Rotate", "turned by 30°", rotate),
    "brightness": Corruption("Brightness", "too much light", brightness),
    "translate": Corruption("Translate", "not in the middle", translate),
    "stripe": Corruption("Stripe", "black and white swapped in a stripe", stripe),
    "fog": Corruption("Fog", "behind clouds", fog),
    "spatter": Corruption("Spatter", "splashed with paint", spatter),
    "dotted_line": Corruption("Dotted line", "crossed by a dotted line", dotted_line),
    "zigzag": Corruption("Zigzag", "crossed by a zigzag line", zigzag),
    "canny_edges": Corruption("Canny edges", "only the outlines", canny_edges),
}


def corrupt(image: np.ndarray, name: str, seed: int) -> np.ndarray:
    """A picture [28, 28] in [0, 1] -> float32, the same for the same seed. Raises KeyError for an unknown name."""
    row = CORRUPTIONS[name]
    return row.function(np.asarray(image, np.float64), np.random.default_rng(seed)).clip(0, 1).astype(np.float32)


def errors(path: Path = ERRORS) -> dict[str, Any]:
    """What `python -m benchmarks robustness` measured: by the checksum of a network's weights { name, digits, errors },
    the last by corruption, in 0..1; nothing if there is no file or it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
