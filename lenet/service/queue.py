"""The app's training service: one for the whole server, a few worker processes, a queue that is fair to people.

    service = Service()
    job = service.submit(VARIANTS["best"], RECIPES["quick"], owner="somebody")
    job.history, job.progress, job.state            # read them at any time
    service.command(job, Command.STOP, "somebody")

A run goes on when its owner looks at another page; it ends when nobody has asked after it for a while. People who ask
for the same run share it: none of them stops it for the others. A worker that dies takes only its own run with it.
Nothing here knows about Streamlit, and nothing here is said to people: the words for a Refusal or a Reason are the
UI's.
"""

import hashlib
import os
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any

from lenet.own_data import Loaded
from lenet.recipe import LIMITS, MNIST, Recipe, RecipeError, between, check
from lenet.service.worker import Command, Ended, Open, Opened, Progress, Rate, State, Stepped, Worker, train_on_request
from lenet.system import cores
from lenet.variant import Variant, layers

if TYPE_CHECKING:  # torch
    from lenet.learning import Update
    from lenet.training import Epoch

WORKERS_VARIABLE = "LENET_WORKERS"  # of the environment: how many, where fewer cores are granted than can be seen
WORKERS = int(os.environ.get(WORKERS_VARIABLE, 0)) or max(1, cores() - 1)
ABANDONED_AFTER = 8.0  # seconds since the last who asked for it or looked at it left: a reload takes less
ALONE = 75  # times as long as that if nobody waits for the worker: a phone was locked, a laptop sleeps
PATIENCE = 60.0  # seconds that a run may stay paused while others wait
LAST_WORDS = 15.0  # seconds that a worker has after Stop to measure what it trained and hand it over
IDLE = 300.0  # seconds after which a worker with nothing to do gives its memory back
KEPT = 80  # finished runs that are remembered: those of a class's race, and as many again
MOST_DATA = 256 * 2**20  # bytes of people's own pictures that are kept, all together
SEEDS_EACH = 100  # runs that a visitor can do before meeting the next visitor's seeds


class Refusal(StrEnum):
    """Why a command is not obeyed."""

    LEFT = "left"  # Stop: the run goes on for others who share it, without this owner
    SHARED = "shared"  # others share the run, and nobody holds it up for them
    WAITED_FOR = "waited-for"  # it was held up for long while others wait for their turn


class Reason(StrEnum):
    """Why a run ended before its last step."""

    UNWATCHED = "unwatched"  # nobody was looking any more
    NOT_BEGUN = "not-begun"  # stopped while it was waiting
    DIED = "died"  # the worker process did
    ERROR = "error"  # the training raised one: see Job.error


@dataclass(eq=False)
class Job:
    """One run: what was asked for and what is known of it. Only the service writes to it, holding its lock.

    number: its place in the order of all runs; key: what a link needs to reach the run; nobody can guess it.
    """

    number: int
    variant: Variant
    recipe: Recipe
    owner: str
    key: str = field(default_factory=lambda: secrets.token_urlsafe(6))
    drawing: Any = None  # the owner's own picture [1, 28, 28], read along with the ten; until the worker has it
    drawn: str = ""  # its digest
    data: Loaded | None = None  # what it learns from, where that is not MNIST; until the worker has it
    samples: Any = None  # of other data than MNIST: a test picture of each class, uint8 [classes, 28, 28]
    state: State = State.QUEUED
    reason: Reason | None = None
    error: str = ""  # what the training raised
    history: "list[Epoch]" = field(default_factory=list)  # whole epochs
    interrupted: "Epoch | None" = None  # the one in which it was stopped, measured there
    progress: Progress | None = None
    weights: bytes | None = None  # a safetensors file with its card, when done or stopped
    settled: bool = False  # it has ended, and nothing more is to come
    stepped: Stepped | None = None  # its last step, if that was a single one
    opened: "Update | None" = None  # a weight of it, taken apart
    commands: deque[Command | Rate | Open] = field(default_factory=deque)
    awaited: Command | None = None  # the last command, until the worker has answered it
    owners: set[str] = field(default_factory=set)  # everybody who asked for it and has not left it
    seen: float = field(default_factory=time.monotonic)
    paused: float = 0.0  # since when it is held up, be it with single steps in between; 0 if it is not
    rates: bool = False  # somebody changed its learning rate on the way: its recipe alone does not make it
    hurried: bool = False  # it was held up for too long while others waited
    begun: float = 0.0
    took: float = 0.0  # seconds from its beginning to its end

    @property
    def ended(self) -> bool:
        return self.state in (State.DONE, State.STOPPED, State.FAILED)


def _size(data: Loaded) -> int:
    return data.train.images.nbytes + data.test.images.nbytes


def digest(drawing: Any) -> str:
    """What is kept of somebody's drawing [1, 28, 28]: enough to know it again, too little to show it."""
    return hashlib.sha256(drawing.tobytes()).hexdigest()


class Service:
    """Runs jobs in worker processes. Every method may be called from any thread."""

    def __init__(
        self,
        workers: int = WORKERS,
        abandoned_after: float = ABANDONED_AFTER,
        here: Callable[[str], bool] = lambda owner: False,
    ):
        """here: whether the person of that name is still connected; the runs of people who are here go on."""
        self._jobs: list[Job] = []
        self._changed = threading.Condition()  # its lock guards all jobs
        self._abandoned_after = abandoned_after
        self._here = here
        self._data: dict[str, Loaded] = {}  # by checksum, the oldest first
        self._expected = False  # somebody is about to ask for a run
        self._numbers, self._visitors = count(1), count()
        self._workers = [Worker(train_on_request) for _ in range(workers)]
        for slot, worker in enumerate(self._workers):
            threading.Thread(target=self._serve, args=(worker,), daemon=True, name=f"training-{slot}").start()

    @property
    def processes(self) -> list[int]:
        """Ids of the worker processes that are there."""
        return [pid for worker in self._workers if (pid := worker.pid) is not None]

    def new_seed(self) -> int:
        """A seed for somebody new, so that a whole class that presses Start sees as many runs; 0 for the first."""
        return next(self._visitors) * SEEDS_EACH

    def expect(self) -> None:
        """Somebody is about to ask for a run: have a worker ready, so that its first step comes at once."""
        with self._changed:
            self._expected = True
            self._changed.notify()

    def keep(self, data: Loaded) -> None:
        """Pictures that runs may learn from. The oldest of them make room."""
        with self._changed:
            self._data.pop(data.about.checksum, None)
            self._data[data.about.checksum] = data
            while sum(map(_size, self._data.values())) > MOST_DATA and len(self._data) > 1:
                del self._data[next(iter(self._data))]

    def data(self, checksum: str) -> Loaded | None:
        """The pictures of that checksum, if they are still kept."""
        with self._changed:
            return self._data.get(checksum)

    def forget(self, name: str) -> None:
        """Drop the pictures of the data set of that name, and every run that learns from them."""
        with self._changed:
            self._data = {mark: data for mark, data in self._data.items() if data.about.name != name}
            for job in [job for job in self._jobs if job.recipe.data.name == name]:
                if not job.ended:
                    self._stop(job, None)
                job.samples = job.data = None
                self._jobs.remove(job)

    def submit(self, variant: Variant, recipe: Recipe, owner: str, drawing: Any = None) -> Job:
        """Ask for a run. The same run asked twice is answered from the first, unless that failed or was stopped.

        Raises VariantError or RecipeError.
        """
        layers(variant)
        check(recipe)
        if recipe.teacher:
            raise RecipeError(
                "The app can't train with a teacher: choose a recipe without one, or run `python -m lenet train`."
            )
        data = self.data(recipe.data.checksum)
        if recipe.data != MNIST and data is None:
            raise RecipeError(f"The pictures of {recipe.data.name} are not here any more: load the files again.")
        with self._changed:
            if known := self.known(variant, recipe):
                self._join(known, owner)
                return known
            drawn = "" if drawing is None else digest(drawing)
            job = Job(
                next(self._numbers), variant, recipe, owner, drawing=drawing, drawn=drawn, data=data, owners={owner}
            )
            job.samples = data.samples() if data else None
            ended = [old for old in self._jobs if old.settled]
            for old in ended[: max(0, len(ended) - KEPT + 1)]:
                self._jobs.remove(old)
            self._jobs.append(job)
            self._changed.notify()
            return job

    def known(self, variant: Variant, recipe: Recipe) -> Job | None:
        """The run that would answer for one who asks for the same."""
        with self._changed:
            return next(
                (
                    job
                    for job in self._jobs
                    if job.recipe == recipe
                    and job.variant == variant
                    and not job.rates
                    and job.state not in (State.FAILED, State.STOPPED)
                ),
                None,
            )

    def find(self, key: str) -> Job | None:
        """The run of that key, if it is still known."""
        with self._changed:
            return next((job for job in self._jobs if job.key == key), None)

    def join(self, key: str, owner: str) -> Job | None:
        """Share the run of that key from now on. Returns it, if it is still known."""
        with self._changed:
            if job := self.find(key):
                self._join(job, owner)
            return job

    def touch(self, job: Job) -> None:
        """Somebody looks at the run: it goes on for a while, even if nobody who asked for it is here."""
        with self._changed:
            job.seen = time.monotonic()

    def command(self, job: Job, command: str, owner: str) -> Refusal | None:
        """Give a Command; obeyed after the step that is being computed. Returns why it is not obeyed, if it is not.

        While other people share the run, Stop takes it from this owner alone, and nobody can hold it up; a run that
        was paused before they came may go on. Raises ValueError for another command.
        """
        command = Command(command)
        with self._changed:
            others = any(map(self._here, job.owners - {owner}))
            if command == Command.STOP:
                job.owners.discard(owner)
                if others:
                    return Refusal.LEFT
                if not job.ended:
                    self._stop(job, Reason.NOT_BEGUN if job.state == State.QUEUED else None)
                return None
            if others and command != Command.RESUME:
                return Refusal.SHARED
            if job.hurried and command != Command.RESUME and self._order():
                return Refusal.WAITED_FOR
            if not job.settled:
                job.commands.append(command)
                job.awaited = command
        return None

    def change_rate(self, job: Job, lr: float, owner: str) -> Refusal | None:
        """Go on with another learning rate. Returns why not, as `command` does. Raises RecipeError."""
        least, most = LIMITS["lr"]
        if not least <= lr <= most:
            raise RecipeError(f"lr must be a number {between('lr')}, not {lr:g}.")
        with self._changed:
            if any(map(self._here, job.owners - {owner})):
                return Refusal.SHARED
            if not job.settled:
                job.rates = True
                job.commands.append(Rate(lr))
        return None

    def open(self, job: Job, name: str, index: tuple[int, ...]) -> None:
        """Take a weight's last single step apart: it comes as job.opened."""
        with self._changed:
            if job.stepped and job.state == State.PAUSED:
                job.commands.append(Open(name, index))

    def queue(self) -> list[Job]:
        """The waiting runs in the order in which they will begin."""
        with self._changed:
            return self._order()

    def wait_for(self, job: Job) -> tuple[int, float]:
        """Runs before this one in the queue, and the seconds until it begins as far as the present runs tell.

        The seconds are infinite where they tell nothing, as they do before their first step.
        """
        with self._changed:
            order = self._order()
            before = order.index(job) if job in order else 0
            now = time.monotonic()
            at_work = [j for j in self._jobs if j.state in (State.RUNNING, State.PAUSED)]
            running = [
                (now - j.begun, j.progress.seconds_left + (PATIENCE if j.state == State.PAUSED else 0.0))
                for j in at_work
                if j.progress
            ]
            each = [j.took for j in self._jobs if j.state == State.DONE and j.settled][-5:] or list(map(sum, running))
        workers = len(self._workers)
        first = min((left for _, left in running), default=inf) if len(at_work) >= workers else 0.0
        if before:
            first += before / workers * (sum(each) / len(each) if each else inf)
        return before, first

    # From here on, whoever calls holds the lock, but for _serve and _follow.

    def _join(self, job: Job, owner: str) -> None:
        job.owners.add(owner)
        job.seen = time.monotonic()

    def _stop(self, job: Job, reason: Reason | None) -> None:
        """A run that waits is settled with it; one that goes on has its last words still to say."""
        if job.state == State.QUEUED:
            job.settled, job.drawing, job.data = True, None, None
        else:
            job.commands.append(Command.STOP)
        job.state, job.reason = State.STOPPED, reason

    def _unwatched(self, job: Job, times: int = 1) -> bool:
        """Whether everybody who asked for it has gone, some `times` as long ago as they may."""
        if any(map(self._here, job.owners)):
            job.seen = time.monotonic()
        return time.monotonic() - job.seen > times * self._abandoned_after

    def _order(self) -> list[Job]:
        """Everybody's first run before anybody's second, and those first who have waited longest since their last.

        Runs that nobody waits for any more are dropped.
        """
        for job in self._jobs:
            if job.state == State.QUEUED and self._unwatched(job):
                self._stop(job, Reason.UNWATCHED)
        served: dict[str, float] = {}
        for job in self._jobs:
            served[job.owner] = max(served.get(job.owner, 0.0), job.begun)
        turns: Counter[str] = Counter()
        order = []
        for job in (job for job in self._jobs if job.state == State.QUEUED):
            order.append((turns[job.owner], served[job.owner], job.number, job))
            turns[job.owner] += 1
        return [entry[-1] for entry in sorted(order, key=lambda entry: entry[:3])]

    def _serve(self, worker: Worker) -> None:
        """One worker's thread: take a run, have the process do it, pass on what it says."""
        while True:
            job = self._next(worker)
            if job is None:
                try:
                    worker.wake()
                except Exception:  # the run that needs it will say so
                    worker.end()
                continue
            try:
                worker.give((job.variant, job.recipe, job.drawing, job.data))
                self._follow(job, worker)
                died = False
            except Exception:  # it died, cannot be started or cannot be understood: the next run gets another
                worker.end()
                died = True
            with self._changed:
                if died and job.state != State.STOPPED:
                    job.state, job.reason = State.FAILED, Reason.DIED
                job.commands.clear()
                job.drawing = job.data = None
                job.took = time.monotonic() - job.begun
                job.settled = True

    def _next(self, worker: Worker) -> Job | None:
        """Wait for the next run for this worker; None if the worker is to get ready for one."""
        with self._changed:
            while not (order := self._order()):
                if self._expected:
                    self._expected = False
                    if worker.pid is None:
                        return None
                elif not self._changed.wait(IDLE):
                    worker.end()
            job = order[0]
            job.state, job.begun = State.RUNNING, time.monotonic()
            return job

    def _follow(self, job: Job, worker: Worker) -> None:
        """Pass on commands and what the worker says, to the end of the run. Raises WorkerDied, or TimeoutError if it
        does not answer to Stop."""
        stopped = inf
        while True:
            if time.monotonic() > stopped + LAST_WORDS:
                raise TimeoutError("The worker does not answer.")
            with self._changed:
                job.drawing = job.data = None
                due = self._due(job)
            for command in due:
                worker.send(command)
                if command == Command.STOP:
                    stopped = time.monotonic()
            told = worker.hear(0.05)
            with self._changed:
                if told is not None and self._note(job, told):
                    return

    def _due(self, job: Job) -> list[Command | Rate | Open]:
        """The commands for the worker: people's, and those of the service itself."""
        if job.state == State.PAUSED and time.monotonic() - job.paused > PATIENCE and self._order():
            job.hurried = True
            job.commands.append(Command.RESUME)
        if not job.ended and self._unwatched(job, 1 if self._order() else ALONE):
            self._stop(job, Reason.UNWATCHED)
        due = list(job.commands)
        job.commands.clear()
        if Command.RESUME in due:
            job.paused = 0.0
        if Command.RESUME in due or Command.EPOCH in due:
            job.stepped = job.opened = None
        return due

    def _note(self, job: Job, told: Any) -> bool:
        """Keep what the worker told. Returns whether the run is over."""
        match told:
            case Progress():
                job.progress = told
            case State():
                if not job.ended:
                    job.state = told
                job.awaited = None
                if told == State.PAUSED:
                    job.paused = job.paused or time.monotonic()
            case Ended():
                job.weights, job.interrupted, job.error = told.weights, told.interrupted, told.error
                job.reason = Reason.ERROR if told.error else job.reason
                job.state = told.state
                return True
            case Stepped():
                job.stepped, job.opened = told, None
            case Opened():
                job.opened = told.update
            case _:
                job.history.append(told)
        return False
