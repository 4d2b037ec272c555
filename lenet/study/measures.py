"""What is measured of a run, and how the numbers of several seeds are put together: mean, interval, pairs.

    >>> runs = load(read())
    >>> values(final(Setting("tanh"), minus=(Setting("original"),)), runs)

Nothing here imports torch, and of scipy only a distribution function is imported (scipy.stats takes half a second).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isfinite, isnan, log10, nan, sqrt

import numpy as np
import pyarrow as pa
from scipy.special import stdtrit

from lenet.formatting import percent
from lenet.probes.logits import dead_logits, lost_classes
from lenet.study.curves import History, finished, histories
from lenet.study.design import HIGH, Quantity, Run, Setting
from lenet.variant import CLASSES, layers

CONFIDENCE = 0.95


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
    it can be; less_is_better: of two runs, the one with the smaller number is the better one.
    """

    words: str
    of: Callable[[History], float | None]
    show: Callable[[float], str]
    limits: tuple[float, float] = (-inf, inf)
    less_is_better: bool = False


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
    reached = (epoch for epoch, value in zip(history.epoch, history.test_accuracy) if value >= accuracy)
    return float(next(reached, history.epoch[-1] + 1))


def _first_gradient(history: History) -> float:
    return next(iter(history.gradient_norms[0].values()))


def _linear_gradient(history: History) -> float:
    name = next(layer.name for layer in layers(history.network) if layer.kind == "linear")
    return history.gradient_norms[0][name]


def _gradient_ratio(history: History) -> float | None:
    first, *_, last = history.gradient_norms[0].values()
    return log10(first / last) if first > 0 and last > 0 else None


def _lost_classes(history: History, at: int = -1) -> float:
    dead = _dead_logits(history, at)
    return float(lost_classes(history.network, history.classes_predicted[at], None if dead is None else round(dead)))


def failed(history: History, at: int = -1) -> bool:
    """Whether at the end, or after another epoch, some class is never predicted, or its logit is dead, or the weights
    are NaN."""
    return _lost_classes(history, at) > 0 or isnan(history.train_loss[at])


def failed_since(history: History) -> int | None:
    """The epoch from which on a run fails to its end; None if it does not fail."""
    sound = [epoch for at, epoch in enumerate(history.epoch) if not failed(history, at)]
    since = sound[-1] + 1 if sound else history.epoch[0]
    return since if since <= history.epoch[-1] else None


def never_predicted(history: History) -> list[int]:
    """The classes of which not one test picture is classified correctly at the end."""
    return [k for k, accuracy in enumerate(history.class_accuracy[-1]) if accuracy == 0]


def lucky(history: History) -> bool:
    """Whether the logit of 0 is dead at the end and 0 is predicted all the same, as the first of ten equal logits."""
    return _lost_classes(history) > CLASSES - history.classes_predicted[-1]


def _dead_logits(history: History, at: int = -1) -> float | None:
    if not isfinite(history.train_loss[at]):  # where the weights are NaN, no unit is at zero
        return None
    dead = dead_logits(history.network, history.dead_units[at])
    return None if dead is None else float(dead)


_ROWS, _COLUMNS = np.mgrid[:5, :5]
_BOTTOM_LEFT, _BOTTOM_RIGHT = _ROWS > _COLUMNS, _ROWS + _COLUMNS > 4
# Name of the measure -> layer, kernel (counted from 1), and the half of its weights that is held against the other one.
CONTRASTS: dict[str, tuple[str, int, np.ndarray]] = {
    **{f"conv1 #{number} bottom left": ("conv1", number, _BOTTOM_LEFT) for number in range(1, 7)},
    "conv2 #2 below diagonal": ("conv2", 2, _BOTTOM_RIGHT),
}


def contrast(name: str, kernels: Mapping[str, np.ndarray]) -> float | None:
    """A row of CONTRASTS: mean weight of one half of a kernel minus that of the mirrored half, in standard deviations
    of the kernel (the mean over its inputs). kernels: layer -> [outputs, inputs, 5, 5]; None if the layer is missing.
    """
    layer, number, half = CONTRASTS[name]
    if layer not in kernels:
        return None
    kernel = kernels[layer][number - 1].mean(0)
    other = half[::-1, ::-1]
    return float((kernel[half].mean() - kernel[other].mean()) / kernel.std())


def _contrast(name: str, words: str) -> Measure:
    return Measure(words, lambda history: contrast(name, history.kernels), _deviations)


SHARE = (0.0, 1.0)

# A measure is one row.
MEASURES: dict[str, Measure] = {
    "final": Measure("test accuracy at the end", lambda h: h.test_accuracy[-1], percent, SHARE),
    "error": Measure(
        "test error at the end", lambda h: 1 - h.test_accuracy[-1], lambda v: percent(v, 2), SHARE, less_is_better=True
    ),
    "first": Measure("test accuracy after the first epoch", lambda h: h.test_accuracy[1], percent, SHARE),
    "gain": Measure(
        "accuracy gained over the untrained network",
        lambda h: h.test_accuracy[-1] - h.test_accuracy[0],
        _points,
        (-1.0, 1.0),
    ),
    "epochs": Measure(
        f"epochs to {percent(HIGH, 0)} (one more than the last if never)",
        lambda h: _epochs_to(h, HIGH),
        _count,
        less_is_better=True,
    ),
    "fails": Measure("fails: 1 is yes", lambda h: float(failed(h)), _count, SHARE, less_is_better=True),
    "area": Measure(
        "mean test accuracy over the epochs", lambda h: float(np.mean(h.test_accuracy[1:])), percent, SHARE
    ),
    "loss": Measure("training loss of the last epoch", lambda h: h.train_loss[-1], lambda v: f"{v:.3f}"),
    "unpredicted": Measure("classes never predicted at the end", _lost_classes, _count),
    "highest": Measure("highest test accuracy of any epoch", lambda h: max(h.test_accuracy), percent, SHARE),
    "nan": Measure("weights are NaN at the end: 1 is yes", lambda h: float(isnan(h.train_loss[-1])), _count),
    "dead logits": Measure("dead logits at the end", _dead_logits, _count),
    "first gradient": Measure("norm of the first layer's gradient before training", _first_gradient, _small),
    "linear gradient": Measure("norm of the first linear layer's gradient before training", _linear_gradient, _small),
    "gradient ratio": Measure(
        "gradient of the first layer ÷ of the last, before training (geometric mean)", _gradient_ratio, _power
    ),
    "seconds": Measure("thread seconds of training", lambda h: h.train_seconds[-1], lambda v: f"{v:.0f} s"),
    **{
        name: _contrast(name, "bottom left minus top right, in standard deviations")
        for name in CONTRASTS
        if name.startswith("conv1")
    },
    "conv2 #2 below diagonal": _contrast(
        "conv2 #2 below diagonal", "below minus above the rising diagonal, in standard deviations"
    ),
}

_OVER: dict[str, Callable] = {
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "sum": np.sum,
    "best": lambda values: np.argmax(values) + 1,
}


class Runs(dict[Run, History]):
    """Finished runs and their histories, with the seeds that each setting has."""

    @cached_property
    def _seeds(self) -> dict[Setting, list[int]]:
        seeds: dict[Setting, list[int]] = {}
        for run in self:
            seeds.setdefault(run.setting(), []).append(run.seed)
        return seeds

    def seeds(self, setting: Setting) -> list[int]:
        """Seeds of the finished runs of a setting."""
        return sorted(self._seeds.get(setting, []))

    def of(self, setting: Setting) -> dict[int, History]:
        """Histories of the finished runs of a setting, by seed."""
        return {seed: self[setting.run(seed)] for seed in self.seeds(setting)}


def load(table: pa.Table, kernels: Mapping[Run, Mapping[str, np.ndarray]] | None = None) -> Runs:
    """The finished runs of the curves file; `kernels` of trained networks join the histories of their runs."""
    runs, weights = histories(table), kernels or {}
    return Runs({run: replace(runs[run], kernels=weights.get(run, {})) for run in finished(runs)})


def values(quantity: Quantity, runs: Runs) -> dict[int, float]:
    """The quantity for each seed that all of its settings have."""
    result = _side(quantity, quantity.of, runs)
    return paired(result, _side(quantity, quantity.minus, runs)) if quantity.minus else result


def _side(quantity: Quantity, settings: tuple[Setting, ...], runs: Runs) -> dict[int, float]:
    measure = MEASURES[quantity.measure].of
    measured = [{seed: measure(history) for seed, history in runs.of(setting).items()} for setting in settings]
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
