"""The command line: python -m lenet experiments | tape | train | bench | export."""

import argparse
import sys
from importlib import import_module

from tqdm import tqdm

from lenet.bench import BENCHES


def experiments(arguments: argparse.Namespace) -> None:
    """Do the runs of the experiments that pretrained/curves.parquet lacks, or write the report."""
    from lenet.curves import CurvesError
    from lenet.experiments import EXPERIMENTS, experiment

    if arguments.report:
        from lenet.report import REPORT, write

        try:
            write()
        except CurvesError as error:
            sys.exit(str(error))
        print(f"Written: {REPORT}")
        return
    try:
        chosen = [experiment(arguments.only)] if arguments.only else EXPERIMENTS
    except ValueError as error:
        sys.exit(str(error))

    from lenet.data import DataError
    from lenet.runner import WEIGHTS, Result, RunnerError, run_all

    runs = [run for e in chosen for run in e.runs(tuple(range(arguments.seeds)))]
    bar = tqdm(unit="multiply-adds", unit_scale=True, smoothing=0)

    def on_start(todo: list) -> None:
        bar.reset(total=sum(run.cost() for run in todo))
        bar.set_description(f"{len(todo)} runs")

    def on_progress(cost: float) -> None:
        bar.n = cost
        bar.refresh()

    def on_result(result: Result) -> None:
        bar.write(f"{result.run.name}: {result.records[-1]['test_accuracy']:.2%}")

    try:
        run_all(runs, workers=arguments.workers, scheduler=arguments.scheduler, weights=WEIGHTS,
                on_start=on_start, on_progress=on_progress, on_result=on_result)  # fmt: skip
    except KeyboardInterrupt:
        sys.exit("Stopped. What was finished is kept; the same command goes on from there.")
    except (CurvesError, DataError, RunnerError) as error:
        sys.exit(str(error))
    finally:
        bar.close()


def tape(arguments: argparse.Namespace) -> None:
    """Record a training tape of pretrained/tapes: one whole run."""
    import torch

    from lenet.data import DataError, mnist
    from lenet.tape import TapeError, path_of, record, save, shipped_run

    torch.set_num_threads(1)  # the same numbers on every machine
    try:
        variant, recipe = shipped_run(arguments.name)
        save(
            record(variant, recipe, mnist("train"), mnist("test"),
                   lambda step, accuracy: print(f"step {step}: {accuracy:.2%}", flush=True)),
            path_of(arguments.name),
        )  # fmt: skip
    except (TapeError, DataError) as error:
        sys.exit(str(error))
    print(f"Written: {path_of(arguments.name)}")


def parser() -> argparse.ArgumentParser:
    """Every command and its options."""
    main = argparse.ArgumentParser(prog="python -m lenet", description=__doc__)
    commands = main.add_subparsers(required=True)

    command = commands.add_parser("experiments", help=experiments.__doc__)
    command.add_argument("--only", type=int, metavar="N", help="the number of one experiment")
    command.add_argument("--seeds", type=int, default=3, help="seeds 0 to N-1 (default 3)")
    command.add_argument("--workers", type=int, help="processes (default: one a core)")
    command.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, tcp://host:port")
    command.add_argument("--report", action="store_true", help="train nothing: write pretrained/REPORT.md")
    command.set_defaults(run=experiments)

    command = commands.add_parser("tape", help=tape.__doc__)
    command.add_argument("name", help="one of lenet.tape.TAPES, such as original-1")
    command.set_defaults(run=tape)

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
