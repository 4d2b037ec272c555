"""Digits drawn by the pen of lenet/synthetic.py."""

import hashlib

import pytest
import torch

from lenet import synthetic
from lenet.synthetic import LISTS, STYLES, draw


@pytest.fixture
def written(monkeypatch):
    """written(digit, number) -> the pictures [20, 28, 28] of one of the STYLES, neither angular nor connected."""
    monkeypatch.setattr(synthetic, "ANGULAR", 0)
    monkeypatch.setattr(synthetic, "CONNECTED", 0)

    def pictures(digit, number):
        monkeypatch.setitem(LISTS, "one", {digit: (STYLES[digit][number],)})
        return draw(20, 0, "one").images[:, 0]

    return pictures


@pytest.mark.parametrize("which", LISTS)
def test_drawings_are_like_mnists_pictures(which):
    digits = draw(200, 3, which)
    assert digits.images.shape == (200, 1, 28, 28) and digits.images.dtype == torch.uint8
    ink = digits.images[:, 0] > 25
    sides = torch.stack([ink.any(2).sum(1), ink.any(1).sum(1)], 1).amax(1)
    assert ((sides >= 18) & (sides <= 22)).all()
    assert (digits.images.amax((1, 2, 3)) > 200).all()


def test_a_seed_draws_the_same_and_another_one_others():
    assert torch.equal(draw(40, 1).images, draw(40, 1).images)
    assert not torch.equal(draw(40, 1).images, draw(40, 2).images)
    assert torch.equal(draw(40, 1, "all").images, draw(40, 1, "all").images)


def test_the_plain_drawings_are_still_those_that_the_recipe_modern_was_measured_with():
    assert hashlib.sha256(draw(120, 3).images.numpy().tobytes()).hexdigest().startswith("957a8c255a92391b")


@pytest.mark.parametrize("number", range(4))
def test_slashed_and_dotted_zeros_have_ink_in_their_middle(written, number):
    middle = written(0, number)[:, 11:17, 11:17].amax((1, 2))
    assert (middle > 150).all()


def test_a_nine_with_a_wide_tail_is_wider_at_its_foot_than_at_its_loop(written):
    ink = written(9, 0) > 100
    loop, tail = (part.any(1).sum(1).float().mean() for part in (ink[:, 4:11], ink[:, 16:24]))
    assert tail > 1.2 * loop


def test_a_seven_whose_bar_and_stem_are_one_curve_is_one_stroke(written):
    from scipy.ndimage import label

    assert "|" not in STYLES[7][0]
    assert all(label(picture > 100, structure=torch.ones(3, 3))[1] == 1 for picture in written(7, 0).numpy())


def test_some_drawings_are_angular_and_some_are_written_without_lifting_the_pen(monkeypatch):
    random = torch.Generator().manual_seed(0)
    monkeypatch.setattr(synthetic, "ANGULAR", 1)
    monkeypatch.setattr(synthetic, "CONNECTED", 1)
    assert synthetic._in_haste("50,5 60,30! 70,60 | 60,70 90,90", random) == "50,5! 60,30! 70,60! 60,70! 90,90!"
    assert " | " in synthetic._in_haste("0,0 50,5 | 90,90 50,90", random)  # too far away to be connected
    monkeypatch.setattr(synthetic, "ANGULAR", 0)
    monkeypatch.setattr(synthetic, "CONNECTED", 0)
    assert synthetic._in_haste("50,5 60,30! | 60,70", random).split() == ["50,5", "60,30!", "|", "60,70"]


@pytest.mark.parametrize("which", LISTS)
def test_every_way_of_writing_is_drawn_equally_often(which):
    """The pictures of one digit differ in shape from way to way far more than the shaking hand explains."""
    ways = LISTS[which]
    assert set(ways) == set(range(10)) and all(len(of_digit) >= 2 for of_digit in ways.values())
    digits = draw(sum(map(len, ways.values())), 0, which)
    assert torch.bincount(digits.labels).tolist() == [len(ways[digit]) for digit in range(10)]
    sevens = digits.images[digits.labels == 7].float()
    assert torch.cdist(sevens.flatten(1), sevens.flatten(1)).fill_diagonal_(1e9).min() > 300
