"""A class at work: 150 sessions draw over the real websocket protocol, some of them train, all on two cores.

The browser reads a drawing itself. It sends the server the strokes in one message before it asks for something else,
here for another page, and after a rest of five seconds, which nobody takes here; Undo and Clear send nothing.

The clients share those cores with the server. Writes docs/performance.md. Ratios are to one session alone on the same
server, and to a process that imported streamlit and torch and loaded one network.
"""

import argparse
import asyncio
import os
import platform
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.app.browser import ROOT, Server
from benchmarks.app.visitor import Visitor, drawings, visit
from lenet.paths import write_atomically
from lenet.system import processor

REPORT = ROOT / "docs" / "performance.md"
CORES = 2
PAUSE = 2.0  # seconds between the strokes of one person, on average: from half as long to half as long again
STROKES = 5  # of a drawing; then the board is cleared
PAGE_EVERY = 15  # strokes between two visits to another page
ALONE = 40  # drawings and pages of the session that has the server to itself
HURRY = 0.1  # seconds between them
HOME = "app"
SIZES = (30, 60, 100, 150, 200)  # people who draw and look around and do not train: where is a server full?
SIZE_SECONDS = 30
CROWD = 100  # sessions, for the growth of memory
QUEUE = 10  # sessions that press Train at once
QUEUED = "preset=quick&epochs=1&train_size=12000"  # what each of them trains, with a seed of its own
KEPT = 120  # seconds for which the measured server keeps a session whose page is closed; the app's own keeps it longer
FORGOTTEN = KEPT + 30  # seconds until it has let go of them
TIDIED = 45  # seconds, in which the server gives back what those sessions held
BARE = """
import os, streamlit, torch
from lenet.pretrained import create_model
torch.set_num_threads(1)
create_model("best", pretrained=True)(torch.zeros(1, 1, 28, 28))
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""
GOALS = {
    "p95 of a drawing, to one session alone": 3.0,
    "p95 of a change of page, to one session alone": 3.0,
    "p95 of a drawing while ten trainings are queued, to one session alone": 2.0,
    "memory at rest, to the bare process": 1.3,
    "MB a session": 3.0,
    "memory after all have left, to that before they came": 1.1,
}


@dataclass
class Tally:
    """strokes: drawn; drawings: seconds that each took which was sent; pages: seconds of each change; errors: in words;
    trained: how many trainings were started."""

    strokes: int = 0
    drawings: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    trained: int = 0


@dataclass
class Measured:
    """What a run found. Memory in MB; growth: by number of sessions; sizes: by number of people.

    The tallies are of one session alone, among idle ones and while trainings are queued, and of the class.
    """

    bare: float
    rest: float = 0.0
    opened: float = 0.0
    peak: float = 0.0
    left: float = 0.0
    growth: dict[int, float] = field(default_factory=dict)
    alone: Tally = field(default_factory=Tally)
    idle: Tally = field(default_factory=Tally)
    queued: Tally = field(default_factory=Tally)
    class_: Tally = field(default_factory=Tally)
    sizes: dict[int, Tally] = field(default_factory=dict)

    def ratios(self) -> dict[str, float]:
        """What GOALS limits, under the same names."""
        alone = _share(self.alone.drawings, 95)
        values = (
            _share(self.class_.drawings, 95) / alone,
            _share(self.class_.pages, 95) / _share(self.alone.pages, 95),
            _share(self.queued.drawings, 95) / alone,
            self.rest / self.bare,
            (self.growth[CROWD] - self.growth[1]) / (CROWD - 1),
            self.left / self.opened,
        )
        return dict(zip(GOALS, values, strict=True))


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sessions", type=int, default=150, help="people (default 150)")
    parser.add_argument("--seconds", type=float, default=120, help="that they draw for (default 120)")
    parser.add_argument("--train", type=int, default=5, help="of them that train (default 5)")


def run(arguments: argparse.Namespace) -> None:
    """Measure, print and write docs/performance.md."""
    if sys.platform != "linux":
        sys.exit("This bench reads /proc: run it on Linux.")
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:CORES]))  # the server inherits it
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    lone = subprocess.run(
        [sys.executable, "-c", BARE], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    bare = int(lone.stdout) / 1024
    server = Server(environment={"OMP_NUM_THREADS": "1", "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": str(KEPT)})
    measured = Measured(bare)
    try:
        visit(_measure(server, arguments, measured))
    finally:
        server.stop()
    text = _report(arguments, measured)
    print(text)
    write_atomically(REPORT, text.encode())
    print(f"Written: {REPORT}")


async def _measure(server: Server, arguments: argparse.Namespace, found: Measured) -> None:
    await _first_visit(server, found)
    await _alone(server.url, found.alone)
    print(f"alone: p95 {_share(found.alone.drawings, 95):.0f} ms", flush=True)
    await _crowds(server, found)

    found.peak = memory(server)
    watched = asyncio.create_task(_watch(server))
    people = range(arguments.sessions)
    await asyncio.gather(
        *(_person(server.url, n, arguments.seconds, n < arguments.train, found.class_) for n in people)
    )
    watched.cancel()
    found.peak = max(found.peak, *_seen)
    print(f"class: p95 {_share(found.class_.drawings, 95):.0f} ms, {len(found.class_.errors)} errors", flush=True)

    await asyncio.sleep(FORGOTTEN)
    async with Visitor(server.url) as visitor:  # Streamlit lets go of old sessions when somebody comes
        await visitor.open()
    await asyncio.sleep(TIDIED)
    found.left = memory(server)
    for count in SIZES:
        found.sizes[count] = Tally()
        await asyncio.gather(*(_person(server.url, n, SIZE_SECONDS, False, found.sizes[count]) for n in range(count)))
        print(f"{count} people: p95 {_share(found.sizes[count].drawings, 95):.0f} ms", flush=True)


async def _first_visit(server: Server, found: Measured) -> None:
    """Memory after a first stroke, which loads torch and the network, and after every page was opened once."""
    async with Visitor(server.url) as visitor:
        await visitor.open()
        await visitor.draw(drawings()[0])
        await asyncio.sleep(3)
        found.rest = memory(server)
        for page in set(visitor.pages) - {"app"}:  # each brings the modules and tables it needs, to stay
            await visitor.open(page)
    await asyncio.sleep(3)
    found.opened = memory(server)
    print(f"at rest {found.rest:.0f} MB, all pages opened {found.opened:.0f} MB, bare {found.bare:.0f} MB", flush=True)


async def _crowds(server: Server, found: Measured) -> None:
    """Memory by sessions, and one session's strokes among idle ones and while trainings are queued."""
    crowd: list[Visitor] = []
    for goal in (1, 10, 30, CROWD):
        while len(crowd) < goal:
            crowd.append(await Visitor(server.url).__aenter__())
            await crowd[-1].open()
            await crowd[-1].draw(drawings()[0])
        found.growth[goal] = memory(server)
        print(f"{goal} sessions: {found.growth[goal]:.0f} MB", flush=True)
    await _alone(server.url, found.idle)
    for visitor in crowd:
        await visitor.__aexit__()

    trainers = [await Visitor(server.url).__aenter__() for _ in range(QUEUE)]
    await asyncio.gather(*(_train(visitor, f"{QUEUED}&seed={seed}") for seed, visitor in enumerate(trainers)))
    await _alone(server.url, found.queued)
    for visitor in trainers:
        await visitor.__aexit__()
    print(f"{QUEUE} trainings queued: p95 {_share(found.queued.drawings, 95):.0f} ms", flush=True)


async def _alone(url: str, tally: Tally) -> None:
    """What one person sends, without the time in between: a drawing, another page, and the first page again."""
    chance = random.Random(0)
    async with Visitor(url) as visitor:
        await visitor.open()
        for turn in range(ALONE):
            tally.strokes += 1
            await _look_elsewhere(visitor, drawings(STROKES)[turn % STROKES], chance, tally)
            await asyncio.sleep(HURRY)


async def _look_elsewhere(visitor: Visitor, drawing: dict[str, Any], chance: random.Random, tally: Tally) -> None:
    """Another page and back. The drawing goes first."""
    tally.drawings.append(await visitor.draw(drawing))
    for page in (chance.choice(sorted({*visitor.pages} - {HOME})), HOME):
        started = time.perf_counter()
        await visitor.open(page)
        tally.pages.append(time.perf_counter() - started)


async def _person(url: str, number: int, seconds: float, trains: bool, tally: Tally) -> None:
    """Draw a stroke every two seconds or so, open another page now and then; those who train start a training first."""
    chance = random.Random(number)
    states = drawings(STROKES)
    ends = time.monotonic() + seconds
    await asyncio.sleep(chance.random() * seconds / 10)  # they come one after another
    strokes = 0
    try:
        async with Visitor(url) as visitor:
            await visitor.open()
            while time.monotonic() < ends:
                due = time.monotonic() + PAUSE * chance.uniform(0.5, 1.5)
                if trains and strokes == 1:
                    await _train(visitor, f"preset=quick&seed={number}")
                    tally.trained += 1
                    await visitor.open()
                strokes += 1
                tally.strokes += 1
                if chance.randrange(PAGE_EVERY) == 0:
                    await _look_elsewhere(visitor, states[strokes % STROKES], chance, tally)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
    except Exception as error:  # whatever goes wrong for one person is counted, and the others go on
        tally.errors.append(f"{type(error).__name__}: {error}")


async def _train(visitor: Visitor, query: str) -> None:
    """Start what the link asks for on the Train page, each with another seed: equal runs are done once for all."""
    await visitor.open("train", query)
    await visitor.press("start")


_seen: list[float] = []


async def _watch(server: Server) -> None:
    while True:
        _seen.append(memory(server))
        await asyncio.sleep(1)


def memory(server: Server) -> float:
    """Resident MB of the server and of the processes it started."""
    family, total = [server.process.pid], 0
    for pid in family:
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
            for task in Path(f"/proc/{pid}/task").iterdir():
                family += [int(child) for child in (task / "children").read_text(encoding="utf-8").split()]
        except FileNotFoundError:  # it has ended meanwhile
            continue
        total += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return total / 1024


def _share(values: list[float], percent: int) -> float:
    """A percentile in ms, by nearest rank."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))] if ordered else float("nan")


def _report(arguments: argparse.Namespace, found: Measured) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("streamlit", "torch", "streamlit-drawable-canvas"))
    errors = found.class_.errors
    parts = [
        "# A class on one server",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks classroom --sessions {arguments.sessions} "
        f"--seconds {arguments.seconds:g} --train {arguments.train}`,\n"
        f"on {CORES} cores of {processor()}, shared by the server and the clients. "
        f"Python {platform.python_version()}, {versions}.",
        f"Each person draws a stroke every one to three seconds, and after one in {PAGE_EVERY} looks at another\n"
        "page and comes back. The browser reads the drawing itself and sends it once, before the other page: its time\n"
        "runs from there to the server's reply. A page's time runs from the click to the end of its script.",
        _strokes(arguments, found),
        _table(
            "| people who draw and look around, nobody trains | a core | strokes | drawings sent | p50, ms | p95, ms "
            "| a page: p50, ms | p95, ms | errors |",
            "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
            *(
                f"| {people} | {people / CORES:g} | {tally.strokes} | {len(tally.drawings)} "
                f"| {_share(tally.drawings, 50):.0f} | {_share(tally.drawings, 95):.0f} "
                f"| {_share(tally.pages, 50):.0f} | {_share(tally.pages, 95):.0f} | {len(tally.errors)} |"
                for people, tally in found.sizes.items()
            ),
        ),
        _memory(found),
        _table(
            "| ratio | measured | goal: at most | |",
            "|---|---:|---:|---|",
            *(
                f"| {name} | {value:.2f} | {GOALS[name]:g} | {'met' if value <= GOALS[name] else 'missed'} |"
                for name, value in found.ratios().items()
            ),
        ),
    ]
    if errors:
        kinds = {error[:200]: errors.count(error) for error in errors}
        parts.append("Errors: " + "; ".join(f"{error} ({count} times)" for error, count in kinds.items()))
    return "\n\n".join(parts) + "\n"


def _table(*lines: str) -> str:
    return "\n".join(lines)


def _strokes(arguments: argparse.Namespace, found: Measured) -> str:
    rows = {
        "one session alone": found.alone,
        f"one session among {CROWD} idle ones": found.idle,
        f"one session while {QUEUE} others train": found.queued,
        f"{arguments.sessions} sessions, {found.class_.trained} training": found.class_,
    }
    return _table(
        "| | strokes | drawings sent | p50, ms | p95, ms | p99, ms | changes of page | p50, ms | p95, ms | errors |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {name} | {tally.strokes} | {len(tally.drawings)} | "
            + " | ".join(f"{_share(tally.drawings, percent):.0f}" for percent in (50, 95, 99))
            + f" | {len(tally.pages)} | {_share(tally.pages, 50):.0f} | {_share(tally.pages, 95):.0f} "
            + f"| {len(tally.errors)} |"
            for name, tally in rows.items()
        ),
    )


def _memory(found: Measured) -> str:
    rows = {
        "a bare process: streamlit, torch and one network": found.bare,
        "at rest, after a first visitor's stroke": found.rest,
        "every page opened once, nobody there": found.opened,
        **{f"{count} sessions, one stroke each": size for count, size in found.growth.items()},
        "the class at its peak": found.peak,
        f"{FORGOTTEN + TIDIED} s after everybody has left": found.left,
    }
    return _table(
        "| memory of the server (resident, with its worker processes) | MB |",
        "|---|---:|",
        *(f"| {name} | {size:.0f} |" for name, size in rows.items()),
    )
