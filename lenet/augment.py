"""Changing training pictures at random so that a network meets more hands and pens than MNIST holds."""

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

Augmentation = Callable[[Tensor, torch.Generator], Tensor]

# How many pictures share one draw of a transform. torchvision's transforms cost by the call, not by the picture.
AFFINE_GROUP, ELASTIC_GROUP, PEN_GROUP = 32, 128, 64


@cache
def _transforms() -> list[tuple[int, Callable[[Tensor], Tensor]]]:
    """Slant, turn, shift, scale; a trembling hand; another pen; each with the size of its groups."""
    from torchvision.transforms import InterpolationMode, v2

    affine = v2.RandomAffine(
        degrees=8,
        translate=(0.05, 0.05),
        scale=(0.9, 1.1),
        shear=(-12, 12, -4, 4),
        interpolation=InterpolationMode.BILINEAR,
    )
    elastic = v2.RandomApply([v2.ElasticTransform(alpha=36.0, sigma=4.0)], p=0.5)
    return [(AFFINE_GROUP, affine), (ELASTIC_GROUP, elastic), (PEN_GROUP, _another_pen)]


def _another_pen(images: Tensor) -> Tensor:
    """Strokes up to one pixel thicker or thinner, soft or hard at their edges."""
    amount = torch.rand(()).item() * 1.0 - 0.4
    if amount > 0:
        images = torch.lerp(images, F.max_pool2d(images, 3, 1, 1), amount)
    else:
        images = torch.lerp(images, -F.max_pool2d(-images, 3, 1, 1), -amount)
    hardness = 1 + 1.5 * torch.rand(()).item()
    return (0.5 + (images - 0.5) * hardness).clamp(0, 1)


def pen(images: Tensor, random: torch.Generator) -> Tensor:
    """Pictures [N, 1, 28, 28] in [0, 1] as other hands with other pens would have written them."""
    seed = int(torch.randint(2**62, (), generator=random))
    with torch.random.fork_rng(devices=[]):  # torchvision draws from the global generator
        torch.manual_seed(seed)
        for size, transform in _transforms():
            images = torch.cat([transform(group) for group in images.split(size)])
    return images


AUGMENTATIONS: dict[str, Augmentation] = {"none": lambda images, random: images, "pen": pen}
