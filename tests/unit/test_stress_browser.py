"""The browser changes a digit, and finds its break points, as lenet/probes/stress.py does."""

import json
import random

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lenet.data import mnist, pixels
from lenet.pretrained import create_model
from lenet.probes import stress
from lenet.probes.stress import TRANSFORMATIONS, normalised, transform
from lenet.ui.shared import stages
from lenet.ui.stress import message
from tests import javascript

DIGITS, AMOUNTS = 50, 9
NEAR = 2 / 255


def asked(given: dict, expression: str, folder) -> list:
    """The value of a JavaScript expression of `given`; `t` is the module of transformations."""
    (folder / "given.json").write_text(json.dumps(given | {"ways": message.ways(), "noise": noise()}))
    return javascript.run(f"""
import {{ readFileSync }} from "node:fs"
import * as t from "@network/stress/transform.js"
const given = JSON.parse(readFileSync("{folder}/given.json"))
for (const key of ["noise"]) given[key] = Float32Array.from(given[key])
given.images = given.images?.map((image) => Float32Array.from(image))
const told = (image) => image && Array.from(image, (value) => Math.round(1e5 * value) / 1e5)
console.log(JSON.stringify({expression}))""")


def noise() -> list[float]:
    return stress.noise_pattern(0).flatten().tolist()


def images(count: int) -> torch.Tensor:
    return pixels(mnist("test").images[:count])


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_each_way_by_nine_amounts_on_fifty_digits(name, tmp_path):
    amounts = TRANSFORMATIONS[name].amounts(AMOUNTS).tolist()
    given = {"images": images(DIGITS).flatten(1).tolist(), "amounts": amounts, "name": name}
    found = asked(
        given,
        "given.images.map((image) => given.amounts.map((amount) => "
        "told(t.transform(image, given.ways, { [given.name]: amount }, given.noise))))",
        tmp_path,
    )
    for image, rows in zip(images(DIGITS), found, strict=True):
        expected = transform(image.expand(AMOUNTS, -1, -1, -1), {name: torch.tensor(amounts, dtype=torch.float64)})
        assert np.abs(expected.flatten(1).numpy() - np.array(rows)).max() <= NEAR


def test_all_ways_together(tmp_path):
    source = random.Random(0)
    sets = [{name: source.uniform(row.low, row.high) for name, row in TRANSFORMATIONS.items()} for _ in range(20)]
    found = asked(
        {"images": images(20).flatten(1).tolist(), "sets": sets},
        "given.images.map((image, at) => told(t.transform(image, given.ways, given.sets[at], given.noise)))",
        tmp_path,
    )
    for image, amounts, row in zip(images(20), sets, found, strict=True):
        expected = transform(image[None], amounts)
        assert np.abs(expected.flatten().numpy() - np.array(row)).max() <= NEAR


def test_scaled_and_centred_again(tmp_path):
    """Every way by nine amounts; under noise most pictures have no digit, and stay as they are."""
    changed = torch.cat(
        [
            transform(images(12)[at : at + 1].expand(AMOUNTS, -1, -1, -1), {name: row.amounts(AMOUNTS)})
            for at in range(12)
            for name, row in TRANSFORMATIONS.items()
        ]
    )
    found = asked(
        {"images": changed.flatten(1).tolist()},
        "given.images.map((image) => told(t.centred(image)))",
        tmp_path,
    )
    expected = normalised(changed).flatten(1).numpy()
    apart = [
        np.abs(ours - np.array(image if theirs is None else theirs)).max()
        for ours, theirs, image in zip(expected, found, changed.flatten(1).numpy(), strict=True)
    ]
    assert max(apart) <= NEAR
    assert any(theirs is None for theirs in found) and sum(theirs is not None for theirs in found) > 400


def test_amounts_and_break_points_are_pythons(tmp_path):
    source = random.Random(0)
    rows = [[source.choice([1, 7, 7, None]) for _ in range(9)] for _ in range(300)]
    amounts = {name: [source.uniform(row.low, row.high) for _ in range(40)] for name, row in TRANSFORMATIONS.items()}
    found = asked(
        {"rows": rows, "amounts": amounts},
        """{
            breaks: given.rows.map((row) => t.breakPoints(row, 4)),
            firsts: given.rows.map((row) => t.firstChanges(row, 4)),
            sweeps: given.ways.map((way) => t.amountsOf(way, 41)),
            neutral: given.ways.map((way) => t.neutralAt(way, 41)),
            words: given.ways.map((way) => given.amounts[way.id].map((amount) => t.show(way, amount))),
        }""",
        tmp_path,
    )
    assert found["breaks"] == [list(stress.break_points(row, 4)) for row in rows]
    assert found["firsts"] == [list(stress.first_changes(row, 4)) for row in rows]
    for at, (name, row) in enumerate(TRANSFORMATIONS.items()):
        assert found["sweeps"][at] == pytest.approx(row.amounts().tolist(), abs=1e-12)
        assert found["neutral"][at] == row.neutral_at()
        assert found["words"][at] == [row.show(amount) for amount in amounts[name]]


SEARCH = """
import { readFileSync } from "node:fs"
import { Network, tensorsOf } from "@network/engine.js"
import * as s from "@network/stress/search.js"
const given = JSON.parse(readFileSync("@folder/given.json"))
const noise = Float32Array.from(given.noise)
const all = (found) => [...found].filter((one) => one)
const result = given.networks.map(({ about, file }) => {
  const bytes = readFileSync(file)
  const net = new Network(about, tensorsOf(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)))
  return given.images.map((image, at) => {
    const pixels = Float32Array.from(image)
    const options = { from: given.labels[at], target: given.targets[at] }
    const sweeps = given.sweeps && all(s.sweeps(net, pixels, { ways: given.ways, noise, again: given.again }))
    const greedy = given.searched && all(s.greedy(net, pixels, options))
    const slope = given.searched && all(s.slope(net, pixels, options))[0]
    return {
      sweeps: sweeps?.map(({ way, shares }) => [way, [...shares]]),
      greedy: greedy?.at(-1),
      steps: greedy?.map(({ flips }) => flips.length),
      slope: slope && { epsilon: slope.epsilon, slopes: [...slope.slopes] },
      same: slope && s.changeOf(pixels, s.fgsm(pixels, slope.slopes, s.epsilonFor(pixels, slope.slopes, 5))).total,
    }
  })
})
console.log(JSON.stringify(result))
"""


def searched(names: list[str], folder, **given) -> list[list[dict]]:
    """For each network and picture, what the browser's searches find."""
    networks = []
    for name in names:
        model = create_model(name, pretrained=True)
        file = folder / f"{name}.safetensors"
        save_file({key: value.contiguous() for key, value in model.state_dict().items()}, file)
        about = {"name": name, "mean": model.variant.mean, "std": model.variant.std}
        about["layers"] = stages.describe(model.layers)
        networks.append({"about": about, "file": str(file)})
    content = given | {"networks": networks, "ways": message.ways(), "noise": noise()}
    (folder / "given.json").write_text(json.dumps(content))
    return javascript.run(SEARCH.replace("@folder", str(folder)))


@pytest.mark.parametrize("again", [False, True])
def test_sweeps_are_pythons(again, tmp_path):
    names, image = ["best", "tanh"], images(1)
    given = {"images": image.flatten(1).tolist(), "labels": [7], "targets": [None], "again": again, "sweeps": True}
    for name, (found,) in zip(names, searched(names, tmp_path, **given), strict=True):
        assert [way for way, _ in found["sweeps"]] == list(TRANSFORMATIONS)
        for way, shares in found["sweeps"]:
            swept = stress.sweep({name: create_model(name, pretrained=True)}, image[0], way, again)
            ours = np.array(shares).reshape(stress.AMOUNTS, 10)
            # A grey value apart moves a probability that is between two digits.
            assert np.abs(ours - swept.probabilities[name].numpy()).max() < 0.02
            answers = [int(row.argmax()) for row in ours]
            assert sum(a != b for a, b in zip(answers, swept.read(name), strict=True)) <= 1


def test_greedy_flips_and_the_slope_fool_the_network_in_torch_too(tmp_path):
    """What is found in the browser holds in PyTorch: the flips, that none is superfluous, the slopes, the least ε."""
    digits = mnist("test")
    chosen = [0, 32]
    labels, targets = digits.labels[chosen].tolist(), [None, 8]
    pictures = pixels(digits.images[chosen])
    given = {"images": pictures.flatten(1).tolist(), "labels": labels, "targets": targets, "searched": True}
    (found,) = searched(["best"], tmp_path, **given)
    model = create_model("best", pretrained=True)
    for picture, label, target, one in zip(pictures, labels, targets, found, strict=True):

        def fooled(image: torch.Tensor, label: int = label, target: int | None = target) -> bool:
            answer = int(model(image.view(1, 1, 28, 28)).argmax())
            return answer != label if target is None else answer == target

        flat = picture.flatten()
        flips = one["greedy"]["flips"]
        assert one["greedy"]["done"] and one["greedy"]["lead"] > 0 and 0 < len(flips) < 20
        assert one["steps"][:3] == [1, 2, 3]
        changed = flat.clone()
        changed[flips] = (flat[flips] < 0.5).float()
        assert fooled(changed)
        for cell in flips[:-1]:
            without = changed.clone()
            without[cell] = flat[cell]
            assert not fooled(without)
        rival = int(model(picture[None])[0].topk(2).indices[1]) if target is None else target
        moves = 0.01 * torch.eye(784, dtype=torch.float64)
        ends = [model.double()((flat.double() + sign * moves).view(-1, 1, 28, 28)) for sign in (1, -1)]
        above, below = (logits[:, rival] - logits[:, label] for logits in ends)
        model.float()
        slopes = torch.tensor(one["slope"]["slopes"])
        expected = (above - below) / 0.02
        assert float((slopes - expected).abs().max()) < 1e-3 * float(expected.abs().max())
        epsilon = one["slope"]["epsilon"]
        stepped = [(flat + step * slopes.sign()).clamp(0, 1) for step in (epsilon, epsilon - 1 / 255)]
        assert fooled(stepped[0]) and not fooled(stepped[1])
        assert one["same"] == pytest.approx(5, abs=0.01)
