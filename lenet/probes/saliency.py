"""What the pixels of a digit contribute to a network's answer, in two ways, both computed by Captum.

Both explain one output before the softmax. Occlusion: M. Zeiler, R. Fergus, Visualizing and Understanding
Convolutional Networks, 2014. Integrated gradients: M. Sundararajan, A. Taly, Q. Yan, Axiomatic Attribution for Deep
Networks, 2017.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor

from lenet.evaluation import outputs
from lenet.model import LeNet

WINDOW = 5  # pixels; the side of the black square that hides a part, a kernel's
AT_ONCE = 192  # occluded pictures in a batch
STEPS = (64, 128, 256, 512, 1024)  # points on the way from black to the digit; more until the sum is right
GAP = 0.01  # of the difference that the contributions must sum to


@dataclass(frozen=True)
class Saliency:
    """values: [28, 28], in units of the output; positive speaks for the digit `target`.

    digit, baseline: that output for the picture and for a black one; steps: points on the way (0 for occlusion).
    """

    values: Tensor
    target: int
    digit: float
    baseline: float
    steps: int = 0

    @property
    def gap(self) -> float:
        """By how much the values' sum misses the difference between the two outputs, as a share of it."""
        difference = self.digit - self.baseline
        return self.missed / abs(difference) if difference else self.missed

    @property
    def missed(self) -> float:
        """The same in units of the output."""
        return abs(self.values.double().sum().item() - (self.digit - self.baseline))


def occlusion(model: LeNet, image: Tensor, target: int) -> Saliency:
    """How much the output of `target` falls when a black square of 5 × 5 hides a part of the digit, the mean over all
    squares that cover a pixel. image: float32 [1, 28, 28] in [0, 1]."""
    from captum.attr import Occlusion

    model, image = _double(model, image)
    with torch.no_grad():
        values = Occlusion(lambda x: outputs(model, x)).attribute(
            image[None], (1, WINDOW, WINDOW), baselines=0.0, target=target, perturbations_per_eval=AT_ONCE
        )
    return _saliency(model, image, target, values)


def integrated_gradients(model: LeNet, image: Tensor, target: int) -> Saliency:
    """The gradient of the output of `target` by each pixel, averaged on the straight way from a black picture to the
    digit, times the pixel: the values sum to the difference that the digit makes. image: as for `occlusion`."""
    from captum.attr import IntegratedGradients

    model, image = _double(model, image)
    explain = IntegratedGradients(lambda x: outputs(model, x), multiply_by_inputs=True)
    for steps in STEPS:
        values = explain.attribute(image[None], baselines=0.0, target=target, n_steps=steps, method="riemann_middle")
        found = _saliency(model, image, target, values, steps)
        if found.gap <= GAP:
            break
    return found


def _double(model: LeNet, image: Tensor) -> tuple[LeNet, Tensor]:
    """In float64: a network that hardly reacts differs by less than float32 can tell. The shared one stays as it is."""
    return deepcopy(model).double(), image.detach().double()


def _saliency(model: LeNet, image: Tensor, target: int, values: Tensor, steps: int = 0) -> Saliency:
    with torch.no_grad():
        digit, black = outputs(model, torch.stack([image, torch.zeros_like(image)]))[:, target].tolist()
    return Saliency(values.detach()[0, 0].float(), target, digit, black, steps)


@dataclass(frozen=True)
class Method:
    """label and what the picture says and does not say, in one sentence."""

    label: str
    honest: str
    of: Callable[[LeNet, Tensor, int], Saliency]


METHODS: dict[str, Method] = {
    "occlusion": Method(
        "Occlusion",
        f"How much the output falls when a black square of {WINDOW} × {WINDOW} pixels hides the place: it says what "
        "the network misses there, not what two places do together, and a digit with a hole is a picture it never met.",
        occlusion,
    ),
    "gradients": Method(
        "Integrated gradients",
        "How the output's rise from a black picture to this digit divides among the pixels: it adds up, but black "
        "pixels get nothing by construction, although the network also needs them to be black.",
        integrated_gradients,
    ),
}
