"""The picture of a part: its seeds, its axis, and where on it the part holds."""

from itertools import pairwise

import pytest

from lenet.study.design import EQUAL, RARELY, Claim, Part, Quantity, Setting
from lenet.study.evidence import strip
from lenet.study.experiments import EXPERIMENTS
from lenet.study.judging import find, judge
from lenet.study.measures import Runs
from tests.curves import both

CLAIMS = [pytest.param(claim, id=f"{e.id}-{claim.letter}") for e in EXPERIMENTS for claim in e.claims]


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("right", [True, False])
def test_every_part_has_its_seeds_and_all_of_it_lies_on_its_axis(claim: Claim, right: bool) -> None:
    for finding in judge(claim, both(right)).paper:
        picture = strip(finding)
        low, high = picture["axis"]
        assert low < high
        assert [dot["seed"] for dot in picture["dots"]] == list(finding.rows)
        assert all(low <= dot["value"] <= high for dot in picture["dots"])
        places = [place for place, _ in picture["ticks"]]
        assert 2 <= len(places) <= 7 and all(a < b for a, b in pairwise(places))
        assert low <= places[0] and places[-1] <= high
        assert len({words for _, words in picture["ticks"]}) == len(places)
        decimals = {len(words.partition(".")[2]) for _, words in picture["ticks"] if "×" not in words}
        assert len(decimals) < 2
        if picture["band"]:
            assert low <= picture["band"][0] <= picture["band"][1] <= high


def test_a_margin_is_shaded_and_the_interval_is_that_of_the_rule() -> None:
    runs = both(True, bad_seed=False)
    similar = Part("", Quantity("final", (Setting("rnn"),), (Setting("original"),)), low=-EQUAL, high=EQUAL)
    picture = strip(find(similar, runs))
    assert picture["band"] == (-EQUAL, EQUAL) and not picture["share"]
    assert picture["interval"] == [0, 0, 0]
    assert picture["dots"][0] == {"seed": 0, "value": 0, "words": "0.0 points", "fails": False}


def test_ticks_are_written_as_short_as_they_go() -> None:
    runs = both(True)
    part = Part("", Quantity("conv1 #3 bottom left", (Setting("original"),)), low=-2, rule="median")
    assert [words for _, words in strip(find(part, runs))["ticks"]] == ["−2 sd", "0 sd", "2 sd", "4 sd"]


def test_failures_are_counted_on_an_axis_of_shares() -> None:
    part = Part("", Quantity("fails", (Setting("original"),)), low=0, rule="share", share=RARELY)
    picture = strip(find(part, both(True, seeds=range(5))))  # seed 1 fails
    assert picture["share"] and picture["band"] == RARELY
    assert picture["interval"] == pytest.approx([0.2, 0.005, 0.716], abs=0.001)
    assert [dot["fails"] for dot in picture["dots"]] == [False, True, False, False, False]


def test_without_seeds_there_is_no_picture() -> None:
    assert strip(find(Part("", Quantity("final", (Setting("tanh"),)), low=0), Runs())) == {}
