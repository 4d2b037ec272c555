"""Shift, scale, rotate, squeeze, thicken and noise a digit, and find where a network stops recognising it.

LeNet-5's web page (Y. LeCun, 1998) showed these six as animations of one network; here they work on any digit and any
network. The 28 × 28 image is what is transformed: the picture shown is the picture tested. This is the reference of
what the page does in the browser, and measures the averages over many digits.

    >>> swept = sweep({"best": model}, image, "rotate")
    >>> swept.amounts[swept.break_points("best")[1]]      # degrees anticlockwise from which on the answer is another
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby, product
from math import pi
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.data import Digits, pixels
from lenet.evaluation import outputs, read
from lenet.ink import InkError, read_cells
from lenet.model import LeNet
from lenet.paths import write_atomically
from lenet.probes.transformations import (
    AMOUNTS,
    AVERAGES,
    SCHEMA,
    TRANSFORMATIONS,
    AveragesError,
    Transformation,
    noise_pattern,
    read_averages,
    transformation,
)
from lenet.variant import INPUT_SIZE

REACH = 2  # pixels that a pen tip reaches at most
AVERAGE_DIGITS = 500  # the first ones of the test set
NORMAL_95 = 1.96  # standard errors of the mean to each end of a 95 % interval; with 500 digits the normal law will do


def _rotated(x: Tensor, y: Tensor, degrees: Tensor) -> tuple[Tensor, Tensor]:
    cos, sin = (degrees * pi / 180).cos(), (degrees * pi / 180).sin()
    return x * cos - y * sin, x * sin + y * cos


def _stroke(images: Tensor, pixels: Tensor, _: int) -> Tensor:
    """Grey dilation by a round pen tip, or erosion where `pixels` is negative: edges move by half of it on each side.

    Between pixels the picture is interpolated linearly, so the largest value under the tip lies on the tip's edge or
    at a pixel; for a tip of a radius below two pixels these are the eight neighbours.
    """
    if pixels.abs().max() > 2 * REACH:
        raise ValueError(f"Strokes can be made at most {2 * REACH} pixels wider or narrower.")
    turns = torch.arange(16).double() * (2 * pi / 16)
    edge = torch.stack([turns.cos(), turns.sin()], 1)
    beside = torch.tensor([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y]).double()
    far = beside.norm(dim=1, keepdim=True)
    radius = pixels.double().abs()[:, 0] / 2  # [N, 1, 1]
    tip = torch.cat([edge * radius, beside / far * torch.minimum(radius, far)], 1)  # [N, 24, 2], within ± REACH
    steps = torch.arange(-REACH, REACH + 1).double()
    across, down = (1 - (tip[..., None] - steps).abs()).clamp(min=0).unbind(2)  # weights of the pixels around
    weights = (down[..., :, None] * across[..., None, :]).flatten(2)
    sign = torch.where(pixels < 0, -1.0, 1.0)
    signed = (sign * images).double()
    around = F.unfold(signed, 2 * REACH + 1, padding=REACH)  # [N, 25, 784]
    largest = torch.maximum((weights @ around).amax(1).view_as(signed), signed)
    return (sign * largest).float()


def _noise(images: Tensor, deviation: Tensor, seed: int) -> Tensor:
    """The same pattern for every amount, only stronger; what falls outside of [0, 1] is cut off."""
    return (images + deviation * torch.from_numpy(noise_pattern(seed))).clamp(0, 1)


# (x, y, amount) -> the x, y in the old picture of what comes to x, y in the new one, in pixels to the right of and
# below the middle.
SOURCES: dict[str, Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "squeeze": lambda x, y, percent: (x / (1 - percent / 100), y),
    "scale": lambda x, y, times: (x / times, y / times),
    "rotate": _rotated,
    "shift": lambda x, y, right: (x - right, y),
}

# (images [N, 1, 28, 28], amounts [N, 1, 1, 1], seed) -> images.
PIXELS: dict[str, Callable[[Tensor, Tensor, int], Tensor]] = {"stroke": _stroke, "noise": _noise}


def transform(images: Tensor, amounts: Mapping[str, Tensor | float], seed: int = 0) -> Tensor:
    """Pictures changed in one or several ways at once, float32 [N, 1, 28, 28] in [0, 1].

    images: [N, 1, 28, 28] in [0, 1]; amounts: for the names in TRANSFORMATIONS, one number or one a picture, [N];
    seed: of the noise. Scale, turn and shift go together, so that the picture is interpolated only once. What comes
    from outside of the old picture is black. Raises ValueError for an unknown name, or for a stroke that no pen here
    makes.
    """
    for name in amounts:
        transformation(name)
    wanted = [
        (name, torch.as_tensor(amounts[name], dtype=torch.float64).expand(len(images)))
        for name in TRANSFORMATIONS
        if name in amounts
    ]
    for geometric, rows in groupby(wanted, key=lambda pair: pair[0] in SOURCES):
        if geometric:
            x, y = _grid()
            for name, amount in reversed(list(rows)):
                x, y = SOURCES[name](x, y, amount[:, None])
            images = _sample(images, x, y)
        else:
            for name, amount in rows:
                images = PIXELS[name](images, amount.float()[:, None, None, None], seed)
    return images


def _grid() -> tuple[Tensor, Tensor]:
    """How far each pixel lies to the right of and below the middle of the picture: float64 [1, 784] each."""
    axis = torch.arange(INPUT_SIZE).double() - (INPUT_SIZE - 1) / 2
    return axis.repeat(INPUT_SIZE)[None], axis.repeat_interleave(INPUT_SIZE)[None]


def _sample(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Linear interpolation of the pictures [N, 1, 28, 28] at x, y [N or 1, 784], in pixels from the middle.

    Computed in float64, so that places on pixels give back exactly what is there.
    """
    middle, wide = (INPUT_SIZE - 1) / 2, INPUT_SIZE + 2
    padded = F.pad(images, [1] * 4).double().flatten(1)
    column, row = ((axis + middle + 1).clamp(0, wide - 1) for axis in (x, y))
    left, top = (axis.floor().clamp(max=wide - 2) for axis in (column, row))
    across, down = column - left, row - top
    at = (top * wide + left).long().expand(len(images), -1)

    def corner(offset: int) -> Tensor:
        return padded.gather(1, at + offset)

    upper = corner(0) * (1 - across) + corner(1) * across
    lower = corner(wide) * (1 - across) + corner(wide + 1) * across
    return (upper * (1 - down) + lower * down).float().view(-1, 1, INPUT_SIZE, INPUT_SIZE)


def normalised(images: Tensor) -> Tensor:
    """Each picture scaled and centred again as MNIST's were; one in which no digit is found stays as it is."""
    return torch.stack([image if (again := centred(image)) is None else again for image in images])


def centred(image: Tensor) -> Tensor | None:
    """The picture [1, 28, 28] scaled and centred as MNIST's were; None if no digit is found in it, as under noise."""
    try:
        return read_cells(image[0].numpy()).image()
    except InkError:
        return None


@dataclass(frozen=True)
class Sweep:
    """One transformation by A amounts. amounts: float64 [A]; pictures: [A, 1, 28, 28] as the networks got them;
    probabilities: [A, 10] of each network; at: the place of the neutral amount."""

    transformation: Transformation
    amounts: Tensor
    pictures: Tensor
    probabilities: dict[str, Tensor]
    at: int

    def read(self, network: str) -> list[int | None]:
        """What the network takes each picture for."""
        return read(self.probabilities[network])

    def target(self, network: str, label: int | None) -> int | None:
        """The digit whose probability counts: the label, or what the network reads at the neutral amount."""
        return label if label is not None else self.read(network)[self.at]

    def first_changes(self, network: str) -> tuple[int | None, int | None]:
        """Places below and above the neutral one at which the answer first is another one, whether or not for good."""
        return first_changes(self.read(network), self.at)

    def break_points(self, network: str) -> tuple[int | None, int | None]:
        """Places in `amounts`, below and above the neutral one, from which on the answer is another one to the end."""
        return break_points(self.read(network), self.at)


def first_changes(answers: list[int | None], at: int) -> tuple[int | None, int | None]:
    """Going out from place `at` to either end: where the answer first is another one, or None.

    >>> first_changes([1, 1, 7, 7, 1, 7, 2, 3], at=3)
    (1, 4)
    """

    def first(places: range) -> int | None:
        return next((place for place in places if answers[place] != answers[at]), None)

    return first(range(at - 1, -1, -1)), first(range(at + 1, len(answers)))


def break_points(answers: list[int | None], at: int) -> tuple[int | None, int | None]:
    """Going out from place `at` to either end: where the answer first changes and never changes back, or None.

    >>> break_points([1, 1, 7, 7, 1, 7, 2, 3], at=3)
    (1, 6)
    """

    def first(places: list[int]) -> int | None:
        broken = None
        for place in reversed(places):  # from the end inwards
            if answers[place] == answers[at]:
                break
            broken = place
        return broken

    return first(list(range(at - 1, -1, -1))), first(list(range(at + 1, len(answers))))


@torch.inference_mode()
def sweep(models: Mapping[str, LeNet], image: Tensor, name: str, normalise: bool = False) -> Sweep:
    """The digit `image` [1, 28, 28] in [0, 1] changed in one way by 41 amounts, and what each network makes of it.

    normalise: scale and centre every picture again before it is read. Raises ValueError for an unknown name.
    """
    row = transformation(name)
    amounts = torch.from_numpy(row.amounts())
    pictures = transform(image.expand(AMOUNTS, -1, -1, -1), {name: amounts})
    if normalise:
        pictures = normalised(pictures)
    shares = {network: outputs(model, pictures).softmax(1) for network, model in models.items()}
    return Sweep(row, amounts, pictures, shares, row.neutral_at())


# The average over many digits, kept in a file ------------------------------------------------------------------------


@torch.inference_mode()
def average(
    models: Mapping[str, LeNet],
    checksums: Mapping[str, str],
    digits: Digits,
    on_digit: Callable[[], object] = lambda: None,
) -> pa.Table:
    """Every transformation by 41 amounts, as it is and normalised again, averaged over the digits.

    Digit number n gets the noise of seed n. on_digit is called after each digit.
    """
    kinds = list(product(TRANSFORMATIONS, (False, True)))
    shape = (len(digits), len(kinds), AMOUNTS)
    shares = {network: torch.zeros(shape) for network in models}
    right = {network: torch.zeros(shape) for network in models}
    for number, (image, label) in enumerate(zip(pixels(digits.images), digits.labels.tolist())):
        changed = {
            name: transform(image.expand(AMOUNTS, -1, -1, -1), {name: torch.from_numpy(row.amounts())}, number)
            for name, row in TRANSFORMATIONS.items()
        }
        pictures = torch.cat([normalised(changed[name]) if again else changed[name] for name, again in kinds])
        for network, model in models.items():
            ten = outputs(model, pictures).softmax(1)
            hit = torch.tensor([answer == label for answer in read(ten)])
            shares[network][number] = ten[:, label].view(shape[1:])
            right[network][number] = hit.float().view(shape[1:])
        on_digit()
    rows = []
    for network in models:
        mean, error = shares[network].double().mean(0), shares[network].double().std(0) / len(digits) ** 0.5
        accuracy = right[network].double().mean(0)
        for at, (name, again) in enumerate(kinds):
            for place, amount in enumerate(TRANSFORMATIONS[name].amounts().tolist()):
                middle, reach = mean[at, place].item(), NORMAL_95 * error[at, place].item()
                rows.append(
                    (
                        network,
                        checksums[network],
                        name,
                        again,
                        amount,
                        middle,
                        max(0.0, middle - reach),
                        min(1.0, middle + reach),
                        accuracy[at, place].item(),
                        len(digits),
                    )
                )
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, values)) for values in rows], SCHEMA)


def write_averages(table: pa.Table, path: Path = AVERAGES) -> None:
    """Replace the file, whole or not at all."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_atomically(path, sink.getvalue().to_pybytes())


def add_averages(
    models: Mapping[str, LeNet],
    checksums: Mapping[str, str],
    digits: Digits,
    path: Path = AVERAGES,
    on_digit: Callable[[], object] = lambda: None,
) -> list[str]:
    """Measure the networks whose weights the file lacks, and drop what it has of other weights. Returns their names."""
    try:
        table = read_averages(path)
    except AveragesError:  # it is made anew
        table = SCHEMA.empty_table()
    kept = [
        row
        for row in table.to_pylist()
        if checksums.get(row["network"]) == row["checksum"] and row["digits"] == len(digits)
    ]
    known = {row["network"] for row in kept}
    lacking = {name: model for name, model in models.items() if name not in known}
    new = [average(lacking, checksums, digits, on_digit)] if lacking else []
    write_averages(pa.concat_tables([pa.Table.from_pylist(kept, SCHEMA), *new]), path)
    return list(lacking)
