"""Training time of 1 to 4 convolutional layers, one thread, for experiment 4: run it with nothing else running.

One epoch (235 batches of 256) of each depth in the paper's recipe, in five slices taken in turn so that a warming or
throttling processor meets all alike. Writes pretrained/training_time.json.
"""

import argparse
import json
import time

from lenet.experiments import DEPTH, Setting
from lenet.files import write_atomically
from lenet.machine import processor
from lenet.times import TIMES, rows

SLICES = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    """No options: it is one measurement."""


def run(_: argparse.Namespace) -> None:
    """Measure, print and keep."""
    measured = measure()
    write_atomically(TIMES, (json.dumps(measured, indent=2) + "\n").encode())
    for row in rows():
        print(f"{row['network']:<20} {row['seconds']:7.1f} s an epoch, ratio to two layers {row['ratio']:.2f} "
              f"(the paper: {row['paper seconds']} s in all, ratio {row['paper ratio']:.2f})")  # fmt: skip
    print(f"Written: {TIMES}")


def measure() -> dict:
    """Seconds of wall clock for an epoch of each depth, and the machine."""
    import torch

    from lenet.data import mnist
    from lenet.training import new_model, prepare_process, steps

    prepare_process(repeatable=True)
    digits = mnist("train")
    recipe = Setting("original").run(True, 0).training()
    a_slice = recipe.steps_per_epoch // SLICES
    running = {}
    for name in DEPTH.variants:
        running[name] = steps(new_model(Setting(name).run(True, 0).network(), 0), recipe, digits)
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
