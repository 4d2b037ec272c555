"""The command line: python -m lenet experiments | train | export | tape | stress | familiarity | times."""

import argparse
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from lenet.model import LeNet
    from lenet.pretrained import Card
    from lenet.recipe import Recipe
    from lenet.variant import Variant


def experiments(arguments: argparse.Namespace) -> None:
    """Do the runs of the experiments that pretrained/curves.parquet lacks, or write the report."""
    from lenet.study.curves import CurvesError

    if arguments.merge or arguments.report:
        from lenet.study import curves
        from lenet.study.report import REPORT, write

        try:
            if arguments.merge:
                curves.write(curves.merge(curves.read(), curves.read(arguments.merge)))
                print(f"Merged: {arguments.merge}")
            if arguments.report:
                write()
                print(f"Written: {REPORT}")
        except CurvesError as error:
            sys.exit(str(error))
        return
    try:
        runs = wanted_runs(arguments)
    except (ValueError, CurvesError) as error:
        sys.exit(str(error))

    from lenet.data import DataError
    from lenet.study.runner import WEIGHTS, Result, RunnerError, run_all

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
        run_all(
            runs,
            workers=arguments.workers,
            scheduler=arguments.scheduler,
            weights=WEIGHTS,
            on_start=on_start,
            on_progress=on_progress,
            on_result=on_result,
        )
    except KeyboardInterrupt:
        sys.exit("Stopped. What was finished is kept; the same command goes on from there.")
    except (CurvesError, DataError, RunnerError) as error:
        sys.exit(str(error))
    finally:
        bar.close()


def wanted_runs(arguments: argparse.Namespace) -> list:
    """The runs that the command `experiments` asks for. Raises ValueError, CurvesError."""
    from lenet.study import curves, judging, measures, plan
    from lenet.study.experiments import EXPERIMENTS, experiment
    from lenet.study.kernels import kernels

    chosen = EXPERIMENTS if arguments.only is None else [experiment(arguments.only)]
    if not (arguments.at_least or arguments.until_decided):
        every = (run for e in chosen for run in e.runs(range(arguments.seeds)))
        return plan.cheapest_first(every)[::-1]  # the longest first: then no worker is idle for long at the end
    runs = plan.at_least(chosen, arguments.at_least or 0)
    if arguments.until_decided:
        there = measures.load(curves.read(), kernels())
        judgements = [judging.judge(claim, there) for e in chosen for claim in e.claims]
        runs += plan.until_decided(judgements, arguments.most)
    return plan.cheapest_first(runs)


def tape(arguments: argparse.Namespace) -> None:
    """Record a training tape of pretrained/tapes: one whole run."""
    from lenet.data import DataError, mnist
    from lenet.tape import record, save, shipped_run
    from lenet.tape_story import TapeError, path_of
    from lenet.training import prepare_process

    prepare_process(repeatable=True)
    try:
        variant, recipe = shipped_run(arguments.name)
        save(
            record(
                variant,
                recipe,
                mnist("train"),
                mnist("test"),
                lambda step, accuracy: print(f"step {step}: {accuracy:.2%}", flush=True),
            ),
            path_of(arguments.name),
        )
    except (TapeError, DataError) as error:
        sys.exit(str(error))
    print(f"Written: {path_of(arguments.name)}")


def train(arguments: argparse.Namespace) -> None:
    """Make the weights of a shipped network again, or others of its kind, with their card."""
    from lenet.data import DataError
    from lenet.pretrained import FOLDER, SHIPPED, save
    from lenet.recipe import RecipeError, check
    from lenet.training import prepare_process

    if arguments.name not in SHIPPED:
        sys.exit(f"No network called {arguments.name!r} is shipped. There are: {', '.join(SHIPPED)}.")
    path = arguments.out or FOLDER / f"{arguments.name}.safetensors"
    if path.is_dir():
        sys.exit(f"{path} is a folder: --out takes the file to write.")
    check_writable(path)
    prepare_process(repeatable=True)
    variant, recipe = SHIPPED[arguments.name]
    asked = {name: getattr(arguments, name) for name in ("seed", "epochs", "train_size")}
    recipe = replace(recipe, **{name: value for name, value in asked.items() if value is not None})
    try:
        check(recipe)
        model, card = trained(arguments.name, variant, recipe, teacher_of(recipe))
    except (RecipeError, DataError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(f"Stopped. {path} was not written.")
    save(model, card, path)
    print(f"Written: {path}, {card.test_accuracy:.2%} of the test set")


def trained(
    name: str, variant: "Variant", recipe: "Recipe", teacher: "Callable[[Tensor], Tensor] | None" = None
) -> "tuple[LeNet, Card]":
    """A network after its recipe, and its card; a bar shows how far it is. teacher: as for `lenet.training.train`."""
    from lenet.data import mnist
    from lenet.pretrained import make_card
    from lenet.training import epochs, new_model, train

    model, history = new_model(variant, recipe.seed), []
    running = epochs(train(model, recipe, mnist("train"), mnist("test"), teacher=teacher))
    with tqdm(running, total=recipe.epochs + 1, unit="epoch", desc=name) as bar:
        for epoch in bar:
            history.append(epoch)
            bar.set_postfix(loss=f"{epoch.train_loss:.4f}", test=f"{epoch.test_accuracy:.2%}")
    return model, make_card(name, variant, recipe, history)


def check_writable(path: Path) -> None:
    """Exit with a sentence if this file cannot be written: now, not after an hour of training."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        sys.exit(f"{path} cannot be written: {error.strerror}.")


def teacher_of(recipe: "Recipe") -> "Callable[[Tensor], Tensor] | None":
    """What the recipe's teacher answers: from pictures [N, 1, 28, 28] to probabilities [N, 10]. None without a teacher.

    The teacher learns from its pupil's MNIST images and never from a test picture. It is kept in runs/teachers/. If it
    is not there, or its recipe or PyTorch's release has changed, or the file is damaged, it is trained again. Raises
    DataError; exits with a sentence if the folder cannot be written.
    """
    import torch

    from lenet.pretrained import TEACHERS, WeightsError, load, save
    from lenet.study.runner import WEIGHTS

    if not recipe.teacher:
        return None
    variant, its_recipe = TEACHERS[recipe.teacher]
    its_recipe = replace(its_recipe, train_size=recipe.train_size)
    path = WEIGHTS / "teachers" / f"{recipe.teacher}-{recipe.train_size}.safetensors"
    card = None
    with suppress(WeightsError):  # there is none, or it is damaged
        model, card = load(path)
    wanted = variant, its_recipe, torch.__version__
    if not card or (card.variant, card.recipe, card.versions.get("torch")) != wanted:
        check_writable(path)
        model, card = trained(path.stem, variant, its_recipe)
        save(model, card, path)
    teacher = model.eval().requires_grad_(False)
    return lambda pictures: teacher(pictures).softmax(1)


def export(arguments: argparse.Namespace) -> None:
    """Take the weights of shipped networks from the runs of the experiments instead of training them again."""
    from lenet.pretrained import FOLDER, SHIPPED, WeightsError, load, save
    from lenet.study.runner import WEIGHTS

    found = {}
    try:
        for path in sorted(WEIGHTS.glob("*.safetensors")):
            model, card = load(path)
            found[card.variant, card.recipe] = model, card
    except WeightsError as error:
        sys.exit(f"{error} Delete it from {WEIGHTS}.")
    if not found:
        sys.exit(f"There are no weights in {WEIGHTS}: `python -m lenet experiments` makes them.")
    for name, made in SHIPPED.items():
        if made in found:
            model, card = found[made]
            save(model, replace(card, name=name), FOLDER / f"{name}.safetensors")
            print(f"{name}: seed {card.seed}, {card.test_accuracy:.2%} of the test set")


def stress(_: argparse.Namespace) -> None:
    """Measure the average sweeps of the shipped networks that pretrained/stress.parquet lacks, for the page Stress."""
    from lenet.data import DataError, mnist
    from lenet.pretrained import WeightsError, card, create_model, shipped
    from lenet.probes.stress import AVERAGE_DIGITS, AVERAGES, add_averages
    from lenet.training import prepare_process

    prepare_process(repeatable=True)
    try:
        models = {name: create_model(name, pretrained=True) for name in shipped()}
        checksums = {name: card(name).checksum for name in models}
        digits = mnist("test")[:AVERAGE_DIGITS]
        with tqdm(total=len(digits), unit="digit") as bar:
            measured = add_averages(models, checksums, digits, on_digit=bar.update)
    except (DataError, WeightsError) as error:
        sys.exit(str(error))
    print(f"Measured: {', '.join(measured) or 'nothing, all are there'}. Written: {AVERAGES}")


def familiarity(_: argparse.Namespace) -> None:
    """Choose the digits that a drawing is compared with, and measure each shipped network's distances to them."""
    from lenet import familiarity
    from lenet.data import DataError
    from lenet.pretrained import WeightsError, shipped
    from lenet.training import prepare_process

    prepare_process(repeatable=True)
    try:
        measured = familiarity.write(shipped())
    except (DataError, WeightsError) as error:
        sys.exit(str(error))
    print(f"Measured: {', '.join(measured)}. Written: {familiarity.FOLDER}")


def times(_: argparse.Namespace) -> None:
    """Measure the training times by depth for experiment 4, with nothing else running."""
    from lenet.study.training_times import TIMES, rows, write

    write()
    for row in rows():
        print(
            f"{row['network']:<20} {row['seconds']:7.1f} s an epoch, ratio to two layers {row['ratio']:.2f} "
            f"(the paper: {row['paper seconds']} s in all, ratio {row['paper ratio']:.2f})"
        )
    print(f"Written: {TIMES}")


def positive(text: str) -> int:
    """A whole number from 1 up. For argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be 1 or more")
    return number


def parser() -> argparse.ArgumentParser:
    """Every command and its options."""
    main = argparse.ArgumentParser(prog="python -m lenet", description=__doc__)
    commands = main.add_subparsers(required=True)

    command = commands.add_parser("experiments", help=experiments.__doc__)
    command.add_argument("--only", metavar="NAME", help="one experiment: its id or number")
    command.add_argument("--seeds", type=positive, default=3, help="seeds 0 to N-1 (default 3)")
    command.add_argument(
        "--at-least", type=positive, metavar="N", help="so many seeds of every setting, two thirds where a run is long"
    )
    command.add_argument(
        "--until-decided", action="store_true", help="the seeds that undecided verdicts wait for, the cheapest first"
    )
    command.add_argument("--most", type=positive, default=30, metavar="N", help="up to so many seeds (default 30)")
    command.add_argument("--workers", type=positive, help="processes (default: one a core)")
    command.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, tcp://host:port")
    command.add_argument(
        "--merge", type=Path, metavar="FILE", help="train nothing: add the runs of another curves file"
    )
    command.add_argument(
        "--report", action="store_true", help="train nothing: write pretrained/REPORT.md and the README's summary"
    )
    command.set_defaults(run=experiments)

    command = commands.add_parser("tape", help=tape.__doc__)
    command.add_argument("name", help="one of lenet.tape_story.TAPES, such as original-1")
    command.set_defaults(run=tape)

    command = commands.add_parser("train", help=train.__doc__)
    command.add_argument("name", help="one of lenet.pretrained.SHIPPED, such as best")
    command.add_argument("--seed", type=int, help="another than the shipped one")
    command.add_argument("--epochs", type=int)
    command.add_argument("--train-size", type=int, help="how many of the 60,000 training images")
    command.add_argument("--out", type=Path, metavar="FILE", help="default: pretrained/NAME.safetensors")
    command.set_defaults(run=train)

    command = commands.add_parser("export", help=export.__doc__)
    command.set_defaults(run=export)

    command = commands.add_parser("stress", help=stress.__doc__)
    command.set_defaults(run=stress)

    command = commands.add_parser("familiarity", help=familiarity.__doc__)
    command.set_defaults(run=familiarity)

    command = commands.add_parser("times", help=times.__doc__)
    command.set_defaults(run=times)
    return main


if __name__ == "__main__":
    arguments = parser().parse_args()
    arguments.run(arguments)
