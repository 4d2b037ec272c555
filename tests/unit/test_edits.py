"""Weights that are edited in the browser: what it computes with them is what PyTorch computes with the same weights."""

import json
import random

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lenet.data import mnist, pixels
from lenet.edits import edited
from lenet.evaluation import evaluate
from lenet.model import LeNet
from lenet.pretrained import WeightsError, card, create_model, load, weights_bytes
from lenet.ui.inside.living import EVERY
from lenet.ui.shared import stages
from lenet.variant import VARIANTS
from tests import javascript
from tests.unit.test_engine import some_variant

RANDOM = 50
ZEROED = 3  # the kernel of conv1

HEAD = """
import { readFileSync } from "node:fs"
import { Network, tensorsOf } from "@network/engine.js"
import { biasAt, Edits, ownerOf, piecesOf, scaled, weightAt } from "@network/edits.js"
import { explain } from "@network/layers.js"
import { accuracyOf, digitsOf, score } from "@network/inside/score.js"
const folder = "@folder"
const bytes = (name) => new Uint8Array(readFileSync(`${folder}/${name}`))
const editsOf = (about, at) => new Edits(about, tensorsOf(bytes(`${at}.safetensors`).buffer))
const given = JSON.parse(readFileSync(`${folder}/given.json`))
"""


def about(model: LeNet) -> dict:
    described = {"name": "one", "mean": model.variant.mean, "std": model.variant.std}
    return described | {"layers": stages.describe(model.layers)}


def store(model: LeNet, folder, at: int) -> None:
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / f"{at}.safetensors")


def ask(folder, script: str, given: object) -> object:
    (folder / "given.json").write_text(json.dumps(given))
    return javascript.run((HEAD + script).replace("@folder", str(folder)))


def test_a_kernel_that_is_switched_off_in_the_browser_is_off_as_in_torch(tmp_path):
    """All logits of 1,000 test digits, and how many of each class are right."""
    model = create_model("original", pretrained=True)
    test = mnist("test")[slice(None, None, EVERY)]
    store(model, tmp_path, 0)
    (tmp_path / "digits").write_bytes(test.labels.byte().numpy().tobytes() + test.images.numpy().tobytes())
    script = f"""
    const edits = editsOf(given, 0)
    const digits = digitsOf(bytes("digits"))
    const owner = ownerOf(edits.network, 3, 12 * 12 * {ZEROED} + 5)
    edits.change("off", scaled(piecesOf(owner.stage, owner.row), 0))
    const image = new Float32Array(784)
    const logits = Array.from(digits.labels, (_, at) => {{
      digits.pixels.subarray(784 * at, 784 * (at + 1)).forEach((value, i) => (image[i] = value / 255))
      edits.network.run(image)
      return [...edits.network.stages.at(-2).values]
    }})
    const found = score(given, edits.tensors, digits)
    console.log(JSON.stringify({{ logits, found, accuracy: accuracyOf(found), changes: edits.differences }}))
    """
    found = ask(tmp_path, script, about(model))
    with torch.no_grad():
        model.conv1.weight[ZEROED] = 0
        model.conv1.bias[ZEROED] = 0
        expected = model(pixels(test.images)).numpy()
    assert np.abs(np.array(found["logits"]) - expected).max() < 1e-4 * np.abs(expected).max()
    result = evaluate(model, test)
    assert found["accuracy"] == pytest.approx(result.accuracy, abs=1e-9)
    right = [int((result.predictions[test.labels == digit] == digit).sum()) for digit in range(10)]
    assert found["found"]["right"] == right
    # and what the browser sends to have it kept makes the same network
    base = create_model("original", pretrained=True)
    kept, _ = edited(base, card("original"), found["changes"], ["conv1 kernel 3 off"], test)
    assert all(torch.equal(kept.state_dict()[name], value) for name, value in model.state_dict().items())


def test_a_random_edit_of_random_variants_is_torchs(tmp_path):
    """A weight of a random cell, found by its place in the arithmetic; undone, all is as it was."""
    source = random.Random(5)
    torch.manual_seed(5)
    variants = [*dict.fromkeys(VARIANTS.values())]
    variants = [*variants, *(some_variant(source) for _ in range(RANDOM - len(variants)))][:RANDOM]
    models = [LeNet(variant).eval().requires_grad_(False) for variant in variants]
    image = pixels(mnist("test").images[:1])
    rows = []
    for at, model in enumerate(models):
        store(model, tmp_path, at)
        number = source.choice([n for n, layer in enumerate(model.layers) if layer.parameters])
        cell = source.randrange(int(np.prod(model.layers[number].output_shape)))
        rows.append({"about": about(model), "number": number, "cell": cell, "pick": source.random()})
    script = """
    const image = Float32Array.from(given.image)
    console.log(JSON.stringify(given.rows.map(({ about, number, cell, pick }, at) => {
      const edits = editsOf(about, at)
      const net = edits.network
      const before = [...net.run(image)]
      const found = explain(net, number, cell)
      const gates = found.groups?.[0]?.name ? found.groups : [{ terms: found.terms, name: "" }]
      const gate = gates[Math.floor(pick * gates.length)]
      const term = gate.terms[Math.floor(pick * gate.terms.length)]
      const places = [weightAt(net, number, cell, term, gate.name), biasAt(net, number, cell, gate.name)]
      const same = edits.tensors[places[0].name][places[0].at] === term.weight
      for (const place of places)
        edits.change("edit", [{ name: place.name, start: place.at, values: [0.75] }])
      const logits = (net.run(image), [...net.stages.at(-2).values])
      const changes = edits.differences
      edits.undo()
      edits.undo()
      return { same, logits, changes, back: [...net.run(image)].every((value, i) => value === before[i]) }
    })))
    """
    found = ask(tmp_path, script, {"image": image.flatten().tolist(), "rows": rows})
    for model, row, one in zip(models, rows, found, strict=True):
        assert one["same"] and one["back"], (model.variant, row)
        layer = model.layers[row["number"]].name
        assert len(one["changes"]) == 2 and all(change["name"].startswith(layer) for change in one["changes"])
        with torch.no_grad():
            for change in one["changes"]:
                model.get_parameter(change["name"]).view(-1)[change["at"]] = torch.tensor(change["values"])
            logits = model(image)[0].numpy()
        most = max(1.0, float(np.abs(logits).max()))
        assert np.abs(np.array(one["logits"]) - logits).max() < 1e-4 * most, (model.variant, row)


def test_a_kept_network_has_a_card_that_says_what_was_edited():
    model, base = create_model("original", pretrained=True), card("original")
    test = mnist("test")[:100]
    changes = [{"name": "fc3.bias", "at": [6], "values": [5.0]}]
    kept, its = edited(model, base, changes, ["fc3 bias 6 = 5.000"], test)
    assert kept.fc3.bias[6] == 5 and model.fc3.bias[6] != 5
    assert its.test_accuracy == evaluate(kept, test).accuracy
    again, read = load(weights_bytes(kept, its))
    assert read.edits == ["fc3 bias 6 = 5.000"] and "edited" in read.name
    assert torch.equal(again.fc3.bias, kept.fc3.bias)
    assert edited(kept, its, [], ["more"], test)[1].edits == ["fc3 bias 6 = 5.000", "more"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "fc9.bias", "at": [0], "values": [1]},
        {"name": "fc3.bias", "at": [10], "values": [1]},
        {"name": "fc3.bias", "at": [-1], "values": [1]},
        {"name": "fc3.bias", "at": [1, 2], "values": [1]},
        {"name": "fc3.bias", "at": [1], "values": ["nan"]},
        {"name": "fc3.bias", "at": [1]},
        "no change at all",
    ],
)
def test_what_no_editor_sends_is_refused(change):
    with pytest.raises(WeightsError, match="reload"):
        edited(create_model("original", pretrained=True), card("original"), [change], [], mnist("test")[:10])
