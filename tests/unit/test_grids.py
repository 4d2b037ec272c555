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
