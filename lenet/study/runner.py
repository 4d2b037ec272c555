"""Runs many runs: on the cores of this machine, or on a Dask cluster, and keeps every curve.

    python -m lenet experiments --only 2 --seeds 3 --workers 2

Each run has one torch thread, so its numbers do not depend on how many others run beside it or where. The curves file
is replaced whole after every run: stopped at any moment, the next start repeats at most the runs in flight.
"""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED
from concurrent.futures import wait as wait_for_futures
from contextlib import closing
from dataclasses import asdict, dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from lenet.paths import ROOT, remove_partial, write_atomically
from lenet.recipe import Recipe
from lenet.study import curves
from lenet.study.curves import CURVES
from lenet.study.design import Run
from lenet.system import cores

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


def perform(run: Run, recipe: Recipe, on_epoch: Callable[[int], None] = lambda epoch: None) -> Result:
    """Do one run from its seed, on one thread. In a process of its own the numbers are the same on every processor, but
    for Adam's."""
    from lenet.data import mnist
    from lenet.pretrained import make_card, weights_bytes
    from lenet.training import new_model, prepare_process, release, train

    prepare_process(repeatable=True)
    model = new_model(run.network(), run.seed)
    history = []
    for epoch in train(model, recipe, mnist("train"), mnist("test")):
        history.append(epoch)
        on_epoch(epoch.epoch)
    records = [{**asdict(epoch), "torch": release(recipe)} for epoch in history]
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
    """Do all the runs that the file lacks, in their order, and add each to the file as it ends.

    weights: a folder for the weights of each run. on_progress: told about twice a second how much of the sum of
    Run.cost() is done. Raises CurvesError if the file cannot be read, RunnerError if runs cannot be finished.
    """
    remove_partial(path)
    table = curves.read(path) if path.exists() else curves.SCHEMA.empty_table()
    done = curves.finished(curves.histories(table))
    todo = list(dict.fromkeys(run for run in runs if run not in done))
    on_start(todo)
    started = _on_cluster(todo, scheduler, on_progress) if scheduler else _here(todo, workers, on_progress)
    with closing(started) as results:
        for result in results:
            if weights:
                write_atomically(weights / f"{result.run.name}.safetensors", result.weights)
            table = curves.add(table, result.run, result.records)
            curves.write(table, path)
            on_result(result)


def _here(todo: list[Run], workers: int | None, on_progress: Callable[[float], None]) -> Generator[Result, None, None]:
    """Results as they come. Each run has a process and a pipe of its own, so that one that is killed, be it halfway
    through handing over its result, holds up no other; its run is started again."""
    context = get_context("spawn")
    waiting = deque(todo)
    at_work: dict[Connection, tuple[Run, BaseProcess]] = {}
    done = dict.fromkeys(todo, 0.0)  # the cost of each run so far
    deaths = 0
    try:
        while waiting or at_work:
            while waiting and len(at_work) < (workers or cores()):
                run = waiting.popleft()
                ours, theirs = context.Pipe(duplex=False)
                process: BaseProcess = context.Process(target=_work, args=(theirs, run, run.training()), daemon=True)
                process.start()
                theirs.close()
                at_work[ours] = run, process
            speaking = wait(list(at_work), timeout=0.5)
            for pipe, (run, worker) in list(at_work.items()):
                if pipe not in speaking:
                    continue
                try:
                    said = pipe.recv()
                except (EOFError, OSError):  # killed; OSError in the middle of what it said
                    said = None
                if isinstance(said, int):
                    done[run] = run.cost() * said / run.training().epochs
                    continue
                del at_work[pipe]
                pipe.close()
                worker.join()
                if isinstance(said, Exception):
                    raise said
                if said:
                    deaths = 0
                    yield said
                    continue
                deaths += 1
                waiting.append(run)
                if deaths > RETRIES:
                    names = ", ".join(run.name for run in [*waiting, *(run for run, _ in at_work.values())])
                    raise RunnerError(
                        f"Worker processes died {deaths} times in a row, perhaps for want of memory: try fewer "
                        f"--workers. Not done: {names}."
                    )
            on_progress(sum(done.values()))
    finally:
        for _, worker in at_work.values():
            worker.kill()


def _on_cluster(todo: list[Run], scheduler: str, on_progress: Callable[[float], None]) -> Generator[Result, None, None]:
    """Results as they come from a Dask cluster, which starts the runs of a lost worker again."""
    try:
        from distributed import Client  # optional
    except ImportError:
        raise RunnerError("A cluster needs Dask: pip install -r requirements-cluster.txt") from None
    try:
        connected = Client(scheduler)
    except (OSError, ValueError) as error:
        raise RunnerError(f"There is no Dask scheduler at {scheduler}: {error}") from error
    done = 0.0
    with connected as client, client.get_executor(pure=False, retries=RETRIES) as cluster:
        pending = {cluster.submit(perform, run, run.training()) for run in todo}
        while pending:
            ended, pending = wait_for_futures(pending, return_when=FIRST_COMPLETED)
            for future in ended:
                result = future.result()
                done += result.run.cost()
                yield result
            on_progress(done)


def _work(pipe: Connection, run: Run, recipe: Recipe) -> None:
    """A worker process: tells each epoch, then the result. Ctrl-C is the runner's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        pipe.send(perform(run, recipe, pipe.send))
    except BrokenPipeError:  # the runner has ended
        return
    except Exception as error:  # the runner raises it
        pipe.send(error)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)
