"""Drawings on the board by the pen of lenet/synthetic.py: several digits side by side, in the strokes of one hand."""

import random

import torch

from lenet.strokes import SIDE, Stroke
from lenet.synthetic import WAYS, _evenly, _smooth

POINTS = 30  # of a stroke


def digit(which: int, number: int, left: float, height: float, wide: float = 0.6, pen: float = 14) -> list[Stroke]:
    """The strokes of one digit; its left edge and its height in pixels of the board, its width against its height.
    number: which way of writing it, and the shake of the hand."""
    hand = torch.Generator().manual_seed(number)
    way = WAYS[which][number % len(WAYS[which])]
    strokes = [_evenly(_smooth(stroke.split(), hand), POINTS) for stroke in way.split("|")]
    every = torch.cat(strokes)
    low, high = every.amin(0), every.amax(0)
    span = max(float(high[0] - low[0]), 1.0)
    across = min(wide * height / span, height / 100)  # a plain stroke stays one
    top = (SIDE - height) / 2
    return [
        Stroke(
            tuple(
                (round(left + (x - float(low[0])) * across, 2), round(top + (y - float(low[1])) * height / 100, 2))
                for x, y in stroke.tolist()
            ),
            pen,
        )
        for stroke in strokes
    ]


def right(strokes: list[Stroke]) -> float:
    """The right edge of what was drawn."""
    return max(x + stroke.width / 2 for stroke in strokes for x, _ in stroke.points)


def row(digits: str, seed: int, gap: float, height: float = 120, pen: float = 14) -> list[Stroke]:
    """Digits from left to right, `gap` pixels of paper between the ink of one and the next; less than none: they
    overlap by so much."""
    chance = random.Random(seed)
    strokes: list[Stroke] = []
    edge = 12.0
    for which in digits:
        mine = digit(int(which), chance.randrange(10**6), edge + pen / 2, height * chance.uniform(0.9, 1.1), pen=pen)
        strokes += mine
        edge = right(mine) + gap
    return strokes
