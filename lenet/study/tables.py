"""The tables and courses that the page and the report show."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np

from lenet.study.curves import History
from lenet.study.design import FORMS, Experiment, Quantity, Setting
from lenet.study.measures import MEASURES, SHARE, Runs, failed, failed_since, interval, lucky, values
from lenet.variant import CLASSES, layers


def _deadest(history: History) -> list[float]:
    """By epoch the share of dead units in the layer that has most; NaN where the weights are NaN."""
    return [
        max(shares.values()) if isfinite(loss) else nan for shares, loss in zip(history.dead_units, history.train_loss)
    ]


@dataclass(frozen=True)
class Course:
    """Something that goes on from epoch to epoch. of: its values, from a history; log: whether its axis is so; percent:
    whether it is a share."""

    words: str
    of: Callable[[History], list[float]]
    log: bool = False
    limits: tuple[float, float] = (-inf, inf)
    percent: bool = False


# A course to draw is one row.
COURSES = {
    "accuracy": Course("Test accuracy", lambda h: h.test_accuracy, limits=SHARE, percent=True),
    "error": Course("Test error", lambda h: [1 - accuracy for accuracy in h.test_accuracy], True, percent=True),
    "loss": Course("Training loss", lambda h: h.train_loss, log=True),
    "classes": Course(
        "Classes never predicted", lambda h: [float(CLASSES - n) for n in h.classes_predicted], limits=(0, CLASSES)
    ),
    "gradient": Course(
        "Gradient norm of the first layer", lambda h: [next(iter(norms.values())) for norms in h.gradient_norms], True
    ),
    "last gradient": Course(
        "Gradient norm of the last layer", lambda h: [[*norms.values()][-1] for norms in h.gradient_norms], True
    ),
    "dead": Course("Dead units, share in the worst layer", _deadest, limits=SHARE, percent=True),
}


def label(e: Experiment, setting: Setting) -> str:
    """What the setting is called in its experiment beside others of the same learning rate and output form."""
    if setting in e.named:
        return e.named[setting]
    extra = "" if setting.recipe == "paper" else f", {setting.recipe.capitalize()} {setting.lr:g}"
    return e.variants[setting.variant] + extra


def full_label(e: Experiment, setting: Setting) -> str:
    """What the setting, of either output form, is called beside all others of its experiment."""
    paper = {one.form(form): (one, words) for one in e.settings() for form, words in reversed(FORMS.items())}
    one, words = paper.get(setting, (setting, ""))
    parts = [label(e, one) if one.variant in e.variants else one.variant]
    if len(e.lrs) > 1 and one.recipe == "paper":
        parts.append(f"learning rate {one.lr:g}")
    return ", ".join([*parts, words] if words and one != setting else parts)


def labels(e: Experiment) -> list[str]:
    """All that `label` gives, in the order of the experiment."""
    return list(dict.fromkeys(label(e, setting) for setting in e.settings()))


def settings_at(e: Experiment, lr: float, form: str = "paper") -> dict[str, Setting]:
    """By label the settings of an experiment with one learning rate, and its extra ones beside them."""
    return {
        label(e, setting): setting.form(form) for setting in e.settings() if setting.lr == lr or setting in e.beside
    }


def lines(settings: Mapping[str, Setting], name: str, runs: Runs) -> list[dict]:
    """What to draw of a row of COURSES: for each label the mean over its seeds, and every seed.

    mean, and y of each seed: a value an epoch, None where there is none (NaN, or nothing on a logarithmic axis).
    seconds: CPU time of training up to each epoch. died: the epoch from which on the run fails to its end, or None.
    """
    what = COURSES[name]
    found = []
    for text, setting in settings.items():
        seeds = [
            {
                "seed": seed,
                "y": [_drawn(value, what) for value in what.of(history)],
                "seconds": [round(value, 2) for value in history.train_seconds],
                "died": failed_since(history),
            }
            for seed, history in runs.of(setting).items()
        ]
        by_epoch = zip(*(one["y"] for one in seeds))
        mean = [_drawn(_mean(values), what) for values in by_epoch]
        found.append({"network": text, "mean": mean, "seeds": seeds})
    return found


def _mean(values: Iterable[float | None]) -> float:
    """Of those that there are; NaN if there are none."""
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else nan


def _drawn(value: float, what: Course) -> float | None:
    """As it goes to the browser: rounded to what a screen shows."""
    return None if not isfinite(value) or (what.log and value <= 0) else float(f"{value:.4g}")


def table(settings: Mapping[str, Setting], runs: Runs) -> list[dict]:
    """A row for each label: n, accuracy at the end with its interval, and what explains it.

    failed: how many seeds fail; reached: how many get to HIGH accuracy; epochs: the mean of those seeds until then, NaN
    if none does.
    lucky: the seeds in which a dead logit of 0 counts as classifying zeros correctly.
    """
    rows = []
    for text, setting in settings.items():
        row: dict = {"network": text}
        finals = values(Quantity("final", (setting,)), runs)
        final = interval(finals.values())
        row |= {"n": final.n, "final": final.mean, "failed": sum(map(failed, runs.of(setting).values()))}
        row |= {"low": max(final.low, 0.0), "high": min(final.high, 1.0)} if final.n > 1 else {"low": nan, "high": nan}
        epochs = values(Quantity("epochs", (setting,)), runs).values()
        reached = [count for count in epochs if count <= setting.run(0).training().epochs]
        row |= {"reached": len(reached), "epochs": interval(reached).mean}
        for name in ("unpredicted", "dead logits"):
            row[name] = interval(values(Quantity(name, (setting,)), runs).values()).mean
        row["seeds"] = [100 * value for value in finals.values()]
        row["lucky"] = [seed for seed in finals if lucky(runs[setting.run(seed)])]
        rows.append(row)
    return rows


def gradients(settings: Mapping[str, Setting], runs: Runs) -> list[dict]:
    """Norm of the loss gradient by label, layer and epoch (first and last): geometric mean over the seeds, and n.

    A layer that is no convolution is named by its units, so that a recurrent one stands beside what it replaces.
    """
    rows = []
    for text, setting in settings.items():
        weighted = [layer for layer in layers(setting.run(0).network()) if layer.parameters]
        found = runs.of(setting).values()
        for when, epoch in (("before training", 0), ("after training", -1)):
            for layer in weighted:
                norms = [history.gradient_norms[epoch][layer.name] for history in found]
                name = layer.name if layer.kind == "conv" else f"→ {layer.output_shape[-1]}"
                if norms and min(norms) > 0:
                    mean = float(np.exp(np.mean(np.log(norms))))
                    rows.append({"network": text, "when": when, "layer": name, "norm": mean, "n": len(norms)})
    return rows


def outcomes(settings: Mapping[str, Setting], runs: Runs) -> list[dict]:
    """One row a run, both forms: accuracy at the end beside the classes never predicted and the dead logits."""
    return [
        {
            "network": text,
            "output": words,
            "seed": seed,
            **{name: MEASURES[name].of(history) for name in ("final", "unpredicted", "dead logits")},
        }
        for text, setting in settings.items()
        for form, words in FORMS.items()
        for seed, history in runs.of(setting.form(form)).items()
    ]
