"""Weights that travel with their card: safetensors files whose metadata say what they are and how they were made.

No code runs when such a file is read, so a file from anybody can be opened; `load` refuses, with a reason, whatever
is not exactly the network that its card describes.
"""

import platform
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as parse
from torch import Tensor

from lenet.data import Digits
from lenet.evaluation import evaluate
from lenet.model import LeNet, empty_model
from lenet.paths import PRETRAINED as FOLDER
from lenet.paths import write_atomically
from lenet.recipe import RECIPES, Recipe, RecipeError, check
from lenet.recipe import to_fields as recipe_fields
from lenet.safetensors_io import TensorFileError, checksum, name_of, read, to_bytes
from lenet.training import Epoch, new_model
from lenet.variant import ACTIVATIONS, VARIANTS, Variant, VariantError, from_fields, layers, to_fields, variant

LARGEST_FILE = 16 * 2**20  # bytes; the largest network of the project has 2.7 MB of weights
FORMAT = "lenet-card-1"
MISFITS = 3  # named in a message, of perhaps many
MNIST_NORMAL = (0.1307, 0.3081)  # mean and deviation of its training pictures, as tutorials normalise them


# How each shipped network is made: one row each, a variant and a recipe. `python -m lenet train NAME` makes it again.
# A variant has seed 0 of the paper's recipe, whatever came of it, but `original`: the lowest seed that learns all ten
# digits; `original-dead` is its seed 0, which has lost one of them.
SHIPPED: dict[str, tuple[Variant, Recipe]] = {
    **{name: (v, RECIPES["paper"]) for name, v in VARIANTS.items() if v.output_activation},
    "best": (VARIANTS["best"], RECIPES["best"]),
    "original": (VARIANTS["original"], replace(RECIPES["paper"], seed=1)),
    "original-seed-2": (VARIANTS["original"], replace(RECIPES["paper"], seed=2)),
    "lenet-5-1998": (VARIANTS["lenet-5-1998"], RECIPES["1998"]),
    "1998-softmax": (VARIANTS["1998-softmax"], replace(RECIPES["1998"], lr=0.05)),
    "d2l": (VARIANTS["d2l"], replace(RECIPES["paper"], lr=0.9)),  # the learning rate that d2l.ai has
    "pytorch-tutorial": (VARIANTS["pytorch-tutorial"], RECIPES["paper"]),
    "sigmoid-adam": (VARIANTS["sigmoid"], RECIPES["adam"]),
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


def adopt(content: bytes, name: str, test: Digits) -> tuple[LeNet, Card]:
    """A network from a plain safetensors state_dict, whatever its modules are called, with a card made on the spot.

    The weights' shapes tell convolutions, pooling and widths; nonlinearity and normalisation they do not tell, so the
    possible networks read the `test` digits and the best of them is taken. Raises WeightsError that says what does not
    fit.
    """
    if len(content) > LARGEST_FILE:
        raise WeightsError(f"{name} is larger than {LARGEST_FILE // 2**20} MB: no LeNet has that many weights.")
    try:
        tensors = parse(content)
    except Exception as error:  # the library stumbles over a crafted header in many ways
        raise WeightsError(f"{name} is damaged or is no safetensors file ({error}).") from error
    best: tuple[LeNet, Card] | None = None
    unfit: list[str] | None = None
    for candidate in _candidates():
        model = empty_model(candidate)
        named, left = _renamed(tensors, model.state_dict())
        if left:
            unfit = left if unfit is None or len(left) < len(unfit) else unfit
            continue
        model.load_state_dict(named)
        accuracy = evaluate(model, test).accuracy
        if best is None or accuracy > best[1].test_accuracy:
            best = model.eval().requires_grad_(False), Card(BROUGHT, candidate, Recipe(), accuracy)
    if best is None:
        assert unfit is not None
        raise WeightsError(f"{name} fits no LeNet here. In the nearest one, {'; '.join(unfit[:MISFITS])}.")
    return best


def _candidates() -> Iterator[Variant]:
    """The named variants, each with every nonlinearity, with and without one at the end, and with both inputs."""
    seen = set()
    for of in VARIANTS.values():
        for activation in dict.fromkeys([of.activation, *ACTIVATIONS]):
            for last, normal in product((False, True), ((0.0, 1.0), MNIST_NORMAL)):
                one = replace(of, activation=activation, output_activation=last, mean=normal[0], std=normal[1])
                if one in seen:
                    continue
                seen.add(one)
                with suppress(VariantError):  # not every network may have a nonlinearity at its end
                    layers(one)
                    yield one


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
