"""A step taken apart: the terms add up to autograd's gradient, and the arithmetic makes PyTorch's new weight."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.data import Digits
from lenet.learning import Kept, LearningError, update
from lenet.recipe import Recipe
from lenet.training import Control, new_model, train
from lenet.variant import VARIANTS

BATCH = 12
RECIPES = (
    Recipe(lr=0.1, smoothing=0.1),
    Recipe(lr=0.05, momentum=0.9, weight_decay=0.01),
    Recipe(optimiser="adam", lr=0.003, weight_decay=0.02, schedule="one-cycle"),
)


def kept_step(variant: str, recipe: Recipe, seed: int, number: int) -> Kept:
    random = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (BATCH * 3, 1, 28, 28), dtype=torch.uint8, generator=random)
    digits = Digits(images, torch.randint(0, 10, (BATCH * 3,), generator=random))
    control = Control(keep=True)
    model = new_model(VARIANTS[variant], seed)
    for step in train(model, recipe, digits, control=control):
        if step.number == number:
            return control.kept
    raise AssertionError


@settings(max_examples=25)
@given(st.data())
def test_terms_add_up_to_autograds_gradient_and_the_new_weight_is_pytorchs(data):
    variant = data.draw(
        st.sampled_from(["original", "tanh", "sigmoid", "pool-kernel-3", "rnn", "lstm-steps", "depth-1"])
    )
    recipe = data.draw(st.sampled_from(RECIPES))
    seed, number = data.draw(st.integers(0, 1000)), data.draw(st.integers(1, 3))
    kept = kept_step(
        variant, Recipe(**{**vars(recipe), "batch_size": BATCH, "train_size": 3 * BATCH, "epochs": 1}), seed, number
    )
    names = [name for name in kept.before if not name.startswith(("rnn", "lstm"))]
    name = data.draw(st.sampled_from(names))
    index = tuple(data.draw(st.integers(0, size - 1)) for size in kept.before[name].shape)
    found = update(kept, name, index)
    scale = kept.gradients[name].abs().max().item()
    assert found.gradient == pytest.approx(found.autograd, rel=1e-4, abs=1e-4 * scale + 1e-12)
    assert sum(term.value for term in found.terms) + found.rest[1] == pytest.approx(found.gradient, rel=1e-9, abs=1e-15)
    # Adam divides by the size of the gradient: where that is rounding, so is the quotient.
    clear = recipe.optimiser == "sgd" or abs(found.autograd) > 1e-3 * scale
    assert found.new == pytest.approx(found.torch, rel=1e-5, abs=1e-6) or not clear
    assert found.old != found.torch or not clear or found.autograd == 0


def test_one_term_of_a_linear_weight_is_input_times_error():
    kept = kept_step("original", Recipe(batch_size=BATCH, train_size=3 * BATCH), 1, 1)
    found = update(kept, "fc2.weight", (3, 5))
    assert len(found.terms) == 8 and found.rest[0] == BATCH - 8 and found.places == 1
    assert all(term.value == pytest.approx(term.input * term.error) for term in found.terms)
    assert found.lines[-1].startswith("New = old − learning rate × gradient = ")


@pytest.mark.parametrize(
    ("name", "index", "words"),
    [
        ("fc9.weight", (0, 0), "no weight fc9.weight"),
        ("fc1.weight", (0,), "no weight fc1.weight"),
        ("fc1.weight", (0, -1), "has the shape"),
        ("rnn.weight_ih_l0", (0, 0), "rnn: only weights of convolutions"),
    ],
)
def test_a_weight_that_there_is_not_gets_a_sentence(name, index, words):
    kept = kept_step("rnn", Recipe(batch_size=BATCH, train_size=3 * BATCH), 1, 1)
    with pytest.raises(LearningError, match=words):
        update(kept, name, index)
