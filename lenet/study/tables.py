"""The tables and courses that the page and the report show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np

from lenet.study.curves import History
from lenet.study.design import FORMS, Experiment, Quantity, Setting
from lenet.study.measures import MEASURES, SHARE, Runs, failed, interval, lucky, values
from lenet.variant import layers


def _deadest(history: History) -> list[float]:
    """By epoch the share of dead units in the layer that has most; NaN where the weights are NaN."""
    return [
        max(shares.values()) if isfinite(loss) else nan for shares, loss in zip(history.dead_units, history.train_loss)
    ]


@dataclass(frozen=True)
class Course:
    """Something that goes on from epoch to epoch. of: its values, from a history; log: whether its axis is so."""

    words: str
    of: Callable[[History], list[float]]
    log: bool = False
    limits: tuple[float, float] = (-inf, inf)


# A course to draw is one row.
COURSES = {
    "accuracy": Course("Test accuracy", lambda h: h.test_accuracy, limits=SHARE),
    "error": Course("Test error", lambda h: [1 - accuracy for accuracy in h.test_accuracy], log=True),
    "loss": Course("Training loss", lambda h: h.train_loss, log=True),
    "classes": Course("Classes predicted, of ten", lambda h: list(map(float, h.classes_predicted)), limits=(0, 10)),
    "gradient": Course(
        "Gradient norm of the first layer", lambda h: [next(iter(norms.values())) for norms in h.gradient_norms], True
    ),
    "dead": Course("Dead units, share in the worst layer", _deadest, limits=SHARE),
}


def label(e: Experiment, setting: Setting) -> str:
    """What the setting is called in its experiment beside others of the same learning rate."""
    extra = "" if setting.recipe == "paper" else f", {setting.recipe.capitalize()} {setting.lr:g}"
    return e.variants[setting.variant] + extra


def labels(e: Experiment) -> list[str]:
    """All that `label` gives, in the order of the experiment."""
    return list(dict.fromkeys(label(e, setting) for setting in e.settings()))


def settings_at(e: Experiment, lr: float, form: str = "paper") -> dict[str, Setting]:
    """By label the settings of an experiment with one learning rate, and its extra ones beside them."""
    return {label(e, setting): setting.form(form) for setting in e.settings() if setting.lr == lr or setting in e.extra}


def course(settings: Mapping[str, Setting], name: str, runs: Runs) -> tuple[list[dict], list[dict]]:
    """What to draw of a row of COURSES: by label and epoch the mean, the ends of its interval and n; and every seed.

    A seed whose value is NaN is left out from there on: n is then smaller.
    """
    what = COURSES[name]
    means: list[dict] = []
    seeds: list[dict] = []
    for text, setting in settings.items():
        by_seed = {seed: what.of(history) for seed, history in runs.of(setting).items()}
        for epoch, values_there in enumerate(zip(*by_seed.values())):
            of_seed = {seed: value for seed, value in zip(by_seed, values_there) if isfinite(value)}
            there = of_seed.values()
            if not there or (what.log and min(there) <= 0):  # it has no place on the axis
                continue
            mean = interval(there)
            low, high = max(mean.low, what.limits[0]), min(mean.high, what.limits[1])
            if mean.n == 1:
                low = high = mean.mean
            if what.log:
                low = max(low, min(there) / 2)
            means.append({"network": text, "epoch": epoch, "mean": mean.mean, "low": low, "high": high, "n": mean.n})
            seeds += [{"network": text, "epoch": epoch, "seed": s, "value": v} for s, v in of_seed.items()]
    return means, seeds


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
