"""The pen's marks are told from all else that a picture shows."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

from lenet import create_model, to_mnist
from lenet.data import mnist
from lenet.ink import BOX, INK, InkError, open_picture, read_ink
from tests.photographs import KINDS, photograph

PICTURES = 8  # of each kind


@pytest.fixture(scope="module")
def best():
    return create_model("best", pretrained=True)


def answer(best, picture) -> int:
    return int(best(to_mnist(picture)[None]).argmax())


@pytest.mark.parametrize("kind", KINDS)
def test_photographs_of_test_digits_are_read(best, kind):
    """What the network reads rightly before it is photographed."""
    random, digits = np.random.default_rng(1), mnist("test")
    right = 0
    for number in range(PICTURES):
        image = Image.fromarray(digits.images[number, 0].numpy()).resize((224, 224), Image.Resampling.BICUBIC)
        ink = ((np.asarray(image) / 255 - 0.25) * 2).clip(0, 1)  # with edges as sharp as a pen's
        right += answer(best, photograph(ink, kind, random)) == digits.labels[number]
    assert right >= PICTURES - 1


@pytest.mark.parametrize("grain", [0, 0.3, 1, 2, 4, 6, 10])
def test_a_digit_that_does_not_fill_the_frame_is_scaled_to_its_own_size(grain):
    picture = Image.new("L", (400, 400), 170)
    ImageDraw.Draw(picture).line([(150, 130), (250, 130), (190, 270)], 90, 12)
    noise = np.random.default_rng(0).normal(0, grain, (400, 400)).round()
    image = to_mnist((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))
    assert np.ptp(np.flatnonzero((image[0] > 0.1).any(1))) + 1 == BOX


def small_zero(size: tuple[int, int], box: tuple[int, int, int, int], noise: bool) -> np.ndarray:
    picture = Image.new("L", size, 0 if noise else 255)
    ImageDraw.Draw(picture).ellipse(box, outline=255 if noise else 0, width=3)
    grain = np.random.default_rng(0).normal(8, 6, picture.size[::-1]) if noise else 0
    return (np.asarray(picture) + grain).clip(0, 255).astype(np.uint8)


def test_a_tightly_cut_cell_and_a_noisy_one_are_read(best):
    assert answer(best, small_zero((16, 34), (0, 0, 15, 33), noise=False)) == 0
    assert answer(best, small_zero((28, 28), (6, 4, 21, 23), noise=True)) == 0


def seven(ink: int, paper: int) -> Image.Image:
    picture = Image.new("L", (300, 300), paper)
    ImageDraw.Draw(picture).line([(100, 80), (200, 80), (140, 230)], ink, 16, "curve")
    return picture


def framed(picture: Image.Image) -> Image.Image:
    ImageDraw.Draw(picture).rectangle((60, 40, 240, 270), outline=60, width=3)
    return picture


def underlined(picture: Image.Image) -> Image.Image:
    ImageDraw.Draw(picture).line((80, 255, 230, 255), 60, 6)
    return picture


def circled(picture: Image.Image) -> Image.Image:
    ImageDraw.Draw(picture).ellipse((30, 20, 280, 285), outline=60, width=6)
    return picture


@pytest.mark.parametrize("added", [framed, underlined, circled])
@pytest.mark.parametrize("grain", [0, 4])
def test_what_is_drawn_around_a_digit_is_left_out(best, added, grain):
    picture = np.asarray(added(seven(60, 200))) + np.random.default_rng(0).normal(0, grain, (300, 300))
    assert answer(best, picture.clip(0, 255).astype(np.uint8)) == 7


@pytest.mark.parametrize("line", [150, 120, 90])
def test_ruled_lines_leave_no_stubs_on_a_digit_and_take_no_bar_from_it(line):
    """One of them runs along the bar of the seven."""
    digit = np.asarray(seven(1, 0)) > 0
    picture = np.full((300, 300), 230)
    for y in range(10, 300, 14):
        picture[y : y + 2] = line
    picture[digit] = 30
    grain = np.random.default_rng(0).normal(0, 2, (300, 300))
    grey = read_ink((picture + grain).clip(0, 255).astype(np.uint8)).grey
    assert grey[~ndimage.binary_dilation(digit, np.ones((3, 3)), iterations=3)].max() < INK
    assert grey[ndimage.binary_erosion(digit)].min() > 0.5


@pytest.mark.parametrize("bright", [110, 140])
def test_the_reflection_of_a_lamp_hides_no_part_of_a_digit(best, bright):
    y, x = np.mgrid[0:300, 0:300]
    lamp = bright * np.exp(-((y - 80) ** 2 + (x - 160) ** 2) / 2 / 40**2)
    grain = np.random.default_rng(0).normal(0, 2, (300, 300))
    picture = (np.asarray(seven(110, 180)) + lamp + grain).clip(0, 255).astype(np.uint8)
    assert answer(best, picture) == 7


@pytest.mark.parametrize("contrast", [0.05, 0.09, 0.13])
def test_faint_but_clean_pencil_is_read(best, contrast):
    assert answer(best, seven(200 - round(255 * contrast), 200)) == 7


def test_numbers_in_the_ranges_that_people_use_are_read(best):
    digits = mnist("test").images[:1, 0].numpy()[0]
    plain = to_mnist(digits)
    for values in (
        (digits / 255 - 0.1307) / 0.3081,
        digits / 255 * 16,
        digits.astype(np.int32),
        digits.astype(np.uint16) * 257,
        digits.astype(np.float32),
    ):
        assert np.abs(to_mnist(values).numpy() - plain.numpy()).max() < 0.02
    ones = (digits > 127).astype(np.uint8)
    assert answer(best, ones) == answer(best, digits) == 7
    with pytest.raises(InkError, match="run from -400 to 2"):
        to_mnist(np.linspace(-400, 2, 784).reshape(28, 28))


def file(picture: Image.Image, kind: str) -> io.BytesIO:
    content = io.BytesIO()
    picture.save(content, kind)
    content.seek(0)
    return content


def test_avif_is_read_and_other_files_get_the_right_words(best):
    assert answer(best, open_picture(file(seven(60, 200), "AVIF"))) == 7
    for content, words in {
        b"\0\0\0\x18ftypheic\0\0\0\0": "HEIC",
        b"%PDF-1.4 ": "PDF",
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>': "SVG",
    }.items():
        with pytest.raises(InkError, match=words):
            open_picture(io.BytesIO(content))


def test_a_picture_without_marks_is_not_called_a_board():
    grain = np.random.default_rng(0).normal(170, 3, (300, 300)).round().clip(0, 255).astype(np.uint8)
    line = Image.new("L", (300, 300), 255)
    ImageDraw.Draw(line).line((0, 150, 299, 150), 0, 3)
    with pytest.raises(InkError, match="picture is blank"):
        to_mnist(Image.new("RGBA", (300, 300)))
    for picture in (grain, np.full((300, 300), 128, np.uint8), line):
        with pytest.raises(InkError, match=r"picture.*crop"):
            to_mnist(picture)


def windowed() -> Image.Image:
    """A screenshot: a title bar and a border around the drawing."""
    picture = seven(0, 255)
    sketch = ImageDraw.Draw(picture)
    sketch.rectangle((0, 0, 299, 24), 200)
    sketch.rectangle((0, 0, 299, 299), outline=120, width=2)
    return picture


def transparent() -> Image.Image:
    picture = Image.new("RGBA", (300, 300))
    ImageDraw.Draw(picture).line([(100, 80), (200, 80), (140, 230)], (30, 60, 200, 255), 16, "curve")
    return picture


def block(digit: int) -> Image.Image:
    """A closed rectangle of thick strokes, for an 8 with a bar across."""
    picture = Image.new("L", (300, 300), 255)
    sketch = ImageDraw.Draw(picture)
    sketch.rectangle((80, 60, 220, 240), outline=0, width=26)
    if digit == 8:
        sketch.rectangle((80, 138, 220, 162), 0)
    return picture


WEB = {
    "white on black": lambda: seven(255, 0),
    "palette": lambda: seven(0, 255).quantize(4),
    "1 bit": lambda: seven(0, 255).convert("1"),
    "16 bits": lambda: Image.fromarray(np.asarray(seven(0, 255), np.uint16) * 257),
    "transparent": transparent,
    "grey on grey": lambda: seven(120, 140),
    "a window around it": windowed,
    "28 x 28": lambda: seven(255, 0).resize((28, 28)),
    "24 x 24, dark on light": lambda: seven(0, 255).resize((24, 24)),
    "long and large": lambda: seven(0, 255).resize((3000, 3000)),
    "cut tightly": lambda: seven(0, 255).crop((93, 72, 207, 238)),
    "block 0": lambda: block(0),
    "block 8": lambda: block(8),
}


@pytest.mark.parametrize("kind", WEB)
def test_pictures_from_the_web_are_read(best, kind):
    digit = {"block 0": 0, "block 8": 8}.get(kind, 7)
    assert answer(best, open_picture(file(WEB[kind](), "PNG"))) == digit


def one(thick: int) -> Image.Image:
    picture = Image.new("L", (300, 300), 255)
    ImageDraw.Draw(picture).line((80, 60, 80, 240), 0, thick)
    return picture


def test_a_thin_one_is_the_digit_and_the_blot_beside_it_is_not(best):
    picture = one(thick=8)
    ImageDraw.Draw(picture).circle((170, 150), 40, 0)
    assert answer(best, picture) == 1


def test_a_thin_one_before_a_zero_is_no_printed_line():
    picture = one(thick=9)
    ImageDraw.Draw(picture).ellipse((120, 60, 240, 240), outline=0, width=15)
    assert read_ink(picture).grey[150, 80] > 0.5


@pytest.mark.parametrize("side", [120, 300])
@pytest.mark.parametrize(
    "dark, bright, share", [(0, 1, 1), (0, 1, 0.3), (0.2, 1, 0.15), (0.5, 0.9, 0.25), (0.4, 0.9, 0.33), (0.3, 0.9, 0.5)]
)
@pytest.mark.parametrize("turned", [False, True])
def test_light_that_fades_along_a_side_is_no_line(side, dark, bright, share, turned):
    """From dark to bright over this share of the picture."""
    light = dark + (bright - dark) * (np.arange(side) / (share * (side - 1))).clip(0, 1)
    picture = Image.new("L", (side, side), 255)
    ImageDraw.Draw(picture).line((side // 2, side // 8, side // 2, side - side // 8), 60, side // 30)
    lit = (np.asarray(picture) * light[:, None]).round().astype(np.uint8)
    grey = read_ink(lit[::-1] if turned else lit).grey[:, side // 2]
    assert grey[side // 7 : -(side // 7)].min() > 0.5


@pytest.mark.parametrize("side", [200, 300])
@pytest.mark.parametrize("paper, line", [(200, 60), (238, 255)])
def test_soft_lines_around_a_picture_are_no_ink(side, paper, line):
    """Blurred over some rows, as in a screenshot that was shrunk."""
    picture = seven(60, paper).resize((side, side))
    soft = ImageFilter.GaussianBlur(1.5)
    without = to_mnist(picture.filter(soft))
    ImageDraw.Draw(picture).rectangle((0, 0, side - 1, side - 1), outline=line)
    np.testing.assert_allclose(to_mnist(picture.filter(soft)), without, atol=0.05)


@pytest.mark.parametrize("side", [60, 300])
@pytest.mark.parametrize("paper", [220, 238, 250])
def test_a_white_line_around_a_sheet_that_is_nearly_white_is_no_ink(side, paper):
    picture = seven(0, paper).resize((side, side))
    without = to_mnist(picture)
    ImageDraw.Draw(picture).rectangle((0, 0, side - 1, side - 1), outline=255)
    np.testing.assert_allclose(to_mnist(picture), without, atol=0.01)


def test_the_bar_of_a_small_seven_is_kept_where_it_is_a_line_along_the_edge(best):
    picture = Image.new("L", (30, 40), 255)
    ImageDraw.Draw(picture).line([(29, 1), (12, 39)], 0, 3)
    ImageDraw.Draw(picture).rectangle((0, 0, 29, 1), 0)
    assert read_ink(picture).grey[0].min() > 0.5
    assert answer(best, picture) == 7


def test_a_digit_that_is_far_away_gets_a_hint():
    picture = Image.new("L", (600, 600), 200)
    picture.paste(seven(60, 200).resize((150, 150)), (40, 300))
    assert read_ink(picture).hint == "Crop closer: the digit fills 1 % of the picture."
    assert read_ink(seven(60, 200)).hint == ""
