"""From any drawing or picture to the 28 × 28 image that MNIST would have made of it, keeping each stage.

MNIST's pictures were scaled so that the digit's longer side measures 20 pixels, and placed so that its centre of mass
lies in the middle of 28 × 28 pixels (Y. LeCun, C. Cortes, C. Burges, The MNIST database). The same is done here.

    >>> read_ink(Image.open("seven.jpg")).image()      # float32 [1, 28, 28]
"""

import warnings
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage

from lenet import paper
from lenet.variant import INPUT_SIZE

if TYPE_CHECKING:
    from torch import Tensor

SIDE = INPUT_SIZE  # pixels of the final picture
BOX = 20  # pixels of the digit's longer side
FORMATS = ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF"]  # that are opened; Pillow knows many more
NORMALISED = ((0 - 0.1307) / 0.3081, (1 - 0.1307) / 0.3081)  # black and white in PyTorch's examples with MNIST
LONGEST_SIDE = 20_000  # pixels; Pillow keeps a pointer for each row
MOST_PIXELS = 40_000_000  # of an uploaded picture; a telephone's camera makes 12 to 50 million
WORKING_SIDE = 560  # pixels; larger pictures are shrunk first
LEAST_CONTRAST = 0.12  # of the range from black to white, between paper and ink
INK = 0.3  # of the full ink: from here on a pixel counts as ink
FAINT = 0.01  # of the full ink: the digit ends where it is fainter
STRAY = 0.2  # a spot whose longer side is less than this share of the largest stroke's is dropped
ROUND = 1.7  # a shape no longer than this many times its own thickness is a dot, not a digit
SMALL_SHARE = 0.05  # of the picture: a digit that fills less of it could be nearer
DOUBTFUL = 0.5  # of how much the ink looks like a digit: what else looks so much like one makes it doubtful
THINNEST = 1.4  # pixels in the final picture; thinner strokes are thickened to this (MNIST's are 2 to 4 thick)


class InkError(ValueError):
    """There is no digit to read; the message says why and what would be right."""


@dataclass(frozen=True)
class Ink:
    """The stages of one picture, each float32 in [0, 1], white ink on black.

    grey: the whole picture, [height, width]; raw: that, simply shrunk to 28 × 28; cropped: only the part with ink, its
    longer side 28; scaled: its longer side 20, in the middle; centred: moved so that the centre of mass is in the
    middle, which is what a network should see. All but `grey` are [28, 28].
    doubt: from 0 to 1, how nearly something else of the picture was taken for the digit (lenet.paper.Found).
    """

    grey: np.ndarray
    raw: np.ndarray
    cropped: np.ndarray
    scaled: np.ndarray
    centred: np.ndarray
    doubt: float = 0.0

    @property
    def box(self) -> tuple[slice, slice]:
        """Where in `grey` the ink lies, rows and columns."""
        return box_of(self.grey)

    @property
    def hint(self) -> str:
        """What would help to read a picture surely; empty if nothing would."""
        share = self.grey[self.box].size / self.grey.size
        if share < SMALL_SHARE:
            return f"Crop closer: the digit fills {max(100 * share, 1):.0f} % of the picture."
        if self.doubt > DOUBTFUL:
            return "Is that the digit? If not, crop closer, or take the picture in even light."
        return ""

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

    image: a PIL image or an array: grey [H, W], [H, W, 1] or [1, H, W], RGB [H, W, 3] or RGBA [H, W, 4]; booleans, or
    numbers in [0, 1], [0, 16], [0, 255] or [0, 65535], or normalised as PyTorch's examples do. Dark on light or light
    on dark; transparency is background. Of a photograph only the pen's marks count (lenet.paper).
    Raises InkError if there is nothing that could be a digit.
    """
    return read_ink(image).image()


def read_ink(image: Any) -> Ink:
    """As `to_mnist`, keeping every stage."""
    found = _ink(_light_and_opacity(image))
    return replace(read_grey(found.ink), doubt=found.doubt)


def read_cells(light: np.ndarray) -> Ink:
    """As `read_ink`, for a picture of a network's own size that Stress has shaken, [28, 28] in [0, 1].

    The same in the browser (ui/network/stress/transform.js), so it is simple: the sheet is the border's shade or a slow
    gradient, and what is no fainter than its grain is ink. Raises InkError.
    """
    edge = paper.border(light)
    sheet: np.ndarray | float = float(np.median(edge))
    if np.subtract(*np.percentile(edge, [80, 20])) >= 0.02:
        slow = ndimage.median_filter(_resize(light, SIDE // 8, SIDE // 8), size=3, mode="nearest")
        sheet = _resize(slow.astype(np.float32), SIDE, SIDE)
    difference = light - sheet
    lighter = np.abs(difference.max()) >= np.abs(difference.min())
    if min(abs(difference.max()), abs(difference.min())) > LEAST_CONTRAST:  # both: the pen covers less of the sheet
        lighter = (difference > LEAST_CONTRAST).sum() > (difference < -LEAST_CONTRAST).sum()
    ink = (difference if lighter else -difference).clip(0, None)
    top = float(ink.max())
    if top < LEAST_CONTRAST:
        raise InkError("There is no digit in that picture, it is of one shade.")
    grain = 2 * float(np.percentile(paper.border(ink), 75))
    if grain > 0.02:
        strong = ink[ink > max(grain, top / 2)]
        top = float(np.percentile(strong, 50)) if len(strong) else top
        ink = np.where(ink < max(grain, 0.25 * top), 0, ink)
    return read_grey((ink / top).clip(0, 1).astype(np.float32))


def read_grey(ink: np.ndarray, tie: float = 0.0) -> Ink:
    """How much ink lies on each pixel, float32 [height, width] in [0, 1] -> every stage. Raises InkError.

    tie: a small share of a pixel by which the centre of mass is moved before it is rounded, so that a picture whose
    centre lies between two pixels goes to the same side whatever the last bit of a sum says.
    """
    grey = without_strays(ink)
    crop = grey[box_of(grey)]
    thickness = thickness_of(crop)
    cropped = _middle(scaled_to(crop, thickness, SIDE))
    small = scaled_to(crop, thickness, BOX)
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
        raise InkError(_unknown(file)) from None
    except Exception as error:  # the decoders of six formats stumble in many ways
        raise InkError(f"That picture is damaged and cannot be read ({type(error).__name__}).") from error


def _unknown(file: IO[bytes]) -> str:
    """What to say of a file that is none of the formats."""
    file.seek(0)
    start = file.read(512)
    readable = f"{', '.join(FORMATS)} can be read"
    if start[4:8] == b"ftyp" and start[8:12] in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"):
        return "That is a HEIC picture, as iPhones take them: send a screenshot of it, or save it as JPEG."
    if start.startswith(b"%PDF"):
        return "That is a PDF: take a screenshot of the page with the digit."
    if b"<svg" in start.lower():
        return "That is an SVG, a drawing made of shapes: save it as PNG, or take a screenshot."
    return f"That file is not a picture: {readable}."


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
    elif np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating):
        values = _in_range(array)
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


def _in_range(array: np.ndarray) -> np.ndarray:
    """Numbers of a picture in [0, 1]: of the type's full range or of what people use in its place, which are 0 to 1,
    0 to 16 as scikit-learn's digits, 0 to 255, and MNIST's as PyTorch's examples normalise it."""
    values = np.nan_to_num(array.astype(np.float32), posinf=1.0)
    low, high = values.min(initial=0), values.max(initial=0)
    if np.issubdtype(array.dtype, np.integer) and array.dtype.itemsize == 2 and high > 255:
        return values / np.iinfo(array.dtype).max
    if low < 0 and NORMALISED[0] - 0.01 <= low and high <= NORMALISED[1] + 0.01:
        return (values - NORMALISED[0]) / (NORMALISED[1] - NORMALISED[0])
    if low < -0.001 or high > 65_535:
        raise InkError(f"Its values run from {low:.4g} to {high:.4g}: a picture's run from 0 to 1 or from 0 to 255.")
    return values / next(top for top in (1, 16, 255, 65_535) if high <= 1.001 * top)


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
        return array.astype(np.float32) / 255
    low, high = array.min(), array.max()  # stretched to what there is
    return (array - low) / max(high - low, 1e-6) if high > 1 else array


def _ink(light_and_opacity: tuple[np.ndarray, np.ndarray | None]) -> paper.Found:
    """How much ink there is at each pixel, in [0, 1], whichever of paper and pen is the lighter one."""
    light, opacity = light_and_opacity
    if max(light.shape) > WORKING_SIDE:
        scale = WORKING_SIDE / max(light.shape)
        size = [max(1, round(side * scale)) for side in light.shape]
        light = _resize(light, *size)
        opacity = None if opacity is None else _resize(opacity, *size)
    if opacity is not None and np.median(paper.border(opacity)) < 0.5:  # a drawing on a transparent sheet
        ink = opacity * 1.0
        if opacity.mean() > 0.95 or ink.max() < LEAST_CONTRAST:
            raise InkError("That picture is blank: draw a digit from 0 to 9, or choose another picture.")
        return paper.Found((ink / ink.max()).clip(0, 1).astype(np.float32))
    if opacity is not None:
        light = light * opacity + (1 - opacity)
    found = paper.pen(light)
    if found is None:
        raise InkError("There is no digit to be seen in that picture: crop it closer to the digit, or draw one.")
    return found


def without_strays(grey: np.ndarray) -> np.ndarray:
    """Ink, float32 [height, width] in [0, 1], without the spots that are much smaller than its largest stroke.

    Raises InkError if there is no ink, or nothing but a dot.
    """
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


def box_of(grey: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of the smallest box around ink, float32 [height, width] in [0, 1], not empty."""
    rows, columns = (np.flatnonzero((grey > FAINT).any(axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def thickness_of(crop: np.ndarray) -> float:
    """Thickness of the strokes of ink, float32 [height, width] in [0, 1]: the median along their middle lines, at least
    1 pixel."""
    inside = ndimage.distance_transform_edt(np.pad(crop >= INK, 1))
    ridge = inside[(inside > 0) & (inside >= ndimage.maximum_filter(inside, 3))]
    return max(2 * float(np.median(ridge)) - 1, 1.0)


def scaled_to(crop: np.ndarray, thickness: float, longest: int) -> np.ndarray:
    """Ink, float32 [height, width] in [0, 1], with its longer side at `longest` pixels.

    thickness: of its strokes, in pixels. If that shrinks it, strokes that would become thinner than MNIST's are
    thickened first, and the strongest pixel becomes 1.
    """
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
