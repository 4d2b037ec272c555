"""The class's own test set: what networks make of digits that nobody tuned them to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from lenet.classroom.store import Drawing
from lenet.evaluation import outputs
from lenet.model import LeNet
from lenet.pretrained import Card
from lenet.strokes import decode, read_strokes
from lenet.study.exact import Estimate, share_interval
from lenet.variant import CLASSES

STAGES = {
    "raw": "as drawn, the whole board shrunk to 28 × 28",
    "scaled": "scaled to 20 pixels, in the middle",
    "centred": "its centre of mass in the middle, as MNIST's",
}  # lenet.ink.Ink's stages -> what was done so far
MNIST_TEST = 10_000  # digits
MISREAD = 10  # of the most confidently misread drawings
BATCH = 250


@dataclass(frozen=True)
class Misread:
    """A drawing that was taken for another digit, with the probability that the network gave it."""

    drawing: Drawing
    answer: int
    probability: float


@dataclass(frozen=True)
class Score:
    """A network on the class's digits.

    accuracy, mnist: with exact intervals of 95 %; confusion: int [10, 10], rows: what was asked for, columns: what was
    read; stages: accuracy at each stage of STAGES; misread: the most confident errors first.
    """

    accuracy: Estimate
    mnist: Estimate
    confusion: np.ndarray
    stages: dict[str, float]
    misread: list[Misread]

    @property
    def hardest(self) -> tuple[int, int, int] | None:
        """The digit read worst, how many of how many were read correctly; None if all were."""
        totals, right = self.confusion.sum(1), self.confusion.diagonal()
        there = [digit for digit in range(CLASSES) if totals[digit] > right[digit]]
        if not there:
            return None
        worst = min(there, key=lambda digit: (right[digit] / totals[digit], -totals[digit]))
        return worst, int(right[worst]), int(totals[worst])


@lru_cache(maxsize=4000)
def pictures(strokes: str) -> np.ndarray:
    """The stages of STAGES of a drawing, float32 [3, 28, 28]; read once, however many networks look at it."""
    ink = read_strokes(decode(strokes))
    stages = np.stack([getattr(ink, stage) for stage in STAGES])
    stages.flags.writeable = False
    return stages


@torch.inference_mode()
def accuracies(
    networks: Mapping[str, tuple[LeNet, Card]], drawings: Sequence[Drawing]
) -> list[tuple[str, Estimate, Estimate]]:
    """(name, accuracy on the drawings, accuracy on MNIST's test digits by its card), the best on the drawings first."""
    labels = torch.tensor([drawing.label for drawing in drawings])
    images = torch.from_numpy(np.stack([pictures(drawing.strokes)[-1:] for drawing in drawings]))
    found = []
    for name, (model, card) in networks.items():
        read = torch.cat([outputs(model, batch).argmax(1) for batch in images.split(BATCH)])
        ours = share_interval(int((read == labels).sum()), len(labels))
        found.append((name, ours, share_interval(round(card.test_accuracy * MNIST_TEST), MNIST_TEST)))
    return sorted(found, key=lambda row: -row[1].value)


@torch.inference_mode()
def score(model: LeNet, test_accuracy: float, drawings: Sequence[Drawing]) -> Score:
    """Read every drawing at every stage. test_accuracy: the network's on MNIST's 10,000, from its card.

    drawings: at least one, as the wall holds them.
    """
    labels = np.array([drawing.label for drawing in drawings])
    stacked = np.stack([pictures(drawing.strokes) for drawing in drawings])
    answers, probabilities = {}, np.zeros((0, CLASSES))
    for at, stage in enumerate(STAGES):
        batches = torch.from_numpy(stacked[:, at, None].copy()).split(BATCH)
        probabilities = torch.cat([outputs(model, batch).softmax(1) for batch in batches]).numpy()
        answers[stage] = probabilities.argmax(1)
    read = answers["centred"]  # the last: its probabilities are kept
    confusion = np.zeros((CLASSES, CLASSES), int)
    np.add.at(confusion, (labels, read), 1)
    wrong = sorted(np.flatnonzero(read != labels).tolist(), key=lambda row: -probabilities[row, read[row]])
    return Score(
        share_interval(int((read == labels).sum()), len(labels)),
        share_interval(round(test_accuracy * MNIST_TEST), MNIST_TEST),
        confusion,
        {stage: float((answers[stage] == labels).mean()) for stage in STAGES},
        [Misread(drawings[row], int(read[row]), float(probabilities[row, read[row]])) for row in wrong[:MISREAD]],
    )
