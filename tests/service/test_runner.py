"""The runner under rough treatment: killed, repeated, spread over processes and over a Dask cluster."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lenet.paths import ROOT
from lenet.recipe import RECIPES, Recipe
from lenet.study import curves
from lenet.study.design import Run
from lenet.study.experiments import EXPERIMENTS
from lenet.study.runner import Result, RunnerError, run_all

TINY = Recipe(epochs=1, train_size=512)
SHORT = Recipe(epochs=3, train_size=1024)
ENDLESS = Recipe(epochs=500)
EACH_END = "on_result=lambda r: print(r.run.seed, flush=True)"
AT_WORK = "on_progress=lambda cost: cost and print('at work', flush=True)"


@pytest.fixture(autouse=True)
def recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    monkeypatch.setitem(RECIPES, "short", SHORT)
    monkeypatch.setitem(RECIPES, "endless", ENDLESS)


def tiny(seeds: int, recipe: str = "tiny", variant: str = "original") -> list[Run]:
    return [Run(variant, recipe, 0.1, seed) for seed in range(seeds)]


def script(path: Path, recipe: str, seeds: int, report: str = EACH_END) -> str:
    """A program that does tiny runs as the command line does, and prints each that ends."""
    return textwrap.dedent(f"""
        from pathlib import Path
        from lenet.study.design import Run
        from lenet.recipe import RECIPES, DataSet, Recipe
        from lenet.study.runner import run_all
        RECIPES["{recipe}"] = {RECIPES[recipe]!r}
        runs = [Run("original", "{recipe}", 0.1, seed) for seed in range({seeds})]
        print("started", flush=True)
        run_all(runs, Path({str(path)!r}), workers=2, {report})
    """)


def start(program: str, **options) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, text=True, stdout=subprocess.PIPE, **options)


def children(process: int) -> list[int]:
    """Processes whose parent is this one."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[1]) == process:
            found.append(int(status.parent.name))
    return found


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], object], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def epochs_of(path: Path) -> list[tuple[int, int]]:
    """Seed and epoch of each row in the file, as often as it is there."""
    rows = curves.read(path).select(["seed", "epoch"]).to_pylist()
    return [(row["seed"], row["epoch"]) for row in rows]


def every_epoch(seeds: int, epochs: int) -> list[tuple[int, int]]:
    return [(seed, epoch) for seed in range(seeds) for epoch in range(epochs + 1)]


def test_the_same_numbers_again_bit_for_bit_in_another_process(tmp_path: Path) -> None:
    run, other = tiny(2, "short")
    progress: list[float] = []
    results: list[Result] = []
    path = tmp_path / "curves.parquet"
    run_all([run], path, workers=1, on_progress=progress.append, on_result=results.append)
    run_all([run, other], tmp_path / "again.parquet", workers=2, on_result=results.append)
    there, again, another = results[0], *sorted(results[1:], key=lambda result: result.run.seed)
    assert without_time(again) == without_time(there)
    assert without_time(another) != without_time(there)
    assert [record["torch"] for record in there.records] == [torch.__version__.partition("+")[0]] * 4
    # What the file keeps is what was measured, to the bit.
    history = curves.histories(curves.read(path))[run]
    for name in curves.RECORDS:
        assert getattr(history, name) == [record[name] for record in there.records]
    # The bar moves before the first run has ended.
    assert progress == sorted(progress)
    assert any(0 < cost < run.cost() for cost in progress)
    assert progress[-1] == pytest.approx(run.cost())


def without_time(result: Result) -> list[dict]:
    return [{name: value for name, value in record.items() if name != "train_seconds"} for record in result.records]


def test_killed_midway_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "curves.parquet"
    first = start(script(path, "tiny", 4), start_new_session=True)
    assert first.stdout and first.stdout.readline() == "started\n"
    done_before = {int(first.stdout.readline())}
    workers = children(first.pid)
    first.kill()  # as kill -9
    first.wait()
    assert until(lambda: not any(map(alive, workers)), 20), "worker processes outlive their runner"
    kept = {seed for seed, _ in epochs_of(path)}
    assert done_before <= kept < set(range(4))
    second = start(script(path, "tiny", 4))
    printed = second.communicate(timeout=100)[0].split()
    assert second.returncode == 0
    assert sorted(map(int, printed[1:])) == sorted(set(range(4)) - kept), "finished runs are not repeated"
    assert sorted(epochs_of(path)) == every_epoch(4, 1), "nothing lost, nothing twice"
    assert [file.name for file in tmp_path.iterdir()] == ["curves.parquet"], "no half-written file stays behind"


@pytest.mark.alone
def test_ctrl_c_ends_the_workers_at_once(tmp_path: Path) -> None:
    runner = start(
        script(tmp_path / "curves.parquet", "endless", 2, AT_WORK),
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored if the tests run in the background
    )
    assert runner.stdout and runner.stdout.readline() == "started\n"
    assert runner.stdout.readline() == "at work\n"
    assert runner.poll() is None
    workers = children(runner.pid)
    began = time.monotonic()
    runner.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in runner.communicate(timeout=30)[1]
    assert time.monotonic() - began < 5
    assert until(lambda: not any(map(alive, workers)), 5)


@pytest.mark.alone
def test_a_worker_killed_halfway_through_its_result_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "curves.parquet"
    before = set(children(os.getpid()))
    killed: list[int] = []

    def kill_the_other(result: Result) -> None:
        if killed:
            return
        # Nobody reads while we are here, and a result is larger than what the pipe holds: the other worker has to wait.
        assert until(lambda: standing_still(working()))
        killed.extend(working())
        os.kill(killed[0], signal.SIGKILL)

    def working() -> list[int]:
        return [p for p in children(os.getpid()) if p not in before and b"lenet.service.worker" in command_line(p)]

    large = tiny(4, variant="depth-1")  # 460 kB of weights
    run_all(large, path, workers=2, on_result=kill_the_other)
    assert len(killed) == 1
    assert sorted(epochs_of(path)) == every_epoch(4, 1)


def standing_still(processes: list[int]) -> bool:
    """They have begun to compute, and now use no processor time."""

    def ticks(process: int) -> int:
        user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
        return int(user) + int(system)

    before = sum(map(ticks, processes))
    time.sleep(1)
    return before > 100 and before == sum(map(ticks, processes))


def test_workers_that_keep_dying_are_reported(tmp_path: Path) -> None:
    before = set(children(os.getpid()))

    def kill_all(cost: float) -> None:
        for process in set(children(os.getpid())) - before:
            if b"lenet.service.worker" in command_line(process):
                os.kill(process, signal.SIGKILL)

    with pytest.raises(RunnerError, match=r"died 4 times in a row.*Not done: .*original-tiny-lr0.1-seed1"):
        run_all(tiny(2), tmp_path / "curves.parquet", workers=1, on_progress=kill_all)


def command_line(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_cluster_loses_a_worker_but_no_run(tmp_path: Path) -> None:
    path = tmp_path / "curves.parquet"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    quiet = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    host, port = address.removeprefix("tcp://").split(":")
    processes = [subprocess.Popen([*dask, "--host", host, "--port", port, "--no-dashboard"], **quiet)]
    worker = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        address,
        "--nthreads",
        "1",
        "--no-nanny",
        "--no-dashboard",
        "--local-directory",
        str(tmp_path / "dask"),
    ]
    try:
        processes += [subprocess.Popen(worker, **quiet) for _ in range(2)]
        results: list[int] = []

        def kill_one(result: Result) -> None:
            results.append(result.run.seed)
            if len(results) == 1:
                processes[1].kill()

        run_all(tiny(4), path, scheduler=address, on_result=kill_one)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert sorted(results) == list(range(4))
    assert sorted(epochs_of(path)) == every_epoch(4, 1)


def test_a_run_in_two_experiments_is_kept_once() -> None:
    record = {"epoch": 0, "train_loss": 2.3, "test_accuracy": 0.1, "class_accuracy": [0.1] * 10, "train_seconds": 0.0}
    record |= {"classes_predicted": 1, "dead_units": {"relu1": 0.0}, "gradient_norms": {"conv1": 1.0}}
    run = Run("original", "paper", 0.1, 7)
    table = curves.add(curves.SCHEMA.empty_table(), run, [record])
    assert len(table) == 1
    assert [e.number for e in EXPERIMENTS if len(curves.of(table, e.uses))][:4] == [2, 3, 4, 5]
    assert curves.histories(table)[run].dead_units == [{"relu1": 0.0}]


def test_merging_adds_what_is_missing_and_nothing_twice() -> None:
    record = {"train_loss": 2.3, "test_accuracy": 0.1, "class_accuracy": [0.1] * 10, "train_seconds": 0.0}
    record |= {"classes_predicted": 1, "dead_units": {"relu1": 0.0}, "gradient_norms": {"conv1": 1.0}}
    whole = [{"epoch": epoch, **record} for epoch in range(TINY.epochs + 1)]
    one, two, three = tiny(3)
    ours = curves.add(curves.SCHEMA.empty_table(), one, whole)
    theirs = curves.add(curves.add(ours, two, whole), three, whole[:1])
    merged = curves.merge(ours, theirs)
    assert curves.histories(merged).keys() == {one, two}, "an unfinished run is left out"
    assert len(merged) == 2 * len(whole)
    assert curves.merge(merged, theirs).equals(merged)


@pytest.mark.parametrize("content", [None, b"", b"PAR1 nothing of the kind", b"\0" * 4096])
def test_a_missing_or_damaged_file_is_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "curves.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(curves.CurvesError, match=r"python -m lenet experiments") as error:
        curves.read(path)
    assert "\n" not in str(error.value)


def test_a_file_of_another_kind_is_a_sentence(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "curves.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(curves.CurvesError, match="lacks the columns"):
        curves.read(path)
    columns = {name: pa.array(["text"]) for name in curves.SCHEMA.names}
    pq.write_table(pa.table(columns), path)
    with pytest.raises(curves.CurvesError, match="of another kind"):
        curves.read(path)


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "curves.parquet"
    curves.write(curves.SCHEMA.empty_table(), path)
    before = path.read_bytes()

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError):
        curves.write(curves.SCHEMA.empty_table(), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["curves.parquet"]


def test_a_cluster_that_is_not_there_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="no Dask scheduler at nowhere://x"):
        run_all(tiny(1), tmp_path / "curves.parquet", scheduler="nowhere://x")
