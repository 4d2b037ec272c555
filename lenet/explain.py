"""The arithmetic of any one number that a network computes, what it looks at, and what it is used by.

>>> trace = model.trace(x)
>>> cell(model, trace, "conv2", (3, 4, 5)).value      # our own sum of float32 terms in double precision
>>> cell(model, trace, "conv2", (3, 4, 5)).torch      # what PyTorch computed
>>> receptive_field(model, "conv2", (3, 4, 5))["input"]

What each kind of layer adds up, and which cells it connects, is written in layers.py.
"""

import torch
from torch import Tensor

from lenet.layers import Cell, Index, Layer, Place
from lenet.model import LeNet, Stage, Trace


def cell(model: LeNet, trace: Trace, stage: str | Stage, index: Index, n: int = 0) -> Cell:
    """The arithmetic of one number of picture `n` of the trace.

    stage: a stage of the trace or its name; index: into the stage's output of one picture, from 0.
    Raises KeyError for a stage that does not exist and IndexError for a cell that does not.
    """
    here = trace[stage if isinstance(stage, str) else stage.name]
    index = here.layer.index(index)
    if not 0 <= n < len(here.output):
        raise IndexError(f"The trace holds {len(here.output)} pictures, from 0: there is no picture {n}.")
    before = trace.before(here.name)
    weights = dict(model.get_submodule(here.name).named_parameters()) if here.layer.parameters else {}
    return here.layer.cell(Place(before.name, before.output, here.output, weights, index, n))


def receptive_field(model: LeNet, stage: str | Stage, index: Index) -> dict[str, Tensor]:
    """For the stage and each one before it, which cells the cell depends on: bool, in the shape of the stage's output
    of one picture. ["input"] are the pixels: [1, 28, 28].

    Exact for what the layers connect: padding holds no pixels, a pooling stride larger than its kernel leaves gaps.
    Of the recurrent heads that read along the batch it is what is seen of the picture itself, not of those before.
    """
    place, mask = _only(model.layers, stage, index)
    masks = {model.layers[place].name: mask}
    for number in range(place, 0, -1):
        mask = model.layers[number].looks_at(mask)
        masks[model.layers[number - 1].name] = mask
    return masks


def used_by(model: LeNet, stage: str | Stage, index: Index) -> dict[str, Tensor]:
    """For each later stage, which cells depend on the cell: bool, in the shape of the stage's output of one picture."""
    place, mask = _only(model.layers, stage, index)
    masks = {}
    for layer in model.layers[place + 1 :]:
        mask = layer.used_by(mask)
        masks[layer.name] = mask
    return masks


def _only(layers: list[Layer], stage: str | Stage, index: Index) -> tuple[int, Tensor]:
    """The number of the stage, and a mask of its output in which that one cell is set."""
    name = stage if isinstance(stage, str) else stage.name
    names = [layer.name for layer in layers]
    if name not in names:
        raise KeyError(f"There is no stage {name!r}. There are: {', '.join(names)}.")
    layer = layers[names.index(name)]
    mask = torch.zeros(layer.output_shape, dtype=torch.bool)
    mask[layer.index(index)] = True
    return names.index(name), mask
