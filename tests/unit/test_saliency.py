"""Occlusion and integrated gradients: against Captum, and what they must sum to."""

from copy import deepcopy

import pytest
import torch
from captum.attr import IntegratedGradients, Occlusion

from lenet.data import mnist, pixels
from lenet.evaluation import outputs
from lenet.pretrained import create_model, shipped
from lenet.probes import saliency
from lenet.probes.saliency import FLOOR, GAP, WINDOW, Saliency, integrated_gradients, occlusion
from lenet.training import new_model
from lenet.variant import VARIANTS


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    return pixels(mnist("test").images[:2])


def frozen(name: str):
    return new_model(VARIANTS[name], 0).eval().requires_grad_(False)


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped())
def test_integrated_gradients_sum_to_the_difference_from_the_baseline(name, digits):
    """For the digit that the network reads, to one per cent, counted here and not by the module."""
    model = create_model(name, pretrained=True)
    with torch.no_grad():
        wide = deepcopy(model).double()  # float32 cannot tell apart what the shipped sigmoid network answers
        ten, black = outputs(wide, digits.double()), outputs(wide, torch.zeros(1, 1, 28, 28).double())[0]
    for image, out in zip(digits, ten):
        target = int(out.argmax())
        found = integrated_gradients(model, image, target)
        difference = float(out[target] - black[target])
        assert abs(float(found.values.double().sum()) - difference) <= 0.01 * abs(difference)
        assert found.gap <= GAP


@pytest.mark.parametrize("name", ["best", "tanh", "sigmoid", "lstm", "rnn-steps"])
def test_integrated_gradients_of_every_kind_of_network(name, digits):
    found = integrated_gradients(frozen(name), digits[0], 3)
    assert found.gap <= GAP and found.values.shape == (28, 28)
    assert not found.values[digits[0][0] == 0].any()  # black pixels get nothing


@pytest.mark.parametrize("name", ["best", "tanh", "lstm"])
def test_captum_finds_the_same(name, digits):
    model, image, target = frozen(name), digits[1], 2
    wide, doubled = deepcopy(model).double(), digits[1:2].double()

    def logits(x: torch.Tensor) -> torch.Tensor:
        return outputs(wide, x)

    expected = Occlusion(logits).attribute(
        doubled, (1, WINDOW, WINDOW), baselines=0.0, target=target, perturbations_per_eval=100
    )
    found = occlusion(model, image, target)
    assert torch.allclose(found.values, expected[0, 0].float(), atol=1e-6)
    with torch.no_grad():
        assert found.digit == pytest.approx(float(model(image[None])[0, target]), abs=1e-5)

    found = integrated_gradients(model, image, target)
    expected = IntegratedGradients(logits).attribute(
        doubled, baselines=0.0, target=target, n_steps=found.steps, method="riemann_middle"
    )
    assert torch.allclose(found.values, expected[0, 0].float(), atol=1e-6)


def test_no_picture_magnifies_noise():
    loud, faint = torch.zeros(28, 28), torch.full((28, 28), FLOOR / 1000)
    loud[3, 4] = -2.5
    assert Saliency(loud, 0, 1.0, 0.0).scale == 2.5
    assert Saliency(faint, 0, 1.0, 0.0).scale == FLOOR


def test_a_network_that_says_nothing_gets_zeros(digits):
    model = frozen("original")
    for parameter in model.parameters():
        parameter.zero_()
    for method in saliency.METHODS.values():
        found = method.of(model, digits[0], 4)
        assert not found.values.any() and found.gap == 0


def test_shared_networks_stay_as_they_are(digits):
    model = create_model("best", pretrained=True)
    for method in saliency.METHODS.values():
        method.of(model, digits[0], 4)
    assert all(not parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert not digits.requires_grad
