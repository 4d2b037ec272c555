"""From curves to verdicts: mean, interval, comparison paired by seed, and the rules by which a claim is judged.

    >>> runs = load(read())
    >>> judge(experiment(2).claims[0], runs).verdict

No verdict is written anywhere: change the curves and it changes. Nothing here imports torch, and of scipy only the
two distribution functions are imported (scipy.stats alone takes half a second).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isfinite, isnan, log10, nan, sqrt

import numpy as np
import pyarrow as pa
from scipy.special import stdtrit

from lenet.formatting import percent
from lenet.study.curves import History, finished, histories
from lenet.study.experiments import FORMS, HIGH, SEEDS, Claim, Experiment, Guess, Part, Quantity, Run, Setting
from lenet.variant import CLASSES, layers

CONFIDENCE = 0.95
HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
REPRODUCED, CAVEAT, NOT_REPRODUCED, CANNOT_TELL = (
    "reproduced",
    "reproduced with a caveat",
    "not reproduced",
    "cannot tell",
)
FEWEST = len(SEEDS)  # fewer seeds than the paper had repetitions decide nothing
# A thing that happens to one run in three, as in the paper, is missed in this many runs with less than 5 % probability.
ENOUGH_TO_MISS = 8

VERDICT_RULE = (
    "Reproduced: every part holds in the paper form and, as a counter-test, with linear output (where the claim is not "
    "itself about the two forms, or about kernels, which are shipped in the paper form alone). Reproduced with a "
    "caveat: every part holds in the paper form, but not, or not yet, with linear output. Not reproduced: a part fails "
    "in the paper form. Cannot tell: no part fails, but one is "
    f"undecided, as it is with fewer than {FEWEST} seeds."
)


@dataclass(frozen=True)
class Interval:
    """Mean of n values and the ends of the t interval of the mean; infinite for one value, NaN for none."""

    mean: float
    low: float
    high: float
    n: int


def interval(values: Iterable[float], confidence: float = CONFIDENCE) -> Interval:
    """Student's t interval of the mean (Student, Biometrika 6, 1908)."""
    sample = np.fromiter(values, float)
    n = len(sample)
    if n == 0:
        return Interval(nan, nan, nan, 0)
    mean = float(sample.mean())
    if n == 1:
        return Interval(mean, -inf, inf, 1)
    reach = float(stdtrit(n - 1, (1 + confidence) / 2) * sample.std(ddof=1) / sqrt(n))
    return Interval(mean, mean - reach, mean + reach, n)


def paired(left: Mapping[int, float], right: Mapping[int, float]) -> dict[int, float]:
    """left − right for each seed that both have."""
    return {seed: left[seed] - right[seed] for seed in sorted(left.keys() & right.keys())}


@dataclass(frozen=True)
class Measure:
    """A number of a run.

    of: from its history, None if the history does not say; show: as text, with its unit; limits: least and most that
    it can be.
    """

    words: str
    of: Callable[[History], float | None]
    show: Callable[[float], str]
    limits: tuple[float, float] = (-inf, inf)


def _points(value: float) -> str:
    return f"{100 * value:.1f} points"


def _deviations(value: float) -> str:
    return f"{value:.2f} sd"


def _count(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


def _power(value: float) -> str:
    return f"{10**value:.2g}"


def _small(value: float) -> str:
    return f"{value:.2g}"


def _epochs_to(history: History, accuracy: float) -> float:
    reached = (epoch for epoch, value in zip(history["epoch"], history["test_accuracy"]) if value >= accuracy)
    return float(next(reached, history["epoch"][-1] + 1))


def _gradient_ratio(history: History) -> float | None:
    first, *_, last = history["gradient_norms"][0]
    return log10(first / last) if first > 0 and last > 0 else None


def _lost_classes(history: History) -> float:
    """A class whose output ReLU is dead is lost even if it is predicted: that is where all ten outputs are zero."""
    unpredicted = float(CLASSES - history["classes_predicted"][-1])
    return max(unpredicted, _dead_outputs(history) or 0.0) if history["output_relu"] else unpredicted


def lucky(history: History) -> bool:
    """Whether the output of 0 is dead at the end and 0 is predicted all the same, as the first of ten equal outputs."""
    return _lost_classes(history) > CLASSES - history["classes_predicted"][-1]


def _dead_outputs(history: History) -> float | None:
    # Without an output activation the last of the shares is that of an earlier layer; where the weights are no numbers
    # any more, no unit is at zero.
    there = history["output_activation"] and isfinite(history["train_loss"][-1])
    return CLASSES * history["dead_units"][-1][-1] if there else None


def _deadest(history: History) -> list[float]:
    """By epoch the share of dead units in the layer that has most; nan where the weights are no numbers any more."""
    return [
        max(shares) if isfinite(loss) else nan for shares, loss in zip(history["dead_units"], history["train_loss"])
    ]


def _contrast(layer: str, number: int, half: np.ndarray) -> Callable[[History], float | None]:
    """Mean weight of one half of a kernel minus that of the mirrored half, in standard deviations of the kernel."""

    def of(history: History) -> float | None:
        if layer not in history:
            return None
        kernel = history[layer][number - 1].mean(0)  # [inputs, 5, 5] -> [5, 5]
        other = half[::-1, ::-1]
        return float((kernel[half].mean() - kernel[other].mean()) / kernel.std())

    return of


_SHARE = (0.0, 1.0)
_ROWS, _COLUMNS = np.mgrid[:5, :5]
_BOTTOM_LEFT, _BOTTOM_RIGHT = _ROWS > _COLUMNS, _ROWS + _COLUMNS > 4

# A measure is one row.
MEASURES: dict[str, Measure] = {
    "final": Measure("final test accuracy", lambda h: h["test_accuracy"][-1], percent, _SHARE),
    "first": Measure("test accuracy after the first epoch", lambda h: h["test_accuracy"][1], percent, _SHARE),
    "gain": Measure("accuracy gained over the untrained network",
                    lambda h: h["test_accuracy"][-1] - h["test_accuracy"][0], _points, (-1.0, 1.0)),
    "epochs": Measure(f"epochs to {HIGH:.0%} (one more than the last if never)", lambda h: _epochs_to(h, HIGH), _count),
    "area": Measure("mean test accuracy over the epochs",
                    lambda h: float(np.mean(h["test_accuracy"][1:])), percent, _SHARE),
    "loss": Measure("training loss of the last epoch", lambda h: h["train_loss"][-1], lambda v: f"{v:.3f}"),
    "unpredicted": Measure("classes never predicted at the end", _lost_classes, _count),
    "highest": Measure("highest test accuracy of any epoch", lambda h: max(h["test_accuracy"]), percent, _SHARE),
    "not numbers": Measure("ends with weights that are not numbers: 1 is yes",
                           lambda h: float(isnan(h["train_loss"][-1])), _count),
    "dead outputs": Measure("dead output units at the end", _dead_outputs, _count),
    "first gradient": Measure("norm of the first layer's gradient before training",
                              lambda h: h["gradient_norms"][0][0], _small),
    "linear gradient": Measure("norm of the first linear layer's gradient before training",
                               lambda h: h["gradient_norms"][0][-3], _small),
    "gradient ratio": Measure("gradient of the first layer ÷ of the last, before training (geometric mean)",
                              _gradient_ratio, _power),
    "seconds": Measure("thread seconds of training", lambda h: h["train_seconds"][-1], lambda v: f"{v:.0f} s"),
    **{
        f"conv1 #{number} bottom left": Measure("bottom left minus top right, in standard deviations",
                                                _contrast("conv1", number, _BOTTOM_LEFT), _deviations)
        for number in range(1, 7)
    },
    "conv2 #2 below diagonal": Measure("below minus above the rising diagonal, in standard deviations",
                                       _contrast("conv2", 2, _BOTTOM_RIGHT), _deviations),
}  # fmt: skip

_OVER: dict[str, Callable] = {
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "range": np.ptp,
    "best": lambda values: np.argmax(values) + 1,
}


class Runs(dict[Run, History]):
    """Finished runs and their histories, with the seeds that each setting has."""

    @cached_property
    def _seeds(self) -> dict[Run, list[int]]:
        seeds: dict[Run, list[int]] = {}
        for run in self:
            seeds.setdefault(replace(run, seed=0), []).append(run.seed)
        return seeds

    def seeds(self, setting: Setting, form: bool) -> list[int]:
        """Seeds of the finished runs of a setting."""
        return sorted(self._seeds.get(setting.run(form, 0), []))


def load(table: pa.Table, kernels: Mapping[Run, Mapping[str, np.ndarray]] | None = None) -> Runs:
    """The finished runs of the curves file; `kernels` of trained networks join the histories of their runs."""
    runs = histories(table)
    done = finished(runs)
    runs = Runs({run: {**runs[run], **_output(run)} for run in done})
    for run, weights in (kernels or {}).items():
        if run in runs:
            runs[run] = {**runs[run], **weights}
    return runs


def _output(run: Run) -> dict[str, bool]:
    relu = run.network().activation == "relu"
    return {"output_activation": run.output_activation, "output_relu": run.output_activation and relu}


def values(quantity: Quantity, runs: Runs, form: bool) -> dict[int, float]:
    """The quantity for each seed that all of its settings have."""
    result = _side(quantity, quantity.of, runs, form)
    return paired(result, _side(quantity, quantity.minus, runs, form)) if quantity.minus else result


def _side(quantity: Quantity, settings: tuple[Setting, ...], runs: Runs, form: bool) -> dict[int, float]:
    measure = MEASURES[quantity.measure].of
    measured = [
        {seed: measure(runs[setting.run(form, seed)]) for seed in runs.seeds(setting, form)} for setting in settings
    ]
    common = set.intersection(*(set(by_seed) for by_seed in measured))
    result = {}
    for seed in sorted(common):
        numbers = [by_seed[seed] for by_seed in measured]
        if all(number is not None and isfinite(number) for number in numbers):
            result[seed] = float(_OVER[quantity.over](numbers))
    return result


def show(quantity: Quantity, value: float) -> str:
    """A value of the quantity as text."""
    if quantity.over == "best" or not isfinite(value):
        return _count(value) if isfinite(value) else "–"
    measure = MEASURES[quantity.measure]
    text = measure.show(value).replace("-", "−")
    if not any(figure in text for figure in "123456789"):
        text = text.removeprefix("−")  # rounded to nothing, a number has no sign
        value = 0.0
    if not quantity.minus:
        return text
    if measure.show is _power:  # a difference of logarithms is a ratio
        return f"× {text}"
    return ("+" if value > 0 else "") + text.replace(" %", " points")


@dataclass(frozen=True)
class Rule:
    """How the seeds decide a part together. words: printed beside the verdict, {range} being the part's range."""

    words: str
    decide: Callable[[list[float], float, float], str]


def _by_mean(sample: list[float], low: float, high: float) -> str:
    mean = interval(sample)
    if low < mean.low and mean.high < high:
        return HOLDS
    return FAILS if mean.high <= low or mean.low >= high else UNDECIDED


def _by_every(sample: list[float], low: float, high: float) -> str:
    return HOLDS if all(low < value < high for value in sample) else FAILS


def _by_some(sample: list[float], low: float, high: float) -> str:
    if any(low < value < high for value in sample):
        return HOLDS
    return FAILS if len(sample) >= ENOUGH_TO_MISS else UNDECIDED


def _by_varying(sample: list[float], low: float, high: float) -> str:
    return HOLDS if len(set(sample)) > 1 else FAILS


RULES = {
    "mean": Rule(
        "holds if the whole 95 % interval of the mean over the seeds is {range}, fails if none of it is", _by_mean
    ),
    "every": Rule("holds if it is {range} in every seed, fails if in any it is not", _by_every),
    "some": Rule(
        f"holds if it is {{range}} in at least one seed, fails if in none of {ENOUGH_TO_MISS} or more", _by_some
    ),
    "varies": Rule("holds if it is not the same in all seeds, fails if it is", _by_varying),
}


def rule(part: Part) -> str:
    """The part's rule in words."""
    low, high = ("0" if end == 0 else show(part.quantity, end) for end in (part.low, part.high))
    words = f"below {high}" if part.low == -inf else f"above {low}" if part.high == inf else f"between {low} and {high}"
    return RULES[part.rule].words.format(range=words)


@dataclass(frozen=True)
class Finding:
    """A part held against the runs of one output form. values: the quantity by seed."""

    part: Part
    values: dict[int, float]
    outcome: str

    @property
    def interval(self) -> Interval:
        return interval(self.values.values())


def find(part: Part, runs: Runs, form: bool) -> Finding:
    """The part in that output form; undecided with fewer seeds than the paper had repetitions."""
    measured = values(part.quantity, runs, form)
    if len(measured) < FEWEST:
        return Finding(part, measured, UNDECIDED)
    return Finding(part, measured, RULES[part.rule].decide(list(measured.values()), part.low, part.high))


def numbers(finding: Finding) -> str:
    """What was measured, in words: mean, interval, n and every seed."""
    if not finding.values:
        return "not measured yet"
    quantity, mean = finding.part.quantity, finding.interval
    seeds = ", ".join(f"{show(quantity, value)} (seed {seed})" for seed, value in finding.values.items())
    if quantity.over == "best" or mean.n == 1:
        return f"{seeds}; n = {mean.n}"
    return f"mean {in_words(quantity, mean)}: {seeds}"


def in_words(quantity: Quantity, mean: Interval) -> str:
    """A mean of the quantity with its interval and n."""
    if mean.n == 1:
        return f"{show(quantity, mean.mean)}, n = 1"
    # An interval of accuracies knows nothing of 0 and 100 %; past them it is not worth printing.
    least, most = MEASURES[quantity.measure].limits
    if quantity.minus:
        least, most = least - most, most - least
    ends = f"{show(quantity, max(mean.low, least))} to {show(quantity, min(mean.high, most))}"
    return f"{show(quantity, mean.mean)}, 95 % interval {ends}, n = {mean.n}"


@dataclass(frozen=True)
class Judgement:
    """A claim held against the runs. linear is empty where there is no counter-test.

    done, needed: how many of the runs with the paper's seeds that the claim asks for are there.
    """

    claim: Claim
    paper: tuple[Finding, ...]
    linear: tuple[Finding, ...]
    done: int
    needed: int

    @property
    def verdict(self) -> str:
        """By VERDICT_RULE."""
        return verdict([f.outcome for f in self.paper], [f.outcome for f in self.linear])

    @property
    def note(self) -> str:
        """What the verdict leaves open, in a sentence; empty if nothing."""
        sentences = []
        if self.done < self.needed:
            sentences.append(f"Not yet run: {self.needed - self.done} of {self.needed} runs.")
        if self.linear and self.verdict != REPRODUCED:
            sentences.append(f"With linear output it {_IN_WORDS[summary([f.outcome for f in self.linear])]}.")
        return " ".join(sentences)


_IN_WORDS = {HOLDS: "holds", FAILS: "does not hold", UNDECIDED: "is undecided"}


def summary(outcomes: list[str]) -> str:
    """Of several parts: fails if one fails, else undecided if one is undecided, else holds."""
    return FAILS if FAILS in outcomes else UNDECIDED if UNDECIDED in outcomes else HOLDS


def verdict(paper: list[str], linear: list[str]) -> str:
    """By VERDICT_RULE, from the outcomes of the parts in the two forms."""
    match summary(paper):
        case "fails":
            return NOT_REPRODUCED
        case "undecided":
            return CANNOT_TELL
    return REPRODUCED if summary(linear) == HOLDS else CAVEAT


def judge(claim: Claim, runs: Runs) -> Judgement:
    """The claim in both output forms."""
    forms = (True, False) if claim.counter_test else (True,)
    needed = {
        setting.run(form, seed)
        for part in claim.parts
        for setting in (*part.quantity.of, *part.quantity.minus)
        for form in forms
        for seed in SEEDS
    }
    paper, *linear = (tuple(find(part, runs, form) for part in claim.parts) for form in forms)
    return Judgement(claim, paper, linear[0] if linear else (), len(needed & runs.keys()), len(needed))


def mechanism(claim: Claim, runs: Runs, form: bool = True) -> str:
    """The claim's sentence on the mechanism with its figures: mean, and every seed in brackets."""
    figures = []
    for label, quantity in claim.figures:
        by_seed = values(quantity, runs, form)
        if by_seed:
            seeds = ", ".join(show(quantity, value) for value in by_seed.values())
            mean = show(quantity, interval(by_seed.values()).mean)
            figures.append(f"{label} {mean} (seeds: {seeds})" if len(by_seed) > 1 else f"{label} {mean} (one seed)")
        else:
            figures.append(f"{label} not measured yet")
    return f"{claim.mechanism} {'; '.join(figures)}." if figures else claim.mechanism


def answers(guess: Guess, runs: Runs) -> dict[str, dict[int, float]]:
    """For each answer its quantity by seed, in the paper form; answers without runs are left out."""
    found = {label: values(quantity, runs, True) for label, quantity in guess.answers.items()}
    return {label: by_seed for label, by_seed in found.items() if by_seed}


@dataclass(frozen=True)
class Course:
    """Something that goes on from epoch to epoch. of: its values, from a history; log: whether its axis is so."""

    words: str
    of: Callable[[History], list[float]]
    log: bool = False
    limits: tuple[float, float] = (-inf, inf)


# A course to draw is one row.
COURSES = {
    "accuracy": Course("Test accuracy", lambda h: h["test_accuracy"], limits=_SHARE),
    "error": Course("Test error", lambda h: [1 - accuracy for accuracy in h["test_accuracy"]], log=True),
    "loss": Course("Training loss", lambda h: h["train_loss"], log=True),
    "classes": Course("Classes predicted, of ten", lambda h: h["classes_predicted"], limits=(0, 10)),
    "gradient": Course("Gradient norm of the first layer", lambda h: [norms[0] for norms in h["gradient_norms"]], True),
    "dead": Course("Dead units, share in the worst layer", _deadest, limits=_SHARE),
}  # fmt: skip


def label(e: Experiment, setting: Setting) -> str:
    """What the setting is called in its experiment beside others of the same learning rate."""
    extra = "" if setting.recipe == "paper" else f", {setting.recipe.capitalize()} {setting.lr:g}"
    return e.variants[setting.variant] + extra


def settings_at(e: Experiment, lr: float) -> list[Setting]:
    """The settings of an experiment with one learning rate, and its extra ones beside them, in a fixed order."""
    return [setting for setting in e.settings() if setting.lr == lr or setting in e.extra]


def course(settings: Mapping[str, Setting], name: str, runs: Runs, form: bool) -> tuple[list[dict], list[dict]]:
    """What to draw of a row of COURSES: by label and epoch the mean, the ends of its interval and n; and every seed.

    A seed whose value is no number any more is left out from there on: n is then smaller.
    """
    what = COURSES[name]
    means: list[dict] = []
    seeds: list[dict] = []
    for text, setting in settings.items():
        by_seed = {seed: what.of(runs[setting.run(form, seed)]) for seed in runs.seeds(setting, form)}
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


def table(settings: Mapping[str, Setting], runs: Runs, form: bool) -> list[dict]:
    """A row for each label: n, final accuracy with its interval, and what explains it.

    reached: how many seeds get to HIGH accuracy; epochs: the mean of those seeds until then, nan if none does.
    lucky: the seeds in which a dead output of 0 counts as reading zeros rightly.
    """
    rows = []
    for text, setting in settings.items():
        row: dict = {"network": text}
        finals = values(Quantity("final", (setting,)), runs, form)
        final = interval(finals.values())
        row |= {"n": final.n, "final": final.mean}
        row |= {"low": max(final.low, 0.0), "high": min(final.high, 1.0)} if final.n > 1 else {"low": nan, "high": nan}
        epochs = values(Quantity("epochs", (setting,)), runs, form).values()
        reached = [count for count in epochs if count <= setting.run(form, 0).training().epochs]
        row |= {"reached": len(reached), "epochs": interval(reached).mean}
        for name in ("unpredicted", "dead outputs"):
            row[name] = interval(values(Quantity(name, (setting,)), runs, form).values()).mean
        row["seeds"] = [100 * value for value in finals.values()]
        row["lucky"] = [seed for seed in finals if lucky(runs[setting.run(form, seed)])]
        rows.append(row)
    return rows


def gradients(settings: Mapping[str, Setting], runs: Runs, form: bool) -> list[dict]:
    """Norm of the loss gradient by label, layer and epoch (first and last): geometric mean over the seeds, and n.

    A layer that is no convolution is named by its units, so that a recurrent one stands beside what it replaces.
    """
    rows = []
    for text, setting in settings.items():
        weighted = [layer for layer in layers(setting.run(form, 0).network()) if layer.parameters]
        names = [layer.name if layer.kind == "conv" else f"→ {layer.output_shape[-1]}" for layer in weighted]
        histories_here = [runs[setting.run(form, seed)] for seed in runs.seeds(setting, form)]
        for when, epoch in (("before training", 0), ("after training", -1)):
            for place, name in enumerate(names):
                norms = [h["gradient_norms"][epoch][place] for h in histories_here]
                if norms and min(norms) > 0:
                    mean = float(np.exp(np.mean(np.log(norms))))
                    rows.append({"network": text, "when": when, "layer": name, "norm": mean, "n": len(norms)})
    return rows


def outcomes(settings: Mapping[str, Setting], runs: Runs) -> list[dict]:
    """One row a run, both forms: final accuracy beside the classes never predicted and the dead output units."""
    rows = []
    for text, setting in settings.items():
        for form, words in FORMS.items():
            for seed in runs.seeds(setting, form):
                history = runs[setting.run(form, seed)]
                rows.append(
                    {
                        "network": text,
                        "output": words,
                        "seed": seed,
                        **{name: MEASURES[name].of(history) for name in ("final", "unpredicted", "dead outputs")},
                    }
                )
    return rows
