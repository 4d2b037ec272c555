"""Runs many runs: on the cores of this machine, or on a Dask cluster, and keeps every curve.

    python -m lenet experiments --only 2 --seeds 3 --workers 2

Each run has one torch thread, so its numbers do not depend on how many others run beside it or where. The curves file
is replaced whole after every run: stopped at any moment, the next start repeats at most the runs in flight.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED
from concurrent.futures import wait as wait_for_futures
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from lenet.paths import ROOT, remove_partial, write_atomically
from lenet.recipe import Recipe
from lenet.service.worker import Worker, WorkerDied
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
    """Do one run from its seed, on one thread. In a process of its own the numbers are the same on every
    x86-64 processor with AVX2."""
    from lenet.data import mnist
    from lenet.pretrained import make_card, weights_bytes
    from lenet.training import epochs, new_model, prepare_process, release, train

    prepare_process(repeatable=True)
    model = new_model(run.network(), run.seed)
    history = []
    for epoch in epochs(train(model, recipe, mnist("train"), mnist("test"))):
        history.append(epoch)
        on_epoch(epoch.epoch)
    records = [{**asdict(epoch), "torch": release()} for epoch in history]
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
    """Results as they come. Each run has a process of its own, so that one that is killed, be it halfway through
    handing over its result, holds up no other; its run is started again."""
    idle = [Worker(_work) for _ in range(workers or cores())]
    waiting = deque(todo)
    at_work: dict[Run, Worker] = {}
    done = dict.fromkeys(todo, 0.0)  # the cost of each run so far
    deaths = 0
    try:
        while waiting or at_work:
            while waiting and idle:
                run = waiting.popleft()
                at_work[run] = idle.pop()
                with suppress(WorkerDied):  # heard below
                    at_work[run].give((run, run.training()))
            speaking = wait([worker.pipe for worker in at_work.values()], timeout=0.5)
            for run, worker in list(at_work.items()):
                if worker.pipe not in speaking:
                    continue
                said = _heard(worker)
                if isinstance(said, int):
                    done[run] = run.cost() * said / run.training().epochs
                    continue
                worker.end()
                idle.append(at_work.pop(run))
                if isinstance(said, Result):
                    deaths = 0
                    yield said
                    continue
                deaths += 1
                waiting.append(run)
                if deaths > RETRIES:
                    raise RunnerError(_died(deaths, [*waiting, *at_work]))
            on_progress(sum(done.values()))
    finally:
        for worker in at_work.values():
            worker.end()


def _heard(worker: Worker) -> int | Result | None:
    """The epoch that has ended, the result, or None from a worker that died. Raises what the run raised."""
    try:
        said = worker.hear()
    except WorkerDied:
        return None
    if isinstance(said, Exception):
        raise said
    return said


def _died(deaths: int, undone: list[Run]) -> str:
    return (
        f"Worker processes died {deaths} times in a row, perhaps for want of memory: try fewer --workers. "
        f"Not done: {', '.join(run.name for run in undone)}."
    )


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


def _work(pipe: Connection) -> None:
    """A worker process: does one run, tells each epoch, then the result."""
    run, recipe = pipe.recv()
    try:
        pipe.send(perform(run, recipe, pipe.send))
    except BrokenPipeError:  # the runner has ended
        return
    except Exception as error:  # the runner raises it
        pipe.send(error)
