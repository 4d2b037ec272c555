"""How the stages of a trace are shown, on the film strip and in the inspector: in words, colours and rows of cells."""

from math import ceil, isqrt

import numpy as np

ABOUT = {
    "input": "the grey values of the digit",
    "normalise": "the digit minus the mean, over the standard deviation",
    "conv": "weighted sums of 5 × 5 patches, before the nonlinearity",
    "relu": "negative numbers become zero",
    "tanh": "squeezed between −1 and 1",
    "sigmoid": "squeezed between 0 and 1",
    "pool": "the largest number of each window",
    "flatten": "the maps laid out in one row",
    "sequence": "the positions of the maps, one after the other",
    "linear": "weighted sums of all numbers before",
    "rnn": "the state of the recurrent layer",
    "lstm": "the state of the recurrent layer",
    "last": "the last state",
    "softmax": "the ten probabilities",
}
SIGNED = ("normalise", "conv", "linear", "tanh", "rnn", "lstm")  # stages that may hold numbers below zero
TALLEST = 15  # cells in a column of a layer that is not laid out as a picture
WIDEST = 18  # columns of TALLEST cells; a layer with more cells is drawn as a square


def look(kind: str, output: np.ndarray) -> tuple[bool, float]:
    """Whether the numbers of a stage of that kind are coloured as signed, and the value that gets the last colour."""
    signed = kind in SIGNED or bool((output < 0).any())
    fixed = kind in ("input", "sigmoid", "tanh", "softmax")
    return signed, 1.0 if fixed else float(np.nan_to_num(np.abs(output)).max(initial=0))


def rectangle(size: tuple[int, ...]) -> tuple[int, int, int]:
    """Maps, rows and columns in which the output of one picture, of that size, is drawn."""
    if len(size) == 3:
        return size  # type: ignore[return-value]
    if len(size) == 2:
        return 1, size[0], size[1]
    (count,) = size
    tall = min(count, max(TALLEST, isqrt(count - 1) + 1 if count > TALLEST * WIDEST else 0))
    columns = ceil(count / tall)
    return 1, ceil(count / columns), columns


def across(size: tuple[int, ...]) -> int:
    """How many of its maps stand in a line."""
    return {1: 1, 6: 3, 16: 4}.get(rectangle(size)[0], 8)
