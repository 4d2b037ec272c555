"""From any drawing or picture to the 28 × 28 image that MNIST would have made of it, keeping each stage.

MNIST's pictures were scaled so that the digit's longer side measures 20 pixels, and placed so that its centre of mass
lies in the middle of 28 × 28 pixels (Y. LeCun, C. Cortes, C. Burges, The MNIST database). The same is done here.

    >>> read_ink(Image.open("seven.jpg")).image()      # float32 [1, 28, 28]
"""

import warnings
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage

from lenet.variant import INPUT_SIZE

if TYPE_CHECKING:
    from torch import Tensor

SIDE = INPUT_SIZE  # pixels of the final picture
BOX = 20  # pixels of the digit's longer side
FORMATS = ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"]  # that are opened; Pillow knows many more
LONGEST_SIDE = 20_000  # pixels; Pillow keeps a pointer for each row
MOST_PIXELS = 40_000_000  # of an uploaded picture; a telephone's camera makes 12 to 50 million
WORKING_SIDE = 560  # pixels; larger pictures are shrunk first
LEAST_CONTRAST = 0.12  # of the range from black to white, between paper and ink
INK = 0.3  # of the full ink: from here on a pixel counts as ink
FAINT = 0.01  # of the full ink: the digit ends where it is fainter
STRAY = 0.2  # a spot whose longer side is less than this share of the largest stroke's is dropped
ROUND = 1.7  # a shape no longer than this many times its own thickness is a dot, not a digit
THINNEST = 1.4  # pixels in the final picture; thinner strokes are thickened to this (MNIST's are 2 to 4 thick)


class InkError(ValueError):
    """There is no digit to read; the message says why and what would be right."""


@dataclass(frozen=True)
class Ink:
    """The stages of one picture, each float32 in [0, 1], white ink on black.

    grey: the whole picture, [height, width]; raw: that, simply shrunk to 28 × 28; cropped: only the part with ink, its
    longer side 28; scaled: its longer side 20, in the middle; centred: moved so that the centre of mass is in the
    middle, which is what a network should see. All but `grey` are [28, 28].
    """

    grey: np.ndarray
    raw: np.ndarray
    cropped: np.ndarray
    scaled: np.ndarray
    centred: np.ndarray

    def image(self) -> "Tensor":
        """The final picture, float32 [1, 28, 28]."""
        import torch

        return torch.from_numpy(self.centred)[None]

    def stages(self) -> "Tensor":
        """raw, cropped, scaled and centred as one batch, float32 [4, 1, 28, 28]."""
        import torch

        return torch.from_numpy(np.stack([self.raw, self.cropped, self.scaled, self.centred]))[:, None]


def to_mnist(image: Any) -> "Tensor":
    """Any drawing or picture -> float32 [1, 28, 28] in [0, 1], white ink on black, as MNIST was made.

    image: a PIL image or an array: grey [H, W], [H, W, 1] or [1, H, W], RGB [H, W, 3] or RGBA [H, W, 4]; integers of
    8 or 16 bits of the type's full range, wider ones or floats in [0, 1] or [0, 255], or booleans. Dark on light or
    light on dark; transparency is background.
    Raises InkError if there is nothing that could be a digit.
    """
    return read_ink(image).image()


def read_ink(image: Any) -> Ink:
    """As `to_mnist`, keeping every stage."""
    return read_grey(_ink(_light_and_opacity(image)))


def read_grey(ink: np.ndarray, tie: float = 0.0) -> Ink:
    """How much ink lies on each pixel, float32 [height, width] in [0, 1] -> every stage. Raises InkError.

    tie: a small share of a pixel by which the centre of mass is moved before it is rounded, so that a picture whose
    centre lies between two pixels goes to the same side whatever the last bit of a sum says.
    """
    grey = _drop_strays(ink)
    rows, columns = (np.flatnonzero((grey > FAINT).any(axis)) for axis in (1, 0))
    crop = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    thickness = _thickness(crop)
    cropped = _middle(_scale(crop, thickness, SIDE))
    small = _scale(crop, thickness, BOX)
    scaled = _middle(small)
    return Ink(grey, _resize(grey, SIDE, SIDE), cropped, scaled, _by_mass(small, tie))


def open_picture(file: IO[bytes]) -> Image.Image:
    """An uploaded file as a picture, upright. Its size is checked before anything is decoded.

    Raises InkError for what is no picture, is damaged, or is too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(file, formats=FORMATS)
            if picture.width * picture.height > MOST_PIXELS or max(picture.size) > LONGEST_SIDE:
                raise InkError(
                    f"That picture has {picture.width} × {picture.height} pixels: one of at most "
                    f"{MOST_PIXELS // 10**6} million, no side longer than {LONGEST_SIDE:,}, would do."
                )
            picture.load()
            ImageOps.exif_transpose(picture, in_place=True)
            return picture
    except InkError:
        raise
    except Image.DecompressionBombError:
        raise InkError(f"That picture is too large: at most {MOST_PIXELS // 10**6} million pixels, please.") from None
    except UnidentifiedImageError:
        raise InkError(f"That file is not a picture: {', '.join(FORMATS)} can be read.") from None
    except Exception as error:  # the decoders of six formats stumble in many ways
        raise InkError(f"That picture is damaged and cannot be read ({type(error).__name__}).") from error


def _light_and_opacity(image: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Lightness in [0, 1] and, where there is transparency, opacity in [0, 1]; both float32 [H, W]."""
    if isinstance(image, Image.Image):
        image = _from_pil(image)
    try:
        array = np.asarray(image)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InkError(f"That is not a picture ({error}).") from error
    values: np.ndarray
    if array.dtype == bool:
        values = array.astype(np.float32)
    elif np.issubdtype(array.dtype, np.integer) and array.dtype.itemsize <= 2:
        values = array.astype(np.float32) / np.iinfo(array.dtype).max
    elif np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating):
        values = np.nan_to_num(array.astype(np.float32), posinf=1.0)
        values = values / 255 if values.max(initial=0) > 1.5 else values
    else:
        raise InkError(f"A picture is made of numbers, not of {array.dtype}.")
    if values.ndim == 3 and len(values) == 1 and values.shape[2] > 4:  # as torch keeps a picture
        values = values[0]
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.shape[2] not in (1, 2, 3, 4) or 0 in values.shape:
        raise InkError(
            f"A picture has the shape [height, width] or [height, width, 1, 3 or 4], not {list(array.shape)}."
        )
    values = values.clip(0, 1)
    channels = values.shape[2]
    opacity = values[..., -1] if channels in (2, 4) else None
    colour = values[..., : 3 if channels >= 3 else 1]
    light = colour @ np.array([0.299, 0.587, 0.114], np.float32) if colour.shape[2] == 3 else colour[..., 0]
    return light, opacity if opacity is not None and opacity.min() < 1 else None


def _from_pil(picture: Image.Image) -> np.ndarray:
    deep = picture.mode.startswith(("I", "F"))  # 16 or 32 bits
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    mode = "F" if deep else "RGBA" if clear else "L"
    try:
        if picture.mode != mode:
            picture = picture.convert(mode)
        if max(picture.size) >= 4 * WORKING_SIDE:  # before numbers of four bytes are made of it
            picture = picture.reduce(max(picture.size) // (2 * WORKING_SIDE))
    except (OSError, ValueError, SyntaxError) as error:
        raise InkError(f"That picture is damaged and cannot be read ({type(error).__name__}).") from error
    array = np.asarray(picture)
    if not deep:
        return array
    low, high = array.min(), array.max()  # stretched to what there is
    return (array - low) / max(high - low, 1e-6) if high > 1 else array


def _ink(light_and_opacity: tuple[np.ndarray, np.ndarray | None]) -> np.ndarray:
    """How much ink there is at each pixel, in [0, 1], whichever of paper and pen is the lighter one."""
    light, opacity = light_and_opacity
    if max(light.shape) > WORKING_SIDE:
        scale = WORKING_SIDE / max(light.shape)
        size = [max(1, round(side * scale)) for side in light.shape]
        light = _resize(light, *size)
        opacity = None if opacity is None else _resize(opacity, *size)
    if opacity is not None and np.median(_border(opacity)) < 0.5:  # a drawing on a transparent sheet
        ink = opacity * 1.0
        if opacity.mean() > 0.95 or ink.max() < LEAST_CONTRAST:
            raise InkError("The board is blank: draw a digit from 0 to 9.")
    else:
        if opacity is not None:
            light = light * opacity + (1 - opacity)
        paper = _paper(light)
        difference = light - paper
        lighter = np.abs(difference.max()) >= np.abs(difference.min())
        if min(abs(difference.max()), abs(difference.min())) > LEAST_CONTRAST:  # both: the pen covers less of the sheet
            lighter = (difference > LEAST_CONTRAST).sum() > (difference < -LEAST_CONTRAST).sum()
        ink = (difference if lighter else -difference).clip(0, None)
    top = float(ink.max())
    if top < LEAST_CONTRAST:
        raise InkError("There is no digit in that picture, it is of one shade: draw a digit from 0 to 9.")
    grain = 2 * float(np.percentile(_border(ink), 75))  # of the paper; a drawing has none
    if grain > 0.02:
        top = float(np.percentile(ink[ink > max(grain, top / 2)], 50)) if (ink > max(grain, top / 2)).any() else top
        ink = np.where(ink < max(grain, 0.25 * top), 0, ink)
    return (ink / top).clip(0, 1).astype(np.float32)


def _paper(light: np.ndarray) -> np.ndarray | float:
    """Lightness of the sheet: one number for a drawing, a slow gradient for a photograph."""
    edge = _border(light)
    if np.subtract(*np.percentile(edge, [80, 20])) < 0.02:
        return float(np.median(edge))
    small = _resize(light, *(max(1, side // 8) for side in light.shape))
    slow = ndimage.median_filter(small, size=max(3, max(small.shape) // 4), mode="nearest")
    return _resize(slow.astype(np.float32), *light.shape)


def _border(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])


def _drop_strays(grey: np.ndarray) -> np.ndarray:
    """Without the spots that are no strokes. Raises InkError if nothing is left but a dot."""
    labels, count = ndimage.label(grey >= INK, structure=np.ones((3, 3)))
    if not count:
        raise InkError("The board is blank: draw a digit from 0 to 9.")
    boxes = ndimage.find_objects(labels)
    sizes = [max(side.stop - side.start for side in box) for box in boxes]
    largest = int(np.argmax(sizes))
    inside = np.pad(labels[boxes[largest]] == largest + 1, 1)  # beyond the box there is paper
    thickness = 2 * ndimage.distance_transform_cdt(inside).max()
    if sizes[largest] <= ROUND * thickness and max(grey.shape) > SIDE:
        raise InkError("That is only a dot or a blot: draw a digit from 0 to 9 with one or more strokes.")
    strays = [number for number, size in enumerate(sizes, start=1) if size < STRAY * sizes[largest]]
    if not strays:
        return grey
    stray = np.isin(labels, strays)
    kept = (labels > 0) & ~stray
    return np.where(ndimage.binary_dilation(stray, iterations=2) & ~kept, 0, grey)  # their soft edges too


def _thickness(crop: np.ndarray) -> float:
    """Of the strokes, in pixels: the median along their middle lines."""
    inside = ndimage.distance_transform_edt(np.pad(crop >= INK, 1))
    ridge = inside[(inside > 0) & (inside >= ndimage.maximum_filter(inside, 3))]
    return max(2 * float(np.median(ridge)) - 1, 1.0)


def _scale(crop: np.ndarray, thickness: float, longest: int) -> np.ndarray:
    """The crop with its longer side at this many pixels, as strong and at least as thick as MNIST's strokes."""
    factor = longest / max(crop.shape)
    thickness *= factor
    if thickness < THINNEST and factor < 1:
        grow = round((THINNEST - thickness) / factor / 2)
        if grow:
            crop = ndimage.grey_dilation(np.pad(crop, grow), footprint=_disc(grow))
            factor = longest / max(crop.shape)
    height, width = (max(1, round(side * factor)) for side in crop.shape)
    small = _resize(crop, height, width)
    return (small / max(float(small.max()), 1e-6)).clip(0, 1) if factor < 1 else small


def _disc(radius: int) -> np.ndarray:
    across = np.arange(-radius, radius + 1)
    return across[:, None] ** 2 + across**2 <= radius**2 + radius


def _resize(array: np.ndarray, height: int, width: int) -> np.ndarray:
    """Antialiased; float32 [height, width] in [0, 1]. The same size is the same picture."""
    if array.shape == (height, width):
        return array.astype(np.float32)
    picture = Image.fromarray(np.ascontiguousarray(array, np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0), np.float32).clip(
        0, 1
    )


def _middle(small: np.ndarray) -> np.ndarray:
    top, left = ((SIDE - side) // 2 for side in small.shape)
    return _place(small, top, left)


def _by_mass(small: np.ndarray, tie: float) -> np.ndarray:
    """The middle of the picture is where the centre of mass goes, as far as nothing is cut off."""
    mass = small.sum()
    places = []
    for axis, side in enumerate(small.shape):
        along = small.sum(1 - axis)
        centre = float((along * np.arange(side)).sum() / mass)
        places.append(int(np.clip(np.floor(SIDE / 2 - centre + 0.5 + tie), 0, SIDE - side)))
    return _place(small, *places)


def _place(small: np.ndarray, top: int, left: int) -> np.ndarray:
    sheet = np.zeros((SIDE, SIDE), np.float32)
    sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
    return sheet
