"""Runs many runs: on the cores of this machine, or on a Dask cluster, and keeps every curve.

    python -m lenet experiments --only 2 --seeds 3 --workers 2

Each run has one torch thread, so its numbers do not depend on how many others run beside it or where. The curves file
is replaced whole after every run: stopped at any moment, the next start repeats at most the runs in flight.
"""

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from typing import Any

from lenet import curves
from lenet.curves import CURVES, CurvesError
from lenet.curves import read as read_curves
from lenet.experiments import Run
from lenet.files import ROOT, remove_partial, write_atomically
from lenet.recipe import Recipe
from lenet.variant import multiply_adds

__all__ = ["CURVES", "WEIGHTS", "CurvesError", "Result", "RunnerError", "perform", "read_curves", "run_all"]

WEIGHTS = ROOT / "runs"  # weights of every run done here, for `python -m lenet export`; not in the repository
RETRIES = 3  # how often a run is started again when its worker died


class RunnerError(RuntimeError):
    """Runs that could not be finished; the message says why."""


@dataclass(frozen=True)
class Result:
    """A finished run: its records, one an epoch, as in the curves file, and its weights file."""

    run: Run
    records: list[dict]
    weights: bytes


def perform(run: Run, recipe: Recipe) -> Result:
    """Do one run from its seed, on one thread. In a process of its own the numbers are the same on every processor."""
    from lenet.data import mnist
    from lenet.pretrained import make_card, weights_bytes
    from lenet.training import new_model, prepare_process, release, train

    prepare_process(repeatable=True)
    model = new_model(run.network(), run.seed)
    history = []
    for epoch in train(model, recipe, mnist("train"), mnist("test")):
        history.append(epoch)
        if _progress and epoch.epoch:
            with _progress.get_lock():
                _progress.value += float(multiply_adds(model.variant)) * recipe.train_size  # Run.cost() of an epoch
    records = []
    for epoch in history:
        lists = {"dead_units": list(epoch.dead_units.values()), "gradient_norms": list(epoch.gradient_norms.values())}
        records.append({**asdict(epoch), **lists, "torch": release()})
    card = make_card(run.name, run.network(), recipe, history)
    return Result(run, records, weights_bytes(model, card))


def run_all(
    runs: Iterable[Run],
    path: Path = CURVES,
    workers: int | None = None,
    scheduler: str | None = None,
    weights: Path | None = None,
    on_start: Callable[[list[Run]], None] = lambda todo: None,
    on_progress: Callable[[float], None] = lambda cost: None,
    on_result: Callable[[Result], None] = lambda result: None,
) -> None:
    """Do all the runs that the file lacks, the longest first, and add each to the file as it ends.

    weights: a folder for the weights of each run. on_progress: told about twice a second how much of the sum of
    Run.cost() is done. Raises CurvesError if the file cannot be read, RunnerError if runs cannot be finished.
    """
    remove_partial(path)
    table = curves.read(path) if path.exists() else curves.SCHEMA.empty_table()
    done = curves.finished(curves.histories(table))
    todo = sorted(dict.fromkeys(run for run in runs if run not in done), key=Run.cost, reverse=True)
    on_start(todo)
    with closing(_results(todo, workers or os.cpu_count() or 1, scheduler, on_progress)) as results:
        for result in results:
            if weights:
                write_atomically(weights / f"{result.run.name}.safetensors", result.weights)
            table = curves.add(table, result.run, result.records)
            curves.write(table, path)
            on_result(result)


def _results(
    todo: list[Run], workers: int, scheduler: str | None, on_progress: Callable[[float], None]
) -> Generator[Result, None, None]:
    """Results as they come; runs whose worker process was killed are started again."""
    done, deaths = 0.0, 0
    while todo:
        before = done
        try:
            with _executor(workers, scheduler) as (executor, progress):
                pending = {executor.submit(perform, run, run.training()) for run in todo}
                while pending:
                    ended, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in ended:
                        result = future.result()
                        todo = [run for run in todo if run != result.run]
                        done += result.run.cost()
                        deaths = 0
                        yield result
                    on_progress(max(done, before + progress.value))
        except BrokenProcessPool:
            deaths += 1
            if deaths > RETRIES:
                names = ", ".join(run.name for run in todo)
                raise RunnerError(
                    f"Worker processes died {deaths} times in a row, perhaps for want of memory: try fewer --workers. "
                    f"Not done: {names}."
                ) from None


@contextmanager
def _executor(workers: int, scheduler: str | None) -> Iterator[tuple[Executor, Any]]:
    """Processes here, or a Dask cluster seen as an executor, and a counter of the cost done (here only).

    When we stop early, what has not begun is dropped, and the processes here are ended at once.
    """
    context = get_context("spawn")
    progress = context.Value("d", 0.0)
    if scheduler is not None:
        from distributed import Client  # optional: requirements-cluster.txt

        with Client(scheduler) as client, client.get_executor(pure=False, retries=RETRIES) as cluster:
            yield cluster, progress
        return
    others = set(active_children())
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(progress,))
    try:
        yield executor, progress
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(active_children()) - others:
            process.kill()
        raise
    executor.shutdown()


_progress: Any = None  # in a worker process: the counter that it shares with the runner


def _begin(progress: Any) -> None:
    """First thing in a worker process: Ctrl-C is the runner's business, and a worker ends when its runner does."""
    global _progress
    _progress = progress
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)
