"""Digits drawn by the pen of lenet/synthetic.py."""

import torch

from lenet.synthetic import WAYS, draw


def test_drawings_are_like_mnists_pictures():
    digits = draw(200, seed=3)
    assert digits.images.shape == (200, 1, 28, 28) and digits.images.dtype == torch.uint8
    ink = digits.images[:, 0] > 25
    sides = torch.stack([ink.any(2).sum(1), ink.any(1).sum(1)], 1).amax(1)
    assert ((sides >= 18) & (sides <= 22)).all()
    assert (digits.images.amax((1, 2, 3)) > 200).all()


def test_a_seed_draws_the_same_and_another_one_others():
    assert torch.equal(draw(40, 1).images, draw(40, 1).images)
    assert not torch.equal(draw(40, 1).images, draw(40, 2).images)


def test_every_way_of_writing_is_drawn_equally_often():
    """The pictures of one digit differ in shape from way to way far more than the shaking hand explains."""
    assert set(WAYS) == set(range(10)) and all(len(ways) >= 2 for ways in WAYS.values())
    digits = draw(sum(map(len, WAYS.values())), 0)
    assert torch.bincount(digits.labels).tolist() == [len(WAYS[digit]) for digit in range(10)]
    sevens = digits.images[digits.labels == 7].float()
    assert torch.cdist(sevens.flatten(1), sevens.flatten(1)).fill_diagonal_(1e9).min() > 300
