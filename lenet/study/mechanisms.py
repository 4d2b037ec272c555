"""Why the experiments come out as they do, measured on a trained network."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lenet.data import Digits, pixels
from lenet.evaluation import BATCH
from lenet.model import LeNet
from lenet.variant import CLASSES


@dataclass(frozen=True)
class OutputLife:
    """What the outputs of a class do: shares in 0..1 of its own pictures and of all others that give it an output
    above zero, and how often it is predicted."""

    own: float
    others: float
    predicted: int


@torch.no_grad()
def output_life(model: LeNet, digits: Digits) -> list[OutputLife]:
    """For each of the ten classes whether its output is above zero: only there does an output ReLU pass a gradient."""
    outputs = torch.cat([model(batch) for batch in pixels(digits.images).split(BATCH)])
    alive, predicted = outputs > 0, outputs.argmax(1)
    return [
        OutputLife(
            own=alive[digits.labels == k, k].double().mean().item(),
            others=alive[digits.labels != k, k].double().mean().item(),
            predicted=int((predicted == k).sum()),
        )
        for k in range(CLASSES)
    ]


@torch.no_grad()
def among_neighbours(model: LeNet, image: Tensor, neighbours: Tensor) -> Tensor:
    """Probabilities [K, 10] of one picture [1, 28, 28], read as the last of a batch after each of the K groups of
    other pictures, neighbours [K, M, 1, 28, 28], values in [0, 1].

    A network that reads each picture by itself gives K equal rows; one that reads the batch as a sequence does not.
    """
    return torch.stack([model(torch.cat([group, image[None]])).softmax(1)[-1] for group in neighbours])


@torch.no_grad()
def reading(model: LeNet, image: Tensor) -> Tensor:
    """Probabilities [T, 10] of a network that reads positions one by one, if it had stopped after 1, 2, … T positions.

    image: [1, 28, 28] in [0, 1]. Raises ValueError for networks that do not read so.
    """
    x, states = image[None], None
    for layer in model.layers:
        if layer.kind == "last" and states is None:
            states = x[0]  # [T, hidden]: one state for each position
            x = states[:, None, :]
        x = model.apply_layer(layer, x)
    if states is None:
        raise ValueError("This network does not read positions one by one: choose rnn-steps or lstm-steps.")
    return x
