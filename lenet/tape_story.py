"""What a training tape tells without its weights: the run, its accuracies and, in words, what happens. Nothing here
imports torch.

>>> tale = story("original-0")
>>> tale.steps[-1], tale.test_accuracy[-1], tale.said(len(tale) - 1)
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenet.paths import PRETRAINED
from lenet.recipe import Recipe
from lenet.variant import CLASSES, Variant, from_fields

FOLDER = PRETRAINED / "tapes"
MISSING = (
    "There is no tape {0}.safetensors. Record it with `python -m lenet tape {0}`, "
    "or restore it from the repository: git checkout -- pretrained/tapes"
)

# The shipped tapes, all in the paper's recipe: variant, seed, what there is to see. A new tape is one row here.
TAPES: dict[str, tuple[str, int, str]] = {
    "original-1": ("original", 1, "learns all ten digits"),
    "original-0": ("original", 0, "loses a digit"),
    "tanh-0": ("tanh", 0, "the same start with tanh"),
    "sigmoid-0": ("sigmoid", 0, "the same start with sigmoid"),
}


class TapeError(ValueError):
    """A tape that cannot be read; the message says why."""


@dataclass(frozen=True)
class Story:
    """variant and recipe of the run; steps: int, updates of the weights before each checkpoint; test_accuracy in 0..1;
    class_accuracy: ten for each checkpoint; predicted: how often each class was predicted on the test set."""

    variant: Variant
    recipe: Recipe
    steps: tuple[int, ...]
    test_accuracy: tuple[float, ...]
    class_accuracy: tuple[tuple[float, ...], ...]
    predicted: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.steps)

    def lost(self, checkpoint: int) -> list[int]:
        """The digits that the network predicts for no test picture."""
        return [digit for digit, count in enumerate(self.predicted[checkpoint]) if not count]

    @property
    def awakening(self) -> int:
        """The last checkpoint before the network is better than guessing: from there on something happens."""
        better = (at for at, accuracy in enumerate(self.test_accuracy) if accuracy > 2 / CLASSES)
        return max(0, next(better, 1) - 1)

    def said(self, checkpoint: int) -> str:
        """What a teacher would say of that moment, in a sentence."""
        lost, accuracy = self.lost(checkpoint), f"{100 * self.test_accuracy[checkpoint]:.1f} %"
        begin = f"Step {self.steps[checkpoint]:,}: {accuracy} right;"
        if len(lost) == CLASSES - 1:
            only = next(digit for digit in range(CLASSES) if digit not in lost)
            return f"{begin} it says {only} whatever it sees."
        if len(lost) > CLASSES // 2:
            return f"{begin} it says only {', '.join(str(d) for d in range(CLASSES) if d not in lost)}."
        if not lost:
            return f"{begin} it says all ten digits."
        still = "still never says" if set(lost) <= set(self.lost(max(0, checkpoint - 1))) else "now never says"
        return f"{begin} it {still} {', '.join(map(str, lost))}."


def path_of(name: str) -> Path:
    """Where the tape of that name is kept."""
    return FOLDER / f"{name}.safetensors"


def shipped() -> list[str]:
    """The names of TAPES that are there."""
    return [name for name in TAPES if path_of(name).exists()]


def told(about: dict[str, Any]) -> dict[str, Any]:
    """The fields of a Story from what a tape's file says about itself. Raises ValueError, TypeError or KeyError."""
    fields: dict[str, Any] = {
        "variant": from_fields(about["variant"]),
        "recipe": Recipe(**about["recipe"]),
        "steps": tuple(map(int, about["steps"])),
        "test_accuracy": tuple(map(float, about["test_accuracy"])),
        "class_accuracy": tuple(tuple(map(float, row)) for row in about["class_accuracy"]),
        "predicted": tuple(tuple(map(int, row)) for row in about["predicted"]),
    }
    tens = {len(ten) for name in ("class_accuracy", "predicted") for ten in fields[name]}
    if len({len(rows) for name, rows in fields.items() if name not in ("variant", "recipe")}) > 1 or tens != {CLASSES}:
        raise ValueError("it does not measure every checkpoint")
    return fields


def story(name: str) -> Story:
    """That of a shipped tape, whose weights are checked but not read. Raises TapeError with the reason."""
    try:
        content = path_of(name).read_bytes()
        begin = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:begin])
        metadata = header.pop("__metadata__")
        about = {**metadata, **json.loads(metadata["tape"])}  # older files name their checksum beside the rest
        digest = hashlib.sha256()
        for tensor in sorted(header):
            start, end = header[tensor]["data_offsets"]
            digest.update(tensor.encode() + content[begin + start : begin + end])
        if digest.hexdigest() != about["checksum"]:
            raise ValueError("the checksum of its weights is wrong")
        return Story(**told(about))
    except FileNotFoundError:
        raise TapeError(MISSING.format(name)) from None
    except (ValueError, OverflowError, TypeError, KeyError, AttributeError) as error:
        raise TapeError(f"{name}.safetensors is damaged ({error}).") from error
