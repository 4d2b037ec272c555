"""The training tape: a run replayed from a few of its steps, so that one can see how kernels and answers came to be.

>>> tape = load("original-1")
>>> tape.steps[3], tape.test_accuracy[3], tape.model(3)(x)

Checkpoints lie at equal distances on a logarithmic scale, because most happens early. Their weights are kept in half
precision (float16: three significant digits); the accuracies on the tape are those of the weights on the tape.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from lenet import training
from lenet.data import Digits
from lenet.evaluation import evaluate
from lenet.model import LeNet, empty_model
from lenet.paths import write_atomically
from lenet.recipe import Recipe, check
from lenet.recipe import to_fields as recipe_fields
from lenet.safetensors_io import TensorFileError, checksum, read, to_bytes
from lenet.tape_story import MISSING, TAPES, Story, TapeError, path_of, told
from lenet.training import Step, new_model
from lenet.variant import CLASSES, VARIANTS, Variant, VariantError, to_fields

FORMAT = "lenet-tape-1"
LARGEST_FILE = 64 * 2**20  # bytes
CHECKPOINTS = 24


@dataclass(frozen=True)
class Tape(Story):
    """A story with its weights: by parameter name, float16 [checkpoints, …]."""

    weights: dict[str, Tensor]

    def model(self, checkpoint: int) -> LeNet:
        """The network at a checkpoint, in eval mode and frozen."""
        return _network(self.variant, {name: stack[checkpoint] for name, stack in self.weights.items()})


def schedule(total: int, count: int = CHECKPOINTS) -> list[int]:
    """Steps to keep: 0, and at most `count` more up to `total` at equal ratios (fewer where whole steps coincide)."""
    return sorted({0, *(round(total ** (i / (count - 1))) for i in range(count))})


def record(
    variant: Variant,
    recipe: Recipe,
    train: Digits,
    test: Digits,
    on_checkpoint: Callable[[int, float], None] = lambda step, accuracy: None,
) -> Tape:
    """Train from the recipe's seed and keep the checkpoints of `schedule`. Raises RecipeError."""
    check(recipe)
    keep = schedule(recipe.epochs * recipe.steps_per_epoch)
    model = new_model(variant, recipe.seed)
    frames: dict[str, list[Tensor]] = {name: [] for name in model.state_dict()}
    measured = []

    def checkpoint(step: int) -> None:
        frame = {name: value.detach().half() for name, value in model.state_dict().items()}
        for name, value in frame.items():
            frames[name].append(value)
        result = evaluate(_network(variant, frame), test)
        predicted = torch.bincount(result.predictions, minlength=CLASSES)
        measured.append((result.accuracy, tuple(result.class_accuracy), tuple(predicted.tolist())))
        on_checkpoint(step, result.accuracy)

    checkpoint(0)
    for event in training.train(model, recipe, train):
        if isinstance(event, Step) and event.number in keep:
            checkpoint(event.number)
    accuracy, classes, predicted = zip(*measured)
    weights = {name: torch.stack(values) for name, values in frames.items()}
    return Tape(variant, recipe, tuple(keep), accuracy, classes, predicted, weights)


def _network(variant: Variant, weights: dict[str, Tensor]) -> LeNet:
    model = empty_model(variant)
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    return model.eval().requires_grad_(False)


def save(tape: Tape, path: Path) -> None:
    """Write the tape, whole or not at all."""
    about = {name: value for name, value in asdict(tape).items() if name != "weights"}
    about |= {
        "variant": to_fields(tape.variant),
        "recipe": recipe_fields(tape.recipe),
        "checksum": checksum(tape.weights),
    }
    write_atomically(path, to_bytes(tape.weights, "tape", FORMAT, about))


def load(name_or_path: str | Path) -> Tape:
    """A shipped tape by name, or any tape file. No code runs on load. Raises TapeError with the reason."""
    path = name_or_path if isinstance(name_or_path, Path) else path_of(name_or_path)
    try:
        other = "it is no training tape, `python -m lenet tape NAME` records one"
        weights, fields = read(path, "tape", FORMAT, LARGEST_FILE, other)
        tape = Tape(**told(fields), weights=weights)
        expected = {
            name: (torch.float16, (len(tape), *value.shape)) for name, value in LeNet(tape.variant).state_dict().items()
        }
    except FileNotFoundError:
        raise TapeError(MISSING.format(path.stem)) from None
    except TensorFileError as error:
        raise TapeError(str(error)) from error
    except VariantError as error:
        raise TapeError(f"{path.name} describes an impossible network. {error}") from error
    except (ValueError, OverflowError, TypeError, KeyError, AttributeError) as error:
        raise TapeError(f"{path.name}: its description cannot be read ({error}).") from error
    if {name: (value.dtype, tuple(value.shape)) for name, value in weights.items()} != expected:
        raise TapeError(f"{path.name}: its weights do not fit the network that it describes.")
    if checksum(weights) != fields.get("checksum"):
        raise TapeError(f"{path.name} is damaged: the checksum of its weights is wrong.")
    return tape


def shipped_run(name: str) -> tuple[Variant, Recipe]:
    """Variant and recipe of a row of TAPES. Raises TapeError with the names there are."""
    if name not in TAPES:
        raise TapeError(f"There is no tape called {name!r}. There are: {', '.join(TAPES)}.")
    variant, seed, _ = TAPES[name]
    return VARIANTS[variant], Recipe(seed=seed)
