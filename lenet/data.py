"""MNIST from the files in data/mnist, checked, as tensors. Nothing is downloaded and nothing is written beside them."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from lenet.own_data import Loaded
from lenet.paths import ROOT
from lenet.variant import CLASSES, INPUT_SIZE

MNIST = ROOT / "data" / "mnist"

# md5 of the unpacked files, equal to those of the originals.
CHECKSUMS = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
SPLITS = {"train": "train", "test": "t10k"}  # what their files' names begin with


class DataError(RuntimeError):
    """A data file is missing or damaged; the message says how to mend it."""


@dataclass(frozen=True)
class Digits:
    """images: uint8 [N, 1, 28, 28], white ink on black; labels: int64 [N], from 0; classes: how many there are.
    Shared by everybody: never change them."""

    images: Tensor
    labels: Tensor
    classes: int = CLASSES

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice) -> "Digits":
        return replace(self, images=self.images[rows], labels=self.labels[rows])


def pixels(images: Tensor) -> Tensor:
    """uint8 pictures as float32 in [0, 1], the same numbers as torchvision's ToTensor."""
    return images / 255


@cache
def mnist(split: str, folder: Path = MNIST) -> Digits:
    """The 60,000 pictures of `train` or the 10,000 of `test`, in their fixed order.

    Raises DataError if a file is missing or damaged, ValueError for another split.
    """
    if split not in SPLITS:
        raise ValueError(f"MNIST has the splits {' and '.join(SPLITS)}, not {split!r}.")
    prefix = SPLITS[split]
    images = _read(folder, f"{prefix}-images-idx3-ubyte", header=16)
    labels = _read(folder, f"{prefix}-labels-idx1-ubyte", header=8)
    return Digits(images.view(-1, 1, INPUT_SIZE, INPUT_SIZE), labels.long())


def own(loaded: Loaded, split: str) -> Digits:
    """The pictures that somebody brought: `train` or `test`."""
    part = getattr(loaded, split)
    images = torch.from_numpy(part.images.copy()).view(-1, 1, INPUT_SIZE, INPUT_SIZE)
    return Digits(images, torch.from_numpy(part.labels.copy()), len(loaded.about.classes))


def samples(digits: Digits) -> list[int]:
    """Where the first picture of each class lies."""
    return [int((digits.labels == label).nonzero()[0]) for label in range(digits.classes)]


def _read(folder: Path, name: str, header: int) -> Tensor:
    """The bytes of a file after its header. (torchvision's reader would bring 200 MB of modules with it.)"""
    path = folder / f"{name}.gz"
    mend = "Restore it from the repository: git checkout -- data/mnist"
    try:
        unpacked = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"MNIST's file {path.name} is missing from {folder}. {mend}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"MNIST's file {path.name} cannot be read ({error}). {mend}") from error
    if hashlib.md5(unpacked, usedforsecurity=False).hexdigest() != CHECKSUMS[name]:
        raise DataError(f"MNIST's file {path.name} is damaged: its checksum is wrong. {mend}")
    return torch.frombuffer(bytearray(unpacked), dtype=torch.uint8, offset=header)
