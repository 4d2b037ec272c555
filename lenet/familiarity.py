"""Is this a digit at all? How far a picture lies from every training digit of the class that a network answers.

A network must choose one of ten, and gives an "A" or a house one of them with more than 99 %. So what it sees in a
picture is compared with what it sees in 3,000 training digits and in 500 things that are no digits: letters, signs,
shapes, scribbles and words that our own pen draws (`lenet.synthetic.NO_DIGITS`). What it sees are the feature maps of
its last pooling layer, at unit length. `strangeness` is

    the distance to the nearest digit of the answered class
    - 0.6 x the distance to the nearest of the things that are no digits
    - 0.01 x log of the sum of exp(logits)  (an energy: Liu and others 2020, arXiv 2010.03759).

A picture that is stranger than 98.5 % of the last 10,000 training digits gets a remark.

The shares that are shown, `calibrated`, are the softmax at the temperature that fits held-out digits best, and at most
98.9 % for a picture that is stranger than half of those digits: more is kept for what looks as digits mostly look. An
"o" or an "l" is a 0 or a 1 to the eye, too. What is above 98.9 % goes into a guess, a tenth for each digit. On digits
alone these shares are therefore a little too modest.

`python -m benchmarks familiarity FOLDER` measures a network on 800 letters of other people, 68 % of which look like no
digit, and 1,000 digits of other people's pens. The weight 0.6, the half and the 98.9 % were chosen there, on these
letters and pens; nothing learnt from them. Some houses, question marks and letters B are still as familiar as the
strangest digits, and get no remark.

    >>> lenet.read(picture).remark
    'It has to choose one of ten. It has never seen anything like this.'
"""

import json
import re
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
from lenet.variant import CLASSES, INPUT_SIZE, highest_probability, layers

FOLDER = PRETRAINED / "familiarity"
PICTURES, NETWORKS = FOLDER / "pictures.bin", FOLDER / "networks.json"
REMARK = "It has to choose one of ten. It has never seen anything like this."
LAYER = "flatten"  # the last feature maps, as one row of numbers
WIDEST = 400  # of those, in a network whose digits the browser can keep
OF_MNIST, OF_PENS = 250, 50  # digits of each class that pictures are compared with
FIT = 50_000  # training digits; those after them are held out
PENS_SEED, HELD_PENS_SEED, HELD_PENS = 101, 202, 2000
NO_DIGIT, NO_DIGITS, NO_DIGITS_SEED = 10, 500, 303  # the label of what is no digit
UNLIKE, ENERGY = 0.6, 0.01  # the weights of the distance to the no-digits and of the log-sum-exp
FAMILIAR = 0.015  # a share of held-out digits that may be stranger before a remark is made
USUAL, MOST = 0.5, 0.989  # who is less familiar than this share of held-out digits is given at most this much
STEPS = 201  # quantiles that are kept of the held-out digits' strangeness
NEAREST = 10
BINS = 10  # of the reliability diagram
TEMPERATURES = [round(0.5 + 0.05 * step, 2) for step in range(51)]  # tried: 0.5 to 3


@dataclass(frozen=True)
class Reading:
    """What a network makes of a picture.

    answer: the digit, None where all ten are equal. probabilities: its softmax, [10]; calibrated: the shares that it
    earns, as the page Draw shows them, [10]. familiarity: the share of held-out training digits that are at least as
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
        probabilities = model(x[None]).softmax(1)
        answer = answers(probabilities)[0]
        if known is None or answer is None:
            return Reading(answer, probabilities[0], probabilities[0], None, "", None)
        strange, nearest, logits = compare(model, x[None], references())
    familiarity = share_as_strange(known["quantiles"], strange.item())
    remark = REMARK if strange.item() > known["threshold"] else ""
    calibrated = shares(logits, strange, known)[0]
    found = references()
    alike = Digits(found.images[nearest[0]], found.labels[nearest[0]])
    return Reading(answer, probabilities[0], calibrated, familiarity, remark, alike)


def can_measure(model: LeNet) -> bool:
    """Whether familiarity works for a network: it ends its convolutions in one row of at most WIDEST numbers, and reads
    each picture alone."""
    rows = [layer for layer in layers(model.variant) if layer.name == LAYER]
    return bool(rows) and rows[0].output_shape[0] <= WIDEST and not any(layer.along_batch for layer in model.layers)


def compare(model: LeNet, images: Tensor, digits: Digits) -> tuple[Tensor, Tensor, Tensor]:
    """How strange pictures [N, 1, 28, 28] are, [N], the places of the digits nearest to each, [N, 10], the logits."""
    seen, logits = _seen(model, images)
    known, answered = _seen(model, pixels(digits.images))[0], logits.argmax(1)
    unlike = torch.cdist(seen, known[digits.labels == NO_DIGIT]).amin(1)
    strange = torch.zeros(len(images))
    nearest = torch.zeros(len(images), NEAREST, dtype=torch.long)
    for digit in answered.unique().tolist():
        of_class, asked = (digits.labels == digit).nonzero()[:, 0], (answered == digit).nonzero()[:, 0]
        distances, at = torch.cdist(seen[asked], known[of_class]).topk(NEAREST, largest=False)
        strange[asked] = distances[:, 0] - UNLIKE * unlike[asked] - ENERGY * logits[asked].logsumexp(1)
        nearest[asked] = of_class[at]
    return strange, nearest, logits


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


def shares(logits: Tensor, strange: Tensor, known: dict[str, Any]) -> Tensor:
    """The shares [N, 10] that are shown: softmax at the measured temperature, and where a picture is stranger than half
    of the held-out digits at most MOST for one digit: above that it is mixed with a guess, a tenth for each."""
    softmax = (logits / known["temperature"]).softmax(1)
    most, usual = softmax.amax(1, keepdim=True), _middle(known["quantiles"])
    guess = ((most - MOST) / (most - 1 / CLASSES)).clamp(min=0) * (strange[:, None] > usual)
    return (1 - guess) * softmax + guess / CLASSES


def _middle(quantiles: list[float]) -> float:
    return quantiles[round((len(quantiles) - 1) * USUAL)]


# --- What is shipped -------------------------------------------------------------------------------------------------


def choose() -> Digits:
    """What pictures are compared with: of each class the first in MNIST, some that our own pen draws, and no-digits."""
    train, pens = mnist("train"), synthetic.draw(CLASSES * OF_PENS * 4, PENS_SEED)
    parts = [(train, OF_MNIST), (pens, OF_PENS)]
    rows = [
        (digits, (digits.labels == label).nonzero()[:count, 0]) for label in range(CLASSES) for digits, count in parts
    ]
    rows.append(
        (
            Digits(synthetic.draw_no_digits(NO_DIGITS, NO_DIGITS_SEED), torch.full((NO_DIGITS,), NO_DIGIT)),
            torch.arange(NO_DIGITS),
        )
    )
    return Digits(torch.cat([d.images[at] for d, at in rows]), torch.cat([d.labels[at] for d, at in rows]))


def packed(digits: Digits) -> bytes:
    """Labels, a byte each, then the pictures in sixteen greys, two pixels a byte, the left one in the high half; zeros
    are written as a zero and their number, at most 255."""
    levels = (digits.images.flatten(1).float() / 17).round().byte()
    content = bytes(digits.labels.byte().tolist()) + (levels[:, ::2] * 16 + levels[:, 1::2]).numpy().tobytes()
    return re.sub(rb"\0{1,255}", lambda zeros: bytes([0, len(zeros[0])]), content)


def unpacked(content: bytes) -> Digits:
    """What `packed` wrote."""
    content = re.sub(rb"\0(.)", lambda zeros: bytes(zeros[1][0]), content, flags=re.DOTALL)
    count = len(content) // (1 + INPUT_SIZE * INPUT_SIZE // 2)
    halves = torch.frombuffer(bytearray(content[count:]), dtype=torch.uint8)
    images = torch.stack([halves >> 4, halves & 15], 1).mul(17).view(count, 1, INPUT_SIZE, INPUT_SIZE)
    return Digits(images, torch.tensor(list(content[:count])))


@cache
def references() -> Digits:
    """The shipped digits that pictures are compared with. Raises OSError if the file is missing."""
    return unpacked(PICTURES.read_bytes())


@cache
def measured(path: Path = NETWORKS) -> dict[str, Any]:
    """What was measured of each network, by the checksum of its weights: other weights have other distances."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


@torch.inference_mode()
def measure(model: LeNet, digits: Digits) -> dict[str, Any]:
    """Threshold, quantiles and temperature on held-out training digits, and how reliable its shares are.

    The temperature has the least cross entropy on held-out training digits and fresh digits of our pen, as many of
    each. A network that can never be sure, for its outputs are bounded, is not made to look so: its is 1 at least. On
    the pen's, and on MNIST's test digits, `reliability` counts for each tenth of the shares that are shown: digits, the
    mean share and how many are right.
    """
    held, pens, test = mnist("train")[FIT:], synthetic.draw(HELD_PENS, HELD_PENS_SEED), mnist("test")
    sets = {"held": held, "pens": pens, "test": test}
    found, _, scores = compare(model, pixels(torch.cat([on.images for on in sets.values()])), digits)
    parts = [len(on) for on in sets.values()]
    strange, logits = (dict(zip(sets, values.split(parts))) for values in (found, scores))
    fitted = torch.cat([logits["held"][:HELD_PENS], logits["pens"]])
    labels = torch.cat([held.labels[:HELD_PENS], pens.labels])
    usual = strange["held"].double()
    least = 1.0 if highest_probability(model.variant) < 1 else TEMPERATURES[0]
    known: dict[str, Any] = {
        "threshold": round(usual.quantile(1 - FAMILIAR).item(), 5),
        "quantiles": [round(q, 4) for q in usual.quantile(torch.linspace(0, 1, STEPS, dtype=torch.float64)).tolist()],
        "temperature": min(
            (t for t in TEMPERATURES if t >= least), key=lambda t: F.cross_entropy(fitted / t, labels).item()
        ),
    }
    return known | {
        "reliability": {
            title: reliability(shares(logits[name], strange[name], known), on.labels)
            for title, name, on in (("MNIST's test digits", "test", test), ("Digits of our own pen", "pens", pens))
        }
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
    write_atomically(PICTURES, content)
    write_atomically(NETWORKS, (json.dumps(found, indent=None, separators=(",", ":")) + "\n").encode())
    return done
