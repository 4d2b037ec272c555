"""Intervals against scipy's own, and every verdict that a claim can get."""

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lenet.study.curves import History
from lenet.study.design import (
    CONSISTENTLY,
    EQUAL,
    MIXED,
    MOSTLY,
    RARE,
    RARELY,
    SEEDS,
    Claim,
    Experiment,
    Part,
    Quantity,
    Setting,
)
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
    Row,
    answers,
    corrected,
    find,
    in_words,
    judge,
    mechanism,
    more_seeds,
    numbers,
    rule,
    verdict,
)
from lenet.study.measures import (
    MEASURES,
    Runs,
    failed,
    failed_since,
    interval,
    never_predicted,
    paired,
    show,
    values,
)
from lenet.study.plan import at_least, costly, until_decided
from lenet.study.tables import lines, table
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


def rows(*values: float, left: str = "", right: str = "") -> list[Row]:
    """Seeds with these values; an x at its place says that the first or the second side fails."""
    return [Row(value, left[at : at + 1] == "x", right[at : at + 1] == "x") for at, value in enumerate(values)]


ACCURACY = Quantity("final", (Setting("tanh"),), (Setting("original"),))
SPEED = Quantity("epochs", (Setting("tanh"),), (Setting("original"),))
BETTER, WORSE = Part("", ACCURACY, low=0), Part("", ACCURACY, high=0)
FASTER, SLOWER = Part("", SPEED, high=0), Part("", SPEED, low=0)
SIMILAR = Part("", ACCURACY, low=-EQUAL, high=EQUAL)


@pytest.mark.parametrize(
    ("part", "sample", "outcome"),
    [
        # Six differences of one sign are the fewest that decide; five never do.
        (BETTER, rows(*[0.01] * 6), HOLDS),
        (BETTER, rows(*[-0.01] * 6), FAILS),
        (BETTER, rows(*[0.01] * 5), UNDECIDED),
        (BETTER, rows(*[0.0] * 9), FAILS),
        (FASTER, rows(*[-1.0] * 6), HOLDS),
        (SLOWER, rows(*[-1.0] * 6), FAILS),
        (SIMILAR, rows(*[0.01] * 6), HOLDS),
        (SIMILAR, rows(*[0.03] * 6), FAILS),
        (SIMILAR, rows(0.03, 0.03, 0.03, 0.01, 0.01, 0.01), UNDECIDED),
        # Failures come first, whatever the other seeds show: six that only one side has, and the other none.
        (BETTER, rows(*[-0.01] * 12, right="xxxxxx"), HOLDS),
        (WORSE, rows(*[-0.01] * 12, right="xxxxxx"), FAILS),
        (BETTER, rows(*[0.01] * 12, left="xxxxxx"), FAILS),
        (WORSE, rows(*[0.01] * 12, left="xxxxxx"), HOLDS),
        (FASTER, rows(*[1.0] * 12, right="xxxxxx"), HOLDS),
        (SLOWER, rows(*[1.0] * 12, right="xxxxxx"), FAILS),
        (SIMILAR, rows(*[0.0] * 12, left="xxxxxx"), FAILS),
        # Seeds in which a run fails do not count among the others.
        (BETTER, rows(*[-0.9] * 3, *[0.01] * 6, left="xxx"), HOLDS),
        (BETTER, rows(*[0.01] * 6, left="xx", right="xx"), UNDECIDED),
    ],
)
def test_compared_by_failures_first_and_then_by_the_median(part: Part, sample: list[Row], outcome: str) -> None:
    assert RULES["compare"].decide(sample, part).outcome == outcome


RARE_PART, OFTEN = Part("", ACCURACY, low=0, share=RARELY), Part("", ACCURACY, low=0, share=CONSISTENTLY)
MOST, SOME = Part("", ACCURACY, low=0, share=MOSTLY), Part("", ACCURACY, low=0, share=MIXED)


@pytest.mark.parametrize(
    ("name", "part", "yes", "n", "outcome"),
    [
        ("share", RARE_PART, 0, 17, HOLDS),
        ("share", RARE_PART, 0, 16, UNDECIDED),
        ("share", RARE_PART, 6, 10, FAILS),
        ("share", OFTEN, 17, 17, HOLDS),
        ("share", OFTEN, 16, 16, UNDECIDED),
        ("share", OFTEN, 4, 10, FAILS),
        ("share", MOST, 6, 6, HOLDS),
        ("share", MOST, 5, 5, UNDECIDED),
        ("share", MOST, 0, 6, FAILS),
        ("share", SOME, 10, 20, HOLDS),
        ("share", SOME, 0, 20, FAILS),
        ("share", SOME, 20, 20, FAILS),
        ("share", SOME, 5, 10, UNDECIDED),
        ("can", BETTER, 1, 3, HOLDS),
        ("can", BETTER, 0, 16, UNDECIDED),
        ("can", BETTER, 0, 17, FAILS),
    ],
)
def test_shares_by_their_exact_interval(name: str, part: Part, yes: int, n: int, outcome: str) -> None:
    assert RULES[name].decide(rows(*[1.0] * yes, *[-1.0] * (n - yes)), part).outcome == outcome


@pytest.mark.parametrize(("most", "outcome"), [(10, HOLDS), (15, UNDECIDED), (20, FAILS)])
def test_the_winner_varies_if_none_wins_nearly_always(most: int, outcome: str) -> None:
    sample = rows(*[3.0] * most, *[1.0, 2.0, 4.0, 5.0] * 5)[:20]
    assert RULES["varied"].decide(sample, BETTER).outcome == outcome


def test_a_rare_thing_does_not_show_in_most_sets_of_three() -> None:
    assert (1 - RARE) ** 3 > 0.5 > (1 - RARE - 0.01) ** 3


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
    judgement = judge(claim, Runs({**world(True, "linear"), **world(False, "paper")}))
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
        assert "{" not in rule(finding.part) and "holds if" in rule(finding.part)
        assert f"of {len(finding.rows)} seeds" in numbers(finding) or f"n = {len(finding.rows)}" in numbers(finding)
        assert "exact 95 % interval" in numbers(finding) or "in no seed do both succeed" in numbers(finding)
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
    both_rates = Quantity("final", (Setting("original", 0.1), Setting("original", 0.001)), over="sum")
    assert all(value == pytest.approx(1.08, abs=0.01) for value in values(both_rates, runs).values())


def test_no_interval_of_accuracies_is_printed_past_what_they_can_be() -> None:
    scattered = interval([1.0, 0.0, 1.0])
    assert scattered.low < 0 and scattered.high > 1
    assert "interval 0.0 % to 100.0 %, n = 3" in in_words(Quantity("final", (Setting("tanh"),)), scattered)
    apart = interval([1.0, -1.0, 1.0])
    assert apart.low < -1 and apart.high > 1
    assert "interval −100.0 points to +100.0 points, n = 3" in in_words(ACCURACY, apart)


def test_the_table_keeps_runs_that_never_get_there_out_of_the_mean() -> None:
    runs = world(True, "paper", seeds=range(4))
    for seed, reached in ((0, 7), (3, 99)):
        history = runs[Setting("original").run(seed)]
        accuracy = [0.95 if epoch >= reached else 0.2 for epoch in history.epoch]
        runs[Setting("original").run(seed)] = replace(history, test_accuracy=accuracy)
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
        [line] = lines({"4 layers": setting}, name, runs)
        assert [seed["y"].count(None) for seed in line["seeds"]] == [0, 16, 0]
        assert all(math.isfinite(value) for value in line["mean"])
    assert [seed["died"] for seed in line["seeds"]] == [0, 0, 0]
    assert values(Quantity("dead logits", (setting,)), runs).keys() == {0, 2}


def test_runs_without_the_other_setting_do_not_count() -> None:
    runs = both(True, bad_seed=False)
    part = Part("", Quantity("final", (Setting("tanh"),), (Setting("original"),)), high=0)
    for seed in range(4, 20):
        del runs[Setting("original").run(seed)]
    assert find(part, Runs(runs)).rows.keys() == {0, 1, 2, 3}


@pytest.mark.parametrize("e", EXPERIMENTS[1:], ids=lambda e: e.title)
def test_the_right_answer_follows_the_curves(e: Experiment) -> None:
    for right, answer in e.guess.answers.items():
        [winner] = answer.quantity.of
        runs = Runs(
            {
                setting.run(seed): ended(0.9 if setting == winner else 0.2 + seed / 10)
                for setting in e.settings()
                for seed in range(3)
            }
        )
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


def test_another_curve_is_another_verdict() -> None:
    runs = both(True, bad_seed=False)
    claim = experiment("pooling").claims[3]  # smaller stride starts high and converges quickly
    assert judge(claim, runs).verdict == REPRODUCED
    for seed in range(8):
        run = Setting("pool-stride-1").run(seed)
        runs[run] = replace(runs[run], classes_predicted=[9] * 21)
    assert judge(claim, Runs(runs)).verdict == NOT_REPRODUCED


def test_weights_that_are_nan_are_a_failure_too() -> None:
    assert not failed(ANY)
    assert failed(replace(ANY, train_loss=[2.3, math.nan]))
    assert failed(replace(ANY, classes_predicted=[10, 9]))


def test_a_run_fails_from_the_epoch_on_after_which_it_never_has_all_ten() -> None:
    assert failed_since(ANY) is None
    lost = [1, 9, *[10] * 5, 9, 10, *[9] * 12]  # after epoch 8 for good
    assert failed_since(replace(ANY, classes_predicted=lost)) == 9
    assert failed_since(replace(ANY, classes_predicted=[9] * 21)) == 0
    assert failed_since(replace(ANY, train_loss=[*[2.3] * 20, math.nan])) == 20
    assert never_predicted(replace(ANY, class_accuracy=[[0.1] * 10, [*[0.9] * 6, 0.0, *[0.9] * 3]])) == [6]


def test_an_undecided_part_says_how_many_seeds_would_decide() -> None:
    part = Part("", Quantity("fails", (Setting("original-linear"),)), low=0, rule="share", share=RARELY)
    few = find(part, both(True, seeds=range(5)))
    assert (few.outcome, few.seeds_needed) == (UNDECIDED, 17)
    assert more_seeds(few) == "About 17 seeds would decide it, if the others are like these 5."
    enough = find(part, both(True, seeds=range(17)))
    assert enough.outcome == HOLDS and more_seeds(enough) == ""


def test_what_three_repetitions_would_have_said() -> None:
    claim = experiment("depth").claims[0]  # consistently good; one seed in five is bad
    shares = judge(claim, both(True, seeds=range(5))).three_repetitions
    assert shares == {NOT_REPRODUCED: 0.6, REPRODUCED: 0.4}
    assert judge(claim, both(True, seeds=range(2))).three_repetitions == {}


def test_all_tests_of_the_study_are_corrected_for_their_number() -> None:
    runs = both(True)
    judgements = [judge(claim, runs) for e in EXPERIMENTS for claim in e.claims]
    adjusted = corrected(judgements)
    found = {f.part: f.p for j in judgements for f in (*j.paper, *j.linear) if f.p is not None}
    assert adjusted.keys() == found.keys() and len(found) > 40
    assert all(found[part] <= p <= 1 for part, p in adjusted.items())
    assert min(adjusted.values()) == pytest.approx(min(1, len(found) * min(found.values())))


def test_what_to_run_next_is_what_verdicts_wait_for() -> None:
    runs = both(True, seeds=range(5))
    claim = experiment("pooling").claims[1]  # waits for the original without the output ReLU alone
    wanted = until_decided([judge(claim, runs)], most=30)
    assert wanted == [Setting("original-linear").run(seed) for seed in range(17)]
    assert until_decided([judge(claim, runs)], most=16) == []
    assert until_decided([judge(claim, both(True))], most=30) == []
    assert until_decided([judge(claim, both(True, seeds=[0]))], most=3) != []


def test_every_setting_gets_its_seeds_and_costly_ones_fewer() -> None:
    counts = Counter(run.variant for run in at_least([experiment("depth")], 15))
    assert {name: counts[name] for name in ("original", "depth-1-linear", "depth-3", "depth-4-linear")} == {
        "original": 15,
        "depth-1-linear": 15,
        "depth-3": 10,
        "depth-4-linear": 10,
    }
    costs = [run.cost() for run in at_least(EXPERIMENTS, 15)]
    assert costs == sorted(costs)
    assert {setting.variant for e in EXPERIMENTS for setting in e.settings() if costly(setting)} == {
        "pool-stride-1",
        "pool-kernel-3-stride-1",
        "depth-3",
        "depth-4",
    }


def test_the_report_has_every_claim_and_follows_the_curves() -> None:
    from lenet.study.report import report

    right, none = report(both(True)), report(Runs())
    for e in EXPERIMENTS:
        for claim in e.claims:
            assert f"### {e.number}{claim.letter} {claim.words}" in right
            assert f"| {e.number}{claim.letter} | {claim.words} | **{CANNOT_TELL}** |" in none
    assert f"**{REPRODUCED}**" in right and "not yet run" not in right
    assert "0 of the 207 runs" in none


def test_the_readme_says_what_the_curves_say() -> None:
    from lenet.study.curves import read
    from lenet.study.kernels import kernels
    from lenet.study.measures import load
    from lenet.study.report import README, summary

    shipped = summary(load(read(), kernels()))
    assert shipped in README.read_text(), "python -m lenet experiments --report writes it"
    assert shipped.count(".") >= 4
    right, wrong = (" ".join(summary(both(kind)).split()) for kind in (True, False))
    assert "with 20 seeds" in right and "20 claims, 19 reproduced" in right
    assert "20 not reproduced" in wrong and "layer 0 of 20 runs" in wrong


def test_the_report_writes_the_readme_between_its_marks_alone(tmp_path: Path) -> None:
    from lenet.study.report import BEGIN, END, summary, write

    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(tmp_path / "REPORT.md", readme)
    before, _, rest = readme.read_text().partition(BEGIN)
    now, _, after = rest.partition(END)
    assert (before, after) == ("before\n", "\nafter\n") and "old" not in now and "seeds" in now
    assert "what came out" in (tmp_path / "REPORT.md").read_text()
    assert summary(both(True)) not in now
