"""LeNet slides: in a picture of the usual width it says what it ever says, and along a row it finds the digits."""

import json

import numpy as np
import pytest
import torch

import lenet
from lenet.data import mnist, pixels
from lenet.ink import InkError
from lenet.pretrained import create_model
from lenet.sliding import AROUND, NOTHING, path, shares, slide, strip
from lenet.strokes import raster, to_message
from lenet.ui.shared import described
from tests import javascript, pens
from tests.javascript import NETWORK
from tests.unit.test_splitting import numbers

ROW = np.hstack([image[0].numpy() for image in pixels(mnist("test").images[:4])])


@pytest.mark.parametrize("name", [name for name in lenet.list_models(pretrained=True) if name not in ("rnn", "lstm")])
def test_in_a_picture_of_the_usual_width_it_says_what_it_ever_says(name):
    model = create_model(name, pretrained=True)
    for image in pixels(mnist("test").images[:5]):
        with torch.inference_mode():
            ten = model(image[None])[0].numpy()
        (one,) = slide(model, image[0].numpy())
        np.testing.assert_allclose(one, ten, rtol=1e-5, atol=1e-5)


def test_without_padding_each_place_is_the_window_there():
    """The first fully connected layer as a convolution: the same as cutting a window every four pixels."""
    model = create_model("best", pretrained=True)
    places = slide(model, ROW)
    assert places.shape == ((ROW.shape[1] - 28) // 4 + 1, 10)
    windows = np.stack([ROW[:, 4 * at : 4 * at + 28] for at in range(len(places))])[:, None]
    with torch.inference_mode():
        np.testing.assert_allclose(places, model(torch.from_numpy(windows)).numpy(), rtol=1e-4, atol=1e-4)


def test_a_network_that_reads_along_the_batch_cannot():
    with pytest.raises(ValueError, match="cannot slide"):
        slide(create_model("rnn", pretrained=True), ROW)


def logits(*columns: tuple[int, float] | None) -> np.ndarray:
    rows = np.zeros((len(columns), 10), np.float32)
    for at, column in enumerate(columns):
        if column:
            rows[at, column[0]] = NOTHING + column[1]
    return rows


def test_the_best_path_keeps_digits_apart_and_leaves_out_what_is_weak():
    assert path(logits(None, (4, 5), (4, 9), (7, 2), None, (1, 1), (2, 8))) == [(2, 4), (6, 2)]
    assert path(logits((4, 5), None, None, (7, 8), None, None, None, (2, 5))) == [(3, 7), (7, 2)]
    assert path(logits((4, 5), None, None, (7, 6), None, None, (2, 5))) == [(0, 4), (6, 2)]  # both outweigh the 7
    assert path(logits((1, 5), None, None, None, (1, 5))) == [(0, 1), (4, 1)]
    assert path(logits((1, -0.1), None)) == [] == path(np.zeros((0, 10), np.float32))


def test_shares_are_those_of_ten_digits_and_nothing():
    found = shares(logits(None, (4, 0), (4, 50)))
    assert found.shape == (3, 11) and found.sum(1) == pytest.approx(1)
    assert found[0].argmax() == 10 and found[1, 4] == pytest.approx(found[1, 10]) and found[2, 4] > 0.99


def string(strokes) -> str:
    model = create_model("best", pretrained=True)
    return "".join(str(digit) for _, digit in path(slide(model, strip(raster(strokes)))))


def test_rows_by_the_synthetic_pen_are_read_without_being_cut():
    for digits, seed, gap, height, least in ((2, 11, 14, 120, 26), (3, 12, 10, 90, 20), (1, 13, 0, 200, 28)):
        rows = numbers(30, digits, seed)
        read = [string(pens.row(row, at, gap, height)) for at, row in enumerate(rows)]
        assert sum(got == row for got, row in zip(read, rows)) >= least


def test_a_strip_has_its_ink_twenty_pixels_high():
    row = strip(raster(pens.row("407", 3, 14, 90)))
    assert row.shape[0] == 28 and not row[:4].any() and not row[24:].any() and row[4].any() and row[23].any()
    assert not row[:, :AROUND].any() and row[:, AROUND].any() and row[:, -AROUND - 1].any()
    with pytest.raises(InkError, match="blank"):
        strip(np.zeros((320, 320), np.float32))


SCRIPT = """
import { readFileSync } from "node:fs"
import { Network, tensorsOf } from "@network/engine.js"
import { Sheet } from "@network/ink.js"
import { path, shares, slide, strip } from "@network/sliding.js"
const { about, drawings } = JSON.parse(readFileSync("@given"))
const bytes = readFileSync("@weights")
const network = new Network(about, tensorsOf(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)))
network.run(new Float32Array(784))
const before = network.everything.join()
const found = drawings.map((strokes) => {
  const row = strip(new Sheet().show(strokes))
  const logits = slide(network, row)
  return { row: [...row.values], logits, shares: shares(logits), path: path(logits) }
})
console.log(JSON.stringify({ found, same: network.everything.join() === before }))
"""


@pytest.mark.parametrize("name", ["best", "lenet-5-1998"])
def test_the_browser_slides_in_the_same_way(tmp_path, name):
    drawings = [pens.row(row, at, gap) for gap in (14, -4) for at, row in enumerate(numbers(6, 2, 7))]
    drawings.append(pens.row("1", 3, 0, 200))
    given = {"about": described.message(name, ""), "drawings": [to_message(drawing) for drawing in drawings]}
    (tmp_path / "given.json").write_text(json.dumps(given))
    weights = NETWORK.parents[2] / "pretrained" / f"{name}.safetensors"
    told = javascript.run(SCRIPT.replace("@given", str(tmp_path / "given.json")).replace("@weights", str(weights)))
    assert told["same"]
    model = create_model(name, pretrained=True)
    for drawing, theirs in zip(drawings, told["found"]):
        row = strip(raster(drawing))
        np.testing.assert_allclose(np.reshape(theirs["row"], row.shape), row, atol=0.01)
        ours = slide(model, row)
        np.testing.assert_allclose(theirs["logits"], ours, atol=0.05 * np.abs(ours).max())
        np.testing.assert_allclose(theirs["shares"], shares(np.array(theirs["logits"], np.float32)), atol=1e-5)
        assert [(place["column"], place["digit"]) for place in theirs["path"]] == path(np.array(theirs["logits"]))
