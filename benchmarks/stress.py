"""The full sweep of one digit: six transformations by 41 amounts for three networks, as the page Stress does it."""

import argparse
import time
from statistics import median

GOAL = 1.0  # seconds on two cores
NETWORKS = ("best", "original", "tanh")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--turns", type=int, default=9, help="counted sweeps of each kind (default 9)")


def run(options: argparse.Namespace) -> None:
    """Print the median and the slowest time, as it is and with normalising, and the machine's share of it."""
    import torch

    from lenet.data import mnist, pixels
    from lenet.pretrained import create_model
    from lenet.probes.stress import AMOUNTS, TRANSFORMATIONS, sweep

    torch.set_num_threads(1)  # as the app does
    models = {name: create_model(name, pretrained=True) for name in NETWORKS}
    images = pixels(mnist("test").images[: options.turns + 1])
    for normalise in (False, True):
        wall, processor = [], []
        for image in images:  # the first one allocates and is not counted
            start, worked = time.perf_counter(), time.process_time()
            for name in TRANSFORMATIONS:
                sweep(models, image, name, normalise)
            wall.append(time.perf_counter() - start)
            processor.append(time.process_time() - worked)
        kind = "normalised again" if normalise else "as it is"
        print(
            f"{len(TRANSFORMATIONS)} × {AMOUNTS} × {len(models)}, {kind:<16} "
            f"median {median(wall[1:]):.3f} s, slowest {max(wall[1:]):.3f} s (goal {GOAL:g} s), "
            f"processor time {median(processor[1:]):.3f} s, one thread, {options.turns} digits"
        )
