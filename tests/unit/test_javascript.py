"""The browser's modules write numbers, colour cells and take them apart as Python does."""

import json
import random

import numpy as np
import pytest
import torch

from lenet.explain import cell, receptive_field, used_by
from lenet.training import new_model
from lenet.ui.shared import palette, stages
from lenet.variant import VARIANTS
from tests import javascript


def ask(module: str, expression: str, **given: object) -> object:
    """The value of a JavaScript expression, in which `m` is a module of the network and `given` are constants."""
    constants = "".join(f"const {name} = {json.dumps(value)}\n" for name, value in given.items())
    script = f'import * as m from "@network/{module}"\n{constants}console.log(JSON.stringify({expression}))'
    return javascript.run(script)


NUMBERS = [*map(float, np.linspace(0, 1, 401)), 0.125, 0.375, 0.0005, 0.00049, 0.985, 0.9849999, 0.9900001, 0.045]


def test_numbers_are_rounded_as_in_python():
    chance = random.Random(0)
    values = [*NUMBERS, *(chance.choice([-1, 1]) * chance.randrange(4096) / 64 for _ in range(400))]
    for digits in (0, 1, 2, 3):
        expected = [f"{value:.{digits}f}".replace("-", "−") for value in values]
        assert ask("formatting.js", f"values.map((x) => m.fixed(x, {digits}))", values=values) == expected


def test_probabilities_are_rounded_as_in_python():
    shares = [share for share in NUMBERS if 0.01 <= share <= 0.99]
    for short, digits in (("true", 0), ("false", 1)):
        expected = [f"{100 * share:.{digits}f} %" for share in shares]
        assert ask("formatting.js", f"shares.map((x) => m.percent(x, {short}))", shares=shares) == expected


@pytest.mark.parametrize("signed", [False, True])
def test_colours_are_those_of_the_palette(signed):
    table = palette.DIVERGING if signed else palette.SEQUENTIAL
    assert ask("palette.js", f"Array.from(m.tableOf({json.dumps(signed)}))") == table.ravel().tolist()
    values = [*np.random.default_rng(0).normal(size=500).tolist(), 0.0, 1.5, -1.5, 9.0]
    expected = palette.levels(np.array(values, "f4"), signed, 1.5).tolist()
    assert ask("palette.js", f"values.map((x) => m.levelOf(x, 1.5, {json.dumps(signed)}))", values=values) == expected


SCRIPT = """
import { readFileSync } from "node:fs"
import { Network } from "@network/engine.js"
import { count, explain, looksAt, usedBy } from "@network/layers.js"
const sizes = (net, fields, from) => fields.slice(from).map((field, at) => count(field, net.stages[from + at]))
console.log(JSON.stringify(JSON.parse(readFileSync("@given")).map(({ about, tensors, outputs, cells }) => {
  const net = new Network(about, Object.fromEntries(Object.entries(tensors).map(([n, v]) => [n, Float32Array.from(v)])))
  net.fill(Float32Array.from(outputs))
  return cells.map((cell, number) => {
    const { value, sum, terms, groups } = explain(net, number, cell)
    const gates = net.stages[number].kind === "lstm" ? groups : [{ terms }]
    const seen = sizes(net, looksAt(net, number, cell), 0)
    const used = sizes(net, usedBy(net, number, cell), number + 1)
    return { value, sum, terms: gates.map((gate) => gate.terms.length), seen, used }
  })
})))
"""


def test_the_arithmetic_of_a_cell_is_pythons_to_the_last_figure(tmp_path):
    """In every variant; and what one cell looks at and is used by has exactly as many cells in every layer."""
    chance = random.Random(0)
    given, traced = [], []
    for name, variant in VARIANTS.items():
        model = new_model(variant, 3)
        trace = model.trace(torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0)))
        outputs = [stage.output[0].numpy() for stage in trace]
        about = {"name": name, "mean": variant.mean, "std": variant.std, "layers": stages.describe(model.layers)}
        cells = [chance.randrange(output.size) for output in outputs]
        given.append(
            {
                "about": about,
                "tensors": {key: value.flatten().tolist() for key, value in model.state_dict().items()},
                "outputs": [float(value) for output in outputs for value in output.ravel()],
                "cells": cells,
            }
        )
        traced.append((model, trace, cells))
    (tmp_path / "given").write_text(json.dumps(given))
    answered = javascript.run(SCRIPT.replace("@given", str(tmp_path / "given")))
    for (model, trace, cells), found in zip(traced, answered, strict=True):
        for stage, at, one in zip(trace, cells, found, strict=True):
            what = (model.variant, stage.name)
            index = tuple(int(i) for i in np.unravel_index(at, stage.output[0].shape))
            expected = cell(model, trace, stage.name, index)
            assert one["value"] == pytest.approx(expected.value, rel=1e-9, abs=1e-12), what
            assert one["sum"] == pytest.approx(expected.sum, rel=1e-9, abs=1e-12), what
            assert one["terms"] == [len(gate.terms) for gate in expected.gates or (expected,)], what
            seen, using = receptive_field(model, stage.name, index), used_by(model, stage.name, index)
            assert one["seen"] == [int(mask.sum()) for mask in reversed(seen.values())], what
            assert one["used"] == [int(mask.sum()) for mask in using.values()], what


def test_only_what_a_browser_needs_is_served():
    assert {file.suffix for file in javascript.NETWORK.rglob("*.*")} == {".js", ".css"}
