"""What three repetitions would have said, as the paper had them: every three of the seeds, judged by eye.

    >>> of(judge(experiment("depth").claims[0], runs)).shares

`seems` is in the order of itertools.combinations(seeds, 3): who picks three seeds looks up what they say.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb

from lenet.study.judging import FEWEST, NOT_REPRODUCED, REPRODUCED, RULES, Judgement

MOST = 40  # seeds with fewer than 10,000 triples: those are all looked at, of more seeds the first


@dataclass(frozen=True)
class Triples:
    """For each three of the seeds whether they would have seemed to bear the claim out, in the paper's form."""

    seeds: tuple[int, ...]
    seems: tuple[bool, ...]

    @cached_property
    def shares(self) -> dict[str, float]:
        """Verdict -> in what share of all triples, the most frequent first; empty with fewer than three seeds."""
        count = Counter(REPRODUCED if one else NOT_REPRODUCED for one in self.seems)
        return {name: n / len(self.seems) for name, n in count.most_common()}

    @property
    def split(self) -> float:
        """How much it depends on the three: 0 if all say the same, 1 if as many say the one as the other."""
        return 2 * min(self.shares.get(REPRODUCED, 0.0), self.shares.get(NOT_REPRODUCED, 0.0))


def of(judgement: Judgement) -> Triples:
    """All triples of the seeds that every part of the claim has."""
    seeds = sorted(set.intersection(*(set(finding.rows) for finding in judgement.paper)))[:MOST]
    if len(seeds) < FEWEST:
        return Triples(tuple(seeds), ())
    seems = [True] * comb(len(seeds), 3)
    for finding in judgement.paper:
        values = [finding.rows[seed].value for seed in seeds]
        by_eye, part = RULES[finding.part.rule].by_eye, finding.part
        seems = [before and by_eye(three, part) for before, three in zip(seems, combinations(values, 3))]
    return Triples(tuple(seeds), tuple(seems))
