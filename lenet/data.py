"""MNIST, and the pictures that somebody brought, as tensors."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from lenet.mnist_files import MNIST, pictures
from lenet.mnist_files import DataError as DataError
from lenet.own_data import Loaded
from lenet.variant import CLASSES, INPUT_SIZE


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
    images, labels = pictures(split, folder)
    return Digits(torch.from_numpy(images)[:, None], torch.from_numpy(labels).long())


def own(loaded: Loaded, split: str) -> Digits:
    """The pictures that somebody brought: `train` or `test`."""
    part = getattr(loaded, split)
    images = torch.from_numpy(part.images.copy()).view(-1, 1, INPUT_SIZE, INPUT_SIZE)
    return Digits(images, torch.from_numpy(part.labels.copy()), len(loaded.about.classes))


def samples(digits: Digits) -> list[int]:
    """Where the first picture of each class lies."""
    return [int((digits.labels == label).nonzero()[0]) for label in range(digits.classes)]
