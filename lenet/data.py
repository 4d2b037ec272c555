"""MNIST from the files in data/mnist, checked, as tensors. Nothing is downloaded and nothing is written beside them."""

import gzip
import hashlib
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from torch import Tensor

from lenet.files import ROOT

MNIST = ROOT / "data" / "mnist"

# md5 of the unpacked files, equal to those of the originals.
CHECKSUMS = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


class DataError(RuntimeError):
    """A data file is missing or damaged; the message says how to mend it."""


@dataclass(frozen=True)
class Digits:
    """images: uint8 [N, 1, 28, 28], white ink on black; labels: int64 [N]. Shared by everybody: never change them."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice) -> "Digits":
        return Digits(self.images[rows], self.labels[rows])


def pixels(images: Tensor) -> Tensor:
    """uint8 pictures as float32 in [0, 1], the same numbers as torchvision's ToTensor."""
    return images.float().div_(255)


@cache
def mnist(split: str, folder: Path = MNIST) -> Digits:
    """The 60,000 pictures of `train` or the 10,000 of `test`, in their fixed order.

    Raises DataError if a file is missing or damaged.
    """
    from torchvision.datasets.mnist import read_image_file, read_label_file  # half a second: only when needed

    prefix = {"train": "train", "test": "t10k"}[split]
    images = _read(folder, f"{prefix}-images-idx3-ubyte", read_image_file)
    labels = _read(folder, f"{prefix}-labels-idx1-ubyte", read_label_file)
    return Digits(images.unsqueeze(1), labels)


def _read(folder: Path, name: str, reader) -> Tensor:
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
    try:
        return _through_pipe(unpacked, reader)
    except OSError as error:
        raise DataError(f"MNIST's file {path.name} cannot be handed on ({error}). Close some programs.") from error


def _through_pipe(content: bytes, reader) -> Tensor:
    """torchvision reads only unpacked files: by name, or from a descriptor, for which nothing need be written."""
    source, sink = os.pipe()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_fill, sink, content)
        return reader(source)


def _fill(sink: int, content: bytes) -> None:
    with os.fdopen(sink, "wb") as file:
        file.write(content)
