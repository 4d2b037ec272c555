"""The browser's forward pass and PyTorch's are the same, layer by layer, for every variant."""

import json
import random
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lenet.data import mnist, pixels
from lenet.explain import cell, receptive_field, used_by
from lenet.layers import ACTIVATIONS, Conv
from lenet.model import LeNet
from lenet.paths import PRETRAINED
from lenet.pretrained import create_model, shipped
from lenet.ui.shared import stages
from lenet.variant import (
    HEADS,
    OUTPUTS,
    POOL_KINDS,
    SIZES,
    VARIANTS,
    Convolution,
    Pool,
    Variant,
    VariantError,
    layers,
)
from tests import javascript

RANDOM = 50
DIGITS = 3
CELLS = 12  # of a network whose terms and fields are compared

SCRIPT = """
import { readFileSync } from "node:fs"
import { Network, tensorsOf } from "@network/engine.js"
import { count, explain, looksAt, usedBy } from "@network/layers.js"
const folder = "@folder"
const number = (value) => (Number.isFinite(value) ? value : null)
const found = JSON.parse(readFileSync(`${folder}/networks.json`)).map(({ about, images, cells }, at) => {
  const file = readFileSync(`${folder}/${at}.safetensors`)
  const net = new Network(about, tensorsOf(file.buffer.slice(file.byteOffset, file.byteOffset + file.length)))
  const passes = images.map((image) => {
    net.run(image)
    return net.stages.map(({ values }) => [...values].map(number))
  })
  const explained = cells.map(([stage, cell]) => {
    const { value, sum, bias, terms, groups } = explain(net, stage, cell)
    const seen = looksAt(net, stage, cell).slice(0, stage + 1).map((field, at) => count(field, net.stages[at]))
    const using = usedBy(net, stage, cell)
    const used = net.stages.slice(stage + 1).map((next) => count(using[next.number], next))
    return { value, sum, bias, terms: terms.length, groups: groups?.length ?? 0, seen, used }
  })
  return { passes, explained }
})
console.log(JSON.stringify(found))
"""


def some_variant(source: random.Random) -> Variant:
    """A variant that can be built, by chance; every second one with parts as the builder of the Train page has them."""
    while True:
        pools = tuple(
            Pool(source.randint(1, 3), source.randint(1, 3), source.randint(0, 1), source.choice(list(POOL_KINDS)))
            for _ in range(source.randint(1, 3))
        )
        variant = Variant(
            source.choice(list(ACTIVATIONS)),
            pools,
            source.choice(list(HEADS)),
            source.random() < 0.5,
            *source.choice([(0.0, 1.0), (0.1307, 0.3081)]),
            source.choice(SIZES),
            source.random() < 0.5,
            source.choice(list(OUTPUTS)),
        )
        if source.random() < 0.5:
            variant = with_own_parts(variant, source)
        try:
            if sum(layer.macs for layer in layers(variant)) < 3_000_000:
                return variant
        except VariantError:
            continue


def with_own_parts(variant: Variant, source: random.Random) -> Variant:
    """Kernels, channels, hidden layers, activations and dropout by chance."""
    convs = tuple(
        Convolution(source.randint(1, 7), source.randint(1, 3), source.randint(0, 3), source.randint(1, 12))
        for _ in variant.pools
    )
    hidden = tuple(source.choice([1, 7, 10, 84]) for _ in range(source.randint(0, 3)))
    variant = replace(variant, convs=convs, hidden=hidden)
    return replace(
        variant,
        activations=tuple(source.choice(list(ACTIVATIONS)) for _ in variant.inner),
        dropout=tuple(source.choice([0.0, 0.25, 0.5]) for _ in variant.inner),
    )


def compared(models: list[LeNet], folder, cells: list[list[tuple[int, int]]]) -> None:
    """Probabilities within 1e-5, every cell within 1e-4 of the largest number of its layer, fields and terms equal."""
    images = pixels(mnist("test").images[:DIGITS])
    described = []
    for at, (model, chosen) in enumerate(zip(models, cells, strict=True)):
        save_file(
            {name: value.contiguous() for name, value in model.state_dict().items()}, folder / f"{at}.safetensors"
        )
        about = {"name": str(at), "mean": model.variant.mean, "std": model.variant.std}
        about["layers"] = stages.describe(model.layers)
        described.append({"about": about, "images": images.flatten(1).tolist(), "cells": chosen})
    (folder / "networks.json").write_text(json.dumps(described))
    found = javascript.run(SCRIPT.replace("@folder", str(folder)))
    for model, chosen, theirs in zip(models, cells, found, strict=True):
        for image, passed in zip(images, theirs["passes"], strict=True):
            trace = model.trace(image[None])
            for stage, values in zip(trace, passed, strict=True):
                ours = stage.output[0].flatten().numpy()
                most = max(float(np.abs(ours).max()), 1e-3)
                apart = float(np.abs(ours - np.array(values, np.float64)).max())
                assert apart <= (1e-5 if stage.kind == "softmax" else 1e-4 * most), (model.variant, stage.name, apart)
        for (number, at), told in zip(chosen, theirs["explained"], strict=True):
            layer = model.layers[number]
            index = tuple(int(i) for i in np.unravel_index(at, layer.output_shape))
            ours = cell(model, trace, layer.name, index)
            size = max(1.0, sum(abs(term.product) for term in ours.terms) + abs(ours.bias))
            assert told["value"] == pytest.approx(ours.value, abs=1e-5 * size, rel=1e-4), (model.variant, layer.name)
            patches = len(layer.inputs[index[0]]) if isinstance(layer, Conv) else 0
            assert told["groups"] == (len(ours.gates) or patches)
            assert told["terms"] == (0 if ours.gates else len(ours.terms)), layer.name
            seen, using = receptive_field(model, layer.name, index), used_by(model, layer.name, index)
            # A plane holds for all maps of a layer in the browser, so it may say more there, never less.
            for cells_seen, before in zip(told["seen"], model.layers, strict=False):
                assert cells_seen >= int(seen[before.name].sum()), (layer.name, before.name)
            if number + 1 < len(model.layers):
                assert told["used"][0] >= int(using[model.layers[number + 1].name].sum())


def some_cells(model: LeNet, source: random.Random) -> list[tuple[int, int]]:
    chosen = [source.randrange(1, len(model.layers)) for _ in range(CELLS)]
    return [(number, source.randrange(int(np.prod(model.layers[number].output_shape)))) for number in chosen]


def test_the_shipped_networks(tmp_path):
    source = random.Random(0)
    models = [create_model(name, pretrained=True) for name in shipped()]
    compared(models, tmp_path, [some_cells(model, source) for model in models])


def test_every_variant_and_random_ones(tmp_path):
    source = random.Random(1)
    torch.manual_seed(0)
    variants = [*dict.fromkeys(VARIANTS.values()), *(some_variant(source) for _ in range(RANDOM))]
    models = [LeNet(variant).eval().requires_grad_(False) for variant in variants]
    compared(models, tmp_path, [some_cells(model, source) for model in models])


def test_the_modules_touch_no_page():
    """They are imported where there is neither window nor document."""
    names = javascript.run(
        'const { KINDS } = await import("@network/layers.js"); await import("@network/ink.js");'
        "console.log(JSON.stringify(Object.keys(KINDS)))"
    )
    assert set(names) == {layer.kind for variant in VARIANTS.values() for layer in layers(variant)} | {
        "normalise",
        "dropout",
    }


def test_weights_come_as_the_files_are_shipped():
    """The browser reads the very files of pretrained/."""
    path = PRETRAINED / "best.safetensors"
    script = f"""
import {{ readFileSync }} from "node:fs"
import {{ tensorsOf }} from "@network/engine.js"
const file = readFileSync("{path}")
const tensors = tensorsOf(file.buffer.slice(file.byteOffset, file.byteOffset + file.length))
console.log(JSON.stringify(Object.fromEntries(Object.entries(tensors).map(([name, values]) => [name, values.length]))))
"""
    model = create_model("best", pretrained=True)
    assert javascript.run(script) == {name: value.numel() for name, value in model.state_dict().items()}


def test_javascript_units():
    files = sorted((javascript.ROOT / "tests" / "unit" / "js").glob("*.test.js"))
    assert files
    done = subprocess.run(
        [javascript.node(), "--test", *map(str, files)], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout
