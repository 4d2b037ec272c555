"""The race of the page Class, run here: how many seeds of its recipe lose a class, and what the page says to it."""

import argparse
from time import thread_time


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--runs", type=int, default=30, help="seeds 100, 101, … (default 30)")
    parser.add_argument(
        "--kind", default="paper", help="paper or mended: with or without the last ReLU (default paper)"
    )


def run(options: argparse.Namespace) -> None:
    """Train one seed after another, and print."""
    from lenet.classroom import race
    from lenet.classroom.store import Race
    from lenet.data import mnist
    from lenet.training import epochs, new_model, prepare_process, train

    prepare_process()
    asked = Race(1, options.kind, options.runs, False, {})
    network, results = race.variant(asked), []
    for seed in asked.seeds:
        *_, last = epochs(train(new_model(network, seed), race.recipe(asked, seed), mnist("train"), mnist("test")))
        results.append(race.result(network, last))
        print(f"seed {seed}: {results[-1]}", flush=True)
    print(*race.message(results), f"{thread_time() / options.runs:.1f} s of CPU time a run", sep="\n")
