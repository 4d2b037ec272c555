"""Train on us: a network learns from most writers of a class, and is tested on the others and on MNIST."""

from dataclasses import dataclass, replace

from lenet.data import Digits, mnist, own
from lenet.evaluation import evaluate
from lenet.model import LeNet
from lenet.own_data import Loaded
from lenet.pretrained import first_model
from lenet.recipe import Recipe
from lenet.study.exact import Estimate, share_interval
from lenet.variant import VARIANTS

NETWORK = "best"  # whose weights are tuned, and whose network begins anew
VARIANT = VARIANTS[NETWORK]
# Tuning: so small a rate, for so short, that what was learnt before is kept; tests/unit/test_tuning.py measures it.
TUNE = Recipe(optimiser="adam", lr=0.001, batch_size=16, epochs=10, schedule="one-cycle", shuffle=True, start=NETWORK)
ANEW = replace(TUNE, lr=0.003, epochs=60, augmentation="pen", start="")
WAYS = {"tune": TUNE, "anew": ANEW}


@dataclass(frozen=True)
class Test:
    """A network's accuracy on some digits, with its exact interval of 95 %, before and after it learnt from the class.

    mended, spoilt: how many are read correctly only after, and only before.
    """

    before: Estimate
    after: Estimate
    mended: int
    spoilt: int


def recipe(way: str, data: Loaded, seed: int) -> Recipe:
    """One of WAYS, on a class's digits."""
    return replace(WAYS[way], data=data.about, train_size=len(data.train), seed=seed)


def compare(after: LeNet, followed: Recipe, data: Loaded) -> tuple[Test, Test]:
    """On the writers that were kept back, and on MNIST's 10,000 test digits. after: what the recipe made."""
    before = first_model(VARIANT, followed)
    return _test(before, after, own(data, "test")), _test(before, after, mnist("test"))


def _test(before: LeNet, after: LeNet, digits: Digits) -> Test:
    old, new = (evaluate(model, digits).predictions == digits.labels for model in (before, after))
    first, then = (share_interval(int(right.sum()), len(digits)) for right in (old, new))
    return Test(first, then, int((new & ~old).sum()), int((old & ~new).sum()))
