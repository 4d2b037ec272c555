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


SLANT, TURN, SCALE, SHIFT = 0.25, 0.16, 0.13, 0.1  # at most: x over y, radians, share of the size, share of half a side
TREMBLE = 1.0  # standard deviation of the shaking, in pixels, at most
SHAKES, REACH = 7, 4.0  # places that are pushed independently, and how far each push reaches, in pixels


def hand(images: Tensor, random: torch.Generator) -> Tensor:
    """As `pen`, each picture [N, 1, 28, 28] in a way of its own and in a third of the time: slant, turn, scale, shift
    and shaking are one displacement of the pixels."""
    side = images.shape[-1]

    def drawn() -> Tensor:  # [N, 1, 1] in -1..1
        return torch.rand(len(images), 1, 1, generator=random) * 2 - 1

    turn, slant, wide, high = TURN * drawn(), SLANT * drawn(), 1 + SCALE * drawn(), 1 + SCALE * drawn()
    x = (torch.arange(side) + 0.5) / (side / 2) - 1
    y = x[:, None]
    reach = _reach(side)
    pushes = torch.randn(2, len(images), SHAKES, SHAKES, generator=random) * (TREMBLE * drawn() * 2 / side)
    right, down = reach @ pushes @ reach.T
    right = right + turn.cos() * wide * x + (slant - turn.sin()) * wide * y + SHIFT * drawn()
    down = down + turn.sin() * high * x + turn.cos() * high * y + SHIFT * drawn()
    images = F.grid_sample(images, torch.stack([right, down], 3), align_corners=False)
    amount = 0.1 + 0.5 * drawn()[..., None]
    thicker, thinner = _spread(images) - images, -_spread(-images) - images
    images = images + amount.clamp(min=0) * thicker - amount.clamp(max=0) * thinner
    hardness = 1.75 + 0.75 * drawn()[..., None]
    return (0.5 + (images - 0.5) * hardness).clamp(0, 1)


def _spread(images: Tensor) -> Tensor:
    """The largest of the 3 × 3 pixels around each one, 0 beyond the edge: ten times as fast as PyTorch."""
    wide = F.pad(images, (1, 1, 1, 1))
    wide = wide[..., :-2].maximum(wide[..., 1:-1]).maximum(wide[..., 2:])
    return wide[..., :-2, :].maximum(wide[..., 1:-1, :]).maximum(wide[..., 2:, :])


@cache
def _reach(side: int) -> Tensor:
    """What each push does at each pixel, [side, SHAKES], so that the sums have standard deviation 1."""
    pixel = torch.arange(side)[:, None]
    weight = (-0.5 * ((pixel - torch.linspace(0, side - 1, SHAKES)) / REACH) ** 2).exp()
    return weight / weight.norm(dim=1, keepdim=True)


AUGMENTATIONS: dict[str, Augmentation] = {"none": lambda images, random: images, "pen": pen, "hand": hand}
