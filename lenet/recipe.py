"""How a network is trained: the Recipe, the named ones, and what their numbers may be. Nothing here imports torch."""

import re
from dataclasses import asdict, dataclass, replace
from dataclasses import fields as dataclass_fields
from math import ceil
from numbers import Integral, Real
from typing import Any


class RecipeError(ValueError):
    """A recipe that cannot be followed; the message says what would be right."""


@dataclass(frozen=True)
class DataSet:
    """What a network learns from; the defaults are MNIST's.

    name: what people call it. classes: their names, two to ten. mean, std: of the pixel intensities of the training
    pictures. centred: whether each picture was scaled and moved to its centre of mass, as digits are, and as a drawing
    is before a network reads it. checksum: of pictures and labels; empty for MNIST, whose files are in data/mnist.
    """

    name: str = "MNIST"
    classes: tuple[str, ...] = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    mean: float = 0.1307
    std: float = 0.3081
    centred: bool = True
    licence: str = "CC BY-SA 3.0, Yann LeCun and Corinna Cortes"
    checksum: str = ""


MNIST = DataSet()
MOST_TRAIN, MOST_TEST = 60_000, 10_000  # pictures


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are the paper's.

    train_size: how many of the 60,000 training images are used, the first ones.
    drawings: how many of the pen's digits of lenet/synthetic.py are added to them; ways: in which of its ways of
        writing, a row of LISTS there.
    optimiser: `sgd`, or `adam` (PyTorch's AdamW: weight decay acts on the weights, not through the gradient);
        momentum is of `sgd` alone.
    schedule: `constant`; `one-cycle` (up to `lr` and down to nothing, along half a cosine each); or `falling`, from
        `lr` down to a fiftieth of it in the steps of LeNet-5's 20 epochs.
    shuffle: a new order each epoch; without it the images keep their fixed order.
    seed: fixes the initialisation, the order and the augmentation.
    data: what it learns from.
    smoothing: the share of each label that is spread over all classes: a network that need not be quite sure learns
        faster (label smoothing, Szegedy and others 2015).
    start: the shipped network whose weights it begins with (fine-tuning); empty for random ones.
    teacher: a larger network, a row of TEACHERS in pretrained.py. The network learns its probabilities instead of the
        labels (knowledge distillation, Hinton and others 2015, at temperature 1). Empty: the labels.
    """

    optimiser: str = "sgd"
    lr: float = 0.1
    momentum: float = 0.0
    weight_decay: float = 0.0
    batch_size: int = 256
    epochs: int = 20
    schedule: str = "constant"
    augmentation: str = "none"
    shuffle: bool = False
    seed: int = 0
    train_size: int = 60_000
    drawings: int = 0
    data: DataSet = MNIST
    smoothing: float = 0.0
    start: str = ""
    ways: str = "plain"
    teacher: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.data, dict):  # read from a file
            about = {**self.data, "classes": tuple(self.data["classes"])}
            object.__setattr__(self, "data", DataSet(**about))

    @property
    def steps_per_epoch(self) -> int:
        """Updates of the weights in one epoch."""
        return ceil((self.train_size + self.drawings) / self.batch_size)


MOST_LETTERS = 120  # of a name or a licence

_MODERN = Recipe(
    optimiser="adam",
    lr=0.003,
    batch_size=128,
    epochs=20,
    schedule="one-cycle",
    augmentation="pen",
    shuffle=True,
    drawings=24_000,
)
# Named recipes: one row each.
RECIPES = {
    "paper": Recipe(),
    "adam": Recipe(optimiser="adam", lr=0.003),  # the paper's but for the optimiser: the cure for sigmoid
    "modern": _MODERN,
    "best": replace(_MODERN, epochs=60),
    "1998": Recipe(lr=0.01, batch_size=16, schedule="falling", shuffle=True),
    # Compared on the last 10,000 training pictures; `python -m benchmarks train --quick` for the test set. Without
    # smoothing two epochs lose 0.3 % there.
    "quick": Recipe(
        optimiser="adam", lr=0.008, batch_size=64, epochs=2, schedule="one-cycle", shuffle=True, smoothing=0.05
    ),
}

# The smallest and largest value of each number in a recipe.
LIMITS = {
    "lr": (1e-6, 100.0),
    "momentum": (0.0, 0.999),
    "weight_decay": (0.0, 1.0),
    "batch_size": (1, 10_000),
    "epochs": (1, 500),
    "seed": (0, 2**31 - 1),
    "train_size": (1, 60_000),
    "drawings": (0, 60_000),
    "smoothing": (0.0, 0.5),
}

# The values of each word in a recipe; training.py says what they mean.
CHOICES = {
    "optimiser": ("sgd", "adam"),
    "schedule": ("constant", "falling", "one-cycle"),
    "augmentation": ("none", "pen", "hand"),
    "ways": ("plain", "all"),
}


def between(name: str) -> str:
    """Where a number of a recipe must lie, in words."""
    least, most = LIMITS[name]
    return f"between {least:,.10g} and {most:,.10g}"


LATER = ("data", "smoothing", "start", "ways", "teacher")  # fields that older files do not know


def to_fields(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain values, for JSON; `Recipe(**fields)` makes it again. What older files do not know is left out
    where it is as it was then."""
    fields = asdict(recipe)
    for field in dataclass_fields(recipe):
        if field.name in LATER and getattr(recipe, field.name) == field.default:
            del fields[field.name]
    return fields


def check(recipe: Recipe) -> None:
    """Raise RecipeError, saying what would be right, if the recipe cannot be followed."""
    for name, (least, most) in LIMITS.items():
        value = getattr(recipe, name)
        kind, words = (Integral, "a whole number") if isinstance(least, int) else (Real, "a number")
        if not isinstance(value, kind) or not least <= value <= most:  # type: ignore[operator]
            raise RecipeError(f"{name.replace('_', ' ')} must be {words} {between(name)}, not {value!r:.40}.")
    if not isinstance(recipe.shuffle, bool):
        raise RecipeError(f"shuffle must be true or false, not {recipe.shuffle!r:.40}.")
    if not isinstance(recipe.start, str) or not re.fullmatch("[a-z0-9-]{0,40}", recipe.start):
        raise RecipeError(f"It can start from the weights of a shipped network, not from {recipe.start!r:.40}.")
    if not isinstance(recipe.teacher, str) or not re.fullmatch("[a-z0-9-]{0,40}", recipe.teacher):
        raise RecipeError(
            f"The teacher must be the name of a teacher network, such as wide, not {recipe.teacher!r:.40}."
        )
    if recipe.data != MNIST:
        _check_data(recipe)
    for name, choices in CHOICES.items():
        if getattr(recipe, name) not in choices:
            raise RecipeError(f"The {name} {getattr(recipe, name)!r} is unknown: choose one of {', '.join(choices)}.")


def _check_data(recipe: Recipe) -> None:
    data = recipe.data
    texts = (data.name, data.licence, data.checksum, *data.classes)
    if not all(isinstance(text, str) and len(text) <= MOST_LETTERS for text in texts):
        raise RecipeError("The data set needs a name, class names and a licence of a few words each.")
    if not 2 <= len(data.classes) <= 10 or len(set(data.classes)) < len(data.classes):
        raise RecipeError(f"The data set must have two to ten classes of different names, not {len(data.classes)}.")
    if not all(isinstance(share, Real) and 0 <= share <= 1 for share in (data.mean, data.std)) or not data.std:
        raise RecipeError("Mean and standard deviation of the data set must lie between 0 and 1.")
    if recipe.drawings:
        raise RecipeError(f"The pen's drawings are digits, and {data.name} is something else: add none.")
