"""Changing training pictures at random so that a network meets more hands and pens than MNIST holds."""

from collections.abc import Callable

import torch
from torch import Tensor

Augmentation = Callable[[Tensor, torch.Generator], Tensor]

AUGMENTATIONS: dict[str, Augmentation] = {"none": lambda images, random: images}
