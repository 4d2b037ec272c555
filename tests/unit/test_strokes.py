"""A drawing is its strokes: Python and the browser make the same image of them."""

import json
import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet import create_model
from lenet.data import mnist
from lenet.ink import InkError
from lenet.strokes import (
    FAR,
    PEN,
    SIDE,
    STEP,
    Stroke,
    StrokesError,
    decode,
    encode,
    from_canvas,
    from_message,
    from_pixels,
    raster,
    read_strokes,
    to_message,
)
from lenet.variant import INPUT_SIZE as SIZE
from tests import javascript

SEVEN = [Stroke(((80.0, 70.0), (220.0, 70.0), (140.0, 250.0)))]
DRAWINGS = 300


def scribble(source: random.Random) -> list[Stroke]:
    """One to four strokes of any size, bent at will, some of them an eraser's."""
    strokes = []
    for number in range(source.randint(1, 4)):
        x, y = source.uniform(0, SIDE), source.uniform(0, SIDE)
        angle, step, points = source.uniform(0, 6.3), source.uniform(0.5, 12), []
        for _ in range(source.randint(1, 60)):
            points.append((round(x, 2), round(y, 2)))
            angle += source.gauss(0, 0.3)
            x, y = x + step * math.cos(angle), y + step * math.sin(angle)
        strokes.append(Stroke(tuple(points), source.choice([20, 20, 20, 8, 34]), number > 0 and source.random() < 0.2))
    return strokes


def stages(strokes: list[Stroke]) -> list[np.ndarray] | str:
    try:
        ink = read_strokes(strokes)
    except InkError as error:
        return "dot" if "dot" in str(error) else "blank"
    return [ink.raw, ink.cropped, ink.scaled, ink.centred]


def test_the_browser_makes_the_same_image_and_the_same_link(tmp_path):
    """At most 2/255 apart in any pixel of any stage, on scribbles of every size, over pictures and with an eraser."""
    source = random.Random(0)
    drawings = [scribble(source) for _ in range(DRAWINGS)]
    drawings += [[Stroke(((100, y), (220, y)))] for y in (100, 100.5)]  # their centre lies between two pixels
    drawings += [[Stroke(((x, 60), (x, 270)))] for x in (160, 160.5)]
    drawings += [[from_pixels(read_strokes(SEVEN).centred), *scribble(source)] for _ in range(4)]
    (tmp_path / "drawings.json").write_text(
        json.dumps([{"strokes": to_message(drawing), "text": encode(drawing)} for drawing in drawings])
    )
    script = f"""
import {{ readFileSync }} from "node:fs"
import {{ Sheet, decode, encode, read }} from "@network/ink.js"
const shown = (strokes) => {{
  const sheet = new Sheet()
  const drawn = []
  for (const {{ points, ...stroke }} of strokes) {{
    drawn.push({{ ...stroke, points: [] }})
    for (let at = 0; at < points.length; at += 14) {{
      drawn.at(-1).points.push(...points.slice(at, at + 14)) // as the pen moves
      sheet.show(drawn)
    }}
  }}
  const {{ reason, raw, cropped, scaled, centred }} = read(sheet.show(drawn))
  return reason ?? [raw, cropped, scaled, centred].map((stage) => [...stage])
}}
const drawings = JSON.parse(readFileSync("{tmp_path / "drawings.json"}"))
console.log(JSON.stringify(drawings.map(({{ strokes, text }}) => [shown(strokes), decode(text), encode(strokes)])))
"""
    worst, told = 0.0, 0
    for drawing, (theirs, decoded, text) in zip(drawings, javascript.run(script), strict=True):
        assert decoded == to_message(decode(encode(drawing)))
        for stroke, again in zip(decode(text), decode(encode(drawing)), strict=True):  # halves are rounded otherwise
            assert np.allclose(stroke.points, again.points, rtol=0, atol=STEP)
            assert (stroke.width, stroke.erase, stroke.picture) == (again.width, again.erase, again.picture)
        ours = stages(drawing)
        if isinstance(ours, str):
            assert theirs == ours
            continue
        told += 1
        apart = max(float(np.abs(a.ravel() - np.array(b)).max()) for a, b in zip(ours, theirs, strict=True))
        worst = max(worst, apart)
    assert worst <= 2 / 255, f"{worst * 255:.2f} / 255"
    assert told > DRAWINGS / 2


def resized(strokes: list[Stroke], side: float) -> list[Stroke]:
    """The path scaled so that the drawing, its pen of 20 pixels included, has this longer side."""
    points = np.concatenate([np.array(stroke.points) for stroke in strokes])
    factor = (side - PEN) / np.ptp(points, 0).max()
    middle = points.mean(0)
    return [Stroke(tuple(map(tuple, (np.array(one.points) - middle) * factor + SIDE / 2))) for one in strokes]


@pytest.mark.parametrize("side", [48, 64, 100, 200, 300])
def test_small_drawings_are_read_as_large_ones_are(side):
    """Loops would be filled by a pen that is half as wide as the digit."""
    turn = [(k / 24 * 2 * math.pi) for k in range(25)]
    eight = [Stroke(tuple((160 + 50 * math.sin(2 * t), 160 + 90 * math.cos(t)) for t in turn))]
    three = [Stroke(((90.0, 60.0), (200.0, 60.0), (140.0, 140.0), (210.0, 200.0), (150.0, 260.0), (90.0, 240.0)))]
    four = [Stroke(((150.0, 60.0), (90.0, 180.0), (220.0, 180.0))), Stroke(((180.0, 110.0), (180.0, 270.0)))]
    best = create_model("best", pretrained=True)
    for digit, strokes in {8: eight, 3: three, 4: four}.items():
        assert best(read_strokes(resized(strokes, side)).image()[None]).argmax() == digit


def test_only_the_pen_of_a_small_drawing_is_thinned():
    small = [Stroke(((150.0, 150.0), (150.0, 190.0)))]  # 60 pixels long
    assert raster(small).sum(1).max() == pytest.approx(10, abs=0.5)
    large = [Stroke(((150.0, 100.0), (150.0, 180.0)))]  # 100
    assert raster(large).sum(1).max() == pytest.approx(PEN, abs=0.5)
    with pytest.raises(InkError, match="dot"):
        read_strokes([Stroke(((150.0, 150.0), (150.0, 160.0)))])


@given(st.integers(-60, 60), st.integers(-40, 40))
@settings(max_examples=20, deadline=None)
def test_whole_pixels_of_place_change_nothing(right, down):
    moved = [Stroke(tuple((x + right, y + down) for x, y in stroke.points)) for stroke in SEVEN]
    assert np.array_equal(read_strokes(moved).centred, read_strokes(SEVEN).centred)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_strokes_does_not_matter_without_an_eraser(seed):
    strokes = [Stroke(stroke.points, stroke.width) for stroke in scribble(random.Random(seed))]
    assert np.array_equal(raster(strokes), raster(reversed(strokes)))


def test_erasing_everything_leaves_a_blank_board():
    eraser = [Stroke(stroke.points, 60, True) for stroke in SEVEN]
    assert raster([*SEVEN, *eraser]).max() == 0
    with pytest.raises(InkError, match="blank"):
        read_strokes([*SEVEN, *eraser])


def test_a_digit_to_draw_over_is_read_as_itself():
    """It lies on the board as large as its pixels, and comes back from there nearly as it was."""
    seen = mnist("test").images[:50].numpy().astype(np.float32).reshape(-1, SIZE, SIZE) / 255
    links = [encode([from_pixels(image)]) for image in seen]
    again = np.stack([read_strokes(decode(link)).centred for link in links])
    assert np.abs(again - seen).mean() < 0.02
    best = create_model("best", pretrained=True)
    answers = [best(torch.from_numpy(images)[:, None]).argmax(1) for images in (seen, again)]
    assert torch.equal(*answers)
    with pytest.raises(StrokesError, match="below"):
        from_message(to_message([*SEVEN, *decode(links[0])]))


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_a_link_keeps_the_drawing(seed):
    """To a pixel or so: what is kept of the points is what the shape needs."""
    strokes = scribble(random.Random(seed))
    kept = decode(encode(strokes))
    assert [(stroke.width, stroke.erase) for stroke in kept] == [(stroke.width, stroke.erase) for stroke in strokes]
    assert np.abs(raster(kept) - raster(strokes)).mean() < 0.02
    assert len(encode(strokes)) < 1500


@pytest.mark.parametrize("text", ["", "x", "1*", "1____", "2AAAA", "1" + "A" * 100_000])
def test_a_damaged_link_is_refused(text):
    with pytest.raises(StrokesError):
        decode(text)


NO_POINTS = ([], [1], ["a", 1], [math.nan, 1], [FAR * 2, 1])


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        7,
        [7],
        [{}],
        *([{"points": points}] for points in NO_POINTS),
        [{"points": [1, 2], "width": 0}],
        [{"points": [1, 2]}] * 1000,
    ],
)
def test_what_are_no_strokes_is_refused(wrong):
    with pytest.raises(StrokesError):
        from_message(wrong)


def test_the_canvas_own_paths_are_strokes():
    path = [["M", 80, 70], ["Q", 80, 70, 150, 70], ["Q", 220, 70, 180, 160], ["L", 140, 250]]
    (stroke,) = from_canvas({"objects": [{"type": "path", "path": path, "strokeWidth": 20}]})
    assert stroke == Stroke(((80, 70), (80, 70), (220, 70), (140, 250)), 20)
    for wrong in (None, {}, {"objects": 7}, {"objects": [{"path": 7}]}, {"objects": [{"path": [["M"]]}]}):
        with pytest.raises(StrokesError):
            from_canvas(wrong)
