"""The experiments, one file each: a file that defines EXPERIMENT is one. Nothing else has to be told of it.

1 to 5 are those of the paper (A. Landry, A. Cabrera, "LeNet").
"""

from importlib import import_module
from pkgutil import iter_modules

from lenet.study.design import Experiment

EXPERIMENTS: tuple[Experiment, ...] = tuple(
    sorted(
        (import_module(f"{__name__}.{module.name}").EXPERIMENT for module in iter_modules(__path__)),
        key=lambda e: e.number,
    )
)


def experiment(name: str) -> Experiment:
    """The experiment of that id or number. Raises ValueError with those there are."""
    for candidate in EXPERIMENTS:
        if name in (candidate.id, str(candidate.number)):
            return candidate
    there = ", ".join(f"{e.number} ({e.id})" for e in EXPERIMENTS)
    raise ValueError(f"There is no experiment {name}: there are {there}.")
