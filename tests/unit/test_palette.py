"""The colours say what their legends say, and colour-blind people can tell them apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lenet.study.design import Experiment
from lenet.study.experiments import EXPERIMENTS
from lenet.ui.shared.palette import DIVERGING, SEQUENTIAL, VARIANT_COLOURS, heat, levels

numbers = arrays(np.float32, (3, 4), elements=st.floats(-1000, 1000, width=32))


def luminance(colours: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB colours (WCAG 2), 0 to 1."""
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_magnitudes_only_get_brighter():
    assert (np.diff(luminance(SEQUENTIAL)) > 0).all()


def test_signed_numbers_get_darker_on_both_sides_of_zero():
    shades = luminance(DIVERGING)
    assert (np.diff(shades[:128]) > 0).all() and (np.diff(shades[128:]) < 0).all()


def test_negative_is_blue_positive_orange_and_zero_neither():
    red, _, blue = DIVERGING[[0, 40, 80, 175, 215, 255]].astype(int).T
    assert (blue[:3] > red[:3]).all() and (red[3:] > blue[3:]).all()
    assert np.ptp(heat(np.zeros(1), signed=True).astype(int)) < 10


@given(numbers)
def test_opposite_numbers_lie_opposite(values: np.ndarray):
    assert np.abs(levels(values, True).astype(int) + levels(-values, True) - 255).max() <= 1


@given(numbers, st.booleans())
def test_larger_numbers_never_get_an_earlier_colour(values: np.ndarray, signed: bool):
    order = values.ravel().argsort()
    assert (np.diff(levels(values, signed).ravel()[order].astype(int)) >= 0).all()


def test_the_scale_is_the_callers_or_that_of_the_numbers():
    values = np.array([0.0, 1.0, 2.0])
    assert levels(values, False).tolist() == [0, 128, 255]
    assert levels(values, False, scale=4.0).tolist() == [0, 64, 128]
    assert levels(values, False, scale=1.0).tolist() == [0, 255, 255]
    assert levels(np.array([np.nan, 0.0]), False).tolist() == [0, 0]


@pytest.mark.parametrize("paper", ["#fdfcf9", "#12151b"])
def test_the_colours_of_networks_stand_out_from_the_page(paper: str):  # 3 : 1, as WCAG 2 asks of graphics
    def of(colour: str) -> float:
        return float(luminance(np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])))

    for colour in VARIANT_COLOURS[:3]:
        bright, dark = sorted([of(colour), of(paper)], reverse=True)
        assert (bright + 0.05) / (dark + 0.05) > 3


@pytest.mark.parametrize("e", EXPERIMENTS, ids=lambda e: e.title)
def test_no_two_networks_of_an_experiment_share_a_colour(e: Experiment):
    assert len(set(VARIANT_COLOURS)) >= len({setting.variant + setting.recipe for setting in e.settings()})
