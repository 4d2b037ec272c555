"""Training time of 1 to 4 convolutional layers, for experiment 4: the measurement, and the paper's beside it.

`python -m lenet times` measures: one epoch (235 batches of 256) of each depth in the paper's recipe, one thread, in
five slices taken in turn so that a warming or throttling processor meets all alike. Run it with nothing else running.
"""

import json
import time
from pathlib import Path

from lenet.paths import PRETRAINED, write_atomically
from lenet.study.design import Setting
from lenet.study.experiments.depth import DEPTH_SECONDS
from lenet.study.experiments.depth import EXPERIMENT as DEPTH
from lenet.system import processor

TIMES = PRETRAINED / "training_time.json"
SLICES = 5


def rows(path: Path = TIMES) -> list[dict]:
    """The table of experiment 4, the paper's times beside ours; empty if they were not measured here."""
    try:
        seconds = json.loads(path.read_text())["seconds"]
        ratios = {name: seconds[name] / seconds["original"] for name in DEPTH.variants}
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return []
    return [
        {
            "network": label,
            "paper seconds": DEPTH_SECONDS[name],
            "paper ratio": DEPTH_SECONDS[name] / DEPTH_SECONDS["original"],
            "seconds": seconds[name],
            "ratio": ratios[name],
        }
        for name, label in DEPTH.variants.items()
    ]


def machine(path: Path = TIMES) -> str:
    """On what the times were measured, in words."""
    kept = json.loads(path.read_text())
    return f"{kept['processor']}, {kept['threads']} thread, torch {kept['torch']}, {kept['steps']} batches of 256"


def write(path: Path = TIMES) -> None:
    """Measure and keep."""
    write_atomically(path, (json.dumps(measure(), indent=2) + "\n").encode())


def measure() -> dict:
    """Seconds of wall clock for an epoch of each depth, and the machine."""
    import torch

    from lenet.data import mnist
    from lenet.training import new_model, prepare_process, train

    prepare_process(repeatable=True)
    digits = mnist("train")
    recipe = Setting("original").run(0).training()
    a_slice = recipe.steps_per_epoch // SLICES
    running = {}
    for name in DEPTH.variants:
        running[name] = train(new_model(Setting(name).run(0).network(), 0), recipe, digits)
        for _ in range(3):  # the first steps allocate
            next(running[name])
    seconds = dict.fromkeys(running, 0.0)
    for _ in range(SLICES):
        for name, training in running.items():
            start = time.perf_counter()
            for _ in range(a_slice):
                next(training)
            seconds[name] += time.perf_counter() - start
    return {
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "steps": a_slice * SLICES,
        "threads": 1,
        "processor": processor(),
        "torch": torch.__version__,
    }
