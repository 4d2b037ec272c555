"""Exact statistics for few runs, whose outcomes are bimodal: intervals, tests, and how many seeds would decide.

Pure functions of numbers. Of scipy only the inverse of the beta function is used (scipy.stats takes half a second).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations
from math import comb, inf, nan
from random import Random
from typing import NamedTuple, TypeVar

import numpy as np
from scipy.special import betaincinv

CONFIDENCE = 0.95
POWER = 0.8  # chance of a decision that counts as enough, as is usual (J. Cohen, 1988)
DRAWS = 100  # simulated studies for each number of seeds: the chance is then known to 4 points at POWER
T = TypeVar("T")


class Estimate(NamedTuple):
    """A value and the ends of its exact interval; infinite where there are too few values for one."""

    value: float
    low: float
    high: float


def share_interval(count: int, n: int, confidence: float = CONFIDENCE) -> Estimate:
    """count of n, and its exact interval (Clopper and Pearson, Biometrika 26, 1934). NaN, 0 and 1 of none."""
    tail = (1 - confidence) / 2
    low = float(betaincinv(count, n - count + 1, tail)) if count > 0 else 0.0
    high = float(betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return Estimate(count / n if n else nan, low, high)


def share_p(count: int, n: int, share: float) -> float:
    """Two-sided p of `count` of n if the true share is `share`: twice the smaller tail, as in `share_interval`."""
    chances = [comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    return min(1.0, 2 * min(sum(chances[: count + 1]), sum(chances[count:])))


def mcnemar_p(only_left: int, only_right: int) -> float:
    """Exact paired test of two failure rates: seeds in which only one of the two fails (McNemar, 1947)."""
    return share_p(only_left, only_left + only_right, 0.5)


@lru_cache(maxsize=256)
def _signed_ranks(n: int) -> np.ndarray:
    """P(W <= w) for w = 0 .. n (n + 1) / 2: Wilcoxon's statistic of n differences without a tendency."""
    ways = np.zeros(n * (n + 1) // 2 + 1)
    ways[0] = 1.0
    for rank in range(1, n + 1):
        ways[rank:] += ways[:-rank].copy()
        ways /= 2
    return np.cumsum(ways)


def _walsh(differences: Sequence[float]) -> np.ndarray:
    """Means of all pairs, each value with itself too, sorted."""
    values = np.asarray(differences, float)
    rows, columns = np.triu_indices(len(values))
    return np.sort((values[rows] + values[columns]) / 2)


def median_interval(differences: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Hodges and Lehmann's estimate of the centre, and the exact interval of Wilcoxon's signed-rank test.

    Fewer than six values have no 95 % interval.
    """
    if not len(differences):
        return Estimate(nan, -inf, inf)
    walsh = _walsh(differences)
    outside = int(np.searchsorted(_signed_ranks(len(differences)), (1 - confidence) / 2, side="right"))
    low, high = (walsh[outside - 1], walsh[-outside]) if outside else (-inf, inf)
    return Estimate(float(np.median(walsh)), float(low), float(high))


def median_p(differences: Sequence[float], at: float = 0.0) -> float:
    """Two-sided exact p that the centre is `at` (Wilcoxon, 1945); with ties it is rather too large than too small."""
    if not len(differences):
        return 1.0
    walsh, below = _walsh(differences), _signed_ranks(len(differences))
    up, down = int((walsh >= at).sum()), int((walsh <= at).sum())
    return min(1.0, 2 * float(min(below[up], below[down])))


def holm(ps: Sequence[float]) -> list[float]:
    """The p values corrected for their number (Holm, Scandinavian Journal of Statistics 6, 1979)."""
    corrected, largest = [0.0] * len(ps), 0.0
    for place, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, min(1.0, (len(ps) - place) * ps[index]))
        corrected[index] = largest
    return corrected


def shares_over_triples(
    seeds: Sequence[int], verdict: Callable[[tuple[int, ...]], str], most: int = 10_000
) -> dict[str, float]:
    """How often three of the seeds give each verdict: over all triples, or `most` drawn with a fixed seed."""
    if comb(len(seeds), 3) <= most:
        triples: list[tuple[int, ...]] = list(combinations(seeds, 3))
    else:
        random = Random(0)
        triples = [tuple(random.sample(seeds, 3)) for _ in range(most)]
    return {name: count / len(triples) for name, count in Counter(map(verdict, triples)).most_common()}


def seeds_needed(sample: Sequence[T], decides: Callable[[list[T]], bool], most: int) -> int | None:
    """The fewest seeds with which a rule decides with a chance of POWER, if all seeds are like those there are.

    Estimated from studies drawn out of the sample, with a fixed seed; None if `most` seeds are not enough.
    """
    if not sample:
        return None

    def enough(n: int) -> bool:
        random = Random(n)
        return sum(decides(random.choices(sample, k=n)) for _ in range(DRAWS)) >= POWER * DRAWS

    low, high = len(sample), most  # not enough, enough
    if low >= most or not enough(most):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
