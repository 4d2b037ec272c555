"""The exact statistics against scipy's, and against what is known by counting."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lenet.study.exact import (
    holm,
    mcnemar_p,
    median_interval,
    median_p,
    seeds_needed,
    share_interval,
    share_p,
    shares_over_triples,
)

counts = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
different = st.lists(st.floats(-100, 100), min_size=6, max_size=14, unique_by=abs)


@given(counts, st.sampled_from([0.8, 0.95, 0.99]))
def test_share_interval_is_that_of_scipy(count: tuple[int, int], confidence: float) -> None:
    theirs = scipy.stats.binomtest(*count).proportion_ci(confidence, "exact")
    assert share_interval(*count, confidence) == pytest.approx((count[0] / count[1], theirs.low, theirs.high), abs=1e-9)


@given(counts, st.floats(0.05, 0.95))
def test_share_p_is_twice_the_smaller_tail(count: tuple[int, int], share: float) -> None:
    tails = (scipy.stats.binomtest(*count, share, side).pvalue for side in ("less", "greater"))
    assert share_p(*count, share) == pytest.approx(min(1, 2 * min(tails)), abs=1e-9)


@given(st.integers(0, 20), st.integers(0, 20))
def test_mcnemar_is_the_binomial_test_of_the_seeds_that_differ(left: int, right: int) -> None:
    theirs = scipy.stats.binomtest(left, left + right).pvalue if left + right else 1.0
    assert mcnemar_p(left, right) == pytest.approx(theirs, abs=1e-9)


@given(different)
def test_median_interval_holds_what_wilcoxons_test_does_not_reject(differences: list[float]) -> None:
    values = np.array(differences)
    center, low, high = median_interval(differences)
    assert low <= center <= high
    walsh = np.unique([(a + b) / 2 for a in values for b in values])
    for at in (walsh[1:] + walsh[:-1]) / 2:  # between them the test changes nothing
        if len(np.unique(abs(values - at))) < len(values) or (values == at).any():
            continue
        p = scipy.stats.wilcoxon(values - at, method="exact").pvalue
        assert (low < at < high) == (p > 0.05)
        assert median_p(differences, at) == pytest.approx(p, abs=1e-9)


def test_five_values_have_no_95_percent_interval_and_six_have() -> None:
    assert median_interval([1, 2, 3, 4, 5]) == (3, -math.inf, math.inf)
    assert median_interval([1, 2, 3, 4, 5, 6]) == (3.5, 1, 6)
    assert math.isnan(median_interval([]).value)
    assert median_p([]) == 1


def test_ties_make_no_test_bolder() -> None:
    assert median_p([0.0] * 10) == 1
    assert median_p([-1.0] * 6) == pytest.approx(2 / 2**6)
    assert median_interval([-1.0] * 6) == (-1, -1, -1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_against_its_definition(ps: list[float]) -> None:
    order = np.argsort(ps, kind="stable")
    steps = np.maximum.accumulate([min(1, (len(ps) - i) * ps[j]) for i, j in enumerate(order)])
    assert np.array(holm(ps))[order] == pytest.approx(steps)


def test_triples_are_all_of_them_or_ten_thousand() -> None:
    seen: list[tuple[int, ...]] = []

    def has_zero(triple: tuple[int, ...]) -> str:
        seen.append(triple)
        return "yes" if 0 in triple else "no"

    assert shares_over_triples(range(5), has_zero) == {"yes": 0.6, "no": 0.4}
    assert len(seen) == len(set(seen)) == 10
    seen.clear()
    first = shares_over_triples(range(60), has_zero)
    assert len(seen) == 10_000
    assert first["yes"] == pytest.approx(0.05, abs=0.01)
    assert first == shares_over_triples(range(60), has_zero)


def test_seeds_needed_is_where_the_rule_begins_to_decide() -> None:
    def rarely(sample: Sequence[int]) -> bool:
        return share_interval(sum(sample), len(sample)).high < 0.2

    assert seeds_needed([0] * 5, rarely, 100) == 17  # 1 - 0.025 ** (1 / 17) < 0.2
    assert seeds_needed([0] * 5, rarely, 16) is None
    assert seeds_needed([0, 1], rarely, 60) is None
    assert seeds_needed([], rarely, 60) is None
