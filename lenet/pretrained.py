"""Weights that travel with their card: safetensors files whose metadata say what they are and how they were made.

No code runs when such a file is read, so a file from anybody can be opened; `load` refuses, with a reason, whatever
is not exactly the network that its card describes.
"""

import platform
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from math import inf, isqrt
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as parse
from torch import Tensor

from lenet.data import Digits, pixels
from lenet.evaluation import evaluate, loss
from lenet.model import LeNet, empty_model
from lenet.paths import PRETRAINED as FOLDER
from lenet.paths import write_atomically
from lenet.recipe import RECIPES, Recipe, RecipeError, check
from lenet.recipe import to_fields as recipe_fields
from lenet.safetensors_io import TensorFileError, checksum, name_of, read, to_bytes
from lenet.training import Epoch, new_model
from lenet.variant import (
    CHANNELS,
    NONE,
    SIZES,
    VARIANTS,
    Convolution,
    Pool,
    Variant,
    VariantError,
    from_fields,
    layers,
    to_fields,
    variant,
)

LARGEST_FILE = 16 * 2**20  # bytes; the largest network of the project has 2.7 MB of weights
FORMAT = "lenet-card-1"
MISFITS = 3  # named in a message, of perhaps many
# Mean and deviation with which others normalise: not at all, by MNIST's own, to -1 and 1.
NORMALS = ((0.0, 1.0), (0.1307, 0.3081), (0.5, 0.5))
# Poolings that are tried where only the weights are known, the most usual first.
POOLINGS = (
    *(Pool(), Pool(1, 1, 0, NONE), Pool(3, 2), Pool(2, 1), Pool(3, 1), Pool(2, 2, 1), Pool(3, 3), Pool(3, 2, 1)),
    *(Pool(2, 3), Pool(3, 3, 1)),
)
GEOMETRIES = 6  # of those that fit the weights, the most usual ones are tried
OF_OTHERS = ("relu", "tanh", "sigmoid")  # nonlinearities
# Training pictures on which the possible networks are compared, and how many of them stay.
HEATS = ((20, 24), (100, 6), (1000, 1))
READS = 0.9  # of the last pictures: a named variant that reads so many is taken


# How each shipped network is made: one row each, a variant and a recipe. `python -m lenet train NAME` makes it again.
# A variant has seed 0 of the paper's recipe, whatever came of it, but `original`: the lowest seed that learns all ten
# digits; `original-dead` is its seed 0, which has lost one of them.
SHIPPED: dict[str, tuple[Variant, Recipe]] = {
    **{name: (v, RECIPES["paper"]) for name, v in VARIANTS.items() if v.output_activation},
    "best": (VARIANTS["best"], replace(RECIPES["best"], teacher="wide")),
    "original": (VARIANTS["original"], replace(RECIPES["paper"], seed=1)),
    "original-seed-2": (VARIANTS["original"], replace(RECIPES["paper"], seed=2)),
    "lenet-5-1998": (VARIANTS["lenet-5-1998"], RECIPES["1998"]),
    "1998-softmax": (VARIANTS["1998-softmax"], replace(RECIPES["1998"], lr=0.05)),
    "d2l": (VARIANTS["d2l"], replace(RECIPES["paper"], lr=0.9)),  # the learning rate that d2l.ai has
    "pytorch-tutorial": (VARIANTS["pytorch-tutorial"], RECIPES["paper"]),
    "sigmoid-adam": (VARIANTS["sigmoid"], RECIPES["adam"]),
}

# Larger networks from which another may learn, never shipped: a variant and a recipe. They never learn from a test
# picture, and from as many training images as their pupil, whatever their recipe's train_size.
TEACHERS: dict[str, tuple[Variant, Recipe]] = {
    "wide": (
        Variant(
            output_activation=False,
            convs=(Convolution(5, 1, 0, 32), Convolution(5, 1, 0, 64)),
            hidden=(256,),
            dropout=(0.0, 0.0, 0.4),
        ),
        replace(RECIPES["modern"], epochs=16),
    ),
}


class WeightsError(ValueError):
    """A weights file that is not to be trusted or does not fit; the message says why."""


@dataclass(frozen=True)
class Card:
    """What travels with weights. test_accuracy in 0..1; history: the Epoch records as dictionaries; edits: what was
    changed by hand since, one sentence each."""

    name: str
    variant: Variant
    recipe: Recipe
    test_accuracy: float
    history: list[dict] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    checksum: str = ""
    edits: list[str] = field(default_factory=list)

    @property
    def seed(self) -> int:
        return self.recipe.seed


def make_card(name: str, variant: Variant, recipe: Recipe, history: list[Epoch]) -> Card:
    """The card of a run that has just ended."""
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    return Card(name, variant, recipe, history[-1].test_accuracy, [asdict(epoch) for epoch in history], versions)


def weights_bytes(model: LeNet, card: Card) -> bytes:
    """The safetensors file of a network, card included, as `load` takes it."""
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    card = replace(card, checksum=checksum(tensors))
    return to_bytes(
        tensors,
        "card",
        FORMAT,
        {**asdict(card), "variant": to_fields(card.variant), "recipe": recipe_fields(card.recipe)},
    )


def save(model: LeNet, card: Card, path: Path) -> None:
    """Write weights and card, whole or not at all."""
    write_atomically(path, weights_bytes(model, card))


def load(source: Path | bytes) -> tuple[LeNet, Card]:
    """The network in eval mode, its parameters frozen, and its card. source: a weights file or its content.

    Raises WeightsError with the reason.
    """
    name = name_of(source)
    try:
        tensors, fields = read(
            source, "card", FORMAT, LARGEST_FILE, "it has no card of this project, something else saved it"
        )
    except FileNotFoundError:
        raise WeightsError(f"There is no weights file {name}.") from None
    except TensorFileError as error:
        raise WeightsError(str(error)) from error
    card = _card_from(fields, name)
    model = empty_model(card.variant)
    expected = {name: (tensor.shape, tensor.dtype) for name, tensor in model.state_dict().items()}
    if {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()} != expected:
        raise WeightsError(f"{name}: the weights do not fit the network that its card describes.")
    if checksum(tensors) != card.checksum:
        raise WeightsError(f"{name} is damaged: the checksum of its weights is wrong.")
    model.load_state_dict(tensors)
    return model.eval().requires_grad_(False), card


BROUGHT = "brought along: how it was trained is not known, so the recipe here is not its own"


def adopt(content: bytes, name: str, train: Digits, test: Digits) -> tuple[LeNet, Card]:
    """A network from a plain safetensors state_dict, whatever its modules are called, with a card made on the spot.

    The weights' shapes tell kernels, channels and widths. They do not tell nonlinearity and normalisation, nor always
    stride, padding and pooling: the networks that fit read some of the `train` digits, and the one with the least loss
    is taken, of equal ones the most usual. Its accuracy is that on the `test` digits. Raises WeightsError that
    says what does not fit.
    """
    if len(content) > LARGEST_FILE:
        raise WeightsError(f"{name} is larger than {LARGEST_FILE // 2**20} MB: no LeNet has that many weights.")
    try:
        tensors = parse(content)
    except Exception as error:  # the library stumbles over a crafted header in many ways
        raise WeightsError(f"{name} is damaged or is no safetensors file ({error}).") from error
    fitting: list[LeNet] = []
    unfit: list[str] = []
    for possible in (VARIANTS.values(), _by_shape(tensors)):
        for of in possible:
            named, left = _renamed(tensors, empty_model(of).state_dict())
            if left:
                unfit = min(unfit or left, left, key=len)
                continue
            for one in _alike(of):
                model = empty_model(one)
                model.load_state_dict(named, assign=True)  # all share the file's numbers
                fitting.append(model.eval().requires_grad_(False))
        for pictures, stay in HEATS:
            fitting.sort(key=lambda model: _loss(model, train[:pictures]))
            del fitting[stay:]
        if fitting and evaluate(fitting[0], train[: HEATS[-1][0]]).accuracy > READS:
            break
    if not fitting:
        raise WeightsError(f"{name} fits no LeNet here. In the nearest one, {'; '.join(unfit[:MISFITS])}.")
    [model] = fitting
    return model, Card(BROUGHT, model.variant, Recipe(), evaluate(model, test).accuracy)


@torch.inference_mode()
def _loss(model: LeNet, digits: Digits) -> float:
    """Infinite where it is no number."""
    return loss(model, model(pixels(digits.images)), digits.labels).nan_to_num(inf, inf).item()


def _alike(of: Variant) -> Iterator[Variant]:
    """The variants with the same weights: every nonlinearity, with and without one at the end, every normalisation."""
    for activation in dict.fromkeys([of.activation, *OF_OTHERS]):
        for last, normal in product((False, True), NORMALS):
            one = replace(of, activation=activation, output_activation=last, mean=normal[0], std=normal[1])
            with suppress(VariantError):  # not every network may have a nonlinearity at its end
                layers(one)
                yield one


def _by_shape(tensors: dict[str, Tensor]) -> list[Variant]:
    """Networks of convolutions and fully connected layers that have weights of these shapes, the most usual first."""
    shapes = [tuple(tensors[name].shape) for name in sorted(tensors, key=_natural)]
    convs = _chained([shape for shape in shapes if len(shape) == 4 and shape[2] == shape[3] and shape[0]], 1)
    linears = [shape for shape in shapes if len(shape) == 2]
    flat = {shape[1] for shape in linears} - {shape[0] for shape in linears}
    if not 1 <= len(convs) <= len(CHANNELS) or len(flat) != 1:
        return []
    hidden = [shape[0] for shape in _chained(linears, *flat)]
    side = isqrt(flat.pop() // convs[-1][0])
    ways = sorted(
        (
            (unusual, size, made, pools)
            for size in SIZES
            for unusual, made, pools in _geometries([(shape[0], shape[2]) for shape in convs], size, side)
        ),
        key=lambda way: way[0],
    )
    found = []
    for (_, size, made, pools), kind in product(ways[:GEOMETRIES], (Pool.kind, "average")):
        pools = tuple(pool if pool.kind == NONE else replace(pool, kind=kind) for pool in pools)
        one = Variant(pools=pools, output_activation=False, size=size, convs=made, hidden=tuple(hidden[:-1]))
        with suppress(VariantError):
            layers(one)
            found.append(one)
    return found


def _chained(shapes: Sequence[tuple[int, ...]], given: int) -> list[tuple[int, ...]]:
    """In an order in which each takes as many as the one before gives, as far as there is one."""
    left, order = list(shapes), []
    while left:
        order.append(next((shape for shape in left if shape[1] == given), left[0]))
        left.remove(order[-1])
        given = order[-1][0]
    return order


def _geometries(
    convs: list[tuple[int, int]], size: int, side: int
) -> list[tuple[int, tuple[Convolution, ...], tuple[Pool, ...]]]:
    """Paddings, strides and poolings with which convolutions of these (channels, kernel) leave maps of `side` of a
    picture of `size`, the most usual first: how unusual it is, convolutions, poolings."""
    ways: dict[int, list] = {size: [(0, (), ())]}
    for channels, kernel in convs:
        further: dict[int, list] = {}
        for before, so_far in ways.items():
            for padding, stride, (rank, pool) in product({0, kernel // 2}, (1, 2), enumerate(POOLINGS)):
                made = Convolution(kernel, stride, padding, channels)
                after = before
                for window in (made, pool):
                    after = (after + 2 * window.padding - window.kernel) // window.stride + 1
                if after > 0:
                    for unusual, convs_so_far, pools in so_far:
                        framed = bool(convs_so_far) and convs_so_far[-1].padding > 0
                        more = rank + 3 * (stride - 1) + (framed != (padding > 0))  # usually all have a frame, or none
                        way = unusual + more, (*convs_so_far, made), (*pools, pool)
                        further.setdefault(after, []).append(way)
        ways = {after: sorted(found, key=lambda way: way[0])[:GEOMETRIES] for after, found in further.items()}
    return ways.get(side, [])


def _renamed(tensors: dict[str, Tensor], wanted: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors under the names of `wanted`: of the same last word and shape, in the order of their names. Returned
    with them is what does not fit, in words."""
    left = {name: tensors[name] for name in sorted(tensors, key=_natural)}
    named, unfit = {}, []
    for name, value in wanted.items():
        word = name.rpartition(".")[2]
        fits = next((k for k, t in left.items() if k.rpartition(".")[2] == word and t.shape == value.shape), None)
        if fits is None:
            unfit.append(f"{name} would be {_by(value)}, and the file has none of that shape")
        else:
            named[name] = left.pop(fits).float()
    return named, unfit + [f"there is nothing for {name} ({_by(value)})" for name, value in left.items()]


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts 2.weight before 10.weight."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.findall(r"\d+|\D+", name)]


def _by(value: Tensor) -> str:
    return " × ".join(map(str, value.shape)) or "one number"


def _card_from(fields: dict[str, Any], file: str) -> Card:
    """Rebuild a card, checking each part of it."""
    try:
        described, recipe = from_fields(fields.pop("variant")), Recipe(**fields.pop("recipe"))
        card = Card(variant=described, recipe=recipe, **fields)
        layers(card.variant)
        check(card.recipe)
        if not isinstance(card.name, str) or not 0 <= card.test_accuracy <= 1:
            raise ValueError("the name must be text and the test accuracy a share")
        if len(card.history) > card.recipe.epochs + 1:
            raise ValueError("it has more records than epochs")
        for epoch in card.history:
            Epoch(**epoch)
    except VariantError as error:
        raise WeightsError(f"{file}: its card describes an impossible network. {error}") from error
    except RecipeError as error:
        raise WeightsError(f"{file}: its card describes an impossible recipe. {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WeightsError(f"{file}: its card cannot be read ({error}).") from error
    return card


def shipped() -> list[str]:
    """Names of the weights in pretrained/."""
    return sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def list_models(pretrained: bool = False) -> list[str]:
    """Names that `create_model` takes; with `pretrained`, those that have weights in the box."""
    return shipped() if pretrained else list(VARIANTS)


def create_model(name_or_variant: str | Variant, pretrained: bool = False) -> LeNet:
    """A network in eval mode, float32, on the CPU: a named variant, a Variant, or the name of shipped weights.

    Without `pretrained` its weights are new, drawn from PyTorch's generator. Raises VariantError or WeightsError.
    """
    if not pretrained:
        return LeNet(variant(name_or_variant)).eval()
    if not isinstance(name_or_variant, str):
        raise WeightsError(f"Weights are shipped by name: {', '.join(shipped())}.")
    return load(_path(name_or_variant))[0]


def first_model(variant: Variant, recipe: Recipe) -> LeNet:
    """The network with which a run begins: of random weights, or of those that its recipe starts from.

    Raises WeightsError.
    """
    if not recipe.start:
        return new_model(variant, recipe.seed)
    model, card = load(_path(recipe.start))
    if card.variant != variant:
        raise WeightsError(f"{recipe.start} is another network: its weights do not fit this one.")
    return model.train().requires_grad_(True)


def card(name: str) -> Card:
    """The card of shipped weights. Raises WeightsError."""
    return load(_path(name))[1]


def _path(name: str) -> Path:
    if name not in shipped():
        raise WeightsError(f"No weights called {name!r} are shipped. There are: {', '.join(shipped())}.")
    return FOLDER / f"{name}.safetensors"
