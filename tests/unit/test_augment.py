"""The augmentations: same seed, same pictures; still digits afterwards."""

import pytest
import torch

from lenet import create_model
from lenet.augment import AUGMENTATIONS, pen
from lenet.data import mnist, pixels
from lenet.recipe import CHOICES


def test_the_recipe_knows_every_augmentation():
    assert tuple(AUGMENTATIONS) == CHOICES["augmentation"]


def test_the_generator_decides_and_the_global_one_is_left_alone():
    images = pixels(mnist("train").images[:200])
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    once, again, other = (pen(images, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(once, again)
    assert not torch.equal(once, other)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmented_pictures_are_still_digits(name):
    digits = mnist("train")[:1000]
    images = AUGMENTATIONS[name](pixels(digits.images), torch.Generator().manual_seed(0))
    assert images.shape == (1000, 1, 28, 28) and images.min() >= 0 and images.max() <= 1
    right = (create_model("best", pretrained=True)(images).argmax(1) == digits.labels).float().mean()
    assert right > 0.95
