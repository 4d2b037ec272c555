"""The arithmetic of a cell against PyTorch's numbers, and receptive fields against what changing a pixel does."""

import math
from dataclasses import replace
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.explain import cell, receptive_field, used_by
from lenet.layers import C3, NONLINEARITIES, POOLS
from lenet.model import LeNet, Trace
from lenet.training import new_model
from lenet.variant import ACTIVATIONS, HEADS, OUTPUTS, SIZES, VARIANTS, Pool, Variant, VariantError, layers


@st.composite
def variants(draw) -> Variant:
    """Any network that can be built."""
    kinds = st.sampled_from(list(POOLS))
    pools = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 1), kinds).map(lambda pool: Pool(*pool))
    made = Variant(
        activation=draw(st.sampled_from(ACTIVATIONS)),
        pools=tuple(draw(st.lists(pools, min_size=1, max_size=4))),
        head=draw(st.sampled_from(list(HEADS))),
        output_activation=draw(st.booleans()),
        mean=draw(st.sampled_from([0.0, 0.1307])),
        std=draw(st.sampled_from([1.0, 0.3081])),
        size=draw(st.sampled_from(SIZES)),
        table=draw(st.booleans()),
        output=draw(st.sampled_from(list(OUTPUTS))),
    )
    try:
        layers(made)
    except VariantError:
        return draw(st.sampled_from(list(VARIANTS.values())))
    return made


@cache
def traced(variant: Variant, seed: int) -> tuple[LeNet, Trace]:
    model = new_model(variant, seed)
    random = torch.Generator().manual_seed(seed)
    pictures = torch.rand(3, 1, 28, 28, generator=random) * (torch.rand(3, 1, 28, 28, generator=random) > 0.6)
    return model, model.trace(pictures)


def close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-6)  # float32 rounds terms of about 1


@settings(max_examples=60)
@given(variants(), st.integers(0, 3), st.integers(0, 2), st.data())
def test_the_terms_of_every_kind_of_cell_sum_to_pytorchs_number(variant, seed, n, data):
    model, trace = traced(variant, seed)
    for stage in trace:
        index = tuple(data.draw(st.integers(0, size - 1)) for size in stage.layer.output_shape)
        got = cell(model, trace, stage, index, n)
        assert got.torch == stage.output[n][index].item()
        assert close(got.value, got.torch), got
        assert close(got.sum, math.fsum(term.product for term in got.terms) + got.bias)
        for term in got.terms:
            # What a term says it has read is really there.
            if term.what != "memory before × forget gate" and term.what != "candidate × input gate":
                assert term.value == trace[term.source].output[term.picture][term.index].item()
            if stage.kind == "rbf":
                assert term.product == -((term.value - term.weight) ** 2) and abs(term.weight) == 1
            elif got.nonlinearity != "softmax":
                assert term.product == term.value * term.weight
        if got.nonlinearity in NONLINEARITIES:
            assert close(NONLINEARITIES[got.nonlinearity](got.sum), got.value)
        if got.gates:
            enter, forget, candidate, leave = got.gates
            assert close(got.terms[1].product, enter.value * candidate.value)
            assert got.terms[0].weight == forget.value
            assert close(leave.value * math.tanh(got.sum), got.torch)
        if stage.kind == "pool":
            (winner,) = [term for term in got.terms if term.weight == 1]
            assert winner.value == max(term.value for term in got.terms) == got.torch


@pytest.mark.parametrize("name", VARIANTS)
def test_a_convolution_has_a_term_for_every_input_channel(name):
    model, trace = traced(VARIANTS[name], 0)
    for stage in trace:
        if stage.kind == "conv":
            got = cell(model, trace, stage.name, (0, 1, 1))
            maps = C3[0] if VARIANTS[name].table and stage.name == "conv2" else range(stage.layer.input_shape[0])
            assert len(got.terms) == 25 * len(maps)
            assert {term.index[0] for term in got.terms} == set(maps)


def test_along_the_batch_the_state_comes_from_the_digit_before():
    for head in ("rnn", "lstm"):
        model, trace = traced(VARIANTS[head], 1)
        alone, follower = cell(model, trace, head, (5,), 0), cell(model, trace, head, (5,), 2)
        first = (alone.gates or (alone,))[0]
        later = (follower.gates or (follower,))[0]
        assert {term.picture for term in first.terms} == {0} and len(first.terms) == 120
        assert {term.picture for term in later.terms} == {1, 2} and len(later.terms) == 120 + 84


def test_what_does_not_exist_is_refused_with_a_sentence():
    model, trace = traced(VARIANTS["original"], 0)
    with pytest.raises(KeyError, match="There is no stage 'conv9'"):
        cell(model, trace, "conv9", (0, 0, 0))
    with pytest.raises(KeyError, match="There is no stage"):
        receptive_field(model, "conv9", (0, 0, 0))
    for index in [(6, 0, 0), (0, -1, 0), (0, 0), (0, 0, 24)]:
        with pytest.raises(IndexError, match="has no cell"):
            cell(model, trace, "conv1", index)
    with pytest.raises(IndexError, match="there is no picture 3"):
        cell(model, trace, "conv1", (0, 0, 0), 3)


@settings(max_examples=25)
@given(variants(), st.data())
def test_a_pixel_outside_the_receptive_field_never_changes_the_cell(variant, data):
    model, _ = traced(variant, 0)
    stage = data.draw(st.sampled_from(model.layers))
    index = tuple(data.draw(st.integers(0, size - 1)) for size in stage.output_shape)
    fields = receptive_field(model, stage.name, index)
    inside = fields["input"]
    x = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    other = torch.where(inside, x, torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(2)))
    # The whole computation, cell by cell: whatever an earlier mask holds does not change either.
    one, two = model.trace(x), model.trace(other)
    assert torch.equal(one[stage.name].output[0][index], two[stage.name].output[0][index])


@settings(max_examples=20)
@given(variants(), st.data())
def test_in_a_linear_network_of_positive_weights_every_pixel_inside_changes_the_cell(variant, data):
    # On positive numbers a ReLU does nothing.
    model = positive(replace(variant, activation="relu", output="linear"))
    table = [layer for layer in model.layers if layer.kind not in ("softmax", "rnn", "lstm", "last")]
    if variant.head != "linear":
        table = table[: next((i for i, layer in enumerate(table) if layer.name in ("fc2", "sequence")), len(table))]
    stage = data.draw(st.sampled_from(table))
    index = tuple(data.draw(st.integers(0, size - 1)) for size in stage.output_shape)
    sees = receptive_field(model, stage.name, index)["input"][0]
    x = torch.ones(1, 1, 28, 28, dtype=torch.double, requires_grad=True)
    run(model, stage.name, x)[0][index].backward()
    assert torch.equal(x.grad[0, 0] > 0, sees)


def positive(variant: Variant) -> LeNet:
    """The network in double precision with positive weights, and with a mean in the place of the largest of a window,
    so that it is linear."""
    model = new_model(variant, 0).double()
    for parameter in model.parameters():
        parameter.data.abs_().add_(0.01)
    return model


def run(model: LeNet, until: str, x: torch.Tensor) -> torch.Tensor:
    for layer in model.layers:
        if layer.kind == "pool":
            x = torch.nn.functional.avg_pool2d(x, *layer.window)
        elif layer.kind == "normalise":  # without the mean: the inputs of the network must stay positive
            x = x / model.variant.std
        else:
            x = model.apply_layer(layer, x)
        if layer.name == until:
            break
    return x


@settings(max_examples=25)
@given(variants(), st.data())
def test_a_cell_feeds_exactly_the_cells_that_see_it(variant, data):
    model, _ = traced(variant, 0)
    stage = data.draw(st.sampled_from(model.layers[:-1]))
    index = tuple(data.draw(st.integers(0, size - 1)) for size in stage.output_shape)
    forward = used_by(model, stage.name, index)
    assert list(forward) == [layer.name for layer in model.layers[model.layers.index(stage) + 1 :]]
    for layer in model.layers[model.layers.index(stage) + 1 :]:
        target = tuple(data.draw(st.integers(0, size - 1)) for size in layer.output_shape)
        assert bool(forward[layer.name][target]) == bool(receptive_field(model, layer.name, target)[stage.name][index])
