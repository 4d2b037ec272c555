"""What a kernel does, measured: the patches it answers to most, its answer to oriented bars, what its removal costs.

>>> strongest_patches(model, mnist("test"), "conv1").images[2]      # the nine of kernel 2
>>> oriented_bars(model, "conv1")[2]
>>> removal_cost(model, mnist("test"))["conv1"][2]
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.data import Digits, pixels
from lenet.evaluation import BATCH
from lenet.layers import Conv
from lenet.model import LeNet
from lenet.variant import CLASSES, INPUT_SIZE

STRONGEST = 9  # patches for each kernel
ANGLES = tuple(range(0, 180, 10))  # degrees; 0 is a level bar, 45 rises to the right, 90 is upright
BAR_LENGTH, BAR_WIDTH = 16.0, 2.5  # pixels; about a stroke of MNIST


@dataclass(frozen=True)
class Patches:
    """For each of the K kernels of a layer the strongest patches of a set of digits, at most one of each picture.

    images: [K, 9, S, S], the pixels that the cell sees, black where it looks past the edge; values: [K, 9], the
    numbers before the nonlinearity, largest first; numbers: [K, 9], which picture; places: [K, 9, 2], row and column
    of the cell.
    """

    images: Tensor
    values: Tensor
    numbers: Tensor
    places: Tensor


def convolutions(model: LeNet) -> list[Conv]:
    """The convolutional layers of a network."""
    return [layer for layer in model.layers if isinstance(layer, Conv)]


def convolution(model: LeNet, name: str) -> Conv:
    """The convolutional layer of that name. Raises ValueError with the names there are."""
    named = {layer.name: layer for layer in convolutions(model)}
    if name not in named:
        raise ValueError(f"There is no convolutional layer {name!r}. There are: {', '.join(named)}.")
    return named[name]


def _until(model: LeNet, last: Conv, x: Tensor) -> Tensor:
    """The output of that layer of the network."""
    for layer in model.layers[: model.layers.index(last) + 1]:
        x = model.apply_layer(layer, x)
    return x


@torch.no_grad()
def strongest_patches(model: LeNet, digits: Digits, name: str) -> Patches:
    """What the kernels of the convolutional layer `name` answer to most. Raises ValueError for another layer."""
    layer = convolution(model, name)
    field = layer.receptive_field
    assert field is not None  # a convolution sees a square of the picture
    best, where = [], []
    for images in digits.images.split(BATCH):
        value, place = _until(model, layer, pixels(images)).flatten(2).max(2)
        best.append(value)
        where.append(place)
    values, numbers = torch.cat(best).T.topk(min(STRONGEST, len(digits)), 1)  # [K, 9]
    cells = torch.cat(where).T.gather(1, numbers)
    columns = layer.output_shape[2]
    places = torch.stack([cells // columns, cells % columns], 2)
    edge = field.size + abs(field.start)  # black all around, so that every field lies inside
    crops = []
    for picture, (row, column) in zip(numbers.flatten().tolist(), places.flatten(0, 1).tolist()):
        whole = F.pad(pixels(digits.images[picture]), [edge] * 4)[0]
        top, left = (edge + field.start + index * field.step for index in (row, column))
        crops.append(whole[top : top + field.size, left : left + field.size])
    images = torch.stack(crops).unflatten(0, (len(values), -1))
    return Patches(images, values, numbers, places)


def bars(angles: tuple[int, ...] = ANGLES) -> Tensor:
    """White bars through the middle of a black picture, soft at the edge: [A, 1, 28, 28] in [0, 1]."""
    axis = torch.arange(INPUT_SIZE) - (INPUT_SIZE - 1) / 2
    down, right = torch.meshgrid(axis, axis, indexing="ij")
    turn = torch.tensor(angles).deg2rad()[:, None, None]
    along, across = right * turn.cos() - down * turn.sin(), right * turn.sin() + down * turn.cos()
    inside = torch.minimum(BAR_LENGTH / 2 - along.abs(), BAR_WIDTH / 2 - across.abs())
    return (inside + 0.5).clamp(0, 1)[:, None]


@torch.no_grad()
def oriented_bars(model: LeNet, name: str, angles: tuple[int, ...] = ANGLES) -> Tensor:
    """How much more each kernel of the layer answers to a bar at each angle than to an empty picture: [K, A].

    The answer to a picture is the largest number of the kernel's map, before the nonlinearity. Raises ValueError for
    another layer.
    """
    layer = convolution(model, name)
    answers = _until(model, layer, bars(angles)).flatten(2).amax(2)
    empty = _until(model, layer, torch.zeros(1, 1, INPUT_SIZE, INPUT_SIZE)).flatten(2).amax(2)
    return (answers - empty).T


@torch.no_grad()
def removal_cost(model: LeNet, digits: Digits) -> dict[str, Tensor]:
    """Accuracy that each digit loses when a kernel and its bias are zero: for each convolutional layer [K, 10], in
    0..1, negative where a digit gains. What comes before the kernel is computed once, not once a kernel."""
    count = torch.bincount(digits.labels, minlength=CLASSES).clamp(min=1)
    right = {layer.name: torch.zeros(layer.output_shape[0], CLASSES) for layer in convolutions(model)}
    whole = torch.zeros(CLASSES)
    for images, labels in zip(digits.images.split(BATCH), digits.labels.split(BATCH)):
        x = pixels(images)
        for position, layer in enumerate(model.layers[:-1]):
            x = model.apply_layer(layer, x)
            if not isinstance(layer, Conv):
                continue
            # The nonlinearity and the pooling work on each map by itself: do them once, and once for a map of zeros.
            later = next(i for i in range(position + 1, len(model.layers)) if model.layers[i].mixes_maps)
            maps, nothing = x, torch.zeros_like(x[:1, :1])
            for one in model.layers[position + 1 : later]:
                maps, nothing = model.apply_layer(one, maps), model.apply_layer(one, nothing)
            for kernel in range(maps.shape[1]):
                y = maps.clone()
                y[:, kernel] = nothing[:, 0]
                for one in model.layers[later:-1]:
                    y = model.apply_layer(one, y)
                right[layer.name][kernel] += _right(y, labels)
        whole += _right(x, labels)
    return {name: (whole - kept) / count for name, kept in right.items()}


def _right(outputs: Tensor, labels: Tensor) -> Tensor:
    """How many pictures of each class are classified correctly: [10]."""
    return torch.bincount(labels[outputs.argmax(1) == labels], minlength=CLASSES).float()
