"""Runs many runs: on the cores of this machine, or on a Dask cluster, and keeps every curve.

    python -m lenet experiments --only 2 --seeds 3 --workers 2

Each run has one torch thread, so its numbers do not depend on how many others run beside it or where. The curves file
is replaced whole after every run: stopped at any moment, the next start repeats at most the runs in flight.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lenet.data import ROOT
from lenet.experiments import EXPERIMENTS, Run
from lenet.files import write_atomically

CURVES = ROOT / "pretrained" / "curves.parquet"
WEIGHTS = ROOT / "runs"  # weights of every run done here, for `python -m lenet export`; not in the repository

KEY = pa.schema(
    [
        ("variant", pa.string()),
        ("output_activation", pa.bool_()),
        ("lr", pa.float64()),
        ("seed", pa.int64()),
        ("recipe", pa.string()),
    ]
)
SCHEMA = pa.schema(
    [
        ("experiment", pa.int64()),
        *KEY,
        ("epoch", pa.int64()),
        ("train_loss", pa.float64()),
        ("test_accuracy", pa.float64()),
        ("class_accuracy", pa.list_(pa.float64())),
        ("classes_predicted", pa.int64()),
        ("dead_units", pa.list_(pa.float64())),
        ("gradient_norms", pa.list_(pa.float64())),
        ("train_seconds", pa.float64()),
    ]
)
RETRIES = 3  # how often a run is started again when its worker died


class CurvesError(RuntimeError):
    """The curves file is missing or damaged; the message says how to mend it."""


class RunnerError(RuntimeError):
    """Runs that could not be finished; the message says why."""


@dataclass(frozen=True)
class Result:
    """A finished run and its records, one a row of the curves file but for the experiment's number."""

    run: Run
    rows: list[dict]


def perform(run: Run, weights: Path | None = None) -> Result:
    """Do one run from its seed, on one thread. With a folder, keep its weights there."""
    import torch

    from lenet.data import mnist
    from lenet.pretrained import make_card, save
    from lenet.training import new_model, train

    torch.set_num_threads(1)
    model = new_model(run.network(), run.seed)
    history = list(train(model, run.training(), mnist("train"), mnist("test")))
    if weights:
        card = make_card(run.name, run.network(), run.training(), history)
        save(model, card, weights / f"{run.name}.safetensors")
    rows = []
    for epoch in history:
        lists = {"dead_units": list(epoch.dead_units.values()), "gradient_norms": list(epoch.gradient_norms.values())}
        rows.append({**asdict(run), **asdict(epoch), **lists})
    return Result(run, rows)


def read_curves(path: Path = CURVES) -> pa.Table:
    """All curves, one row an epoch of a run. Raises CurvesError."""
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise CurvesError(f"{path.name} is missing: python -m lenet experiments makes it.") from None
    except (OSError, pa.ArrowException) as error:
        raise CurvesError(
            f"{path.name} is damaged ({type(error).__name__}): restore it from the repository, "
            "or delete it and let python -m lenet experiments make it again."
        ) from error
    if missing := set(SCHEMA.names) - set(table.column_names):
        raise CurvesError(f"{path.name} lacks the columns {', '.join(sorted(missing))}: it is no file of this project.")
    return table.select(SCHEMA.names)


def finished(table: pa.Table) -> set[Run]:
    """The runs whose every epoch is in the table."""
    counts: dict[Run, set[int]] = {}
    for row in table.select([*KEY.names, "epoch"]).to_pylist():
        epoch = row.pop("epoch")
        counts.setdefault(Run(**row), set()).add(epoch)
    return {run for run, epochs in counts.items() if epochs >= set(range(run.training().epochs + 1))}


def add(table: pa.Table, result: Result) -> pa.Table:
    """The table with a finished run: its rows once for each experiment that it serves."""
    serves = [e.number for e in EXPERIMENTS if any(_same_but_seed(result.run, run) for run in e.runs((0,)))]
    rows = [{"experiment": number, **row} for number in serves or [0] for row in result.rows]
    return pa.concat_tables([table, pa.Table.from_pylist(rows, SCHEMA)]).sort_by(
        [(name, "ascending") for name in ("experiment", *KEY.names, "epoch")]
    )


def _same_but_seed(one: Run, other: Run) -> bool:
    return {**asdict(one), "seed": 0} == {**asdict(other), "seed": 0}


def run_all(
    runs: Iterable[Run],
    path: Path = CURVES,
    workers: int | None = None,
    scheduler: str | None = None,
    weights: Path | None = None,
    on_start: Callable[[list[Run]], None] = lambda todo: None,
    on_result: Callable[[Result], None] = lambda result: None,
) -> None:
    """Do all the runs that the file lacks, the longest first, and add each to the file as it ends."""
    table = read_curves(path) if path.exists() else SCHEMA.empty_table()
    done = finished(table)
    todo = sorted(dict.fromkeys(run for run in runs if run not in done), key=Run.cost, reverse=True)
    on_start(todo)
    for result in _results(todo, workers or os.cpu_count() or 1, scheduler, weights):
        table = add(table, result)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        write_atomically(path, sink.getvalue().to_pybytes())
        on_result(result)


def _results(todo: list[Run], workers: int, scheduler: str | None, weights: Path | None) -> Iterator[Result]:
    """Results as they come; runs whose worker process was killed are started again."""
    for _ in range(RETRIES + 1):
        try:
            with _executor(workers, scheduler) as executor:
                futures = [executor.submit(perform, run, weights) for run in todo]
                for future in as_completed(futures):
                    result = future.result()
                    todo = [run for run in todo if run != result.run]
                    yield result
            return
        except BrokenProcessPool:
            continue
    raise RunnerError(f"A worker died {RETRIES + 1} times. Not done: {', '.join(run.name for run in todo)}.")


@contextmanager
def _executor(workers: int, scheduler: str | None) -> Iterator[Executor]:
    """Processes here, or a Dask cluster seen as an executor; what has not begun is dropped when we stop early."""
    if scheduler is None:
        executor: Executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
        try:
            yield executor
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
    else:
        from distributed import Client  # optional: requirements-cluster.txt

        with Client(scheduler) as client, client.get_executor(pure=False, retries=RETRIES) as executor:
            yield executor
