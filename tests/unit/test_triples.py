"""What three repetitions would have said: all triples, looked up by the browser where Python put them."""

from dataclasses import replace
from itertools import combinations

import pytest

from lenet.study import triples
from lenet.study.design import Claim, Setting
from lenet.study.experiments import EXPERIMENTS, experiment
from lenet.study.judging import NOT_REPRODUCED, REPRODUCED, judge
from lenet.study.measures import Runs
from tests import javascript
from tests.curves import both

CLAIMS = [pytest.param(claim, id=f"{e.id}-{claim.letter}") for e in EXPERIMENTS for claim in e.claims]
GOOD = experiment("depth").claims[0]  # one and two layers are consistently good


@pytest.mark.parametrize("claim", CLAIMS)
def test_shares_are_those_of_the_study(claim: Claim) -> None:
    judgement = judge(claim, both(True, seeds=range(7)))
    assert triples.of(judgement).shares == judgement.three_repetitions


def test_each_three_say_what_they_alone_would_have_said() -> None:
    found = triples.of(judge(GOOD, both(True, seeds=range(6))))  # seed 1 is bad
    assert found.seeds == tuple(range(6))
    for three, seems in zip(combinations(found.seeds, 3), found.seems):
        assert seems == (1 not in three)
        [alone] = triples.of(judge(GOOD, both(True, seeds=three))).seems
        assert alone == seems


def test_other_curves_say_something_else() -> None:
    runs = both(True, seeds=range(5))
    before = triples.of(judge(GOOD, runs))
    assert before.shares == {NOT_REPRODUCED: 0.6, REPRODUCED: 0.4} and before.split == pytest.approx(0.8)
    for run in (Setting("original").run(1), Setting("depth-1").run(1)):
        runs[run] = replace(runs[run], classes_predicted=[10] * 21)
    after = triples.of(judge(GOOD, Runs(runs)))
    assert after.shares == {REPRODUCED: 1.0} and after.split == 0


def test_two_seeds_say_nothing_and_of_very_many_the_first_are_looked_at() -> None:
    assert triples.of(judge(GOOD, both(True, seeds=range(2)))).shares == {}
    many = triples.of(judge(GOOD, both(True, seeds=range(triples.MOST + 3))))
    assert len(many.seeds) == triples.MOST and len(many.seems) < 10_000


def test_the_browser_finds_a_triple_where_python_put_it() -> None:
    script = """
import { placeOf, seems } from "@network/experiments/triples.js"
const found = []
for (let i = 0; i < 9; i++)
  for (let j = i + 1; j < 9; j++) for (let k = j + 1; k < 9; k++) found.push(placeOf(9, [i, j, k]))
const claim = { seeds: [0, 2, 3, 7], seems: "0100" } // 0 2 3, 0 2 7, 0 3 7, 2 3 7
const asked = [[7, 0, 2], [3, 2, 0], [2, 7, 3], [0, 1, 2]]
console.log(JSON.stringify([found, asked.map((three) => seems(claim, three))]))
"""
    places, said = javascript.run(script)
    assert places == list(range(84))
    assert said == [True, False, False, None]
