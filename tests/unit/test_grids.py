"""Sheets of small pictures: places, and colours that are those of the theme."""

import tomllib
from io import BytesIO

import numpy as np
from PIL import Image, ImageColor

from lenet.paths import ROOT
from lenet.ui.shared import grids


def test_a_sheet_has_the_paper_and_the_ink_of_the_theme():
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for dark, name in ((False, "light"), (True, "dark")):
        picture = grids.sheet(np.zeros((2, 5, 5)), ["one", "two"], 2, 24, True, dark=dark)
        assert picture.getpixel((0, 0)) == ImageColor.getrgb(theme[name]["backgroundColor"])
        assert grids.TEXT[dark] == theme[name]["textColor"]


def test_numbers_are_readable_on_every_colour():
    grid = np.linspace(-1, 1, 25).reshape(1, 5, 5)
    with_numbers = np.asarray(grids.sheet(grid, ["kernel"], 1, 34, True, numbers=True).convert("L"), int)
    without = np.asarray(grids.sheet(grid, ["kernel"], 1, 34, True).convert("L"), int)
    top, left = grids.MARGIN + grids.NAME, grids.MARGIN
    for row in range(5):
        for column in range(5):
            cell = np.s_[top + 34 * row : top + 34 * (row + 1), left + 34 * column : left + 34 * (column + 1)]
            assert abs(with_numbers[cell] - without[cell]).max() > 90, (row, column)


def test_a_sheet_opens_as_a_picture_again():
    picture = grids.sheet(np.ones((1, 3, 3)), ["one"], 1, 8, False)
    assert Image.open(BytesIO(grids.png(picture))).size == picture.size


def test_a_minus_is_a_line_and_no_box():
    """The font has no minus sign: what it would draw instead is as high as a digit."""
    one, other = (
        np.asarray(
            grids.sheet(np.full((1, 1, 1), value), ["k"], 1, 40, True, scale=9.0, numbers=True).convert("L"), int
        )
        for value in (0.35, -0.35)
    )
    top = grids.MARGIN + grids.NAME
    left = np.s_[top + 4 : top + 36, grids.MARGIN + 3 : grids.MARGIN + 9]
    rows = np.ptp(other[left], axis=1) > 60
    assert rows.sum() == 1, "one row of pixels, a line"
    assert not (np.ptp(one[left], axis=1) > 60).any()


def test_numbers_that_round_to_zero_have_no_sign():
    from lenet.formatting import fixed

    assert fixed(-0.001, 2) == "0.00" and fixed(-0.35, 2) == "−0.35"
