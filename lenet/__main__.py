"""The command line: python -m lenet experiments | train | bench | export."""

import argparse
import sys
from importlib import import_module

from tqdm import tqdm

from lenet.bench import BENCHES


def experiments(arguments: argparse.Namespace) -> None:
    """Do the runs of the experiments that pretrained/curves.parquet lacks."""
    from lenet.experiments import EXPERIMENTS, experiment
    from lenet.runner import WEIGHTS, Result, run_all

    chosen = [experiment(arguments.only)] if arguments.only else EXPERIMENTS
    runs = [run for e in chosen for run in e.runs(tuple(range(arguments.seeds)))]
    bar = tqdm(unit="multiply-adds", unit_scale=True, smoothing=0)

    def on_start(todo: list) -> None:
        bar.reset(total=sum(run.cost() for run in todo))
        bar.set_description(f"{len(todo)} runs")

    def on_result(result: Result) -> None:
        bar.update(result.run.cost())
        bar.write(f"{result.run.name}: {result.rows[-1]['test_accuracy']:.2%}")

    try:
        run_all(runs, workers=arguments.workers, scheduler=arguments.scheduler, weights=WEIGHTS,
                on_start=on_start, on_result=on_result)  # fmt: skip
    except KeyboardInterrupt:
        sys.exit("Stopped. What was finished is kept; the same command goes on from there.")
    finally:
        bar.close()


def parser() -> argparse.ArgumentParser:
    """Every command and its options."""
    main = argparse.ArgumentParser(prog="python -m lenet", description=__doc__)
    commands = main.add_subparsers(required=True)

    command = commands.add_parser("experiments", help=experiments.__doc__)
    command.add_argument("--only", type=int, metavar="N", help="the number of one experiment")
    command.add_argument("--seeds", type=int, default=3, help="seeds 0 to N-1 (default 3)")
    command.add_argument("--workers", type=int, help="processes (default: one a core)")
    command.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, tcp://host:port")
    command.set_defaults(run=experiments)

    benches = commands.add_parser("bench", help="measure something").add_subparsers(required=True)
    for name, about in BENCHES.items():
        module = import_module(f"lenet.bench.{name}")
        command = benches.add_parser(name, help=about, description=module.__doc__)
        module.arguments(command)
        command.set_defaults(run=module.run)
    return main


if __name__ == "__main__":
    arguments = parser().parse_args()
    arguments.run(arguments)
