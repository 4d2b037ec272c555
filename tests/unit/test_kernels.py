"""What a kernel does, against doing it the slow and obvious way."""

import copy

import pytest
import torch

from lenet.data import Digits, pixels
from lenet.evaluation import evaluate
from lenet.explain import receptive_field
from lenet.probes.kernels import ANGLES, bars, convolutions, oriented_bars, removal_cost, strongest_patches
from lenet.training import new_model
from lenet.variant import VARIANTS
from tests.unit.test_edits import about, ask, store

NAMES = ["original", "sigmoid", "pool-padded", "depth-1", "depth-3", "lstm-steps", "rnn"]


def digits(count: int = 300) -> Digits:
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 1, 28, 28), generator=random, dtype=torch.uint8)
    return Digits(images * (torch.rand(images.shape, generator=random) > 0.7), torch.arange(count) % 10)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_removal_costs_what_evaluating_the_mutilated_network_says(name):
    model, some = new_model(VARIANTS[name], 2), digits()
    for parameter in model.parameters():
        parameter.data.mul_(2)  # so that a kernel matters even untrained
    whole = torch.tensor(evaluate(model, some).class_accuracy)
    costs = removal_cost(model, some)
    assert list(costs) == [layer.name for layer in convolutions(model)]
    for layer, rows in costs.items():
        for kernel in (0, len(rows) - 1):
            without = copy.deepcopy(model)
            without.get_parameter(f"{layer}.weight").data[kernel] = 0
            without.get_parameter(f"{layer}.bias").data[kernel] = 0
            torch.testing.assert_close(rows[kernel], whole - torch.tensor(evaluate(without, some).class_accuracy))


@pytest.mark.parametrize("name", ["conv9", "fc1"])
def test_only_convolutional_layers_have_patches_and_answers_to_bars(name):
    model = new_model(VARIANTS["original"], 0)
    with pytest.raises(ValueError, match="There are: conv1, conv2"):
        strongest_patches(model, digits(10), name)
    with pytest.raises(ValueError, match="There are: conv1, conv2"):
        oriented_bars(model, name)


def test_removal_matters_to_some_digit():
    model = new_model(VARIANTS["original"], 2)
    for parameter in model.parameters():
        parameter.data.mul_(2)
    assert removal_cost(model, digits())["conv1"].abs().max() > 0.1


@pytest.mark.parametrize("name,layer", [("original", "conv1"), ("original", "conv2"), ("pool-padded", "conv2")])
def test_the_strongest_patches_are_the_strongest_and_are_what_the_cell_sees(name, layer):
    model, some = new_model(VARIANTS[name], 1), digits(600)
    found = strongest_patches(model, some, layer)
    maps = model.trace(pixels(some.images))[layer].output
    for kernel in (0, len(found.values) - 1):
        best = maps[:, kernel].flatten(1).amax(1)
        torch.testing.assert_close(found.values[kernel], best.sort(descending=True).values[:9])
        assert len(set(found.numbers[kernel].tolist())) == 9
        for nth in range(9):
            number, (row, column) = found.numbers[kernel, nth], found.places[kernel, nth].tolist()
            assert maps[number, kernel, row, column] == pytest.approx(found.values[kernel, nth].item(), rel=1e-5)
            seen = receptive_field(model, layer, (kernel, row, column))["input"]
            inside = pixels(some.images[number])[seen]
            patch = found.images[kernel, nth].flatten()
            # At the edge the patch has black cells more than the cell sees; the ink is the same.
            assert patch.sum() == pytest.approx(inside.sum().item(), rel=1e-5)
            assert len(patch) >= len(inside)


@pytest.mark.parametrize("name", ["original", "pool-padded", "depth-3", "lenet-5-1998"])
def test_the_browser_finds_the_same_patches(name, tmp_path):
    model, some = new_model(VARIANTS[name], 1), digits(40)
    store(model, tmp_path, 0)
    (tmp_path / "digits").write_bytes(bytes(40) + some.images.numpy().tobytes())
    script = """import { fieldOf, patchOf, strongest } from "@network/inside/patches.js"
        const net = new Network(given, tensorsOf(bytes("0.safetensors").buffer))
        const digits = digitsOf(bytes("digits"))
        let found = null
        for (found of strongest(net, digits));
        console.log(JSON.stringify(Object.entries(found).map(([at, kernels]) => {
            const { name, shape } = net.stages[at], field = fieldOf(net.stages, Number(at))
            const told = (one) => ({ ...one, patch: [...patchOf(digits, one, field, shape[2])] })
            return { name, kernels: kernels.map((list) => list.map(told)) }
        })))"""
    for layer in ask(tmp_path, script, about(model)):
        theirs = strongest_patches(model, some, layer["name"])
        values = torch.tensor([[one["value"] for one in list_] for list_ in layer["kernels"]])
        torch.testing.assert_close(values, theirs.values, rtol=1e-4, atol=1e-5)
        first = [list_[0] for list_ in layer["kernels"]]  # further down two may be equal to the last figure but one
        assert [one["picture"] for one in first] == theirs.numbers[:, 0].tolist()
        patches = torch.tensor([one["patch"] for one in first])
        torch.testing.assert_close(patches, theirs.images[:, 0].flatten(1))


def test_bars_are_turned_as_their_angles_say():
    level, rising, upright, falling = bars((0, 45, 90, 135))[:, 0]
    assert level[14, 8:20].min() > 0.9 and level[4].max() == 0
    torch.testing.assert_close(upright, level.T, atol=1e-4, rtol=0)
    torch.testing.assert_close(falling, rising.flip(1), atol=1e-4, rtol=0)
    assert rising[9, 18] > 0.5 > rising[9, 9]  # up on the right


def test_a_kernel_answers_most_to_the_bar_it_looks_like():
    model = new_model(VARIANTS["original"], 0)
    conv1 = model.get_parameter("conv1.weight").data
    conv1[0] = -1
    conv1[0, 0, 1:4] = 1  # a level line, about as wide as the bar
    conv1[1] = conv1[0].transpose(1, 2)
    answers = oriented_bars(model, "conv1")
    level, upright = ANGLES.index(0), ANGLES.index(90)
    assert ANGLES[answers[0].argmax()] in (170, 0, 10)
    assert ANGLES[answers[1].argmax()] in (80, 90, 100)
    assert answers[0, level] > 1.9 * answers[0, upright]
    assert answers[1, upright] == pytest.approx(answers[0, level].item(), rel=1e-5)


@pytest.mark.parametrize("name", ["original", "pool-padded", "depth-3"])
def test_the_browser_shows_the_same_bars_and_gets_the_same_answers(name, tmp_path):
    model = new_model(VARIANTS[name], 1)
    store(model, tmp_path, 0)
    script = """import { ANGLES, answersToBars, bar } from "@network/inside/bars.js"
        const net = new Network(given, tensorsOf(bytes("0.safetensors").buffer))
        const layers = net.stages.filter(({ kind }) => kind === "conv")
        const answers = Object.fromEntries(layers.map(({ name, number }) => [name, answersToBars(net, number)]))
        console.log(JSON.stringify({ angles: ANGLES, bars: ANGLES.map((angle) => [...bar(angle)]), answers }))"""
    found = ask(tmp_path, script, about(model))
    assert tuple(found["angles"]) == ANGLES
    torch.testing.assert_close(torch.tensor(found["bars"]), bars().flatten(1), atol=1e-5, rtol=0)
    for layer in convolutions(model):
        theirs = oriented_bars(model, layer.name)
        torch.testing.assert_close(torch.tensor(found["answers"][layer.name]), theirs, atol=1e-4, rtol=1e-4)


def test_the_browser_finds_the_same_cost_of_a_removal(tmp_path):
    model, some = new_model(VARIANTS["original"], 2), digits(200)
    for parameter in model.parameters():
        parameter.data.mul_(2)
    store(model, tmp_path, 0)
    (tmp_path / "digits").write_bytes(some.labels.byte().numpy().tobytes() + some.images.numpy().tobytes())
    script = """import { pointsOf, without } from "@network/inside/does.js"
        const digits = digitsOf(bytes("digits")), edits = editsOf(given, 0)
        const before = score(given, edits.tensors, digits)
        const of = ({ number, shape: [count] }, kernel) =>
            pointsOf(before, score(given, without(edits.tensors, edits.network.stages[number], kernel), digits))
        const stages = edits.network.stages.filter(({ kind }) => kind === "conv")
        const rows = stages.map((stage) => [stage.name, [of(stage, 0), of(stage, 5)]])
        console.log(JSON.stringify(Object.fromEntries(rows)))
    """
    found = ask(tmp_path, script, about(model))
    theirs = removal_cost(model, some)
    assert any(max(map(abs, row)) > 1 for rows in found.values() for row in rows)
    for layer, rows in found.items():
        torch.testing.assert_close(
            torch.tensor(rows, dtype=torch.float32), 100 * theirs[layer][[0, 5]], atol=1e-3, rtol=0
        )
