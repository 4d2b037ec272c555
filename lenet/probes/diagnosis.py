"""Why a network learns or fails: from the records of a run to a sentence with its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from lenet.formatting import percent
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


@dataclass(frozen=True)
class Finding:
    """kind: good, warning or bad; sentence: what is the matter; evidence: the numbers that show it."""

    kind: str
    sentence: str
    evidence: str


def diagnose(variant: Variant, recipe: Recipe, history: Sequence[Epoch]) -> list[Finding]:
    """What the records tell, the gravest first; empty before the first epoch has ended."""
    if len(history) < 2:
        return []
    last = history[-1]
    return [finding for rule in RULES if (finding := rule(variant, recipe, last, history))] or [_fine(last)]


def _not_a_number(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    norms = last.gradient_norms.values()
    if isfinite(last.train_loss) and all(isfinite(norm) for norm in norms):
        return None
    first = next(e.epoch for e in history if not isfinite(e.train_loss) or not _finite(e))
    return Finding(
        "bad",
        f"The loss is no number any more: the learning rate, {recipe.lr:g}, is too high and the weights overflowed.",
        f"Loss {last.train_loss} since epoch {first}; a tenth of the learning rate is the first thing to try.",
    )


def _overshot(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    if last.test_accuracy >= CHANCE:
        return None
    worst, begin = max(history, key=lambda e: e.train_loss), history[0]
    killed = [name for name, share in last.dead_units.items() if share >= KILLED and begin.dead_units[name] < SATURATED]
    if worst.train_loss > 2 * begin.train_loss:
        evidence = f"Loss {begin.train_loss:.3g} before training, {worst.train_loss:.3g} in epoch {worst.epoch}."
    elif killed:
        name = killed[-1]
        since = next(e.epoch for e in history if e.dead_units[name] >= KILLED)
        evidence = (
            f"{name}: {percent(begin.dead_units[name], 0)} of its units were {_dead(variant)} for every test picture "
            f"before training, {percent(last.dead_units[name], 0)} are since epoch {since}. A tenth of the learning "
            "rate is the first thing to try."
        )
    else:
        return None
    return Finding(
        "bad",
        f"The learning rate, {recipe.lr:g}, is too high: the steps overshot and the units did not come back.",
        evidence,
    )


def _dead(variant: Variant) -> str:
    return "zero" if variant.activation == "relu" else "saturated"


def _by_heart(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    if last.train_loss > LEARNT or last.test_accuracy >= GOOD:
        return None
    return Finding(
        "warning",
        "It knows its training pictures by heart and other digits less well: more pictures would help, more epochs "
        "will not.",
        f"Training loss {last.train_loss:.3f} on {recipe.train_size:,} pictures, test accuracy "
        f"{percent(last.test_accuracy)}.",
    )


def _finite(epoch: Epoch) -> bool:
    return all(isfinite(norm) for norm in epoch.gradient_norms.values())


def _lost_classes(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    lost = [str(digit) for digit, accuracy in enumerate(last.class_accuracy) if accuracy == 0]
    if not lost or last.test_accuracy < CHANCE:
        return None
    so_far = " so far" if last.epoch < recipe.epochs else ""
    evidence = f"{last.classes_predicted} of 10 classes are predicted; test accuracy {percent(last.test_accuracy)}."
    if len(lost) > len(last.class_accuracy) - last.classes_predicted:  # some are predicted, for other digits
        return Finding("warning", f"Never read rightly{so_far}: {', '.join(lost)}.", evidence)
    if not _ends_in_relu(variant):
        return Finding("bad", f"Never predicted{so_far}: {', '.join(lost)}. Other outputs always win.", evidence)
    dead = dead_logits(variant, last.dead_units) or 0
    why = (
        "The ReLU after the last layer is dead" if dead >= len(lost) else "The ReLU after the last layer cuts them off"
    )
    return Finding(
        "bad",
        f"Never predicted{so_far}: {', '.join(lost)}. {why}: where an output is zero, no gradient comes back.",
        f"{dead} of 10 output units are zero for every test picture; {evidence}",
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
        "The output of 0 is dead. Zeros seem to be read all the same, for where all ten outputs are equal the first "
        "one counts as the answer.",
        f"{dead} of 10 output units are zero for every test picture, and yet {last.classes_predicted} classes are "
        f"predicted; accuracy of the digit 0 {percent(last.class_accuracy[0])}.",
    )


def _vanishing(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    names = list(last.gradient_norms)
    first, final = last.gradient_norms[names[0]], last.gradient_norms[names[-1]]
    if not 0 < first < VANISHED * final:  # exactly zero is no small gradient: dead units pass none
        return None
    return Finding(
        "bad",
        "The gradient vanishes on its way back: the first layer gets less than a thousandth of the last one's.",
        f"Gradient norm of {names[0]} {first:.1e}, of {names[-1]} {final:.1e}.",
    )


def _saturated(variant: Variant, recipe: Recipe, last: Epoch, history: Sequence[Epoch]) -> Finding | None:
    name, share = max(last.dead_units.items(), key=lambda item: item[1], default=("", 0.0))
    if share < SATURATED:
        return None
    return Finding(
        "bad",
        f"Most units of {name} are {_dead(variant)} for every test picture, so they learn nothing.",
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
        "It has not begun to learn: its answers are no better than guessing.",
        f"Test accuracy {percent(last.test_accuracy)}; loss {history[0].train_loss:.3f} before, "
        f"{last.train_loss:.3f} now.",
    )


RULES = (_not_a_number, _overshot, _by_heart, _lost_classes, _lucky, _vanishing, _saturated, _not_begun)


def _fine(last: Epoch) -> Finding:
    sentence = "It is learning well." if last.test_accuracy >= GOOD else "It is learning; more epochs should help."
    return Finding(
        "good",
        sentence,
        f"Test accuracy {percent(last.test_accuracy, 2)}, all {last.classes_predicted} classes are predicted.",
    )
