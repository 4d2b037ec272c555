"""Several digits in one drawing: they are cut apart, single ones are not, and the browser makes the same cuts."""

import json
import random
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw

import lenet
from lenet.ink import InkError, read_grey
from lenet.pretrained import create_model
from lenet.splitting import _groups, reader, split
from lenet.strokes import Stroke, raster, to_message
from lenet.synthetic import WAYS
from lenet.ui.shared import described
from tests import javascript, pens
from tests.javascript import NETWORK


@cache
def best():
    return reader(create_model("best", pretrained=True))


def string(strokes: list[Stroke]) -> str:
    return "".join(str(best()(read_grey(part).centred).argmax()) for part in split(raster(strokes), best()).parts)


def numbers(count: int, digits: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choice("0123456789") for _ in range(digits)) for _ in range(count)]


def test_digits_side_by_side_are_read_in_their_order():
    """Of 30 pairs and 10 triples by the synthetic pen, cut into as many digits as there are, and mostly right."""
    rows = [*numbers(30, 2, 1), *numbers(10, 3, 2)]
    read = [string(pens.row(digits, seed, 14, 120 if len(digits) < 3 else 90)) for seed, digits in enumerate(rows)]
    assert sum(len(got) == len(digits) for got, digits in zip(read, rows)) >= 38
    assert sum(got == digits for got, digits in zip(read, rows)) >= 36


def test_digits_that_touch_are_cut_where_the_network_sees_two():
    rows = numbers(20, 2, 3)
    read = [string(pens.row(digits, seed, -4)) for seed, digits in enumerate(rows)]
    assert sum(got == digits for got, digits in zip(read, rows)) >= 10


def test_single_digits_stay_whole():
    """Every way of writing, crossed sevens, open fours and fives with a hat among them: the sheet itself comes back."""
    for which, ways in WAYS.items():
        for number, way in enumerate(ways):
            sheet = raster(pens.digit(which, number, 60, 200, pen=20))
            found = split(sheet, best())
            assert len(found.parts) == 1 and found.parts[0] is sheet, (which, way)


@pytest.mark.parametrize(
    ("name", "strokes"),
    [
        ("a hat apart from its five", ["90,120 80,180 120,170 150,210 120,260 80,260", "110,80 180,78"]),
        ("a crossed seven", ["80,70 220,70 140,250", "110,160 210,150"]),
        ("a dotted zero", ["160,50 90,110 90,210 160,270 230,210 230,110 160,50", "155,155 165,170"]),
        ("an eight of two rings", ["160,60 120,90 160,140 200,90 160,60", "160,165 110,210 160,265 210,210 160,165"]),
    ],
)
def test_one_digit_in_several_strokes_stays_whole(name, strokes):
    drawing = [Stroke(tuple(tuple(map(float, point.split(","))) for point in line.split())) for line in strokes]
    assert len(split(raster(drawing), best()).parts) == 1, name


def test_cuts_lie_between_the_parts_and_nothing_is_lost():
    sheet = raster(pens.row("42", 5, 16))
    found = split(sheet, best())
    left, right = found.parts
    assert np.array_equal(left + right, sheet) and not (left * right).any()
    (cut,) = found.cuts
    assert cut[0][1] < 110 and cut[-1][1] > 210
    for x, y in cut:
        assert not (left[y, x + 1 :] >= 0.3).any() and not (right[y, : x - 1] >= 0.3).any()


def strokes_in_a_row(count: int) -> list[Stroke]:
    return [Stroke(((20.0 + 30 * n, 120.0), (20.0 + 30 * n, 200.0))) for n in range(count)]


@pytest.mark.parametrize("count", [8, 9, 10])
def test_more_than_eight_stay_whole_and_that_is_said(count):
    found = split(raster(strokes_in_a_row(count)), best())
    assert (len(found.parts), found.many) == ((8, False) if count == 8 else (1, True))


def test_a_blank_sheet_and_small_pictures():
    for shape in ((1, 1), (28, 28), (9, 60)):
        assert len(split(np.zeros(shape, np.float32), best()).parts) == 1
    assert len(split(np.ones((28, 28), np.float32), best()).parts) == 1


def test_a_dot_a_dash_and_a_blot_are_no_digits_to_cut():
    for end in ((112, 52), (120, 60), (260, 52)):
        assert len(split(raster([Stroke(((112, 48), end))]), best()).parts) == 1, end


def test_strokes_are_grouped_by_height_and_overlap():
    assert _groups([(0, 0, 100, 40), (0, 60, 100, 100)]) == [[0], [1]]
    assert _groups([(0, 60, 100, 100), (0, 0, 100, 40)]) == [[1], [0]]
    assert _groups([(0, 0, 100, 40), (0, 30, 20, 90)]) == [[0, 1]]  # a hat
    assert _groups([(0, 0, 60, 60), (20, 40, 100, 62)]) == [[0, 1]]  # an open four


SCRIPT = """
import { readFileSync } from "node:fs"
import { Network, tensorsOf } from "@network/engine.js"
import { Sheet } from "@network/ink.js"
import { split } from "@network/splitting.js"
const { about, drawings } = JSON.parse(readFileSync("@given"))
const bytes = readFileSync("@weights")
const network = new Network(about, tensorsOf(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)))
console.log(JSON.stringify(drawings.map((strokes) => {
  const { parts, cuts, many } = split(new Sheet().show(strokes), (image) => network.run(image))
  return { sums: parts.map(({ values }) => values.reduce((sum, value) => sum + value, 0)), cuts, many }
})))
"""


def test_the_browser_makes_the_same_cuts(tmp_path):
    drawings = [pens.row(digits, n, gap) for gap in (14, -4) for n, digits in enumerate(numbers(25, 2, 7))]
    drawings += [pens.row(digits, n, -3, 80) for n, digits in enumerate(numbers(8, 3, 8))]
    drawings += [pens.digit(n % 10, n, 60, 200, 0.9, 20) for n in range(30)] + [[], [Stroke(((112, 48), (112, 52)))]]
    drawings += [strokes_in_a_row(8), strokes_in_a_row(9)]
    given = {"about": described.message("best", ""), "drawings": [to_message(drawing) for drawing in drawings]}
    (tmp_path / "given.json").write_text(json.dumps(given))
    weights = NETWORK.parents[2] / "pretrained" / "best.safetensors"
    theirs = javascript.run(SCRIPT.replace("@given", str(tmp_path / "given.json")).replace("@weights", str(weights)))
    several = 0
    for drawing, found in zip(drawings, theirs):
        ours = split(raster(drawing), best())
        several += len(ours.parts) > 1
        assert [[list(point) for point in cut] for cut in ours.cuts] == found["cuts"]
        assert ours.many == found["many"]
        np.testing.assert_allclose([part.sum() for part in ours.parts], found["sums"], rtol=1e-3, atol=1e-3)
    assert several > 30


def numeral(digits: str, gap: int = 100) -> Image.Image:
    """Ones, zeros and threes with a round pen on white paper."""
    picture = Image.new("L", (80 + gap * len(digits), 200), 255)
    pen = ImageDraw.Draw(picture)
    for at, digit in enumerate(digits):
        x = 40 + gap * at
        if digit == "1":
            pen.line([(x + 20, 40), (x + 20, 160)], 0, 14)
        elif digit == "0":
            pen.ellipse((x, 40, x + 80, 160), outline=0, width=14)
        else:
            pen.arc((x, 40, x + 70, 104), -150, 90, 0, 14)
            pen.arc((x, 90, x + 80, 160), -90, 150, 0, 14)
    return picture


@pytest.mark.parametrize(
    ("digits", "gap"), [("31", 100), ("10", 100), ("11", 100), ("11", 50), ("101", 85), ("3", 100)]
)
def test_several_digits_in_a_picture_are_read_one_by_one(digits, gap):
    """Read as one digit they were a 3, a 6 and a 4, with 99 and 100 %."""
    readings = lenet.read_all(numeral(digits, gap))
    assert "".join(str(one.answer) for one in readings) == digits
    assert all(one.probabilities.max() > 0.5 for one in readings)


def test_read_all_of_a_drawing_and_by_another_network():
    drawing = pens.row("42", 5, 16)
    assert [one.answer for one in lenet.read_all(drawing)] == [4, 2]
    assert [one.answer for one in lenet.read_all(drawing, "tanh")] == [4, 2]
    seven = [Stroke(((90, 70), (230, 70), (140, 260)))]
    (one,), same = lenet.read_all(seven), lenet.read(seven)
    assert (one.answer, one.familiarity) == (same.answer, same.familiarity)
    with pytest.raises(InkError, match="blank"):
        lenet.read_all([Stroke(((90, 70), (91, 70)), erase=True)])


def test_one_digit_in_a_picture_is_read_as_ever():
    (one,), same = lenet.read_all(numeral("3")), lenet.read(numeral("3"))
    assert (one.probabilities == same.probabilities).all()
