"""The app's training service: one for the whole server, a few worker processes, a queue that is fair to people.

    service = Service()
    job = service.submit(VARIANTS["best"], RECIPES["quick"], owner="somebody")
    job.history, job.progress, job.state            # read them at any time
    service.command(job, "stop", "somebody")

A run goes on when its owner looks at another page; it ends when nobody has asked after it for a while. People who ask
for the same run share it: none of them stops it for the others. A worker that dies takes only its own run with it.
Nothing here knows about Streamlit.
"""

import hashlib
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import inf
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from lenet.paths import ROOT
from lenet.recipe import Recipe, check
from lenet.system import cores
from lenet.variant import Variant, layers

WORKERS_VARIABLE = "LENET_WORKERS"  # of the environment: how many, where fewer cores are granted than can be seen
WORKERS = int(os.environ.get(WORKERS_VARIABLE, 0)) or max(1, cores() - 1)
REPORTS_PER_SECOND = 4
ABANDONED_AFTER = 60.0  # seconds without anybody asking
PATIENCE = 60.0  # seconds that a run may stay paused while others wait
LAST_WORDS = 15.0  # seconds that a worker has after Stop to measure what it trained and hand it over
IDLE = 60.0  # seconds after which a worker with nothing to do gives its memory back
NICENESS = 10  # of a worker: on a full machine those who draw come first
CURVE_POINTS = 200  # of the loss and of the gradients, whatever the number of steps
KEPT = 40  # finished runs that are remembered
TEN = (3, 2, 1, 18, 4, 8, 11, 0, 61, 7)  # a test digit of each class, the first that there is, 0 to 9

QUEUED, RUNNING, PAUSED, DONE, STOPPED, FAILED = "queued", "running", "paused", "done", "stopped", "failed"
ENDED = (DONE, STOPPED, FAILED)
COMMANDS = ("pause", "resume", "step", "epoch", "stop")
UNWATCHED = "Stopped: nobody was looking any more."


@dataclass(frozen=True)
class Progress:
    """step of steps; loss of the last batch; seconds of training left; kernels: conv1's weights [6, 5, 5];
    answers: probabilities [10, 10] for the ten fixed test digits, and those for
    the owner's drawing in an eleventh row; losses: (step, loss), thinned out; gradients: (step, norm of the batch's
    gradient by layer), likewise."""

    step: int
    steps: int
    loss: float
    seconds_left: float
    kernels: Any
    answers: Any
    losses: list[tuple[int, float]]
    gradients: list[tuple[int, dict[str, float]]]


@dataclass(eq=False)
class Job:
    """One run: what was asked for and what is known of it. Only the service writes to it.

    key: what a link needs to reach the run; nobody can guess it.
    """

    number: int
    variant: Variant
    recipe: Recipe
    owner: str
    key: str = field(default_factory=lambda: secrets.token_urlsafe(6))
    drawing: Any = None  # the owner's own picture [1, 28, 28], read along with the ten; until the worker has it
    drawn: str = ""  # its digest
    state: str = QUEUED
    reason: str = ""
    history: list = field(default_factory=list)  # Epoch records
    progress: Progress | None = None
    weights: bytes | None = None  # a safetensors file with its card, when done or stopped
    settled: bool = False  # it has ended, and nothing more is to come
    commands: deque = field(default_factory=deque)
    owners: set[str] = field(default_factory=set)  # everybody who asked for it and has not left it
    seen: float = field(default_factory=time.monotonic)
    paused: float = 0.0  # since when it is held up, be it with single steps in between; 0 if it is not
    hurried: bool = False  # it was held up for too long while others waited
    begun: float = 0.0
    took: float = 0.0  # seconds from its beginning to its end

    @property
    def ended(self) -> bool:
        return self.state in ENDED


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
        self._changed = threading.Condition()
        self._abandoned_after = abandoned_after
        self._here = here
        self._numbers = 0
        self._workers = workers
        self.processes: dict[int, int] = {}  # of the workers, by slot
        for slot in range(workers):
            threading.Thread(target=self._serve, args=(slot,), daemon=True, name=f"training-{slot}").start()

    def submit(self, variant: Variant, recipe: Recipe, owner: str, drawing: Any = None) -> Job:
        """Ask for a run. The same run asked twice is answered from the first, unless that failed or was stopped.

        Raises VariantError or RecipeError.
        """
        layers(variant)
        check(recipe)
        with self._changed:
            for job in self._jobs:
                if (job.variant, job.recipe) == (variant, recipe) and job.state not in (FAILED, STOPPED):
                    job.seen = time.monotonic()
                    job.owners.add(owner)
                    return job
            self._numbers += 1
            drawn = "" if drawing is None else digest(drawing)
            job = Job(self._numbers, variant, recipe, owner, drawing=drawing, drawn=drawn, owners={owner})
            ended = [old for old in self._jobs if old.settled]
            for old in ended[: max(0, len(ended) - KEPT + 1)]:
                self._jobs.remove(old)
            self._jobs.append(job)
            self._changed.notify()
            return job

    def find(self, key: str, owner: str) -> Job | None:
        """The run of that key, if it is still known. Who asks shares it; asking keeps it alive, as does being here."""
        with self._changed:
            for job in self._jobs:
                if job.key == key:
                    job.owners.add(owner)
                    job.seen = time.monotonic()
                    return job
        return None

    def command(self, job: Job, command: str, owner: str) -> str:
        """One of COMMANDS; obeyed after the step that is being computed. Returns why it is not obeyed, if it is not.

        While other people share the run, Stop takes it from this owner alone, and nobody can hold it up; a run that
        was paused before they came may go on. Raises ValueError for another command.
        """
        if command not in COMMANDS:
            raise ValueError(f"There is no command {command!r}. There are: {', '.join(COMMANDS)}.")
        with self._changed:
            others = any(map(self._here, job.owners - {owner}))
            if command == "stop":
                job.owners.discard(owner)
                if others or job.ended:
                    return "Somebody else asked for the same run: it goes on for them." if others else ""
                job.settled = job.state == QUEUED
                job.reason = "Stopped before it began." if job.settled else ""
                job.state = STOPPED
            elif others and command != "resume":
                return "Somebody else asked for the same run, so it goes on as it is. Stop takes it from you alone."
            elif job.hurried and command != "resume" and self._order():
                return "Others wait for their turn, so it goes on now."
            if not job.settled:
                job.commands.append(command)
        return ""

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
            at_work = [j for j in self._jobs if j.state in (RUNNING, PAUSED)]
            running = [
                (now - j.begun, j.progress.seconds_left + (PATIENCE if j.state == PAUSED else 0.0))
                for j in at_work
                if j.progress
            ]
            each = [j.took for j in self._jobs if j.state == DONE and j.settled][-5:] or list(map(sum, running))
        first = min((left for _, left in running), default=inf) if len(at_work) >= self._workers else 0.0
        if before:
            first += before / self._workers * (sum(each) / len(each) if each else inf)
        return before, first

    def _unwatched(self, job: Job) -> bool:
        """Whether everybody who asked for it has gone."""
        gone = time.monotonic() - job.seen > self._abandoned_after
        return gone and not any(map(self._here, set(job.owners)))

    def _order(self) -> list[Job]:
        """Everybody's first run before anybody's second, and those first who have waited longest since their last.

        Runs that nobody waits for any more are dropped.
        """
        for job in self._jobs:
            if job.state == QUEUED and self._unwatched(job):
                job.state, job.reason, job.settled, job.drawing = STOPPED, UNWATCHED, True, None
        served: dict[str, float] = {}
        for job in self._jobs:
            served[job.owner] = max(served.get(job.owner, 0.0), job.begun)
        turns: Counter[str] = Counter()
        order = []
        for job in (job for job in self._jobs if job.state == QUEUED):
            order.append((turns[job.owner], served[job.owner], job.number, job))
            turns[job.owner] += 1
        return [entry[-1] for entry in sorted(order, key=lambda entry: entry[:3])]

    def _serve(self, slot: int) -> None:
        """One worker's thread: take a run, have the process do it, pass on what it says."""
        worker = None
        while True:
            with self._changed:
                while not (order := self._order()):
                    if not self._changed.wait(IDLE) and worker:
                        _end(worker[0])
                        worker = None
                        self.processes.pop(slot, None)
                job = order[0]
                job.state, job.begun = RUNNING, time.monotonic()
            try:
                if worker is None or worker[0].poll() is not None:
                    worker = _start_worker()
                    self.processes[slot] = worker[0].pid
                worker[1].send((job.variant, job.recipe, job.drawing))
                job.drawing = None
                self._follow(job, worker[1])
            except Exception:  # it died, cannot be started or cannot be understood: the next run gets another
                if worker:
                    _end(worker[0])
                    worker = None
                self.processes.pop(slot, None)
                if job.state != STOPPED:
                    job.state = FAILED
                    job.reason = (
                        "The process that trained it died (killed, or out of memory). Other runs go on; start it again."
                    )
            job.commands.clear()
            job.took = time.monotonic() - job.begun
            job.settled = True

    def _follow(self, job: Job, pipe: Connection) -> None:
        """Pass on commands and what the worker says, to the end of the run. Raises EOFError or OSError if it dies."""
        stopped = inf
        while True:
            now = time.monotonic()
            if now > stopped + LAST_WORDS:
                raise TimeoutError("The worker does not answer.")
            if job.state == PAUSED and now - job.paused > PATIENCE and self.queue():
                job.hurried = True
                job.commands.append("resume")
            # Unless somebody came in between.
            if not job.ended and self._unwatched(job) and not self.command(job, "stop", job.owner):
                job.reason = UNWATCHED
            while job.commands:
                command = job.commands.popleft()
                pipe.send(command)
                stopped = now if command == "stop" else stopped
                job.paused = 0.0 if command == "resume" else job.paused
            if not pipe.poll(0.05):
                continue
            kind, content = pipe.recv()
            if kind == "progress":
                job.progress = content
            elif kind == "epoch":
                job.history.append(content)
            elif kind == "state":
                if not job.ended:
                    job.state = content
                if content == PAUSED:
                    job.paused = job.paused or time.monotonic()
            else:  # the end
                job.weights, error = content
                job.reason = error or job.reason
                job.state = kind
                return


def _end(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()


def _start_worker() -> tuple[subprocess.Popen, Connection]:
    """A fresh interpreter that calls back. (multiprocessing's spawn would run the page, which is __main__, again.)"""
    key = secrets.token_bytes(32)
    with Listener(authkey=key) as listener:
        code = "from lenet.service.queue import _work; _work()"
        process = subprocess.Popen([sys.executable, "-c", code, str(listener.address)], cwd=ROOT, stdin=subprocess.PIPE)
        try:
            assert process.stdin
            process.stdin.write(key)
            process.stdin.close()
            threading.Thread(target=_call_for_the_dead, args=(process, listener.address, key), daemon=True).start()
            return process, listener.accept()
        except BaseException:
            _end(process)
            raise


def _call_for_the_dead(process: subprocess.Popen, address: Any, key: bytes) -> None:
    """Call back for a worker that ended before it could: nobody then waits for it for ever."""
    process.wait()
    with suppress(OSError):  # it did call, and the listener is gone
        Client(address, authkey=key).close()


def _work() -> None:
    """A worker process: runs one after the other, until the pipe to the server breaks."""
    pipe = Client(sys.argv[1], authkey=sys.stdin.buffer.read())

    from lenet.training import prepare_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server ends us
    prepare_process()
    if hasattr(os, "nice"):  # not on Windows
        os.nice(NICENESS)
    while True:
        try:
            asked = pipe.recv()
            while isinstance(asked, str):  # a command for a run that has just ended
                asked = pipe.recv()
        except EOFError:
            return
        try:
            _run(pipe, *asked)
        except (EOFError, BrokenPipeError):
            return
        except Exception as error:  # whatever it is, the person gets the sentence and the worker goes on
            pipe.send((FAILED, (None, f"Training failed: {error}")))


def _run(pipe: Connection, variant: Variant, recipe: Recipe, drawing: Any) -> None:
    import torch

    from lenet.data import mnist, pixels
    from lenet.evaluation import evaluate, layer_norms
    from lenet.pretrained import make_card, weights_bytes
    from lenet.training import measure, new_model, steps, training_set

    train, test = mnist("train"), mnist("test")
    model = new_model(variant, recipe.seed)
    pictures = pixels(test.images[list(TEN)])
    if drawing is not None:
        pictures = torch.cat([pictures, torch.from_numpy(drawing)[None]])
    used = training_set(recipe, train)
    history = [measure(model, 0, None, 0.0, used, test)]
    pipe.send(("epoch", history[0]))
    total = recipe.epochs * recipe.steps_per_epoch
    every = max(1, total // CURVE_POINTS)
    losses: list[tuple[int, float]] = []
    gradients: list[tuple[int, dict[str, float]]] = []
    epoch_loss = seconds = 0.0
    reported = 0.0
    begun, paused, pause_at = time.monotonic(), 0.0, 0
    ended = DONE

    def report(step: int, loss: float) -> None:
        nonlocal reported
        reported = time.monotonic()
        left = (reported - begun - paused) / step * (total - step)
        with torch.inference_mode():
            answers = model(pictures).softmax(1).numpy()
        kernels = model.state_dict()["conv1.weight"][:, 0].numpy().copy()
        pipe.send(("progress", Progress(step, total, loss, left, kernels, answers, list(losses), list(gradients))))

    for step in steps(model, recipe, train):
        seconds += step.seconds
        epoch_loss += step.loss * step.batch_size
        if step.number % every == 0 or step.number == 1:
            losses.append((step.number, step.loss))
            gradients.append((step.number, layer_norms(model)))
        if step.number % recipe.steps_per_epoch == 0:
            number = step.number // recipe.steps_per_epoch
            history.append(measure(model, number, epoch_loss / len(used), seconds, used, test))
            pipe.send(("epoch", history[-1]))
            epoch_loss = 0.0
        if time.monotonic() - reported > 1 / REPORTS_PER_SECOND or step.number == total:
            report(step.number, step.loss)
        waiting = step.number == pause_at != total
        since = time.monotonic()
        while waiting or pipe.poll():
            if waiting:
                report(step.number, step.loss)
                pipe.send(("state", PAUSED))
            command = pipe.recv()
            waiting = command == "pause"
            pause_at = {"step": step.number + 1, "epoch": _next_epoch(step.number, recipe)}.get(command, 0)
            if command == "stop":
                ended = STOPPED
            elif not waiting:
                pipe.send(("state", RUNNING))
        paused += time.monotonic() - since
        if ended == STOPPED:
            break
    card = make_card("trained here", variant, recipe, history)
    if ended == STOPPED:  # perhaps in the middle of an epoch
        card = replace(card, test_accuracy=evaluate(model, test).accuracy)
    pipe.send((ended, (weights_bytes(model, card), "")))


def _next_epoch(step: int, recipe: Recipe) -> int:
    return (step // recipe.steps_per_epoch + 1) * recipe.steps_per_epoch
