"""The declared experiments: complete, consistent, and free of torch."""

import subprocess
import sys
from ast import literal_eval
from itertools import pairwise

import pytest

from lenet.paths import ROOT
from lenet.study.curves import histories, read
from lenet.study.experiments import EXPERIMENTS, LEARNING_RATES, SEEDS, Experiment, Run, Setting, experiment
from lenet.study.statistics import MEASURES, RULES

# What the paper claims, as in the specification of the experiments.
LETTERS = {1: "ab", 2: "abcd", 3: "abcdef", 4: "abcde", 5: "abc"}
ALL_RUNS = {run for e in EXPERIMENTS for run in e.runs()}


@pytest.mark.parametrize("e", EXPERIMENTS, ids=lambda e: e.title)
def test_every_claim_is_there(e: Experiment) -> None:
    assert "".join(claim.letter for claim in e.claims) == LETTERS[e.number]
    for claim in e.claims:
        assert claim.words and claim.mechanism and claim.parts


@pytest.mark.parametrize("e", EXPERIMENTS, ids=lambda e: e.title)
def test_what_a_claim_asks_for_is_measured_and_run(e: Experiment) -> None:
    quantities = [part.quantity for claim in e.claims for part in claim.parts]
    quantities += [quantity for claim in e.claims for _, quantity in claim.figures] + list(e.guess.answers.values())
    for quantity in quantities:
        assert quantity.measure in MEASURES
        for setting in (*quantity.of, *quantity.minus):
            assert {setting.run(form, seed) for form in (True, False) for seed in SEEDS} <= ALL_RUNS
    for claim in e.claims:
        for part in claim.parts:
            assert part.rule in RULES
            assert part.low < part.high


def test_the_grid_is_that_of_the_paper() -> None:
    assert experiment(1).runs() == []
    two = experiment(2).runs()
    grid = {(run.variant, run.lr) for run in two if run.recipe == "paper"}
    assert grid == {(v, lr) for v in ("original", "tanh", "sigmoid") for lr in LEARNING_RATES}
    assert len(two) == (3 * 3 + 1) * 2 * len(SEEDS)
    assert len(experiment(3).runs()) == 7 * 2 * len(SEEDS)
    assert len(experiment(4).runs()) == 4 * 2 * len(SEEDS)
    assert len(experiment(5).runs()) == 5 * 3 * 2 * len(SEEDS)
    recipe = Run("original", True, 0.1, 0).training()
    assert (recipe.optimiser, recipe.momentum, recipe.batch_size, recipe.epochs) == ("sgd", 0, 256, 20)
    assert (recipe.shuffle, recipe.augmentation, recipe.schedule) == (False, "none", "constant")


def test_runs_have_names_of_their_own() -> None:
    assert len({run.name for run in ALL_RUNS}) == len(ALL_RUNS)
    assert len({(run.variant, run.output_activation, run.lr, run.seed) for run in ALL_RUNS}) == len(ALL_RUNS)
    assert Run("tanh", False, 0.001, 2).name == "tanh-linear-lr0.001-seed2"
    assert Setting("sigmoid", 0.003, "adam").run(True, 1).name == "sigmoid-paper-lr0.003-adam-seed1"


def test_cost_grows_with_depth() -> None:
    costs = [Run(name, True, 0.1, 0).cost() for name in ("original", "depth-3", "depth-4")]
    assert all(less < more for less, more in pairwise(costs))


def test_unknown_runs_are_left_out() -> None:
    assert not Run("nothing", True, 0.1, 0).known()
    assert not Run("original", True, 0.1, 0, "nothing").known()
    with pytest.raises(ValueError, match="There is no experiment 6: there are 1, 2, 3, 4, 5"):
        experiment(6)


def test_nothing_of_it_imports_torch() -> None:
    code = (
        "import sys, lenet.study.statistics, lenet.study.kernels; "
        "sys.exit('torch' in sys.modules or 'scipy.stats' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_every_recorded_run_names_the_release_that_makes_it_again() -> None:
    alike = {run: None not in history["torch"] for run, history in histories(read()).items()}
    assert alike == {run: run.training().optimiser == "sgd" for run in alike}


@pytest.mark.slow
def test_a_recorded_run_begins_again_as_it_is_recorded() -> None:
    """In a process of its own, as the runner does it: the very numbers, if that was this release of PyTorch."""
    run = Run("original", True, 0.1, 0)
    code = f"""
from lenet.data import mnist
from lenet.study.experiments import Run
from lenet.training import new_model, prepare_process, release, train
prepare_process(repeatable=True)
run = {run!r}
epochs = train(new_model(run.network(), run.seed), run.training(), mnist("train"), mnist("test"))
found = [(e.train_loss, e.test_accuracy, list(e.gradient_norms.values())) for e in (next(epochs), next(epochs))]
print((release(run.training()), found))
"""
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    release, found = literal_eval(printed)
    history = histories(read())[run]
    recorded = list(zip(*(history[name][:2] for name in ("train_loss", "test_accuracy", "gradient_norms"))))
    if release == history["torch"][0]:
        assert found == recorded
    else:  # another release rounds otherwise, and 235 steps make much of the last bits
        assert found[0] == (pytest.approx(recorded[0][0]), pytest.approx(recorded[0][1]), pytest.approx(recorded[0][2]))
        assert found[1][0] == pytest.approx(recorded[1][0], rel=0.02)
