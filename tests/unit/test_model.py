"""The network against an independent build of the base implementation, and the trace."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from lenet.model import LeNet
from lenet.pretrained import create_model, list_models
from lenet.training import new_model
from lenet.variant import VARIANTS, Variant


def base_implementation() -> nn.Module:
    """The base network written out by hand, ReLU after the last layer included."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
        nn.ReLU(),
    )


def test_original_is_the_base_implementation_to_the_bit():
    torch.manual_seed(3)
    base = base_implementation()
    ours = create_model("original")
    assert [p.shape for p in ours.parameters()] == [p.shape for p in base.parameters()]
    for mine, theirs in zip(ours.parameters(), base.parameters()):
        mine.data.copy_(theirs)
    x = torch.rand(64, 1, 28, 28)
    with torch.no_grad():
        assert torch.equal(ours(x), base(x))
    assert (ours(x) >= 0).all()


def test_a_seed_gives_the_base_implementations_initial_weights():
    torch.manual_seed(5)
    base = base_implementation()
    assert all(torch.equal(a, b) for a, b in zip(new_model(VARIANTS["original"], 5).parameters(), base.parameters()))


def test_a_new_model_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    new_model(VARIANTS["lstm"], 7)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_seeds_hold_when_many_threads_initialise():
    alone = [new_model(VARIANTS["original"], seed).state_dict() for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda seed: new_model(VARIANTS["original"], seed).state_dict(), range(8)))
    for one, other in zip(alone, together):
        assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", list_models())
def test_created_models_are_ready_to_use(name):
    model = create_model(name)
    assert not model.training
    assert {(p.dtype, p.device.type) for p in model.parameters()} == {(torch.float32, "cpu")}
    assert model(torch.rand(3, 1, 28, 28)).shape == (3, 10)


@pytest.mark.parametrize("name", list_models())
def test_trace_ends_where_forward_does(name):
    model, x = create_model(name), torch.rand(3, 1, 28, 28)
    trace = model.trace(x)
    with torch.no_grad():
        assert torch.equal(trace.outputs, model(x))
    torch.testing.assert_close(trace.probabilities.sum(1), torch.ones(3))
    assert torch.equal(trace["input"].output, x)


def test_trace_by_name():
    trace = create_model("original").trace(torch.rand(1, 1, 28, 28))
    assert trace["relu1"].kind == "relu"
    assert trace.before("relu1").name == "conv1"
    assert "pool2" in trace and "pool9" not in trace
    with pytest.raises(KeyError, match="pool1"):
        trace["pool9"]


def test_many_threads_trace_one_model():
    model = create_model("original")
    pictures = torch.rand(16, 1, 28, 28)
    expected = [model.trace(p[None]).probabilities for p in pictures]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda p: model.trace(p[None]).probabilities, pictures))
    assert all(torch.equal(a, b) for a, b in zip(expected, got))


def test_normalisation_is_inside():
    plain = new_model(Variant(), 0)
    normalised = new_model(Variant(mean=0.25, std=0.5), 0)
    x = torch.rand(2, 1, 28, 28)
    assert torch.equal(normalised(x), plain((x - 0.25) / 0.5))


def test_a_digits_answer_depends_on_its_neighbours_only_along_the_batch():
    x, other = torch.rand(4, 1, 28, 28), torch.rand(4, 1, 28, 28)
    swapped = torch.cat([other[:3], x[3:]])
    for name, depends in [("rnn", True), ("lstm", True), ("rnn-steps", False), ("lstm-steps", False), ("best", False)]:
        model = new_model(VARIANTS[name], 0)
        assert torch.allclose(model(x)[3], model(swapped)[3], atol=1e-7) != depends, name


@pytest.mark.parametrize("wrong", [torch.rand(28, 28), torch.rand(1, 3, 28, 28), torch.zeros(1, 1, 28, 28).byte()])
def test_a_wrong_input_is_refused_with_a_sentence(wrong):
    model = LeNet(VARIANTS["original"])
    for use in (model, model.trace):
        with pytest.raises(ValueError, match="to_mnist"):
            use(wrong)


def test_weights_begin_as_in_1998_or_as_xavier_has_them():
    for layer in (model := new_model(VARIANTS["lenet-5-1998"], 0)).layers:
        if layer.parameters:
            weights = model.get_submodule(layer.name).weight.abs().flatten(1).amax(1)
            limits = 2.4 / torch.tensor(layer.fan_in)
            assert (weights <= limits).all() and (weights > 0).all() and weights.max() > limits.max() / 2, layer.name
    for name, fans in (("conv1", 25 + 6 * 25), ("conv2", 6 * 25 + 16 * 25), ("fc1", 400 + 120)):
        most = new_model(VARIANTS["d2l"], 0).get_submodule(name).weight.abs().max().item()
        assert most == pytest.approx((6 / fans) ** 0.5, rel=0.05) and most <= (6 / fans) ** 0.5


def test_dropout_drops_its_share_in_a_training_step_alone_and_the_same_of_the_same_step():
    model = new_model(Variant(dropout=(0.0, 0.0, 0.5, 0.25)), 0)
    x = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    read = model(x)
    [first] = [layer for layer in model.layers if layer.name == "dropout1"]
    with model.dropping(1, 7):
        learnt, again = model(x), model(x)
        y = model.apply_layer(first, torch.ones(1000, 120))
    assert torch.equal(learnt, again) and not torch.allclose(learnt, read) and torch.equal(model(x), read)
    with model.dropping(1, 8):
        assert not torch.equal(model(x), learnt)
    assert set(y.unique().tolist()) == {0.0, 2.0} and abs(y.mean().item() - 1) < 0.01
