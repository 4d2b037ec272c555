"""The diagnosis: each ill gets its sentence and its numbers, and a network trained to be ill gets it for real."""

from dataclasses import replace
from itertools import islice

import pytest

from lenet.data import mnist
from lenet.probes.diagnosis import diagnose
from lenet.recipe import RECIPES, Recipe
from lenet.training import Epoch, epochs, new_model, train
from lenet.variant import VARIANTS

FINE = Epoch(1, 0.1, 0.98, [0.98] * 10, 10, {"relu1": 0.0, "relu5": 0.0}, {"conv1": 0.1, "fc3": 0.2}, 1.0)
BEFORE = replace(FINE, epoch=0, train_loss=2.3, test_accuracy=0.1)
NEVER = {"class_accuracy": [0.0, *[0.99] * 9], "classes_predicted": 9, "test_accuracy": 0.9}


@pytest.mark.parametrize(
    ("variant", "change", "kind", "words"),
    [
        ("original", {}, "good", "learning well"),
        ("original", {"test_accuracy": 0.7}, "good", "more epochs"),
        (
            "original",
            NEVER | {"dead_units": {"relu5": 0.1}},
            "bad",
            "Never predicted so far: 0. The ReLU after the last layer is dead",
        ),
        ("original", NEVER, "bad", "cuts them off"),
        ("original", NEVER | {"epoch": 20}, "bad", "Never predicted: 0."),
        ("best", NEVER, "bad", "Other logits always win"),
        ("best", NEVER | {"classes_predicted": 10}, "warning", "Never classified correctly so far: 0."),
        ("original", {"train_loss": float("nan")}, "bad", "learning rate, 0.1, is too high"),
        ("sigmoid", {"gradient_norms": {"conv1": 1e-6, "fc3": 0.1}}, "bad", "vanishes"),
        ("tanh", {"dead_units": {"tanh1": 0.1, "tanh4": 0.8}}, "bad", "units of tanh4 are saturated"),
        ("original", {"dead_units": {"relu4": 0.8, "relu5": 0.0}}, "bad", "units of relu4 are zero"),
        ("sigmoid", {"test_accuracy": 0.1135}, "warning", "not begun"),
        ("original", {"test_accuracy": 0.8, "train_loss": 0.01}, "warning", "by heart"),
        ("original", {"dead_units": {"relu5": 0.1}}, "bad", "logit of 0 is dead"),
        ("tanh", {"dead_units": {"relu1": 0.86}, "test_accuracy": 0.1}, "bad", "too high"),
    ],
)
def test_each_ill_has_its_sentence(variant, change, kind, words):
    finding = diagnose(VARIANTS[variant], Recipe(), [BEFORE, replace(FINE, **change)])[0]
    assert finding.kind == kind and words in finding.sentence
    assert any(character.isdigit() for character in finding.evidence)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "recipe"),
    [
        ("best", Recipe(lr=10.0, batch_size=64, epochs=2, train_size=5000, shuffle=True)),
        ("original", Recipe(lr=10.0, epochs=2, train_size=5000)),
    ],
)
def test_units_that_too_large_steps_have_killed_are_no_vanishing_gradient(variant, recipe):
    v = VARIANTS[variant]
    history = list(epochs(train(new_model(v, 0), recipe, mnist("train"), mnist("test")[:1000])))
    first, *others = diagnose(v, recipe, history)
    assert "The learning rate, 10, is too high" in first.sentence and "epoch 1" in first.evidence
    assert not any("vanishes" in finding.sentence or "not begun" in finding.sentence for finding in others)


def test_what_was_learnt_and_lost_again_is_not_said_never_to_have_begun():
    history = [BEFORE, replace(FINE, test_accuracy=0.3), replace(FINE, epoch=2, test_accuracy=0.11)]
    [finding] = diagnose(VARIANTS["best"], Recipe(), history)
    assert "lost it again" in finding.sentence and "30.0 % after epoch 1" in finding.evidence


def test_a_network_that_is_no_number_any_more_has_not_failed_to_begin():
    lost = replace(FINE, train_loss=float("nan"), test_accuracy=0.098)
    findings = diagnose(VARIANTS["original"], Recipe(), [BEFORE, lost])
    assert ["not begun" in finding.sentence for finding in findings].count(True) == 0


def test_before_the_first_epoch_only_losses_speak():
    def said(*losses: float) -> list[str]:
        found = diagnose(VARIANTS["original"], Recipe(lr=10.0), [BEFORE], list(enumerate(losses, start=1)))
        return [f"{finding.sentence} {finding.evidence}" for finding in found]

    assert said() == said(2.3) == said(2.3, 2.6, 2.1) == []
    [shot_up] = said(2.3, 2.2, 4e17, 2.3)
    assert "The learning rate, 10, is too high" in shot_up and "4.0 × 10¹⁷ at step 3" in shot_up
    [lost] = said(2.3, 9.0, float("nan"))
    assert "became NaN" in lost and "step 3" in lost


@pytest.mark.parametrize(
    ("variant", "recipe", "why"),
    [
        ("sigmoid", Recipe(lr=0.9, epochs=1, train_size=3000), "a quarter of the gradient"),
        ("best", Recipe(lr=0.001, epochs=1, train_size=3000), "0.001, is too small for the steps so far"),
    ],
)
def test_what_has_not_begun_to_learn_is_told_why_and_what_to_do(variant, recipe, why):
    v = VARIANTS[variant]
    history = list(epochs(train(new_model(v, 0), recipe, mnist("train"), mnist("test")[:1000])))
    [said] = [finding.sentence for finding in diagnose(v, recipe, history) if "not begun" in finding.sentence]
    assert why in said and "dam" in said


def test_a_learning_rate_that_is_far_too_high_is_seen_within_twenty_steps():
    recipe = replace(RECIPES["quick"], lr=10.0)
    events = train(new_model(VARIANTS["best"], 0), recipe, mnist("train"))
    losses = [(step.number, step.loss) for step in islice(events, 20)]
    [finding] = diagnose(VARIANTS["best"], recipe, [BEFORE], losses)
    assert "The learning rate, 10, is too high" in finding.sentence


@pytest.mark.parametrize("preset", ["paper", "adam", "quick"])
def test_no_preset_is_warned_of(preset):
    events = train(new_model(VARIANTS["original"], 0), RECIPES[preset], mnist("train"))
    losses = [(step.number, step.loss) for step in islice(events, 60)]
    assert diagnose(VARIANTS["original"], RECIPES[preset], [BEFORE], losses) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "recipe", "words"),
    [
        ("best", Recipe(lr=100.0, epochs=2, train_size=2000), "too high"),
        ("sigmoid", Recipe(lr=0.1, epochs=1, train_size=1000), "not begun"),
        ("best", Recipe(optimiser="adam", lr=0.003, batch_size=64, epochs=2, train_size=4000), "learning"),
        ("best", Recipe(optimiser="adam", lr=0.003, batch_size=10, epochs=40, train_size=100), "by heart"),
        ("best", Recipe(epochs=60, train_size=1, batch_size=1), "by heart"),
        ("tanh", Recipe(lr=10.0, epochs=2, train_size=5000), "too high"),
    ],
)
def test_real_runs(variant, recipe, words):
    v = VARIANTS[variant]
    history = list(epochs(train(new_model(v, 0), recipe, mnist("train"), mnist("test")[:1000])))
    assert words in " ".join(finding.sentence for finding in diagnose(v, recipe, history))


@pytest.mark.parametrize(
    ("variant", "recipe", "norms", "kind", "words"),
    [
        ("sigmoid", Recipe(), {"conv1": 2e-5, "fc3": 0.07}, "bad", "vanishes on its way back to conv1"),
        ("sigmoid", RECIPES["adam"], {"conv1": 2e-5, "fc3": 0.07}, "good", "All is well so far"),
        ("best", Recipe(lr=0.001), {"conv1": 0.01, "fc3": 0.05}, "warning", "0.001, is too small for 4,700 steps"),
        ("best", Recipe(), {"conv1": 0.01, "fc3": 0.3}, "good", "All is well so far"),
        ("best", Recipe(lr=9.0), {"conv1": 0.0, "fc3": 0.3}, "bad", "No gradient reaches conv1"),
    ],
)
def test_twenty_steps_are_enough_for_a_cause_and_a_remedy(variant, recipe, norms, kind, words):
    losses = [(step, 2.3) for step in range(1, 21)]
    early = diagnose(VARIANTS[variant], recipe, [BEFORE], losses[:19], [(19, norms)])
    [finding] = diagnose(VARIANTS[variant], recipe, [BEFORE], losses, [(20, norms)])
    assert not early and finding.kind == kind and words in finding.sentence
    assert kind == "good" or "Try" in finding.sentence or "Train it" in finding.sentence
