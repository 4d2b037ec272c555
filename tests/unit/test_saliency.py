"""Occlusion and integrated gradients: against our own loops, and what they must sum to."""

from copy import deepcopy

import pytest
import torch

from lenet.data import mnist, pixels
from lenet.evaluation import outputs
from lenet.pretrained import create_model, shipped
from lenet.probes import saliency
from lenet.probes.saliency import GAP, WINDOW, integrated_gradients, occlusion
from lenet.training import new_model
from lenet.variant import VARIANTS


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    return pixels(mnist("test").images[:6])


def frozen(name: str):
    return new_model(VARIANTS[name], 0).eval().requires_grad_(False)


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


def test_integrated_gradients_against_our_own_sum(digits):
    """The mean gradient at the middles of equal pieces of the way, times the picture."""
    model, image, steps = frozen("tanh"), digits[0], 64
    way = ((torch.arange(steps) + 0.5) / steps)[:, None, None, None] * image
    way.requires_grad_(True)
    (gradient,) = torch.autograd.grad(outputs(model, way)[:, 7].sum(), way)
    expected = gradient.mean(0)[0] * image[0]
    found = integrated_gradients(model, image, 7)
    assert found.steps == steps
    assert torch.allclose(found.values, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["best", "lstm"])
def test_occlusion_against_a_plain_loop(name, digits):
    model, image = frozen(name), digits[1]
    with torch.no_grad():
        whole = float(model(image[None])[0, 2])
        total, count = torch.zeros(28, 28), torch.zeros(28, 28)
        for top in range(28 - WINDOW + 1):
            for left in range(28 - WINDOW + 1):
                place = (slice(top, top + WINDOW), slice(left, left + WINDOW))
                hidden = image.clone()
                hidden[0][place] = 0
                total[place] += whole - float(model(hidden[None])[0, 2])
                count[place] += 1
    found = occlusion(model, image, 2)
    assert torch.allclose(found.values, total / count, atol=1e-4)
    assert found.digit == pytest.approx(whole, abs=1e-5)


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
