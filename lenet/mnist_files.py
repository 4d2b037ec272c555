"""MNIST from the files in data/mnist, checked, as numpy arrays. Nothing is downloaded, and torch is not needed."""

import gzip
import hashlib
import zlib
from functools import cache
from pathlib import Path

import numpy as np

from lenet.paths import ROOT
from lenet.variant import INPUT_SIZE

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


@cache
def pictures(split: str, folder: Path = MNIST) -> tuple[np.ndarray, np.ndarray]:
    """The pictures, uint8 [N, 28, 28], white ink on black, and the labels, uint8 [N], of `train` or `test`.

    Shared by everybody: never change them. Raises DataError if a file is missing or damaged, ValueError for another
    split.
    """
    if split not in SPLITS:
        raise ValueError(f"MNIST has the splits {' and '.join(SPLITS)}, not {split!r}.")
    images = _read(folder, f"{SPLITS[split]}-images-idx3-ubyte", header=16)
    labels = _read(folder, f"{SPLITS[split]}-labels-idx1-ubyte", header=8)
    return images.reshape(-1, INPUT_SIZE, INPUT_SIZE), labels


def _read(folder: Path, name: str, header: int) -> np.ndarray:
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
    return np.frombuffer(bytearray(unpacked), np.uint8, offset=header)
