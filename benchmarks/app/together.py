"""A class of 150 on one server: everybody joins, then within ten seconds votes and writes a digit on the wall.

Prints how long a vote and a drawing took to be answered, how late the teacher's page was, and whether every vote and
every drawing is there exactly once. --kill: the server is killed in the middle (kill -9) and started again; whatever
was answered before must be there, and everybody goes on as who they were. Clients and server share two cores.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException

from benchmarks.app.browser import Server
from benchmarks.app.visitor import VisitError, Visitor, visit
from lenet.classroom.store import FOLDER_VARIABLE, Store, Teacher
from lenet.ui.shared.membership import PUPILS_LOOK, TEACHER_LOOKS

CORES = 2
WITHIN = 10.0  # seconds in which everybody votes and writes
TRIES = 60  # connections until a pupil gives up
DIGIT = [{"points": [90, 80, 230, 80, 150, 260], "width": 20, "erase": False}]
GOALS = {"p95 of an answer, s": 1.0, "teacher's page behind, s": 3.0}


@dataclass
class Seen:
    """joined: pupils whose page is open; answers: seconds from sending to the page that says it is saved; looks:
    seconds that the teacher's page took for one look; errors: in words."""

    joined: set[int] = field(default_factory=set)
    answers: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--pupils", type=int, default=150, help="who join (default 150)")
    parser.add_argument("--kill", action="store_true", help="kill the server in the middle")


def run(options: argparse.Namespace) -> None:
    """Measure and print. Ends with 1 if anything is lost or there twice."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:CORES]))  # the server inherits it
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        code, secret = store.open()
        teacher = store.teacher(code, secret)
        keys = [secret, *(store.join(code) for _ in range(options.pupils))]
        server = Server(environment={FOLDER_VARIABLE: folder, "OMP_NUM_THREADS": "1"})
        try:
            seen = visit(_class(server, Path(folder), teacher, keys, options))
        finally:
            server.stop()
        sys.exit(0 if _report(teacher, seen, options) else 1)


async def _class(server: Server, folder: Path, teacher: Teacher, keys: list[str], options: argparse.Namespace) -> Seen:
    """Everybody opens the page; then everybody takes part. keys: the teacher's secret, and a token for each pupil."""
    question = teacher.ask("What will it read?", ["a 7", "a 1"])
    seen, ready, over = Seen(), asyncio.Event(), asyncio.Event()
    cookies = [f"class={teacher.code}; class-{teacher.code}=teacher.{keys[0]}"]
    cookies += [f"class={teacher.code}; class-{teacher.code}=pupil.{token}" for token in keys[1:]]
    pupils = [
        asyncio.create_task(_pupil(server.url, cookie, at, question, ready, seen))
        for at, cookie in enumerate(cookies[1:])
    ]
    watching = asyncio.create_task(_watch(server.url, cookies[0], seen, ready, over))
    while len(seen.joined) < options.pupils:
        await asyncio.sleep(0.1)
    ready.set()
    if options.kill:
        await asyncio.sleep(WITHIN / 2)
        server.stop()
        environment = {FOLDER_VARIABLE: str(folder), "OMP_NUM_THREADS": "1"}
        again = await asyncio.to_thread(Server, environment=environment, port=server.port)
        server.process = again.process  # the one to stop at the end
    await asyncio.gather(*pupils)
    over.set()
    await watching
    return seen


async def _pupil(url: str, cookie: str, at: int, question: int, ready: asyncio.Event, seen: Seen) -> None:
    """Follow the class; vote and write once, at moments of one's own, again until it is saved."""
    chance = random.Random(at)
    drawing = {"mark": "mine", "label": at % 10, "strokes": DIGIT}
    vote = {"question": question, "choice": at % 2}
    todo: list[dict[str, Any]] = [{"vote": vote, "drawings": []}, {"vote": None, "drawings": [drawing]}]
    began: float | None = None  # since when the first of `todo` is on its way
    for _ in range(TRIES):
        try:
            async with Visitor(url, {"Cookie": cookie}) as visitor:
                await visitor.open("class")
                seen.joined.add(at)
                await _follow(visitor, ready.wait(), chance)
                while todo:
                    if began is None:
                        await _follow(visitor, asyncio.sleep(chance.uniform(0, WITHIN / 2)), chance)
                        began = time.monotonic()
                    if not _there(visitor, todo[0]):
                        await visitor.trigger("pupil", "sent", todo[0])
                    if _there(visitor, todo[0]):
                        seen.answers.append(time.monotonic() - began)
                        began = None
                        del todo[0]
                return
        except (OSError, VisitError, WebSocketException):  # the server is gone: the page connects again
            await asyncio.sleep(0.5)
    seen.errors.append(f"pupil {at} gave up")


async def _follow(visitor: Visitor, wait: Coroutine, chance: random.Random) -> None:
    """Look at the class now and then, as the page does, until this has been waited for.

    Every page looks by its own clock, so the first look comes at any moment of the first period.
    """
    waited = asyncio.ensure_future(wait)
    until_look = chance.uniform(0, PUPILS_LOOK)
    while not (await asyncio.wait({waited}, timeout=until_look))[0]:
        await visitor.run(fragment_id=visitor.fragment("pupil"))
        until_look = PUPILS_LOOK


def _there(visitor: Visitor, what: dict) -> bool:
    """Whether the page says that this is saved."""
    data = visitor.data("pupil")
    if what["vote"]:
        return bool(data["question"]) and data["question"]["mine"] == what["vote"]["choice"]
    return "mine" in data["saved"]


async def _watch(url: str, cookie: str, seen: Seen, ready: asyncio.Event, over: asyncio.Event) -> None:
    """The teacher's page, which looks at its class every two seconds."""
    while not over.is_set():
        try:
            async with Visitor(url, {"Cookie": cookie}) as visitor:
                await visitor.open("class")
                while not over.is_set():
                    started = time.monotonic()
                    await visitor.run(fragment_id=visitor.fragment("card"))
                    if ready.is_set():
                        seen.looks.append(time.monotonic() - started)
                    await asyncio.sleep(TEACHER_LOOKS)
        except (OSError, VisitError, WebSocketException):
            await asyncio.sleep(0.5)


def _report(teacher: Teacher, seen: Seen, options: argparse.Namespace) -> bool:
    """Print what was found; whether everything is there once."""
    teacher.reveal()
    asked = teacher.view().question
    counts = asked.counts if asked and asked.counts else ()
    writers = Counter(drawing.pupil for drawing in teacher.wall())
    whole = sum(counts) == options.pupils and counts[0] == (options.pupils + 1) // 2
    whole = whole and len(writers) == options.pupils and set(writers.values()) == {1} and not seen.errors
    ordered = sorted(seen.answers)
    p95 = ordered[round(0.95 * (len(ordered) - 1))]
    print(f"{options.pupils} pupils{', server killed in the middle' if options.kill else ''}")
    print(f"votes {sum(counts)} {counts}, drawings {sum(writers.values())} by {len(writers)} writers")
    print(f"answered: median {ordered[len(ordered) // 2]:.2f} s, p95 {p95:.2f} s, longest {ordered[-1]:.2f} s")
    print(f"the teacher's page was behind by {TEACHER_LOOKS + max(seen.looks):.1f} s at most; goals: {GOALS}")
    for error in seen.errors:
        print(error)
    print("everything is there once" if whole else "NOT everything is there once")
    return whole
