"""LeNet slides along a row of digits that nobody has cut, as in the paper of 1998.

The weights of a network do not say how wide a picture is: its convolutions make wider maps of a wider one, and its
first fully connected layer, which looks at 4 × 4 cells of each map, is one more convolution that moves along them. So
one pass reads the row in every place, ten logits each: a space displacement neural network (LeCun, Bottou, Bengio,
Haffner 1998, section VII). The string is the best path through these places. `ui/network/sliding.js` has the same.

    >>> path(slide(model, strip(sheet)))     # [(column, digit), …] from left to right, a column every four pixels
"""

from typing import TYPE_CHECKING

import numpy as np

from lenet.ink import BOX, SIDE, box_of, scaled_to, thickness_of, without_strays

if TYPE_CHECKING:
    from lenet.model import LeNet

AROUND = SIDE // 2  # pixels of paper left and right, so that a window's middle comes to either end of the ink
MOST_PIXELS = 600  # of a strip
# Chosen on 370 rows by our own pen (of 2 to 9 and of 2 to 5): the string is right in 95 % of pairs, 83 % of triples.
NOTHING = 3.0  # the logit of an eleventh class, "nothing here"
APART = 4  # columns from one digit to the next


def strip(sheet: np.ndarray) -> np.ndarray:
    """A sheet of ink, float32 [height, width] in [0, 1], as one row of digits, [28, W]: its ink 20 pixels high.

    Raises InkError if there is none.
    """
    grey = without_strays(sheet)
    crop = grey[box_of(grey)]
    longest = min(MOST_PIXELS, round(BOX * max(1, crop.shape[1] / crop.shape[0])))
    small = scaled_to(crop, thickness_of(crop), longest)
    above = (SIDE - small.shape[0]) // 2
    return np.pad(small, ((above, SIDE - small.shape[0] - above), (AROUND, AROUND)))


def slide(model: "LeNet", row: np.ndarray) -> np.ndarray:
    """The ten logits of each place in a row [28, W], float32 [columns, 10]: of a picture that is 28 wide there is one,
    and it is what the network says of it. Raises ValueError for a network that reads a batch as one sequence."""
    import torch

    if any(layer.along_batch for layer in model.layers):
        raise ValueError("A network that reads the batch as one sequence cannot slide.")
    first = next(number for number, layer in enumerate(model.layers) if len(layer.output_shape) < 3)
    with torch.inference_mode():
        x = torch.from_numpy(np.ascontiguousarray(row, np.float32))[None, None]
        for layer in model.layers[:first]:
            x = model.apply_layer(layer, x)
        x = x.unfold(3, model.layers[first].input_shape[2], 1)[0].permute(2, 0, 1, 3)  # one picture a place
        for layer in model.layers[first:-1]:
            x = model.apply_layer(layer, x)
        return x.numpy()


def shares(logits: np.ndarray) -> np.ndarray:
    """Of each place the probabilities of ten digits and of nothing, [columns, 11]."""
    rows = np.pad(logits, ((0, 0), (0, 1)), constant_values=NOTHING)
    powers = np.exp(rows - rows.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def path(logits: np.ndarray) -> list[tuple[int, int]]:
    """The digits and their columns, at least APART columns from one to the next, for which the sum of what their
    logits are above NOTHING is the largest (A. Viterbi, 1967)."""
    worth = logits.max(1) - NOTHING
    best = [0.0]  # of what comes before each column
    taken = []
    for column, here in enumerate(worth):
        with_it = float(here) + best[max(0, column + 1 - APART)]
        taken.append(with_it > best[-1])
        best.append(max(best[-1], with_it))
    found = []
    column = len(worth) - 1
    while column >= 0:
        if taken[column]:
            found.append((column, int(logits[column].argmax())))
        column -= APART if taken[column] else 1
    return found[::-1]
