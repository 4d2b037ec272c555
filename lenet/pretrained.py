"""Weights that travel with their card: safetensors files whose metadata say what they are and how they were made.

No code runs when such a file is read, so a file from anybody can be opened; `load` refuses, with a reason, whatever
is not exactly the network that its card describes.
"""

import platform
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from lenet.model import LeNet, empty_model
from lenet.paths import PRETRAINED as FOLDER
from lenet.paths import write_atomically
from lenet.recipe import RECIPES, Recipe, RecipeError, check
from lenet.safetensors_io import TensorFileError, checksum, name_of, read, to_bytes
from lenet.training import Epoch
from lenet.variant import VARIANTS, Variant, VariantError, from_fields, layers, to_fields, variant

LARGEST_FILE = 16 * 2**20  # bytes; the largest network of the project has 2.7 MB of weights
FORMAT = "lenet-card-1"


# How each shipped network is made: one row each, a variant and a recipe. `python -m lenet train NAME` makes it again.
# A variant has seed 0 of the paper's recipe, whatever came of it, but `original`: the lowest seed that learns all ten
# digits; `original-dead` is its seed 0, which has lost one of them.
SHIPPED: dict[str, tuple[Variant, Recipe]] = {
    **{name: (VARIANTS[name], RECIPES["paper"]) for name in VARIANTS},
    "best": (VARIANTS["best"], RECIPES["best"]),
    "original": (VARIANTS["original"], replace(RECIPES["paper"], seed=1)),
    "original-seed-2": (VARIANTS["original"], replace(RECIPES["paper"], seed=2)),
    "sigmoid-adam": (VARIANTS["sigmoid"], RECIPES["adam"]),
}


class WeightsError(ValueError):
    """A weights file that is not to be trusted or does not fit; the message says why."""


@dataclass(frozen=True)
class Card:
    """What travels with weights. test_accuracy in 0..1; history: the Epoch records as dictionaries."""

    name: str
    variant: Variant
    recipe: Recipe
    test_accuracy: float
    history: list[dict] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    checksum: str = ""

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
    return to_bytes(tensors, "card", FORMAT, {**asdict(card), "variant": to_fields(card.variant)})


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


def card(name: str) -> Card:
    """The card of shipped weights. Raises WeightsError."""
    return load(_path(name))[1]


def _path(name: str) -> Path:
    if name not in shipped():
        raise WeightsError(f"No weights called {name!r} are shipped. There are: {', '.join(shipped())}.")
    return FOLDER / f"{name}.safetensors"
