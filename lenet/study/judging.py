"""From numbers to verdicts: the rules by which a claim is judged.

    >>> judge(experiment("pooling").claims[0], runs).verdict

No verdict is written anywhere: change the curves and it changes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from lenet.study.design import SEEDS, Claim, Guess, Part, Quantity
from lenet.study.measures import MEASURES, Interval, Runs, interval, show, values

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
REPRODUCED, CAVEAT, NOT_REPRODUCED, CANNOT_TELL = (
    "reproduced",
    "reproduced with a caveat",
    "not reproduced",
    "cannot tell",
)
FEWEST = len(SEEDS)  # fewer seeds than the paper had repetitions decide nothing
# A thing that happens to one run in three, as in the paper, is missed in this many runs with less than 5 % probability.
ENOUGH_TO_MISS = 8

VERDICT_RULE = (
    "Reproduced: every part holds in the paper form and, as a counter-test, with linear output (where the claim is not "
    "itself about the two forms, or about kernels, which are shipped in the paper form alone). Reproduced with a "
    "caveat: every part holds in the paper form, but not, or not yet, with linear output. Not reproduced: a part fails "
    "in the paper form. Cannot tell: no part fails, but one is "
    f"undecided, as it is with fewer than {FEWEST} seeds."
)


@dataclass(frozen=True)
class Rule:
    """How the seeds decide a part together. words: printed beside the verdict, {range} being the part's range."""

    words: str
    decide: Callable[[list[float], float, float], str]


def _by_mean(sample: list[float], low: float, high: float) -> str:
    mean = interval(sample)
    if low < mean.low and mean.high < high:
        return HOLDS
    return FAILS if mean.high <= low or mean.low >= high else UNDECIDED


def _by_every(sample: list[float], low: float, high: float) -> str:
    return HOLDS if all(low < value < high for value in sample) else FAILS


def _by_some(sample: list[float], low: float, high: float) -> str:
    if any(low < value < high for value in sample):
        return HOLDS
    return FAILS if len(sample) >= ENOUGH_TO_MISS else UNDECIDED


def _by_varying(sample: list[float], low: float, high: float) -> str:
    return HOLDS if len(set(sample)) > 1 else FAILS


RULES = {
    "mean": Rule(
        "holds if the whole 95 % interval of the mean over the seeds is {range}, fails if none of it is", _by_mean
    ),
    "every": Rule("holds if it is {range} in every seed, fails if in any it is not", _by_every),
    "some": Rule(
        f"holds if it is {{range}} in at least one seed, fails if in none of {ENOUGH_TO_MISS} or more", _by_some
    ),
    "varies": Rule("holds if it is not the same in all seeds, fails if it is", _by_varying),
}


def rule(part: Part) -> str:
    """The part's rule in words."""
    low, high = ("0" if end == 0 else show(part.quantity, end) for end in (part.low, part.high))
    words = f"below {high}" if part.low == -inf else f"above {low}" if part.high == inf else f"between {low} and {high}"
    return RULES[part.rule].words.format(range=words)


@dataclass(frozen=True)
class Finding:
    """A part held against the runs. values: the quantity by seed."""

    part: Part
    values: dict[int, float]
    outcome: str

    @property
    def interval(self) -> Interval:
        return interval(self.values.values())


def find(part: Part, runs: Runs) -> Finding:
    """The part held against the runs; undecided with fewer seeds than the paper had repetitions."""
    measured = values(part.quantity, runs)
    if len(measured) < FEWEST:
        return Finding(part, measured, UNDECIDED)
    return Finding(part, measured, RULES[part.rule].decide(list(measured.values()), part.low, part.high))


def numbers(finding: Finding) -> str:
    """What was measured, in words: mean, interval, n and every seed."""
    if not finding.values:
        return "not measured yet"
    quantity, mean = finding.part.quantity, finding.interval
    seeds = ", ".join(f"{show(quantity, value)} (seed {seed})" for seed, value in finding.values.items())
    if quantity.over == "best" or mean.n == 1:
        return f"{seeds}; n = {mean.n}"
    return f"mean {in_words(quantity, mean)}: {seeds}"


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
