"""Why a network learns or fails: from the records of a run to a sentence with its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from lenet.formatting import percent, short
from lenet.probes.logits import dead_logits
from lenet.recipe import Recipe
from lenet.training import Epoch
from lenet.variant import Variant

CHANCE = 0.15  # test accuracy below which nothing has been learned; one class alone is 9 to 11 %
VANISHED = 1e-3  # gradient norm of the first layer over that of the last
SATURATED = 0.5  # share of a layer's units that no picture moves
KILLED = 0.8  # such a share that training brought about
LEARNT = 0.05  # training loss below which the training pictures are known
GOOD = 0.95
SHOT_UP = 5.0  # times the loss of the first batch; no recipe that learns gets there
EARLY = 20  # steps after which the gradients of single batches tell enough
FELT = 0.5  # of loss: steps that should have brought less down than that were too small to show


@dataclass(frozen=True)
class Finding:
    """kind: good, warning or bad; sentence: what is the matter; evidence: the numbers that show it."""

    kind: str
    sentence: str
    evidence: str


NAN = "The loss became NaN: the learning rate, {:g}, is too high and the weights overflowed."
OTHERS_WIN = "Other logits always win. Train longer, or from another seed."
TENTH = "Try a tenth of the learning rate first."


def diagnose(
    variant: Variant,
    recipe: Recipe,
    history: Sequence[Epoch],
    losses: Sequence[tuple[int, float]] = (),
    gradients: Sequence[tuple[int, dict[str, float]]] = (),
) -> list[Finding]:
    """What the records tell, the gravest first. Before the first epoch has ended, what single batches tell: their
    losses as (step, loss) from the first step on, their gradients as (step, norm by layer) after EARLY steps."""
    if losses and not isfinite(losses[-1][1]):
        return [_became_nan(recipe, losses)]
    if len(history) < 2:
        finding = _shot_up(recipe, losses) or _early(variant, recipe, losses, gradients)
        return [finding] if finding else []
    last = history[-1]
    return [finding for rule in RULES if (finding := rule(variant, recipe, last, history))] or [_fine(last)]


def _became_nan(recipe: Recipe, losses: Sequence[tuple[int, float]]) -> Finding:
    step = next(step for step, loss in losses if not isfinite(loss))
    return Finding("bad", NAN.format(recipe.lr), f"Loss {short(losses[0][1])} at first, NaN at step {step:,}. {TENTH}")


def _shot_up(recipe: Recipe, losses: Sequence[tuple[int, float]]) -> Finding | None:
    step, worst = max(losses, key=lambda point: point[1], default=(0, 0.0))
    if not losses or worst < SHOT_UP * losses[0][1]:
        return None
    return Finding(
        "bad",
        f"The learning rate, {recipe.lr:g}, is too high: the loss shot up.",
        f"Loss {short(losses[0][1])} at first, {short(worst)} at step {step:,}. {TENTH}",
    )


def _early(
    variant: Variant,
    recipe: Recipe,
    losses: Sequence[tuple[int, float]],
    gradients: Sequence[tuple[int, dict[str, float]]],
) -> Finding | None:
    """What the gradient of a batch forebodes, before any accuracy can. Adam scales each weight's gradient to one size,
    so for Adam a small one is no ill."""
    step, norms = next(((step, norms) for step, norms in reversed(gradients) if step >= EARLY), (0, {}))
    if not norms or not losses:
        return None
    names = list(norms)
    first, final = norms[names[0]], norms[names[-1]]
    evidence = f"Gradient norm of {names[0]} {short(first)}, of {names[-1]} {short(final)} at step {step:,}."
    if first == 0:
        return Finding(
            "bad",
            f"No gradient reaches {names[0]}: units on the way are dead, and what is before them cannot learn. Try a "
            "tenth of the learning rate, or another seed.",
            evidence,
        )
    if recipe.optimiser == "sgd" and first < VANISHED * final:
        return Finding(
            "bad",
            f"The gradient vanishes on its way back to {names[0]}: the first layers hardly learn. {_rescue(variant)}",
            evidence,
        )
    steps = recipe.epochs * recipe.steps_per_epoch
    if recipe.optimiser == "sgd" and _expected(recipe, steps, norms) < FELT:
        return Finding("warning", f"It will hardly learn: {_too_small(recipe, f'{steps:,} steps')}", evidence)
    return Finding("good", "All is well so far: the gradient reaches every layer.", evidence)


def _has_sigmoid(variant: Variant) -> bool:
    return "sigmoid" in (variant.activations or (variant.activation,))


def _rescue(variant: Variant) -> str:
    if _has_sigmoid(variant):
        return (
            "Sigmoid lets at most a quarter of the gradient through each layer. Train it with Adam (the adam preset), "
            "or take ReLU."
        )
    return "Train it with Adam (the adam preset), or with fewer layers."


def _expected(recipe: Recipe, steps: int, norms: dict[str, float]) -> float:
    """How far plain descent brings the loss down: a step along the gradient g by about lr · |g|²."""
    return recipe.lr * steps * sum(norm**2 for norm in norms.values())


def _too_small(recipe: Recipe, steps: str) -> str:
    return (
        f"the learning rate, {recipe.lr:g}, is too small for {steps}. Try ten times as much, more epochs, "
        "or Adam (the adam preset)."
    )


def _not_a_number(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    norms = last.gradient_norms.values()
    if isfinite(last.train_loss) and all(isfinite(norm) for norm in norms):
        return None
    first = next(e.epoch for e in history if not isfinite(e.train_loss) or not _finite(e))
    return Finding(
        "bad",
        NAN.format(recipe.lr),
        f"The loss has been NaN since epoch {first}. {TENTH}",
    )


def _overshot(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    if last.test_accuracy >= CHANCE:
        return None
    worst, begin = max(history, key=lambda e: e.train_loss), history[0]
    killed = [name for name, share in last.dead_units.items() if share >= KILLED and begin.dead_units[name] < SATURATED]
    if worst.train_loss > 2 * begin.train_loss:
        evidence = f"Loss {short(begin.train_loss)} before training, {short(worst.train_loss)} in epoch {worst.epoch}."
    elif killed:
        name = killed[-1]
        since = next(e.epoch for e in history if e.dead_units[name] >= KILLED)
        evidence = (
            f"{name}: {percent(begin.dead_units[name], 0)} of its units were {_dead(name)} for every test picture "
            f"before training, {percent(last.dead_units[name], 0)} are since epoch {since}. {TENTH}"
        )
    else:
        return None
    return Finding(
        "bad",
        f"The learning rate, {recipe.lr:g}, is too high: the steps overshot and these units died.",
        evidence,
    )


def _dead(name: str) -> str:
    return "zero" if name.startswith("relu") else "saturated"


def _by_heart(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    if last.train_loss > LEARNT or last.test_accuracy >= GOOD:
        return None
    return Finding(
        "warning",
        "It is overfitting: it knows the training pictures by heart. More pictures would help, more epochs will not.",
        f"Training loss {last.train_loss:.3f} on {recipe.train_size:,} pictures, test accuracy "
        f"{percent(last.test_accuracy)}.",
    )


def _finite(epoch: Epoch) -> bool:
    return all(isfinite(norm) for norm in epoch.gradient_norms.values())


def _lost_classes(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    lost = [name for name, accuracy in zip(recipe.data.classes, last.class_accuracy) if accuracy == 0]
    if not lost or last.test_accuracy < CHANCE:
        return None
    so_far = " so far" if last.epoch < recipe.epochs else ""
    predicted = f"{last.classes_predicted} of {len(last.class_accuracy)} classes are predicted"
    evidence = f"{predicted}; test accuracy {percent(last.test_accuracy)}."
    if len(lost) > len(last.class_accuracy) - last.classes_predicted:  # some are predicted, for other digits
        return Finding("warning", f"Never classified correctly{so_far}: {', '.join(lost)}.", evidence)
    if not _ends_in_relu(variant):
        return Finding(
            "bad",
            f"Never predicted{so_far}: {', '.join(lost)}. Other logits always win. Train longer, or from another seed.",
            evidence,
        )
    dead = dead_logits(variant, last.dead_units) or 0
    why = (
        "The ReLU after the last layer is dead" if dead >= len(lost) else "The ReLU after the last layer cuts them off"
    )
    return Finding(
        "bad",
        f"Never predicted{so_far}: {', '.join(lost)}. {why}: where a logit is zero, no gradient comes back.",
        f"{dead} of 10 logits are zero for every test picture; {evidence}",
    )


def _ends_in_relu(variant: Variant) -> bool:
    return variant.output_activation and variant.activation == "relu"


def _lucky(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    """A dead output is the answer only where all ten are zero, and then it is the first: that of 0."""
    if not _ends_in_relu(variant):
        return None
    dead = dead_logits(variant, last.dead_units) or 0
    if dead <= len(last.class_accuracy) - last.classes_predicted:
        return None
    return Finding(
        "bad",
        "The logit of 0 is dead. Zeros seem to be recognised all the same, because where all ten logits are equal the "
        "first one counts as the answer.",
        f"{dead} of 10 logits are zero for every test picture, and yet {last.classes_predicted} classes are "
        f"predicted; accuracy of the digit 0 {percent(last.class_accuracy[0])}.",
    )


def _vanishing(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    names = list(last.gradient_norms)
    first, final = last.gradient_norms[names[0]], last.gradient_norms[names[-1]]
    if not 0 < first < VANISHED * final:  # exactly zero is no small gradient: dead units pass none
        return None
    return Finding(
        "bad",
        "The gradient vanishes on its way back: the first layer gets less than a thousandth of the last one's. "
        + _rescue(variant),
        f"Gradient norm of {names[0]} {short(first)}, of {names[-1]} {short(final)}.",
    )


def _saturated(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    name, share = max(last.dead_units.items(), key=lambda item: item[1], default=("", 0.0))
    if share < SATURATED:
        return None
    return Finding(
        "bad",
        f"Most units of {name} are {_dead(name)} for every test picture, so they learn nothing. Try a third of the "
        "learning rate, or another seed.",
        f"{percent(share, 0)} of them.",
    )


def _not_begun(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    graver = any(rule(variant, recipe, last, history) for rule in (_not_a_number, _overshot, _by_heart))
    if last.test_accuracy >= CHANCE or graver:
        return None
    best = max(history, key=lambda e: e.test_accuracy)
    if best.test_accuracy >= CHANCE:
        return Finding(
            "warning",
            "It had begun to learn and lost it again: its answers are no better than guessing now.",
            f"Test accuracy {percent(best.test_accuracy)} after epoch {best.epoch}, {percent(last.test_accuracy)} now.",
        )
    return Finding(
        "warning",
        f"It has not begun to learn, it is still guessing: {_why_not(variant, recipe, last)}",
        f"Test accuracy {percent(last.test_accuracy)}; loss {history[0].train_loss:.3f} before, "
        f"{last.train_loss:.3f} now.",
    )


def _why_not(variant: Variant, recipe: Recipe, last: Epoch) -> str:
    """Cause and remedy."""
    if recipe.optimiser == "sgd" and _has_sigmoid(variant):
        return f"the first layers hardly get any gradient. {_rescue(variant)}"
    steps = last.epoch * recipe.steps_per_epoch  # at most: of an epoch in which the run was stopped, some are missing
    if recipe.optimiser == "sgd" and _expected(recipe, steps, last.gradient_norms) < FELT:
        return _too_small(recipe, "the steps so far")
    return "nothing in the records says why. Try another seed, or a third of the learning rate."


RULES = (_not_a_number, _overshot, _by_heart, _lost_classes, _lucky, _vanishing, _saturated, _not_begun)


def _fine(last: Epoch) -> Finding:
    sentence = "It is learning well." if last.test_accuracy >= GOOD else "It is learning; more epochs should help."
    return Finding(
        "good",
        sentence,
        f"Test accuracy {percent(last.test_accuracy, 2)}, all {last.classes_predicted} classes are predicted.",
    )
