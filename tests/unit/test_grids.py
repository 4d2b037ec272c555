"""Sheets of small pictures: places, and colours that are those of the theme."""

import tomllib

import numpy as np
from PIL import ImageColor

from lenet.paths import ROOT
from lenet.ui.shared import grids


def test_a_sheet_has_the_paper_and_the_ink_of_the_theme():
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for dark, name in ((False, "light"), (True, "dark")):
        picture = grids.sheet(np.zeros((2, 5, 5)), ["one", "two"], 2, 24, True, dark=dark)
        assert picture.getpixel((0, 0)) == ImageColor.getrgb(theme[name]["backgroundColor"])
        assert grids.TEXT[dark] == theme[name]["textColor"]


def test_a_minus_is_a_line_and_no_box():
    """The font has no minus sign: what it would draw instead is as high as a digit."""
    picture = np.asarray(grids.sheet(np.zeros((1, 1, 1)), ["−"], 1, 40, True).convert("L"), int)
    name = picture[grids.MARGIN : grids.MARGIN + grids.NAME, grids.MARGIN : grids.MARGIN + grids.MINUS]
    assert (np.ptp(name, axis=1) > 60).sum() == 1, "one row of pixels, a line"


def test_numbers_that_round_to_zero_have_no_sign():
    from lenet.formatting import fixed

    assert fixed(-0.001, 2) == "0.00" and fixed(-0.35, 2) == "−0.35"
