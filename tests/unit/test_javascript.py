"""The network in the browser: its own unit tests, and the same numbers as PyTorch's and Python's, run by node."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch

from lenet import formatting
from lenet.explain import cell, receptive_field, used_by
from lenet.layers import Layer
from lenet.model import LeNet
from lenet.paths import PRETRAINED, ROOT
from lenet.pretrained import create_model
from lenet.training import new_model
from lenet.ui.shared import palette
from lenet.ui.shared.component import MODULES, pack
from lenet.variant import ACTIVATIONS, HEADS, VARIANTS, Pool, Variant, VariantError, layers

TESTS = Path(__file__).parent / "js"


def node(*arguments: str | Path) -> str:
    """What node prints. It comes with the development requirements; without it these tests fail."""
    program = shutil.which("node", path=Path(sys.executable).parent) or shutil.which("node")
    assert program, "node is missing: pip install -r requirements-dev.txt"
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask(module: str, expression: str, **given: object) -> object:
    """The value of a JavaScript expression, in which `m` is a module of the network and `given` are constants."""
    constants = "".join(f"const {name} = {json.dumps(value)}\n" for name, value in given.items())
    script = f"import * as m from {(MODULES / module).as_uri()!r}\n{constants}console.log(JSON.stringify({expression}))"
    return json.loads(node("--input-type=module", "--eval", script))


@pytest.mark.parametrize("file", sorted(TESTS.glob("*.test.js")), ids=lambda file: file.name)
def test_unit_tests_in_javascript(file):
    said = node("--test", "--test-reporter=tap", file)
    assert "# fail 0" in said and "# tests 0" not in said


# --- The same numbers as PyTorch's -----------------------------------------------------------------------------------


def _random_variants(count: int) -> list[Variant]:
    """Networks that can be built, from a fixed seed."""
    chance, found = random.Random(0), []
    while len(found) < count:
        kernels = [chance.randint(1, 4) for _ in range(chance.randint(1, 4))]
        pools = tuple(Pool(kernel, chance.randint(1, 3), chance.randint(0, kernel // 2)) for kernel in kernels)
        normal = chance.choice([(0.0, 1.0), (0.1307, 0.3081)])
        head = chance.choice([*HEADS])
        candidate = Variant(chance.choice(ACTIVATIONS), pools, head, chance.random() < 0.5, *normal)
        try:
            layers(candidate)
        except VariantError:
            continue
        found.append(candidate)
    return found


CASES = {**VARIANTS, **{f"random-{number}": v for number, v in enumerate(_random_variants(12))}}


def largest_term(layer: Layer, model: LeNet, x: np.ndarray) -> float:
    """The largest product that the layer may add up: the measure of what float32 loses. 1 where nothing is added."""
    weights = [p.abs().max().item() for name, p in model.named_parameters() if name.startswith(f"{layer.name}.")]
    return max(1.0, float(np.abs(x).max()) * max(weights, default=0.0), max(weights, default=0.0))


@pytest.fixture(scope="module")
def passes(tmp_path_factory):
    """For each case: model, trace, message, and the values of all layers that node computes."""
    folder = tmp_path_factory.mktemp("passes")
    found = {}
    for name, variant in CASES.items():
        model = new_model(variant, 3)
        image = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(len(found)))
        trace = model.trace(image)
        weights = {key: value.numpy() for key, value in model.state_dict().items()}
        (folder / f"{name}.net").write_bytes(pack(name, variant, weights))
        (folder / f"{name}.image").write_bytes(image.numpy().tobytes())
        found[name] = model, trace
    node(TESTS / "passes.js", folder)
    return {
        name: (model, trace, np.fromfile(folder / f"{name}.values", "<f4")) for name, (model, trace) in found.items()
    }


@pytest.mark.parametrize("name", CASES)
def test_a_pass_is_pytorchs(passes, name):
    model, trace, values = passes[name]
    start, before = 0, None
    for stage in trace:
        expected = stage.output[0].numpy().ravel()
        got = values[start : start + expected.size]
        start += expected.size
        x = expected if before is None else before
        assert np.abs(got - expected).max() <= 1e-4 * largest_term(stage.layer, model, x), stage.name
        before = expected
    assert start == len(values)
    assert np.abs(got - trace.probabilities[0].numpy()).max() <= 1e-5


# --- The same arithmetic and the same cells as Python's --------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_the_arithmetic_of_a_cell_is_pythons(passes, name, tmp_path):
    model, trace, _ = passes[name]
    outputs = {stage.name: stage.output[0].numpy() for stage in trace}
    weights = {key: value.numpy() for key, value in model.state_dict().items()}
    chance = random.Random(name)
    cells = [chance.randrange(outputs[stage.name].size) for stage in trace]
    (tmp_path / "net").write_bytes(pack(name, model.variant, weights, outputs))
    (tmp_path / "cells").write_text(json.dumps(cells))
    found = json.loads(node(TESTS / "cells.js", tmp_path))
    for number, (stage, at, one) in enumerate(zip(trace, cells, found)):
        index = tuple(int(i) for i in np.unravel_index(at, outputs[stage.name].shape))
        expected = cell(model, trace, stage.name, index)
        assert one["value"] == pytest.approx(expected.value, rel=1e-9, abs=1e-12), stage.name
        if number:
            assert one["torch"] == pytest.approx(expected.torch)
            assert one["sum"] == pytest.approx(expected.sum, rel=1e-9, abs=1e-12)
            assert "too much" not in one["agreement"], (stage.name, one["agreement"])
        gates = expected.gates or (expected,)
        assert one["terms"] == [len(gate.terms) for gate in gates]
        seen, using = receptive_field(model, stage.name, index), used_by(model, stage.name, index)
        assert one["looksAt"] == [int(mask.sum()) for mask in reversed(seen.values())], stage.name
        assert one["usedBy"] == [int(mask.sum()) for mask in using.values()], stage.name


# --- The same words and colours as Python's --------------------------------------------------------------------------

NUMBERS = [*np.linspace(0, 1, 401), 0.125, 0.375, 0.0005, 0.00049, 0.985, 0.9849999, 0.9900001, 1e-9, 0.045]


def test_numbers_are_rounded_as_in_python():
    chance = random.Random(0)
    values = [*map(float, NUMBERS), *(chance.choice([-1, 1]) * chance.randrange(4096) / 64 for _ in range(400))]
    for digits in (0, 1, 2, 3):
        expected = [f"{value:.{digits}f}".replace("-", "−") for value in values]
        assert ask("formatting.js", f"values.map((x) => m.fixed(x, {digits}))", values=values) == expected
        expected = [formatting.percent(value, digits) for value in values if value >= 0]
        shares = [value for value in values if value >= 0]
        assert ask("formatting.js", f"shares.map((x) => m.percent(x, {digits}))", shares=shares) == expected


def test_probabilities_are_written_as_in_python():
    shares = [float(number) for number in NUMBERS]
    expected = [formatting.probability(share) for share in shares]
    assert ask("formatting.js", "shares.map(m.probability)", shares=shares) == expected


def test_colours_are_those_of_the_palette():
    for anchors, table in (
        (palette.SEQUENTIAL_RANGE, palette.SEQUENTIAL),
        (palette.DIVERGING_RANGE, palette.DIVERGING),
    ):
        assert ask("palette.js", "Array.from(m.table(anchors))", anchors=anchors) == table.ravel().tolist()
    chance = np.random.default_rng(0)
    for signed in (False, True):
        values = chance.normal(size=500).astype("f4")
        expected = palette.levels(values, signed, 1.5).tolist()
        found = ask("palette.js", f"values.map((x) => m.level(x, 1.5, {json.dumps(signed)}))", values=values.tolist())
        assert found == expected


# --- The message -----------------------------------------------------------------------------------------------------


def test_a_message_needs_no_torch():
    script = "import sys, lenet.ui.shared.component; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=100)


def test_a_weights_file_makes_the_same_message_as_its_network():
    name = "lstm-steps"
    tensors = safetensors.numpy.load((PRETRAINED / f"{name}.safetensors").read_bytes())
    state = sorted(create_model(name, pretrained=True).state_dict().items())
    expected = pack(name, VARIANTS[name], {key: value.numpy() for key, value in state})
    assert pack(name, VARIANTS[name], dict(sorted(tensors.items()))) == expected


def test_weights_that_do_not_fit_are_refused():
    weights = {key: value.numpy() for key, value in new_model(VARIANTS["original"], 0).state_dict().items()}
    with pytest.raises(ValueError, match="conv1 of original has 156 weights"):
        pack("original", VARIANTS["original"], {**weights, "conv1.bias": np.zeros(5, "f4")})


def test_only_what_a_browser_needs_is_served():
    assert {file.suffix for file in MODULES.iterdir()} == {".js", ".css"}
