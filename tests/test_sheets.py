"""Sheets of small pictures: places, and colours that are those of the theme."""

import tomllib
from io import BytesIO

import numpy as np
from PIL import Image, ImageColor

from lenet.files import ROOT
from lenet.ui import sheets


def test_a_sheet_has_the_paper_and_the_ink_of_the_theme():
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for dark, name in ((False, "light"), (True, "dark")):
        picture = sheets.sheet(np.zeros((2, 5, 5)), ["one", "two"], 2, 24, True, dark=dark)
        assert picture.getpixel((0, 0)) == ImageColor.getrgb(theme[name]["backgroundColor"])
        assert sheets.TEXT[dark] == theme[name]["textColor"]


def test_numbers_are_readable_on_every_colour():
    grid = np.linspace(-1, 1, 25).reshape(1, 5, 5)
    with_numbers = np.asarray(sheets.sheet(grid, ["kernel"], 1, 34, True, numbers=True).convert("L"), int)
    without = np.asarray(sheets.sheet(grid, ["kernel"], 1, 34, True).convert("L"), int)
    top, left = sheets.MARGIN + sheets.NAME, sheets.MARGIN
    for row in range(5):
        for column in range(5):
            cell = np.s_[top + 34 * row : top + 34 * (row + 1), left + 34 * column : left + 34 * (column + 1)]
            assert abs(with_numbers[cell] - without[cell]).max() > 90, (row, column)


def test_a_sheet_opens_as_a_picture_again():
    picture = sheets.sheet(np.ones((1, 3, 3)), ["one"], 1, 8, False)
    assert Image.open(BytesIO(sheets.png(picture))).size == picture.size
