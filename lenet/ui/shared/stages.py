"""How the stages of a trace are shown, in the network view: in colours and rows of cells."""

from math import ceil, isqrt, prod
from typing import Any

import numpy as np

from lenet.layers import BITMAP, Layer

TALLEST = 15  # cells in a column of a layer that is not laid out as a picture
WIDEST = 18  # columns of TALLEST cells; a layer with more cells is drawn as a square


def look(layer: Layer, output: np.ndarray) -> tuple[bool, float]:
    """Whether the numbers of a layer are coloured as signed, and the value that gets the last colour."""
    signed = layer.signed or bool((output < 0).any())
    return signed, 1.0 if layer.bounded else float(np.nan_to_num(np.abs(output)).max(initial=0))


def rectangle(size: tuple[int, ...]) -> tuple[int, int, int]:
    """Maps, rows and columns in which the output of one picture, of that size, is drawn."""
    if len(size) == 3:
        return size  # type: ignore[return-value]
    if len(size) == 2:
        return 1, size[0], size[1]
    (count,) = size
    if count == prod(BITMAP):
        return 1, *BITMAP  # so that what LeNet-5's output compares looks like what it is compared with
    tall = min(count, max(TALLEST, isqrt(count - 1) + 1 if count > TALLEST * WIDEST else 0))
    columns = ceil(count / tall)
    return 1, ceil(count / columns), columns


def describe(layers: list[Layer]) -> list[dict[str, Any]]:
    """Of each layer what the browser must know to compute and to draw it; see lenet/ui/network/layers.js.

    inner: before the last layer with weights (or distances), so that ten units there are no classes.
    """
    last = max((at for at, layer in enumerate(layers) if layer.parameters or layer.kind == "rbf"), default=0)
    return [
        {
            "name": layer.name,
            "kind": layer.kind,
            "about": layer.words,
            "size": layer.output_shape,
            "shape": rectangle(layer.output_shape),
            "window": layer.window,
            "along": layer.along_batch,
            "signed": layer.signed,
            "bounded": layer.bounded,
            "computes": layer.computes,
            **({"inner": True} if number < last else {}),
            **layer.told,
        }
        for number, layer in enumerate(layers)
    ]
