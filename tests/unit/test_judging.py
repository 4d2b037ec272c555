"""Intervals against scipy's own, and every verdict that a claim can get."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lenet.study.curves import History
from lenet.study.design import SEEDS, Claim, Experiment, Part, Quantity, Setting
from lenet.study.experiments import EXPERIMENTS, experiment
from lenet.study.judging import (
    CANNOT_TELL,
    CAVEAT,
    FAILS,
    HOLDS,
    NOT_REPRODUCED,
    REPRODUCED,
    RULES,
    UNDECIDED,
    answers,
    find,
    in_words,
    judge,
    mechanism,
    numbers,
    rule,
    verdict,
)
from lenet.study.measures import MEASURES, Runs, interval, paired, show, values
from lenet.study.tables import course, table
from lenet.variant import variant
from tests.curves import both, world

CLAIMS = [pytest.param(claim, id=f"{e.id}-{claim.letter}") for e in EXPERIMENTS for claim in e.claims]
# An original that is consistently good (4a) cannot have a bad repetition (3b) at the same time.
CONSISTENT = experiment("depth").claims[0]
ANY = both(True, seeds=[0])[Setting("original").run(0)]
samples = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12)


def ended(accuracy: float) -> History:
    """A run that ends with this accuracy."""
    return replace(ANY, test_accuracy=[0.1, accuracy])


@given(samples)
def test_interval_is_that_of_scipy(sample: list[float]) -> None:
    ours = interval(sample)
    error = scipy.stats.sem(sample)
    if error == 0:  # scipy then makes it nan
        assert (ours.low, ours.high) == pytest.approx((ours.mean, ours.mean), rel=1e-9, abs=1e-9)
        return
    low, high = scipy.stats.t.interval(0.95, len(sample) - 1, np.mean(sample), error)
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=12))
def test_comparison_is_the_paired_t_test_of_scipy(pairs: list[tuple[float, float]]) -> None:
    left, right = dict(enumerate(p[0] for p in pairs)), dict(enumerate(p[1] for p in pairs))
    differences = paired(left, right)
    ours = interval(differences.values())
    if np.ptp(list(differences.values())) < 1e-6:
        return
    theirs = scipy.stats.ttest_rel(list(left.values()), list(right.values())).confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-6, abs=1e-6)


def test_pairs_are_those_seeds_that_both_have() -> None:
    assert paired({0: 1.0, 1: 5.0, 2: 2.0}, {2: 1.5, 0: 0.5, 9: 7.0}) == {0: 0.5, 2: 0.5}


def test_one_value_decides_nothing_and_none_even_less() -> None:
    assert (interval([0.5]).low, interval([0.5]).high) == (-math.inf, math.inf)
    assert interval([]).n == 0 and math.isnan(interval([]).mean)


@pytest.mark.parametrize(
    ("name", "sample", "low", "high", "outcome"),
    [
        ("mean", [1.0, 1.1, 0.9], 0, math.inf, HOLDS),
        ("mean", [-1.0, -1.1, -0.9], 0, math.inf, FAILS),
        ("mean", [1.0, -1.1, 0.3], 0, math.inf, UNDECIDED),
        ("mean", [0.0, 0.0, 0.0], 0, math.inf, FAILS),
        ("mean", [0.01, 0.011, 0.009], -0.02, 0.02, HOLDS),
        ("mean", [0.03, 0.031, 0.029], -0.02, 0.02, FAILS),
        ("every", [0.95, 0.96, 0.97], 0.9, math.inf, HOLDS),
        ("every", [0.95, 0.8, 0.97], 0.9, math.inf, FAILS),
        ("some", [0.95, 0.8, 0.97], -math.inf, 0.9, HOLDS),
        ("some", [0.95] * 3, -math.inf, 0.9, UNDECIDED),
        ("some", [0.95] * 8, -math.inf, 0.9, FAILS),
        ("varies", [1.0, 2.0, 1.0], -math.inf, math.inf, HOLDS),
        ("varies", [2.0, 2.0, 2.0], -math.inf, math.inf, FAILS),
    ],
)
def test_rules(name: str, sample: list[float], low: float, high: float, outcome: str) -> None:
    assert RULES[name].decide(sample, low, high) == outcome


def test_a_third_is_missed_in_eight_runs_by_less_than_one_chance_in_twenty() -> None:
    assert (2 / 3) ** 8 < 0.05 < (2 / 3) ** 7


@pytest.mark.parametrize(
    ("paper", "linear", "expected"),
    [
        ([HOLDS, HOLDS], [HOLDS, HOLDS], REPRODUCED),
        ([HOLDS], [], REPRODUCED),
        ([HOLDS, HOLDS], [HOLDS, FAILS], CAVEAT),
        ([HOLDS], [UNDECIDED], CAVEAT),
        ([HOLDS, FAILS], [HOLDS, HOLDS], NOT_REPRODUCED),
        ([UNDECIDED, FAILS], [], NOT_REPRODUCED),
        ([HOLDS, UNDECIDED], [HOLDS, HOLDS], CANNOT_TELL),
    ],
)
def test_verdict(paper: list[str], linear: list[str], expected: str) -> None:
    assert verdict(paper, linear) == expected


@pytest.mark.parametrize("claim", CLAIMS)
def test_where_the_paper_is_right_its_claims_are_reproduced(claim: Claim) -> None:
    judgement = judge(claim, both(True, bad_seed=claim != CONSISTENT))
    assert judgement.verdict == REPRODUCED, [numbers(finding) for finding in (*judgement.paper, *judgement.linear)]
    assert judgement.done == judgement.needed > 0
    assert judgement.note == ""


@pytest.mark.parametrize("claim", CLAIMS)
def test_where_it_is_wrong_they_are_not(claim: Claim) -> None:
    judgement = judge(claim, Runs({**world(False, "paper"), **world(True, "linear")}))
    assert judgement.verdict == NOT_REPRODUCED, [numbers(finding) for finding in judgement.paper]


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.values[0].counter_test])  # type: ignore[attr-defined]
def test_right_only_with_the_output_relu_is_a_caveat(claim: Claim) -> None:
    consistent = claim == CONSISTENT
    judgement = judge(claim, Runs({**world(True, "paper", bad_seed=not consistent), **world(False, "linear")}))
    assert judgement.verdict == CAVEAT
    assert judgement.note == "With linear output it does not hold."


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("seeds", [(), (0,), (0, 1)])
def test_too_few_runs_cannot_tell(claim: Claim, seeds: tuple[int, ...]) -> None:
    judgement = judge(claim, both(True, seeds=seeds))
    assert judgement.verdict == CANNOT_TELL
    missing = judgement.needed * (len(SEEDS) - len(seeds)) // len(SEEDS)
    assert f"Not yet run: {missing} of {judgement.needed} runs." in judgement.note


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_says_its_rule_numbers_and_mechanism(claim: Claim) -> None:
    runs = both(True)
    for finding in (*judge(claim, runs).paper, *judge(claim, runs).linear):
        assert "{" not in rule(finding.part) and rule(finding.part).startswith("holds if")
        assert f"n = {len(finding.values)}" in numbers(finding)
        assert all(f"(seed {seed})" in numbers(finding) for seed in finding.values)
    assert "not measured yet" not in mechanism(claim, runs)
    if claim.figures:
        assert "not measured yet" in mechanism(claim, Runs())


def test_a_quantity_by_seed() -> None:
    runs = both(True, bad_seed=False)
    fast = Quantity("epochs", (Setting("tanh"),), (Setting("original"),))
    assert set(values(fast, runs).values()) == {-3.0}
    assert set(values(Quantity("epochs", (Setting("sigmoid"),)), runs).values()) == {21.0}
    assert values(Quantity("dead logits", (Setting("original-linear"),)), runs) == {}
    assert set(values(Quantity("gradient ratio", (Setting("depth-4"),)), runs).values()) == {-4.0}
    both_rates = Quantity("final", (Setting("original", 0.1), Setting("original", 0.001)), over="range")
    assert all(value == pytest.approx(0.88) for value in values(both_rates, runs).values())


def test_no_interval_of_accuracies_is_printed_past_what_they_can_be() -> None:
    tanh, original = (Setting(name) for name in ("tanh", "original"))
    scattered = {0: 1.0, 1: 0.0, 2: 1.0}
    runs = Runs({
        setting.run(seed): ended(abs(less - final))
        for setting, less in ((tanh, 0.0), (original, 1.0)) for seed, final in scattered.items()
    })  # fmt: skip
    alone = find(Part("", Quantity("final", (tanh,))), runs)
    between = find(Part("", Quantity("final", (tanh,), (original,))), runs)
    assert alone.interval.low < 0 and alone.interval.high > 1
    assert "interval 0.0 % to 100.0 %, n = 3" in numbers(alone)
    assert between.interval.low < -1 and between.interval.high > 1
    assert "interval −100.0 points to +100.0 points, n = 3" in numbers(between)


def test_the_table_keeps_runs_that_never_get_there_out_of_the_mean() -> None:
    runs = world(True, "paper", seeds=range(4))
    there, not_there = (runs[Setting("original").run(seed)] for seed in (0, 3))
    for history, epoch in ((there, 7), (not_there, None)):
        history.test_accuracy[:] = [0.95 if epoch and at >= epoch else 0.2 for at in history.epoch]
    settings = {name: Setting(name) for name in ("original", "depth-4")}
    some, none = table(settings, runs)
    assert (some["reached"], some["epochs"]) == (3, pytest.approx((7 + 5 + 5) / 3))
    assert none["reached"] == 0 and math.isnan(none["epochs"])


def test_a_mean_in_words_has_its_unit_its_interval_and_n() -> None:
    gain, final = (Quantity(name, (Setting("original"),)) for name in ("gain", "final"))
    assert show(gain, 0.0712) == "7.1 points"
    assert in_words(final, interval([0.9, 1.0])) == "95.0 %, 95 % interval 31.5 % to 100.0 %, n = 2"
    assert in_words(gain, interval([0.5])) == "50.0 points, n = 1"


def test_a_run_that_is_no_number_any_more_leaves_the_others_their_course() -> None:
    runs = both(True, seeds=range(3))
    setting = Setting("depth-4")
    broken = setting.run(1)
    history = runs[broken]
    loss = [*history.train_loss[:5], *[math.nan] * 16]
    norms = [*history.gradient_norms[:5], *[dict.fromkeys(history.gradient_norms[0], math.nan)] * 16]
    runs[broken] = replace(history, train_loss=loss, gradient_norms=norms)
    for name in ("loss", "gradient", "dead"):
        means, seeds = course({"4 layers": setting}, name, runs)
        assert [row["n"] for row in means] == [3] * 5 + [2] * 16
        assert all(math.isfinite(row["mean"]) for row in means)
        assert {row["seed"] for row in seeds if row["epoch"] == 20} == {0, 2}
    assert values(Quantity("dead logits", (setting,)), runs).keys() == {0, 2}


def test_runs_without_the_other_setting_do_not_count() -> None:
    runs = both(True, bad_seed=False)
    part = Part("", Quantity("final", (Setting("tanh"),), (Setting("original"),)), high=0)
    for seed in range(4, 10):
        del runs[Setting("original").run(seed)]
    assert find(part, Runs(runs)).values.keys() == {0, 1, 2, 3}


@pytest.mark.parametrize("e", EXPERIMENTS[1:], ids=lambda e: e.title)
def test_the_right_answer_follows_the_curves(e: Experiment) -> None:
    for right, answer in e.guess.answers.items():
        [winner] = answer.quantity.of
        runs = Runs({
            setting.run(seed): ended(0.9 if setting == winner else 0.2 + seed / 10)
            for setting in e.settings() for seed in range(3)
        })  # fmt: skip
        means = {name: interval(by_seed.values()).mean for name, by_seed in answers(e.guess, runs).items()}
        assert means.keys() == e.guess.answers.keys()
        assert max(means, key=means.__getitem__) == right
    assert answers(e.guess, Runs()) == {}


def test_measures_of_real_numbers() -> None:
    history = both(True)[Setting("original").run(0)]
    assert MEASURES["epochs"].of(history) == 5
    assert MEASURES["unpredicted"].of(replace(history, classes_predicted=[1, 8])) == 2
    assert MEASURES["highest"].of(replace(history, test_accuracy=[0.1, 0.9, 0.3])) == 0.9
    assert MEASURES["nan"].of(replace(history, train_loss=[2.3, math.nan])) == 1
    assert MEASURES["nan"].of(replace(history, train_loss=[2.3, 0.1])) == 0
    assert MEASURES["gradient ratio"].of(replace(history, gradient_norms=[{"conv1": 0.0, "fc3": 1.0}])) is None
    assert MEASURES["area"].of(replace(history, test_accuracy=[0.0, 0.5, 1.0])) == 0.75


@pytest.mark.parametrize(
    ("name", "linear"), [("original", "fc1"), ("depth-4", "fc1"), ("lstm", "fc1"), ("rnn-steps", "fc1")]
)
def test_the_first_linear_layer_is_found_by_its_name(name: str, linear: str) -> None:
    history = both(True, seeds=[0])[Setting(name).run(0)]
    norms = {layer: float(place) for place, layer in enumerate(history.gradient_norms[0])}
    assert MEASURES["linear gradient"].of(replace(history, gradient_norms=[norms])) == norms[linear]


def test_dead_logits_are_those_of_the_last_activation() -> None:
    history = both(True, seeds=[0])[Setting("original").run(0)]
    dead = {"relu1": 1.0, "relu2": 0.0, "relu3": 0.0, "relu4": 0.0, "relu5": 0.3}
    assert MEASURES["dead logits"].of(replace(history, dead_units=[dead])) == 3
    assert MEASURES["unpredicted"].of(replace(history, dead_units=[dead])) == 3
    linear = replace(history, network=variant("original-linear"), dead_units=[dead])
    assert MEASURES["dead logits"].of(linear) is None
    assert MEASURES["unpredicted"].of(linear) == 0


def test_the_report_has_every_claim_and_follows_the_curves() -> None:
    from lenet.study.report import report

    right, none = report(both(True, seeds=range(3))), report(Runs())
    for e in EXPERIMENTS:
        for claim in e.claims:
            assert f"### {e.number}{claim.letter} {claim.words}" in right
            assert f"| {e.number}{claim.letter} | {claim.words} | **{CANNOT_TELL}** |" in none
    assert f"**{REPRODUCED}**" in right and "not yet run" not in right
    assert "0 of the 186 runs" in none
