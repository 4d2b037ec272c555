"""The curves file, pretrained/curves.parquet: one row an epoch of a run. Nothing here imports torch.

A run that serves two experiments has its rows in both.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lenet.paths import PRETRAINED, write_atomically
from lenet.study.experiments import EXPERIMENTS, Run

CURVES = PRETRAINED / "curves.parquet"

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
        ("torch", pa.string()),  # PyTorch's release that makes the same numbers again; null: made where none does
    ]
)
RECORDS = [name for name in SCHEMA.names if name not in ("experiment", *KEY.names)]

History = Mapping[str, Any]  # column of the file -> its values, one an epoch from epoch 0


class CurvesError(RuntimeError):
    """The curves file is missing or damaged; the message says how to mend it."""


def read(path: Path = CURVES) -> pa.Table:
    """All curves, one row an epoch of a run, once for each experiment. Raises CurvesError."""
    try:
        with pq.ParquetFile(path) as file:  # read_table wants 20 MB more for a file of one
            table = file.read(use_threads=False)
    except FileNotFoundError:
        raise CurvesError(f"{path.name} is missing: python -m lenet experiments makes it.") from None
    except (OSError, pa.ArrowException) as error:
        raise CurvesError(
            f"{path.name} is damaged ({type(error).__name__}): restore it from the repository, "
            "or delete it and let python -m lenet experiments make it again."
        ) from error
    if missing := set(SCHEMA.names) - set(table.column_names):
        raise CurvesError(f"{path.name} lacks the columns {', '.join(sorted(missing))}: it is no file of this project.")
    try:
        return table.select(SCHEMA.names).cast(SCHEMA)
    except pa.ArrowException as error:
        raise CurvesError(
            f"{path.name} has columns of another kind ({error}): it is no file of this project."
        ) from error


def write(table: pa.Table, path: Path = CURVES) -> None:
    """Replace the file, whole or not at all. Raises OSError."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_atomically(path, sink.getvalue().to_pybytes())


def add(table: pa.Table, run: Run, records: list[dict]) -> pa.Table:
    """The table with a finished run: its records, one an epoch, once for each experiment that it serves."""
    serves = [e.number for e in EXPERIMENTS if replace(run, seed=0) in e.runs((0,))]
    rows = [{"experiment": number, **asdict(run), **record} for number in serves or [0] for record in records]
    return pa.concat_tables([table, pa.Table.from_pylist(rows, SCHEMA)]).sort_by(
        [(name, "ascending") for name in ("experiment", *KEY.names, "epoch")]
    )


def histories(table: pa.Table) -> dict[Run, History]:
    """Each run of the table with its records by epoch; runs whose recipe nobody knows any more are left out."""
    runs: dict[Run, dict[int, dict]] = {}
    for row in table.select([*KEY.names, *RECORDS]).to_pylist():
        run = Run(**{name: row.pop(name) for name in KEY.names})
        if run.known():
            runs.setdefault(run, {})[row["epoch"]] = row
    return {
        run: {name: [records[epoch][name] for epoch in sorted(records)] for name in RECORDS}
        for run, records in runs.items()
    }


def finished(runs: Mapping[Run, History]) -> set[Run]:
    """The runs whose every epoch is there."""
    return {run for run, history in runs.items() if history["epoch"] == list(range(run.training().epochs + 1))}


def merge(table: pa.Table, other: pa.Table) -> pa.Table:
    """The table with the finished runs of another one that it lacks, say from another machine."""
    theirs = histories(other)
    for run in sorted(finished(theirs) - finished(histories(table)), key=lambda run: run.name):
        history = theirs[run]
        table = add(table, run, [{name: history[name][epoch] for name in RECORDS} for epoch in history["epoch"]])
    return table
