"""What the pixels of a digit contribute to one of a network's logits, found in two ways.

Occlusion: M. Zeiler, R. Fergus, Visualizing and Understanding
Convolutional Networks, 2014. Integrated gradients: M. Sundararajan, A. Taly, Q. Yan, Axiomatic Attribution for Deep
Networks, 2017.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.evaluation import outputs
from lenet.model import LeNet
from lenet.variant import INPUT_SIZE

WINDOW = 5  # pixels; the side of the black square that hides a part, a kernel's
AT_ONCE = 192  # pictures in a batch
STEPS = (64, 128, 256, 512, 1024)  # points on the way from black to the digit; more until the sum is right
GAP = 0.01  # of the difference that the contributions must sum to
FLOOR = 0.01  # of a logit: it moves no probability by more than 0.25 percentage points, so no picture magnifies less


@dataclass(frozen=True)
class Saliency:
    """values: [28, 28], in units of the logit; positive speaks for the digit `target`.

    digit, baseline: that logit for the picture and for a black one; steps: points on the way (0 for occlusion).
    """

    values: Tensor
    target: int
    digit: float
    baseline: float
    steps: int = 0

    @property
    def gap(self) -> float:
        """By how much the values' sum misses the difference between the two logits, as a share of it."""
        difference = self.digit - self.baseline
        return self.missed / abs(difference) if difference else self.missed

    @property
    def missed(self) -> float:
        """The same in units of the logit."""
        return abs(self.values.double().sum().item() - (self.digit - self.baseline))

    @property
    def scale(self) -> float:
        """The value that gets the full colour: the largest, or FLOOR, so that noise doesn't look like a signal."""
        return max(float(self.values.abs().max()), FLOOR)


def occlusion(model: LeNet, image: Tensor, target: int) -> Saliency:
    """How much the logit of `target` falls when a black square of 5 × 5 hides a part of the digit: for each pixel the
    mean over all squares that cover it. image: float32 [1, 28, 28] in [0, 1]."""
    model, image = _double(model, image)
    side = INPUT_SIZE - WINDOW + 1
    corners = torch.eye(side**2, dtype=image.dtype).reshape(-1, 1, side, side)
    squares = F.conv_transpose2d(corners, torch.ones(1, 1, WINDOW, WINDOW, dtype=image.dtype))  # 1 where it hides
    with torch.no_grad():
        hidden = torch.cat([outputs(model, image * (1 - some))[:, target] for some in squares.split(AT_ONCE)])
        falls = outputs(model, image[None])[0, target] - hidden
    return _saliency(model, image, target, torch.einsum("n,nchw->hw", falls, squares) / squares.sum((0, 1)))


def integrated_gradients(model: LeNet, image: Tensor, target: int) -> Saliency:
    """The gradient of the logit of `target` by each pixel, averaged on the straight way from a black picture to the
    digit, times the pixel: the values sum to the difference that the digit makes. image: as for `occlusion`."""
    model, image = _double(model, image)
    for steps in STEPS:
        middles = (torch.arange(steps, dtype=image.dtype) + 0.5) / steps  # of equal pieces of the way
        gradient = torch.zeros_like(image)
        for some in middles.split(AT_ONCE):
            way = (some[:, None, None, None] * image).requires_grad_(True)
            gradient += torch.autograd.grad(outputs(model, way)[:, target].sum(), way)[0].sum(0)
        found = _saliency(model, image, target, (gradient / steps * image)[0], steps)
        if found.gap <= GAP:
            break
    return found


def _double(model: LeNet, image: Tensor) -> tuple[LeNet, Tensor]:
    """In float64: a network that hardly reacts differs by less than float32 can tell. The shared one stays as it is."""
    return deepcopy(model).double(), image.detach().double()


def _saliency(model: LeNet, image: Tensor, target: int, values: Tensor, steps: int = 0) -> Saliency:
    with torch.no_grad():
        digit, black = outputs(model, torch.stack([image, torch.zeros_like(image)]))[:, target].tolist()
    return Saliency(values.float(), target, digit, black, steps)


@dataclass(frozen=True)
class Method:
    """label and what the picture says and does not say, in one sentence."""

    label: str
    honest: str
    of: Callable[[LeNet, Tensor, int], Saliency]


METHODS: dict[str, Method] = {
    "occlusion": Method(
        "Occlusion",
        f"How far the logit falls when a black square of {WINDOW} × {WINDOW} pixels hides the place. It shows what "
        "the network misses there, not what two places do together. And it never met a digit with a hole.",
        occlusion,
    ),
    "gradients": Method(
        "Integrated gradients",
        "How the logit's rise from a black picture to this digit is shared among the pixels. The shares add up, but "
        "black pixels always get nothing, although the network also needs them to be black.",
        integrated_gradients,
    ),
}
