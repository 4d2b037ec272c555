"""The curves file, pretrained/curves.parquet: one row an epoch of a run, each run once. Nothing here imports torch.

Which experiments use a run follows from lenet/study/experiments: an experiment that reuses finished runs has its curves
at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lenet.paths import PRETRAINED, write_atomically
from lenet.study.design import Run
from lenet.variant import Variant

CURVES = PRETRAINED / "curves.parquet"

KEY = pa.schema([("variant", pa.string()), ("recipe", pa.string()), ("lr", pa.float64()), ("seed", pa.int64())])
SCHEMA = pa.schema(
    [
        *KEY,
        ("epoch", pa.int64()),
        ("train_loss", pa.float64()),
        ("test_accuracy", pa.float64()),
        ("class_accuracy", pa.list_(pa.float64())),
        ("classes_predicted", pa.int64()),
        ("dead_units", pa.map_(pa.string(), pa.float64())),  # by activation layer
        ("gradient_norms", pa.map_(pa.string(), pa.float64())),  # by layer with weights
        ("train_seconds", pa.float64()),
        ("torch", pa.string()),  # PyTorch's release that makes the same numbers again; null: made where none does
    ]
)
RECORDS = [name for name in SCHEMA.names if name not in KEY.names]


@dataclass(frozen=True)
class History:
    """What a run of a network has recorded: in each list one value an epoch, from epoch 0, the untrained network.

    The fields are columns of the file. dead_units and gradient_norms are by layer, in the order of the layers.
    kernels: weights of the convolutional layers by name, [outputs, inputs, 5, 5], where a trained network is shipped.
    """

    network: Variant
    epoch: list[int]
    train_loss: list[float]
    test_accuracy: list[float]
    class_accuracy: list[list[float]]
    classes_predicted: list[int]
    dead_units: list[dict[str, float]]
    gradient_norms: list[dict[str, float]]
    train_seconds: list[float]
    torch: list[str | None]
    kernels: Mapping[str, np.ndarray] = field(default_factory=dict)

    def records(self) -> list[dict[str, Any]]:
        """As rows, one an epoch."""
        return [{name: getattr(self, name)[at] for name in RECORDS} for at in range(len(self.epoch))]


class CurvesError(RuntimeError):
    """The curves file is missing or damaged; the message says how to mend it."""


def read(path: Path = CURVES) -> pa.Table:
    """All curves, one row an epoch of a run. Raises CurvesError."""
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
    """The table with a finished run: its records, one an epoch."""
    rows = [{**asdict(run), **record} for record in records]
    return pa.concat_tables([table, pa.Table.from_pylist(rows, SCHEMA)]).sort_by(
        [(name, "ascending") for name in (*KEY.names, "epoch")]
    )


def of(table: pa.Table, wanted: Callable[[Run], bool]) -> pa.Table:
    """The rows of the runs that are wanted."""
    keys = table.select(KEY.names).to_pylist()
    known = {key: wanted(Run(**dict(key))) for key in {tuple(key.items()) for key in keys}}
    return table.filter(pa.array([known[tuple(key.items())] for key in keys], pa.bool_()))


def history(run: Run, records: list[dict[str, Any]]) -> History:
    """The history of a run from its records, one an epoch."""
    columns: dict[str, Any] = {name: [record[name] for record in records] for name in RECORDS}
    return History(run.network(), **columns)


def histories(table: pa.Table) -> dict[Run, History]:
    """Each run of the table with its records by epoch; runs whose variant or recipe is gone are left out."""
    runs: dict[Run, dict[int, dict]] = {}
    for row in table.to_pylist(maps_as_pydicts="strict"):
        run = Run(**{name: row.pop(name) for name in KEY.names})
        runs.setdefault(run, {})[row["epoch"]] = row
    return {
        run: history(run, [records[epoch] for epoch in sorted(records)]) for run, records in runs.items() if run.known()
    }


def finished(runs: Mapping[Run, History]) -> set[Run]:
    """The runs whose every epoch is there."""
    return {run for run, history in runs.items() if history.epoch == list(range(run.training().epochs + 1))}


def merge(table: pa.Table, other: pa.Table) -> pa.Table:
    """The table with the finished runs of another one that it lacks, say from another machine."""
    theirs = histories(other)
    for run in sorted(finished(theirs) - finished(histories(table)), key=lambda run: run.name):
        table = add(table, run, theirs[run].records())
    return table
