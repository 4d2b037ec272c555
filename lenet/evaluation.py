"""What a network reads, and what it does on a set of digits: accuracy, lost classes, dead units, gradient norms."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.data import Digits, pixels
from lenet.layers import Activation
from lenet.model import LeNet
from lenet.variant import CLASSES

# The recurrent heads that read along the batch answer differently for another batch size, so there is one, the paper's.
BATCH = 256
TELL_APART = 1e-6  # probabilities closer than this are equal, as those of a dead output layer are
# The j of `loss`, a squared distance; the paper gives none. Of 1, 8 and 30 the one with the fewest errors on the last
# 10,000 training pictures.
NONE_OF_TEN = 1.0
PROBE = 1000  # the gradient norms are those of the loss on this many first training images


def outputs(model: LeNet, images: Tensor) -> Tensor:
    """The logits, [N, 10], each picture read as if it were alone.

    A recurrent head in the paper's form reads the batch as one sequence: there, one picture after the other.
    """
    x = images
    for layer in model.layers[:-1]:
        parts = x.split(1) if layer.along_batch else [x]
        x = torch.cat([model.apply_layer(layer, part) for part in parts])
    return x


def read(probabilities: Tensor) -> list[int | None]:
    """The most probable digit in each row of [N, 10]; None where all ten are equal, as those of a dead network are."""
    told = (probabilities.amax(1) - probabilities.amin(1) > TELL_APART).tolist()
    return [digit if sure else None for digit, sure in zip(probabilities.argmax(1).tolist(), told)]


@dataclass(frozen=True)
class Evaluation:
    """accuracy and class_accuracy (of each class) in 0..1; predictions: int64 [N].

    dead_units: for each activation layer, the share of its units that no picture wakes: zero for every picture (ReLU)
    or saturated for every picture (|tanh| > 0.99; sigmoid < 0.01 or > 0.99).
    """

    accuracy: float
    class_accuracy: list[float]
    classes_predicted: int
    dead_units: dict[str, float]
    predictions: Tensor


@torch.no_grad()
def evaluate(model: LeNet, digits: Digits) -> Evaluation:
    """Run the network over the digits in their order, in batches of 256."""
    predictions = []
    liveliest: dict[str, Tensor] = {}
    for images in pixels(digits.images).split(BATCH):
        x = images
        for layer in model.layers[:-1]:
            x = model.apply_layer(layer, x)
            if isinstance(layer, Activation):
                life = layer.liveliness(x).amax(0)
                liveliest[layer.name] = torch.maximum(liveliest.get(layer.name, life), life)
        predictions.append(x.argmax(1))
    predicted = torch.cat(predictions)
    right = predicted == digits.labels
    count = torch.bincount(digits.labels, minlength=digits.classes)
    right_count = torch.bincount(digits.labels[right], minlength=digits.classes)
    return Evaluation(
        accuracy=right.double().mean().item(),
        class_accuracy=(right_count.double() / count.clamp(min=1)).tolist(),
        classes_predicted=len(predicted.unique()),
        dead_units={name: (life <= 0).double().mean().item() for name, life in liveliest.items()},
        predictions=predicted,
    )


def confusion(digits: Digits, predictions: Tensor) -> np.ndarray:
    """How often a picture of each class (row) was taken for each (column): int64 [classes, 10]. Where there are fewer
    than ten classes, an untrained network answers with one that there is not."""
    places = digits.labels * CLASSES + predictions
    return torch.bincount(places, minlength=digits.classes * CLASSES).view(-1, CLASSES).numpy()


def loss(model: LeNet, logits: Tensor, labels: Tensor, smoothing: float = 0.0, reduction: str = "mean") -> Tensor:
    """The mean loss of the logits [N, 10]: cross entropy, that share of each label spread over all classes. labels:
    int64 [N]; or, unless logits are distances, a teacher's probabilities [N, 10]. reduction: as PyTorch's; "none" for
    the loss of each picture [N].

    Where logits are distances there is an eleventh class, none of the ten, which is always at the squared distance j =
    NONE_OF_TEN (LeCun and others 1998, equation 9). So a digit that is farther than that is not pushed away further.
    """
    if model.variant.output == "rbf":
        logits = torch.cat([logits, logits.new_full((len(logits), 1), -NONE_OF_TEN)], 1)
    return F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction=reduction)


def gradient_norms(model: LeNet, digits: Digits) -> tuple[dict[str, float], float]:
    """L2 norm of the loss gradient for each layer with weights (biases included), and the loss, on the first 1,000
    digits as one batch. The gradients that the parameters hold are left as they are."""
    probe = digits[:PROBE]
    value = loss(model, model(pixels(probe.images)), probe.labels)
    modules = dict(model.named_children())
    parameters = [parameter for module in modules.values() for parameter in module.parameters()]
    gradients = iter(torch.autograd.grad(value, parameters))
    norms = {
        name: torch.cat([next(gradients).flatten() for _ in module.parameters()]).norm().item()
        for name, module in modules.items()
    }
    return norms, value.item()


def layer_norms(model: LeNet) -> dict[str, float]:
    """L2 norm, for each layer with weights (biases included), of the gradients that the parameters hold."""
    return {
        name: torch.cat([p.grad.flatten() for p in module.parameters() if p.grad is not None]).norm().item()
        for name, module in model.named_children()
    }
