"""A step taken apart: the terms add up to autograd's gradient, and the arithmetic makes PyTorch's new weight."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.data import Digits
from lenet.evaluation import loss
from lenet.learning import Kept, LearningError, Sweep, sweep, update, worst_and_best
from lenet.recipe import Recipe
from lenet.training import Control, new_model, train
from lenet.variant import ACTIVATIONS, VARIANTS, Convolution, Pool, Variant, layers

BATCH = 12


def kept_step(variant: Variant, recipe: Recipe, number: int) -> Kept:
    """Of three batches of noise, so that no two cells of a window are equal."""
    random = torch.Generator().manual_seed(recipe.seed)
    count = recipe.train_size
    images = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8, generator=random)
    digits = Digits(images, torch.randint(0, 10, (count,), generator=random))
    control = Control(keep=True)
    model = new_model(variant, recipe.seed)
    for step in train(model, recipe, digits, control=control):
        if step.number == number:
            return control.kept
    raise AssertionError


@st.composite
def recipes(draw) -> Recipe:
    """SGD, plain or with momentum, and Adam, each with and without weight decay and smoothing."""
    batch = draw(st.integers(1, 5))
    sgd = draw(st.booleans())
    return Recipe(
        optimiser="sgd" if sgd else "adam",
        lr=10 ** draw(st.floats(-4, -1 if sgd else -2)),
        momentum=draw(st.sampled_from([0.0, 0.5, 0.9])) if sgd else 0.0,
        weight_decay=draw(st.sampled_from([0.0, 0.0005, 0.02])),
        smoothing=draw(st.sampled_from([0.0, 0.1])),
        schedule=draw(st.sampled_from(["constant", "one-cycle"])),
        shuffle=draw(st.booleans()),
        batch_size=batch,
        train_size=3 * batch,
        epochs=1,
        seed=draw(st.integers(0, 1000)),
    )


@st.composite
def variants(draw) -> Variant:
    """Any shipped one; or other kernels, strides, maps, units, nonlinearities, poolings and dropout."""
    variant = VARIANTS[draw(st.sampled_from(list(VARIANTS)))]
    if variant.output == "rbf" or draw(st.booleans()):
        return variant
    strides = (st.integers(1, 2), st.just(1))
    convs = [st.builds(Convolution, st.integers(2, 5), one, st.integers(0, 1), st.integers(2, 8)) for one in strides]
    kinds = st.sampled_from(["max", "average"])
    variant = replace(
        VARIANTS["depth-1"],
        pools=tuple(Pool(2, 2, 0, draw(kinds)) for _ in range(draw(st.integers(1, 2)))),
        output_activation=draw(st.booleans()),
    )
    variant = replace(
        variant, convs=tuple(draw(one) for one, _ in zip(convs, variant.pools)), hidden=(draw(st.integers(3, 20)), 9)
    )
    return replace(
        variant,
        activations=tuple(draw(st.sampled_from(ACTIVATIONS)) for _ in variant.inner),
        dropout=tuple(draw(st.sampled_from([0.0, 0.3])) for _ in variant.inner),
    )


@settings(max_examples=20)
@given(variants(), recipes(), st.integers(1, 3), st.data())
def test_terms_add_up_to_autograds_gradient_and_the_new_weight_is_pytorchs(variant, recipe, number, data):
    kept = kept_step(variant, recipe, number)
    name = data.draw(st.sampled_from([name for name in kept.before if name.startswith(("conv", "fc"))]))
    index = tuple(data.draw(st.integers(0, size - 1)) for size in kept.before[name].shape)
    found = update(kept, name, index)
    scale = kept.gradients[name].abs().max().item()
    assert found.gradient == pytest.approx(found.autograd, rel=1e-4, abs=1e-4 * scale + 1e-12)
    assert sum(term.value for term in found.terms) + found.rest[1] == pytest.approx(found.gradient, rel=1e-9, abs=1e-15)
    # Adam divides by the size of the gradient: where that is rounding, so is the quotient.
    clear = recipe.optimiser == "sgd" or abs(found.autograd) > 1e-3 * scale
    assert found.new == pytest.approx(found.torch, rel=1e-5, abs=1e-6) or not clear
    assert found.old != found.torch or not clear or abs(found.autograd) < 1e-4


@settings(max_examples=12)
@given(variants(), recipes(), st.data())
def test_the_error_that_runs_back_is_what_the_loss_gains(variant, recipe, data):
    """Against p − y, against PyTorch's gradients of all biases, and against the loss with one number changed."""
    kept = kept_step(variant, recipe, 1)
    sweeps = [sweep(kept, picture) for picture in range(recipe.batch_size)]
    *_, last = sweeps[0].errors
    if variant.output != "rbf":
        for one in sweeps:
            wanted = np.full(10, recipe.smoothing / 10)
            wanted[one.label] += 1 - recipe.smoothing
            shares = torch.from_numpy(one.values[last]).double().softmax(0).numpy()
            np.testing.assert_allclose(one.errors[last], shares - wanted, atol=1e-5)
    for name, gradient in kept.gradients.items():
        layer, _, kind = name.partition(".")
        if layer.startswith(("conv", "fc")) and kind == "bias":
            found = sum(one.errors[layer].reshape(len(gradient), -1).astype("f8").sum(1) for one in sweeps)
            np.testing.assert_allclose(
                found / len(sweeps), gradient.numpy(), rtol=1e-4, atol=1e-5 * float(gradient.abs().max()) + 1e-10
            )
    if not any(layer.along_batch for layer in layers(variant)) and not any(variant.dropout):
        picture = data.draw(st.integers(0, recipe.batch_size - 1))
        changed(kept, sweeps[picture], picture, data.draw(st.integers(0, 10**6)))


def changed(kept: Kept, one: Sweep, picture: int, at: int) -> None:
    """A number before a nonlinearity, a little more and a little less: the loss follows the error there."""
    model = new_model(kept.variant, 0)
    model.load_state_dict(kept.before)
    model.double()
    names = [layer.name for layer in model.layers if layer.name in one.errors and layer.parameters]
    name = names[at % len(names)]
    start = [layer.name for layer in model.layers].index(name)
    losses = []
    for by in (1e-6, -1e-6):
        x = torch.from_numpy(one.values[name]).double()[None].clone()
        x.view(-1)[at % x.numel()] += by
        for layer in model.layers[start + 1 : -1]:
            x = model.apply_layer(layer, x)
        losses.append(loss(model, x, kept.labels[picture, None], kept.recipe.smoothing).item())
    errors = one.errors[name].astype("f8")
    error, scale = float(errors.flat[at % errors.size]), float(np.abs(errors).max())
    assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(error, rel=1e-3, abs=1e-3 * scale + 1e-8)


def test_the_worst_and_the_best_picture_of_a_batch():
    kept = kept_step(VARIANTS["best"], Recipe(batch_size=BATCH, train_size=3 * BATCH), 1)
    worst, best = (sweep(kept, picture).loss for picture in worst_and_best(kept))
    every = [sweep(kept, picture).loss for picture in range(BATCH)]
    assert worst == max(every) > best == min(every)


def test_one_term_of_a_linear_weight_is_input_times_error():
    kept = kept_step(VARIANTS["original"], Recipe(batch_size=BATCH, train_size=3 * BATCH), 1)
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
    kept = kept_step(VARIANTS["rnn"], Recipe(batch_size=BATCH, train_size=3 * BATCH), 1)
    with pytest.raises(LearningError, match=words):
        update(kept, name, index)
