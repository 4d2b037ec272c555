"""A race: many runs of one recipe that differ in the seed alone, one a pupil. Who loses a class?

What is asked of the training service, what becomes of a run, and what all of them say. Nothing here imports torch.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import comb, isnan
from statistics import median
from typing import TYPE_CHECKING

from lenet.classroom.store import Race
from lenet.formatting import percent
from lenet.probes.logits import dead_logits, lost_classes
from lenet.recipe import RECIPES, Recipe
from lenet.variant import VARIANTS, Variant

if TYPE_CHECKING:  # torch
    from lenet.training import Epoch

REPETITIONS = 3  # of the paper
FAIREST = 30  # runs at first, a class's


@dataclass(frozen=True)
class Kind:
    """label: for the teacher; variant: a row of VARIANTS; about: what to tell the class."""

    label: str
    variant: str
    about: str


# The paper's recipe, shortened until thirty runs fit a lesson: a third of the digits, twice, in batches of 64.
SHORT = replace(RECIPES["paper"], train_size=20_000, epochs=2, batch_size=64)
# One row each.
KINDS = {
    "paper": Kind("The paper's network", "original", "It has one more ReLU, after its ten scores."),
    "mended": Kind("Without the last ReLU", "best", "The same network without the ReLU after its ten scores."),
}


@dataclass(frozen=True)
class Result:
    """How a run ended. accuracy: on MNIST's 10,000 test digits; never: the digits that it never says where they are
    right; dead: dead logits, None where it has no ReLU after them; lost: whether the study counts it as failed (a class
    never predicted, a dead logit, or NaN)."""

    accuracy: float
    never: tuple[int, ...]
    dead: int | None
    lost: bool


def variant(race: Race) -> Variant:
    """The network of a race."""
    return VARIANTS[KINDS[race.kind].variant]


def recipe(race: Race, seed: int) -> Recipe:
    """Of one of its runs."""
    return replace(SHORT, seed=seed)


def result(network: Variant, last: "Epoch") -> Result:
    """What became of a run, by its last epoch."""
    broken = isnan(last.train_loss)
    dead = None if broken else dead_logits(network, last.dead_units)
    never = tuple(digit for digit, share in enumerate(last.class_accuracy) if share == 0)
    lost = broken or lost_classes(network, last.classes_predicted, dead) > 0
    return Result(last.test_accuracy, never, dead, lost)


def message(results: Iterable[Result]) -> list[str]:
    """What the runs say together, a sentence or two a line."""
    from lenet.study.exact import share_interval  # scipy: nobody waits for it before the first run has ended

    results = list(results)
    count, lost = len(results), sum(one.lost for one in results)
    if count < REPETITIONS:
        return []
    share = share_interval(lost, count)
    interval = f"(95 % interval: {percent(share.low, 0)} to {percent(share.high, 0)})"
    said = [
        f"{lost} of {count} runs lost a class: {percent(share.value, 0)} {interval}. Network, recipe and digits were "
        "the same in all. Only the seed differed."
    ]
    digits = Counter(digit for one in results for digit in one.never)
    if digits:
        which = ", ".join(f"{digit} ({times}×)" for digit, times in sorted(digits.items(), key=lambda x: (-x[1], x[0])))
        said.append(f"Never said: {which}. Which digit it is differs from seed to seed.")
    accuracies = [one.accuracy for one in results]
    said.append(
        f"The best run classifies {percent(max(accuracies))} of the test digits correctly, the middle one "
        f"{percent(median(accuracies))}, the worst {percent(min(accuracies))}."
    )
    none, every = comb(count - lost, REPETITIONS), comb(lost, REPETITIONS)
    of = comb(count, REPETITIONS)
    if 0 < lost < count:
        said.append(
            f"The paper ran each network three times. Of all choices of three of your runs, {percent(none / of, 0)} "
            f"show no lost class at all, and in {percent(every / of, 0)} all three lose one."
        )
    else:
        words = "no run lost a class" if not lost else "every run lost one"
        said.append(f"Here any three runs would have said the same: {words}.")
    return said
