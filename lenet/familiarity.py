"""Is this a digit at all? How far a picture lies from every training digit of the class that a network answers.

A network must choose one of ten, and gives an "A" or a house one of them with more than 99 %. So what it sees in a
picture is compared with what it sees in 3,000 training digits: the feature maps of its last pooling layer, at unit
length. `strangeness` is the distance to the nearest one of the answered class, less a hundredth of the log of the sum
of exp(logits) (an energy: Liu and others 2020, arXiv 2010.03759). A picture that is stranger than 98.5 % of the last
10,000 training digits gets a remark.

This was the best of those tried on 800 letters of other people, 68 % of which look like no digit, with 8,000 training
digits and the same share of false remarks: 44 % of those letters got one by the 84 features of the last hidden layer,
66 % by these at unit length, 73 % by the 120 before them, 75 % by the last pooling layer and 83 % with the energy; the
pixels themselves gave 57 %, the energy alone 67 %. `python -m benchmarks familiarity FOLDER` measures what is shipped.

    >>> lenet.read(picture).remark
    'It has to choose one of ten. It has never seen anything like this.'
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet import synthetic
from lenet.data import Digits, mnist, pixels
from lenet.evaluation import read as answers
from lenet.ink import to_mnist
from lenet.model import LeNet
from lenet.paths import PRETRAINED, write_atomically
from lenet.pretrained import card, create_model
from lenet.strokes import Stroke, read_strokes
from lenet.variant import CLASSES, INPUT_SIZE, layers

FOLDER = PRETRAINED / "familiarity"
DIGITS, NETWORKS = FOLDER / "digits.bin", FOLDER / "networks.json"
REMARK = "It has to choose one of ten. It has never seen anything like this."
LAYER = "flatten"  # the last feature maps, as one row of numbers
WIDEST = 400  # of those, in a network whose digits the browser can keep
OF_MNIST, OF_PENS = 250, 50  # digits of each class that pictures are compared with
FIT = 50_000  # training digits; those after them are held out
PENS_SEED, HELD_PENS_SEED, HELD_PENS = 101, 202, 2000
ENERGY = 0.01  # the weight of the log-sum-exp
FAMILIAR = 0.015  # a share of held-out digits that may be stranger before a remark is made
STEPS = 201  # quantiles that are kept of the held-out digits' strangeness
NEAREST = 10
BINS = 10  # of the reliability diagram
# Tried: 1 to 3. Never below 1: a network that learnt from our pen reads other people's less well than held-out digits.
TEMPERATURES = [round(1 + 0.05 * step, 2) for step in range(41)]


@dataclass(frozen=True)
class Reading:
    """What a network makes of a picture.

    answer: the digit, None where all ten are equal. probabilities: its softmax, [10]; calibrated: the same at the
    temperature that was measured, [10]. familiarity: the share of held-out training digits that are at least as
    strange, 0 to 1; remark: empty, or what to say of a picture that resembles no digit. nearest: the training digits
    of that class that the network finds most alike, nearest first. The last three are None, empty and None for a
    network whose familiarity has not been measured.
    """

    answer: int | None
    probabilities: Tensor
    calibrated: Tensor
    familiarity: float | None
    remark: str
    nearest: Digits | None


def read(image: Any, network: str = "best") -> Reading:
    """One digit, as a shipped network reads it; `lenet.read_all` reads several.

    image: what `lenet.to_mnist` takes (an array or a PIL image), or the strokes of a pen, a list of
    lenet.strokes.Stroke. Raises InkError if there is nothing to read, WeightsError for an unknown network.
    """
    return reading(read_strokes(list(image)).image() if is_drawing(image) else to_mnist(image), network)


def is_drawing(image: Any) -> bool:
    """Whether these are the strokes of a pen."""
    return isinstance(image, Sequence) and bool(image) and all(isinstance(stroke, Stroke) for stroke in image)


def reading(x: Tensor, network: str = "best") -> Reading:
    """As `read`, of a picture as MNIST's are, [1, 28, 28]."""
    model = create_model(network, pretrained=True)
    known = measured().get(card(network).checksum)
    with torch.inference_mode():
        logits = model(x[None])
        probabilities = logits.softmax(1)
        answer = answers(probabilities)[0]
        if known is None or answer is None:
            return Reading(answer, probabilities[0], probabilities[0], None, "", None)
        strange, nearest = compare(model, x[None], references())
    familiarity = share_as_strange(known["quantiles"], strange.item())
    remark = REMARK if strange.item() > known["threshold"] else ""
    calibrated = (logits / known["temperature"]).softmax(1)[0]
    found = references()
    alike = Digits(found.images[nearest[0]], found.labels[nearest[0]])
    return Reading(answer, probabilities[0], calibrated, familiarity, remark, alike)


def can_measure(model: LeNet) -> bool:
    """Whether familiarity works for a network: it ends its convolutions in one row of at most WIDEST numbers, and reads
    each picture alone."""
    rows = [layer for layer in layers(model.variant) if layer.name == LAYER]
    return bool(rows) and rows[0].output_shape[0] <= WIDEST and not any(layer.along_batch for layer in model.layers)


def compare(model: LeNet, images: Tensor, digits: Digits) -> tuple[Tensor, Tensor]:
    """How strange pictures [N, 1, 28, 28] are, [N], and the places of the digits nearest to each, [N, 10]."""
    seen, logits = _seen(model, images)
    known, answered = _seen(model, pixels(digits.images))[0], logits.argmax(1)
    strange = torch.zeros(len(images))
    nearest = torch.zeros(len(images), NEAREST, dtype=torch.long)
    for digit in answered.unique().tolist():
        of_class, asked = (digits.labels == digit).nonzero()[:, 0], (answered == digit).nonzero()[:, 0]
        distances, at = torch.cdist(seen[asked], known[of_class]).topk(NEAREST, largest=False)
        strange[asked] = distances[:, 0] - ENERGY * logits[asked].logsumexp(1)
        nearest[asked] = of_class[at]
    return strange, nearest


def _seen(model: LeNet, images: Tensor) -> tuple[Tensor, Tensor]:
    """The last feature maps as rows of unit length, [N, width], and the logits, [N, 10]."""
    rows, logits = [], []
    for x in images.split(500):
        for layer in model.layers[:-1]:
            x = model.apply_layer(layer, x)
            if layer.name == LAYER:
                rows.append(F.normalize(x, dim=1))
        logits.append(x)
    return torch.cat(rows), torch.cat(logits)


def share_as_strange(quantiles: list[float], strange: float) -> float:
    """The share of held-out digits that are at least as strange, 0 to 1, from evenly spaced quantiles."""
    return sum(quantile >= strange for quantile in quantiles) / len(quantiles)


# --- What is shipped -------------------------------------------------------------------------------------------------


def choose() -> Digits:
    """The digits that pictures are compared with: of each class the first in MNIST, and some that our own pen draws."""
    train, pens = mnist("train"), synthetic.draw(CLASSES * OF_PENS * 4, PENS_SEED)
    parts = [(train, OF_MNIST), (pens, OF_PENS)]
    rows = [
        (digits, (digits.labels == label).nonzero()[:count, 0]) for label in range(CLASSES) for digits, count in parts
    ]
    return Digits(torch.cat([d.images[at] for d, at in rows]), torch.cat([d.labels[at] for d, at in rows]))


def packed(digits: Digits) -> bytes:
    """Labels, a byte each, then the pictures in sixteen greys, two pixels a byte, the left one in the high half."""
    levels = (digits.images.flatten(1).float() / 17).round().byte()
    return bytes(digits.labels.byte().tolist()) + (levels[:, ::2] * 16 + levels[:, 1::2]).numpy().tobytes()


def unpacked(content: bytes) -> Digits:
    """The digits that `packed` wrote."""
    count = len(content) // (1 + INPUT_SIZE * INPUT_SIZE // 2)
    halves = torch.frombuffer(bytearray(content[count:]), dtype=torch.uint8)
    images = torch.stack([halves >> 4, halves & 15], 1).mul(17).view(count, 1, INPUT_SIZE, INPUT_SIZE)
    return Digits(images, torch.tensor(list(content[:count])))


@cache
def references() -> Digits:
    """The shipped digits that pictures are compared with. Raises OSError if the file is missing."""
    return unpacked(DIGITS.read_bytes())


@cache
def measured(path: Path = NETWORKS) -> dict[str, Any]:
    """What was measured of each network, by the checksum of its weights: other weights have other distances."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


@torch.inference_mode()
def measure(model: LeNet, digits: Digits) -> dict[str, Any]:
    """Threshold, quantiles and temperature on held-out training digits, and how reliable its shares are.

    The temperature has the least cross entropy on held-out training digits and fresh digits of our pen, as many of
    each. On both, and on MNIST's test digits, `reliability` counts for each tenth of the shares: digits, the mean
    share and how many are right.
    """
    held, pens, test = mnist("train")[FIT:], synthetic.draw(HELD_PENS, HELD_PENS_SEED), mnist("test")
    strange = compare(model, pixels(held.images), digits)[0].double()
    logits = {name: _seen(model, pixels(d.images))[1] for name, d in (("held", held), ("pens", pens), ("test", test))}
    fitted = torch.cat([logits["held"][:HELD_PENS], logits["pens"]])
    labels = torch.cat([held.labels[:HELD_PENS], pens.labels])
    temperature = min(TEMPERATURES, key=lambda t: F.cross_entropy(fitted / t, labels).item())
    quantiles = strange.quantile(torch.linspace(0, 1, STEPS, dtype=torch.float64))
    return {
        "threshold": round(strange.quantile(1 - FAMILIAR).item(), 5),
        "quantiles": [round(value, 4) for value in quantiles.tolist()],
        "temperature": temperature,
        "reliability": {
            "MNIST's test digits": reliability(logits["test"].softmax(1), test.labels),
            "Digits of our own pen": reliability(logits["pens"].softmax(1), pens.labels),
        },
    }


def reliability(probabilities: Tensor, labels: Tensor) -> list[list[float]]:
    """For each tenth of the answers' shares [count, their mean, the share that is right]; probabilities: [N, 10]."""
    shares, answered = probabilities.max(1)
    right, bins = (answered == labels).double(), (shares * BINS).long().clamp(max=BINS - 1)
    rows = []
    for at in range(BINS):
        there = bins == at
        count = int(there.sum())
        means = [round(value[there].double().mean().item(), 4) if count else 0.0 for value in (shares, right)]
        rows.append([count, *means])
    return rows


def calibration_error(rows: list[list[float]]) -> float:
    """The expected calibration error: how far share and accuracy lie apart, weighted by the digits in each bin."""
    return sum(count * abs(share - right) for count, share, right in rows) / max(1, sum(row[0] for row in rows))


def write(names: Sequence[str]) -> list[str]:
    """Make both files for these shipped networks. Returns the names of those that it works for."""
    content = packed(choose())
    digits, found, done = unpacked(content), {}, []
    for name in names:
        model = create_model(name, pretrained=True)
        if can_measure(model):
            found[card(name).checksum] = {"name": name, **measure(model, digits)}
            done.append(name)
    write_atomically(DIGITS, content)
    write_atomically(NETWORKS, (json.dumps(found, indent=None, separators=(",", ":")) + "\n").encode())
    return done
