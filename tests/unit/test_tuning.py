"""Train on us: what a run starts from, who it is tested on, and what it is good for."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lenet.classroom import tuning
from lenet.data import own
from lenet.own_data import Loaded, Pictures
from lenet.pretrained import WeightsError, card, create_model, first_model, load, make_card, weights_bytes
from lenet.recipe import Recipe, RecipeError, check, to_fields
from lenet.synthetic import draw
from lenet.training import Epoch, train
from lenet.variant import INPUT_SIZE, VARIANTS


def oblique(count: int, seed: int) -> Pictures:
    """Digits of the synthetic pen, sheared: a hand that the shipped networks have seldom met."""
    drawn = draw(count, seed)
    images = drawn.images.float().view(-1, 1, INPUT_SIZE, INPUT_SIZE) / 255
    shear = torch.tensor([[1.15, 0.6, 0.0], [0.0, 1.15, 0.0]]).expand(count, 2, 3)
    grid = F.affine_grid(shear, list(images.shape), align_corners=False)
    turned = (255 * F.grid_sample(images, grid, align_corners=False)).round().byte()[:, 0]
    return Pictures(turned.numpy(), drawn.labels.numpy())


@pytest.fixture(scope="module")
def data() -> Loaded:
    about = replace(Recipe().data, name="class ABC234", checksum="0")
    return Loaded(about, oblique(225, 7), oblique(1000, 8))


def tuned(data: Loaded, recipe: Recipe):
    model = first_model(tuning.VARIANT, recipe)
    for _ in train(model, recipe, own(data, "train")):
        pass
    return model.eval()


@pytest.mark.slow
def test_a_tuned_network_reads_other_writers_better_and_keeps_mnist(data):
    recipe = tuning.recipe("tune", data, 0)
    others, mnist = tuning.compare(tuned(data, recipe), recipe, data)
    assert round(1000 * (others.after.value - others.before.value)) == others.mended - others.spoilt > 0
    assert others.after.value > 0.98
    assert mnist.after.value > 0.992
    assert mnist.before.value == pytest.approx(card("best").test_accuracy, abs=2e-4)  # a machine may round otherwise
    assert mnist.after.low < mnist.after.value < mnist.after.high


def test_a_run_starts_from_the_weights_that_its_recipe_names(data):
    best = create_model("best", pretrained=True)
    first = first_model(tuning.VARIANT, tuning.recipe("tune", data, 3))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), best.parameters()))
    assert all(parameter.requires_grad for parameter in first.parameters())
    anew = tuning.recipe("anew", data, 3)
    assert not torch.equal(first_model(tuning.VARIANT, anew).conv1.weight, best.conv1.weight)
    with pytest.raises(WeightsError, match="another network"):
        first_model(VARIANTS["tanh"], tuning.recipe("tune", data, 0))
    with pytest.raises(WeightsError, match="shipped"):
        first_model(tuning.VARIANT, replace(anew, start="../best"))


@pytest.mark.parametrize("start", ["../best", "best.safetensors", "B", 3, "x" * 41])
def test_a_start_is_the_name_of_a_network_and_nothing_else(start):
    with pytest.raises(RecipeError, match="shipped network"):
        check(Recipe(start=start))


def test_the_card_says_from_what_a_network_was_tuned(data):
    recipe = tuning.recipe("tune", data, 0)
    epoch = Epoch(0, 0.1, 0.9, [0.9] * 10, 10, {}, {}, 0.0)
    model = first_model(tuning.VARIANT, recipe)
    _, card = load(weights_bytes(model, make_card("tuned", tuning.VARIANT, recipe, [epoch])))
    assert card.recipe == recipe and card.recipe.start == "best"
    assert "start" not in to_fields(Recipe()) and np.isclose(card.recipe.lr, 0.001)
