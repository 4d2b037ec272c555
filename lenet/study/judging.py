"""From numbers to verdicts: the rules by which a claim is judged.

    >>> judge(experiment("pooling").claims[0], runs).verdict

No verdict is written anywhere: change the curves and it changes. Outcomes are bimodal, for a run learns all ten classes
or loses some for good: so failures come first, and only runs that do not fail are compared by their numbers.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite
from typing import NamedTuple

from lenet.formatting import percent
from lenet.study import exact
from lenet.study.design import RARE, SEEDS, Claim, Guess, Part, Quantity
from lenet.study.exact import CONFIDENCE, Estimate
from lenet.study.measures import MEASURES, Interval, Runs, failed, interval, show, values

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
REPRODUCED, CAVEAT, NOT_REPRODUCED, CANNOT_TELL = (
    "reproduced",
    "reproduced with a caveat",
    "not reproduced",
    "cannot tell",
)
FEWEST = len(SEEDS)  # fewer seeds than the paper had repetitions decide nothing
ALPHA = 1 - CONFIDENCE
MOST_SEEDS = 100  # more seeds than these nobody will run

VERDICT_RULE = (
    "Reproduced: every part holds in the paper form and, as a counter-test, with linear output (where the claim is not "
    "itself about the two forms, or about kernels, which are shipped in the paper form alone). Reproduced with a "
    "caveat: every part holds in the paper form, but not, or not yet, with linear output. Not reproduced: a part fails "
    "in the paper form. Cannot tell: no part fails, but one is "
    f"undecided, as it is with fewer than {FEWEST} seeds."
)
FAILURE_RULE = (
    "A run fails if at the end it never predicts some class (or the logit of that class is dead) or its weights are "
    "NaN. Failures come first; only seeds in which no run fails are compared by accuracy or speed. All intervals and "
    "tests are exact, and all comparisons are paired by seed."
)


class Row(NamedTuple):
    """A seed of a part: the quantity, and whether a run of the first side and one of the second fails."""

    value: float
    left: bool
    right: bool


class Decision(NamedTuple):
    """holds, fails or undecided, and the p value of the test that says so; None where it was simply seen."""

    outcome: str
    p: float | None


@dataclass(frozen=True)
class Rule:
    """How the seeds decide a part together.

    words: printed beside the verdict. tell: the numbers in words. by_eye: what three repetitions would have seemed to
    show, without any interval.
    """

    words: Callable[[Part], str]
    decide: Callable[[Sequence[Row], Part], Decision]
    tell: Callable[[Mapping[int, Row], Part], str]
    by_eye: Callable[[Sequence[float], Part], bool]


def _inside(value: float, part: Part) -> bool:
    return part.low < value < part.high


def _by_interval(estimate: Estimate, low: float, high: float) -> str:
    if low < estimate.low and estimate.high < high:
        return HOLDS
    return FAILS if estimate.high <= low or estimate.low >= high else UNDECIDED


def _p(outcome: str, ps: list[float]) -> float:
    """To lie between two bounds, both tests are needed; to lie outside, one."""
    return min(ps) if outcome == FAILS else max(ps)


def _median(sample: Sequence[float], part: Part) -> Decision:
    outcome = _by_interval(exact.median_interval(sample), part.low, part.high)
    return Decision(outcome, _p(outcome, [exact.median_p(sample, at) for at in (part.low, part.high) if isfinite(at)]))


def _share(count: int, n: int, low: float, high: float) -> Decision:
    # An interval of shares never lies wholly above 0 or below 1 by more than its own ends.
    ends = (-inf if low <= 0 else low, inf if high >= 1 else high)
    outcome = _by_interval(exact.share_interval(count, n), *ends)
    return Decision(outcome, _p(outcome, [exact.share_p(count, n, at) for at in ends if isfinite(at)]))


def side(part: Part) -> int:
    """What a comparison says of the first side: better (1), worse (-1), or about equal (0)."""
    if isfinite(part.low) and isfinite(part.high):
        return 0
    larger = isfinite(part.low)
    return 1 if larger != MEASURES[part.quantity.measure].less_is_better else -1


def _apart(rows: Iterable[Row]) -> tuple[int, int]:
    """In how many seeds only the first side fails, and only the second."""
    rows = list(rows)
    return sum(row.left and not row.right for row in rows), sum(row.right and not row.left for row in rows)


def _sound(rows: Iterable[Row]) -> list[float]:
    return [row.value for row in rows if not (row.left or row.right)]


def _decide_compare(rows: Sequence[Row], part: Part) -> Decision:
    left, right = _apart(rows)
    p = exact.mcnemar_p(left, right)
    if p < ALPHA:
        better = 1 if right > left else -1
        return Decision(HOLDS if side(part) == better else FAILS, p)
    return _median(_sound(rows), part)


def _decide_share(rows: Sequence[Row], part: Part) -> Decision:
    return _share(sum(_inside(row.value, part) for row in rows), len(rows), *part.share)


def _decide_can(rows: Sequence[Row], part: Part) -> Decision:
    if any(_inside(row.value, part) for row in rows):
        return Decision(HOLDS, None)
    decision = _share(0, len(rows), 0, RARE)
    return Decision(FAILS if decision.outcome == HOLDS else UNDECIDED, decision.p)


def _decide_varied(rows: Sequence[Row], part: Part) -> Decision:
    return _share(_most_frequent(rows), len(rows), 0, 1 - RARE)


def _most_frequent(rows: Iterable[Row]) -> int:
    return max(Counter(row.value for row in rows).values())


def _ends(quantity: Quantity, estimate: Estimate) -> str:
    if not isfinite(estimate.low):
        return "too few for an interval"
    return f"exact 95 % interval {show(quantity, estimate.low)} to {show(quantity, estimate.high)}"


def _each(rows: Mapping[int, Row], part: Part) -> str:
    return ", ".join(f"{show(part.quantity, row.value)} (seed {seed})" for seed, row in rows.items())


def _tell_median(rows: Mapping[int, Row], part: Part) -> str:
    estimate = exact.median_interval([row.value for row in rows.values()])
    center = show(part.quantity, estimate.value)
    return f"median {center}, {_ends(part.quantity, estimate)}, n = {len(rows)}: {_each(rows, part)}"


def _tell_compare(rows: Mapping[int, Row], part: Part) -> str:
    n, (left, right) = len(rows), _apart(rows.values())
    first, second = sum(row.left for row in rows.values()), sum(row.right for row in rows.values())
    p = exact.mcnemar_p(left, right)
    failures = f"the first fails in {first} of {n} seeds, the second in {second}"
    if left or right:
        failures += f" (only the first in {left}, only the second in {right}: p = {p:.2g})"
    sound = {seed: row for seed, row in rows.items() if not (row.left or row.right)}
    if not sound:
        return f"{failures}; in no seed do both succeed"
    return f"{failures}; where neither fails, {_tell_median(sound, part)}"


def _shares(count: int, n: int) -> str:
    estimate = exact.share_interval(count, n)
    return (
        f"{count} of {n} seeds ({percent(estimate.value, 0)}, exact 95 % interval {percent(estimate.low, 0)} to "
        f"{percent(estimate.high, 0)})"
    )


def _tell_share(rows: Mapping[int, Row], part: Part) -> str:
    there = sum(_inside(row.value, part) for row in rows.values())
    if part.quantity.measure != "fails":
        return f"{_shares(there, len(rows))}: {_each(rows, part)}"
    seeds = ", ".join(str(seed) for seed, row in rows.items() if _inside(row.value, part))
    return _shares(there, len(rows)) + (f": seeds {seeds}" if seeds else "")


def _tell_varied(rows: Mapping[int, Row], part: Part) -> str:
    return f"the most frequent one in {_shares(_most_frequent(rows.values()), len(rows))}: {_each(rows, part)}"


def _range(part: Part) -> str:
    low, high = ("0" if end == 0 else show(part.quantity, end) for end in (part.low, part.high))
    return f"below {high}" if part.low == -inf else f"above {low}" if part.high == inf else f"between {low} and {high}"


def _share_range(low: float, high: float) -> str:
    ends = (percent(end, 0) for end in (low, high))
    words = "below {1}" if low <= 0 else "above {0}" if high >= 1 else "between {0} and {1}"
    return words.format(*ends)


def _compare_words(part: Part) -> str:
    first = {
        1: "it holds if the second fails in more seeds than the first, and fails if the first does",
        -1: "it holds if the first fails in more seeds than the second, and fails if the second does",
        0: "it fails if one of the two fails in more seeds than the other",
    }[side(part)]
    return (
        f"failures first: {first} (exact McNemar test, p < {ALPHA:.2g}). Otherwise, over the seeds in which neither "
        f"fails, it holds if the whole exact 95 % interval of the median difference is {_range(part)}, and fails if "
        "none of it is"
    )


# How the seeds decide together: a rule is one row.
RULES = {
    "compare": Rule(
        _compare_words,
        _decide_compare,
        _tell_compare,
        lambda sample, part: _inside(sum(sample) / len(sample), part),
    ),
    "median": Rule(
        lambda part: f"holds if the whole exact 95 % interval of the median is {_range(part)}, fails if none of it is",
        lambda rows, part: _median([row.value for row in rows], part),
        _tell_median,
        lambda sample, part: _inside(sum(sample) / len(sample), part),
    ),
    "share": Rule(
        lambda part: (
            f"holds if the whole exact 95 % interval of the share of such seeds is "
            f"{_share_range(*part.share)}, fails if none of it is"
        ),
        _decide_share,
        _tell_share,
        lambda sample, part: part.share[0] <= sum(_inside(v, part) for v in sample) / len(sample) <= part.share[1],
    ),
    "can": Rule(
        lambda part: (
            f"holds if there is one such seed, fails if there is none and the whole exact 95 % interval of "
            f"their share is below {percent(RARE, 0)}"
        ),
        _decide_can,
        _tell_share,
        lambda sample, part: any(_inside(value, part) for value in sample),
    ),
    "varied": Rule(
        lambda part: (
            f"holds if the whole exact 95 % interval of the share of seeds with the most frequent one is below "
            f"{percent(1 - RARE, 0)}, fails if none of it is"
        ),
        _decide_varied,
        _tell_varied,
        lambda sample, part: len(set(sample)) > 1,
    ),
}


def rule(part: Part) -> str:
    """The part's rule in words."""
    return RULES[part.rule].words(part)


@dataclass(frozen=True)
class Finding:
    """A part held against the runs; rows by seed."""

    part: Part
    rows: dict[int, Row]
    outcome: str
    p: float | None

    @cached_property
    def seeds_needed(self) -> int | None:
        """How many seeds would decide an undecided part, if all are like those there are; None if too many."""
        if self.outcome != UNDECIDED:
            return len(self.rows)
        decide = RULES[self.part.rule].decide
        return exact.seeds_needed(
            list(self.rows.values()), lambda rows: decide(rows, self.part).outcome != UNDECIDED, MOST_SEEDS
        )


def find(part: Part, runs: Runs) -> Finding:
    """The part held against the runs; undecided with fewer seeds than the paper had repetitions."""
    measured = values(part.quantity, runs)
    rows = {
        seed: Row(
            value,
            *(
                any(failed(runs[setting.run(seed)]) for setting in settings)
                for settings in (part.quantity.of, part.quantity.minus)
            ),
        )
        for seed, value in measured.items()
    }
    if len(rows) < FEWEST:
        return Finding(part, rows, UNDECIDED, None)
    return Finding(part, rows, *RULES[part.rule].decide(list(rows.values()), part))


def numbers(finding: Finding) -> str:
    """What was measured, in words: failures, median or share, its interval and every seed."""
    return RULES[finding.part.rule].tell(finding.rows, finding.part) if finding.rows else "not measured yet"


def more_seeds(finding: Finding) -> str:
    """How many seeds would decide an undecided part, in a sentence; empty if it is decided."""
    if finding.outcome != UNDECIDED or not finding.rows:
        return ""
    needed = finding.seeds_needed
    about = f"more than {MOST_SEEDS}" if needed is None else f"about {needed}"
    return f"{about.capitalize()} seeds would decide it, if the others are like these {len(finding.rows)}."


def in_words(quantity: Quantity, mean: Interval) -> str:
    """A mean of the quantity with its interval and n."""
    if mean.n == 1:
        return f"{show(quantity, mean.mean)}, n = 1"
    # An interval of accuracies knows nothing of 0 and 100 %; past them it is not worth printing.
    least, most = MEASURES[quantity.measure].limits
    if quantity.minus:
        least, most = least - most, most - least
    ends = f"{show(quantity, max(mean.low, least))} to {show(quantity, min(mean.high, most))}"
    return f"{show(quantity, mean.mean)}, 95 % interval {ends}, n = {mean.n}"


@dataclass(frozen=True)
class Judgement:
    """A claim held against the runs. linear is empty where there is no counter-test.

    done, needed: how many of the runs with the paper's seeds that the claim asks for are there.
    """

    claim: Claim
    paper: tuple[Finding, ...]
    linear: tuple[Finding, ...]
    done: int
    needed: int

    @property
    def verdict(self) -> str:
        """By VERDICT_RULE."""
        return verdict([f.outcome for f in self.paper], [f.outcome for f in self.linear])

    @property
    def note(self) -> str:
        """What the verdict leaves open, in a sentence; empty if nothing."""
        sentences = []
        if self.done < self.needed:
            sentences.append(f"Not yet run: {self.needed - self.done} of {self.needed} runs.")
        if self.linear and self.verdict != REPRODUCED:
            sentences.append(f"With linear output it {_IN_WORDS[summary([f.outcome for f in self.linear])]}.")
        return " ".join(sentences)

    @property
    def open(self) -> list[Finding]:
        """The undecided parts on which the verdict waits."""
        if self.verdict not in (CANNOT_TELL, CAVEAT):
            return []
        found = self.paper if self.verdict == CANNOT_TELL else self.linear
        return [f for f in found if f.outcome == UNDECIDED] if FAILS not in [f.outcome for f in found] else []

    @cached_property
    def three_repetitions(self) -> dict[str, float]:
        """In what share of all triples of the seeds three repetitions in the paper form would have seemed to bear the
        claim out, and in what share not. Empty with fewer seeds."""
        seeds = sorted(set.intersection(*(set(finding.rows) for finding in self.paper)))
        if len(seeds) < FEWEST:
            return {}

        def by_eye(triple: tuple[int, ...]) -> str:
            holds = all(RULES[f.part.rule].by_eye([f.rows[seed].value for seed in triple], f.part) for f in self.paper)
            return REPRODUCED if holds else NOT_REPRODUCED

        return exact.shares_over_triples(seeds, by_eye)


_IN_WORDS = {HOLDS: "holds", FAILS: "does not hold", UNDECIDED: "is undecided"}


def summary(outcomes: list[str]) -> str:
    """Of several parts: fails if one fails, else undecided if one is undecided, else holds."""
    return FAILS if FAILS in outcomes else UNDECIDED if UNDECIDED in outcomes else HOLDS


def verdict(paper: list[str], linear: list[str]) -> str:
    """By VERDICT_RULE, from the outcomes of the parts in the two forms."""
    match summary(paper):
        case "fails":
            return NOT_REPRODUCED
        case "undecided":
            return CANNOT_TELL
    return REPRODUCED if summary(linear) == HOLDS else CAVEAT


def judge(claim: Claim, runs: Runs) -> Judgement:
    """The claim in both output forms."""
    parts = [[part.form(form) for part in claim.parts] for form in claim.forms()]
    needed = {setting.run(seed) for each in parts for part in each for setting in part.settings() for seed in SEEDS}
    paper, *linear = (tuple(find(part, runs) for part in each) for each in parts)
    return Judgement(claim, paper, linear[0] if linear else (), len(needed & runs.keys()), len(needed))


def corrected(judgements: Iterable[Judgement]) -> dict[Part, float]:
    """For each part with a test its p value after Holm's correction for all tests of these claims."""
    found = {f.part: f.p for judgement in judgements for f in (*judgement.paper, *judgement.linear)}
    tested = {part: p for part, p in found.items() if p is not None}
    return dict(zip(tested, exact.holm(list(tested.values()))))


def three_repetitions(judgement: Judgement) -> str:
    """What three repetitions would have said, in a sentence; empty with fewer seeds."""
    shares = judgement.three_repetitions
    if not shares:
        return ""
    said = ", ".join(f"*{name}* in {percent(share, 0)}" for name, share in shares.items())
    return f"Three of these seeds, judged by eye as in the paper, would have said: {said} of all triples."


def mechanism(claim: Claim, runs: Runs) -> str:
    """The claim's sentence on the mechanism with its figures: mean, and every seed in brackets."""
    figures = []
    for label, quantity in claim.figures:
        by_seed = values(quantity, runs)
        if by_seed:
            seeds = ", ".join(show(quantity, value) for value in by_seed.values())
            mean = show(quantity, interval(by_seed.values()).mean)
            figures.append(f"{label} {mean} (seeds: {seeds})" if len(by_seed) > 1 else f"{label} {mean} (one seed)")
        else:
            figures.append(f"{label} not measured yet")
    return f"{claim.mechanism} {'; '.join(figures)}." if figures else claim.mechanism


def answers(guess: Guess, runs: Runs) -> dict[str, dict[int, float]]:
    """For the id of each answer its quantity by seed; answers without runs are left out."""
    found = {name: values(answer.quantity, runs) for name, answer in guess.answers.items()}
    return {name: by_seed for name, by_seed in found.items() if by_seed}
