"""Worker processes: how they are started, spoken to, replaced and ended; and what the app's own worker does.

    worker = Worker(train_on_request)
    worker.give((VARIANTS["best"], RECIPES["quick"], None))     # starts a process, if none is alive
    while not isinstance(told := worker.hear(0.05), Ended): ...
    worker.end()

The app's training service and the study's runner both use Worker. A worker is a fresh interpreter (multiprocessing's
spawn would run the page, which is __main__, again), and it ends with the process that started it, however that ends.
Nothing here imports torch before a worker is asked to train.
"""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from math import inf, isfinite
from multiprocessing.connection import Client, Connection, Listener
from typing import TYPE_CHECKING, Any

from lenet.own_data import Loaded
from lenet.paths import ROOT
from lenet.recipe import MNIST, Recipe
from lenet.variant import Variant

if TYPE_CHECKING:  # torch
    from lenet.data import Digits
    from lenet.learning import Kept
    from lenet.model import LeNet
    from lenet.training import Control, Epoch, Step

KEY_BYTES = 32
REPORTS_PER_SECOND = 4
NICENESS = 10  # of the app's worker: on a full machine those who draw come first
CURVE_POINTS = 200  # of the gradients and the accuracy, and pairs of the loss, whatever the number of steps
QUICK_TEST = 1000  # test digits read between epochs
QUICK_TEST_EVERY = 50  # steps, or more where that would be more than CURVE_POINTS
EARLY = 20  # steps of which every gradient is kept, for the diagnosis
TEN = (3, 2, 1, 18, 4, 8, 11, 0, 61, 7)  # a test digit of each class, the first that there is, 0 to 9


class State(StrEnum):
    """Of a run. It has ended when it is done, stopped or failed."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class Command(StrEnum):
    """What a run can be told; obeyed after the step that is being computed."""

    PAUSE = "pause"
    RESUME = "resume"
    STEP = "step"
    EPOCH = "epoch"
    STOP = "stop"


@dataclass(frozen=True)
class Rate:
    """Told to a run: go on with this learning rate (of a schedule: its peak) from the next step on."""

    lr: float


@dataclass(frozen=True)
class Open:
    """Asked of a paused run: take this weight's last single step apart."""

    name: str
    index: tuple[int, ...]


@dataclass(frozen=True)
class Stepped:
    """The gradients of a single step, by parameter: each of its weights can now be opened. sweeps: of lenet.learning,
    the picture of the batch with the largest loss, and the one with the smallest."""

    number: int
    gradients: dict[str, Any]
    sweeps: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Opened:
    """The answer to Open: an Update of lenet.learning."""

    update: Any


@dataclass(frozen=True)
class Progress:
    """step of steps; loss of the last batch; seconds of training left; kernels: conv1's weights [6, 5, 5];
    answers: probabilities [10, 10] for the ten fixed test digits (of other data: for a test picture of each class), and
    those for the owner's drawing in one row more;
    losses: (step, loss), thinned out so that no extreme is lost; gradients: (step, norm of the batch's gradient by
    layer); accuracies: (step, test accuracy on the first 1,000 test digits); confusion: of those at the last such step,
    int [classes, 10], None before; rates: (last step before the change, new learning rate)."""

    step: int
    steps: int
    loss: float
    seconds_left: float
    kernels: Any
    answers: Any
    losses: list[tuple[int, float]]
    gradients: list[tuple[int, dict[str, float]]]
    accuracies: list[tuple[int, float]]
    confusion: Any = None
    rates: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Ended:
    """The last word of a run: its weights file, and its Epoch so far if it was stopped in the middle of one; or what
    went wrong."""

    state: State
    weights: bytes | None = None
    interrupted: "Epoch | None" = None
    error: str = ""


class WorkerDied(RuntimeError):
    """The process has ended, or cannot be started."""


class Worker:
    """A process that runs `task`, a function of a module, with its end of a pipe. It is started when it is first given
    something, and replaced when it is given something after it died. For one thread at a time."""

    def __init__(self, task: Callable[[Connection], None]):
        self._task = task
        self._process: subprocess.Popen | None = None
        self._pipe: Connection | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, if there is one."""
        process = self._process
        return process.pid if process else None

    @property
    def pipe(self) -> Connection:
        """To wait for several workers at once. Raises WorkerDied if there is none."""
        if self._pipe is None:
            raise WorkerDied("No worker process was started.")
        return self._pipe

    def wake(self) -> None:
        """Start a process, if none is alive: it gets ready before it is given anything. Raises WorkerDied."""
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._start()

    def give(self, message: Any) -> None:
        """Send something to do, to a fresh process if none is alive. Raises WorkerDied."""
        self.wake()
        self.send(message)

    def send(self, message: Any) -> None:
        """Raises WorkerDied."""
        try:
            self.pipe.send(message)
        except OSError as error:
            raise WorkerDied("The worker process has ended.") from error

    def hear(self, seconds: float = 0.0) -> Any:
        """What it says next, or None if it says nothing in that time. Raises WorkerDied."""
        try:
            return self.pipe.recv() if self.pipe.poll(seconds) else None
        except (EOFError, OSError) as error:  # OSError in the middle of what it said
            raise WorkerDied("The worker process has ended.") from error

    def end(self) -> None:
        """Kill the process, if there is one."""
        if self._pipe:
            self._pipe.close()
        if self._process:
            self._process.kill()
            self._process.wait()
            assert self._process.stdin
            self._process.stdin.close()
        self._process = self._pipe = None

    def _start(self) -> None:
        key = secrets.token_bytes(KEY_BYTES)
        with Listener(authkey=key) as listener:
            code = f"from {__name__} import _main; _main()"
            arguments = [str(listener.address), self._task.__module__, self._task.__name__]
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, *arguments], cwd=ROOT, stdin=subprocess.PIPE, bufsize=0
            )
            try:
                assert self._process.stdin
                self._process.stdin.write(key)
                waiting = (self._process, listener.address, key)
                threading.Thread(target=_call_for_the_dead, args=waiting, daemon=True).start()
                self._pipe = listener.accept()
            except BaseException:
                self.end()
                raise


def _call_for_the_dead(process: subprocess.Popen, address: Any, key: bytes) -> None:
    """Call back for a worker that ended before it could: nobody then waits for it for ever."""
    process.wait()
    with suppress(OSError):  # it did call, and the listener is gone
        Client(address, authkey=key).close()


def _main() -> None:
    """A worker process, from its first line to its last."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started us ends us
    address, module, task = sys.argv[1:]
    pipe = Client(address, authkey=os.read(0, KEY_BYTES))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, BrokenPipeError):  # nobody listens any more
        getattr(import_module(module), task)(pipe)


def _end_with_parent() -> None:
    """The other end of our input is the parent's alone, so it closes when the parent ends."""
    os.read(0, 1)
    os._exit(1)


def train_on_request(pipe: Connection) -> None:
    """The app's worker: (variant, recipe, drawing, data) one after the other, until nobody asks any more. data: the
    pictures that the recipe learns from, where they are not MNIST's.

    It answers with Progress, State (paused or running), an Epoch after each, and at last Ended.
    """
    from lenet.training import prepare_process

    prepare_process()
    _warm()
    if hasattr(os, "nice"):  # not on Windows
        os.nice(NICENESS)
    while True:
        asked = pipe.recv()
        if not isinstance(asked, tuple):  # told to a run that has just ended
            continue
        try:
            _run(pipe, *asked)
        except (EOFError, BrokenPipeError):
            return
        except Exception as error:  # whatever it is, the person gets the sentence and the worker goes on
            pipe.send(Ended(State.FAILED, error=str(error)))


def _warm() -> None:
    """Have in memory what every run needs, and all of PyTorch that a step touches. What fails here fails again, with
    its sentence, in the run that asks for it."""
    from lenet.data import DataError, mnist
    from lenet.training import new_model, train

    with suppress(DataError):
        mnist("test")
        for _ in train(new_model(Variant(), 0), Recipe(epochs=1, train_size=64, batch_size=64), mnist("train")):
            pass


def _run(pipe: Connection, variant: Variant, recipe: Recipe, drawing: Any, data: Loaded | None) -> None:
    from lenet.data import mnist, own
    from lenet.pretrained import first_model, make_card, weights_bytes
    from lenet.training import Control, Epoch, train

    first, test = (own(data, "train"), own(data, "test")) if data else (mnist("train"), mnist("test"))
    model = first_model(variant, recipe)
    control = Control()
    reporter = _Reporter(pipe, model, recipe, test, drawing, control)
    history: list[Epoch] = []
    interrupted = None
    for event in train(model, recipe, first, test, control):
        if not isinstance(event, Epoch):
            reporter.note(event)
            if event.number % recipe.steps_per_epoch:
                control.stop = reporter.obey()
        elif control.stop:
            interrupted = event
        else:
            history.append(event)
            pipe.send(event)
            control.stop = event.epoch > 0 and reporter.obey()
    card = make_card("trained here" + reporter.changes(), variant, recipe, history)
    if interrupted:
        card = replace(card, test_accuracy=interrupted.test_accuracy)
    pipe.send(Ended(State.STOPPED if control.stop else State.DONE, weights_bytes(model, card), interrupted))


class _Reporter:
    """Tells the service how a run goes on, and obeys its commands between two steps."""

    def __init__(
        self, pipe: Connection, model: "LeNet", recipe: Recipe, test: "Digits", drawing: Any, control: "Control"
    ):
        import torch

        from lenet.data import pixels, samples

        self._pipe, self._model, self._recipe, self._quick = pipe, model, recipe, test[:QUICK_TEST]
        self._control = control
        self._pictures = pixels(test.images[list(TEN) if recipe.data == MNIST else samples(test)])
        if drawing is not None:
            self._pictures = torch.cat([self._pictures, torch.from_numpy(drawing)[None]])
        self._steps = recipe.epochs * recipe.steps_per_epoch
        self._every = max(1, self._steps // CURVE_POINTS)
        self._step, self._loss = 0, 0.0
        self._losses: list[tuple[int, float]] = []
        self._latest: list[tuple[int, float]] = []  # losses not yet thinned out
        self._gradients: list[tuple[int, dict[str, float]]] = []
        self._accuracies: list[tuple[int, float]] = []
        self._confusion: Any = None
        self._rates: tuple[tuple[int, float], ...] = ()
        self._begun, self._held, self._reported = time.monotonic(), 0.0, 0.0
        self._pause_at = 0
        self._told: Any = None  # the single step of which the service knows

    def note(self, step: "Step") -> None:
        """Add a step to the curves, and tell the service now and then."""
        from lenet.evaluation import confusion, evaluate, layer_norms

        self._step, self._loss = step.number, step.loss
        self._latest.append((step.number, step.loss))
        if step.number % self._every == 0 or step.number <= EARLY:
            self._losses += extremes(self._latest)
            self._latest.clear()
            self._gradients.append((step.number, layer_norms(self._model)))
        if step.number % max(QUICK_TEST_EVERY, self._every) == 0:
            found = evaluate(self._model, self._quick)
            self._accuracies.append((step.number, found.accuracy))
            self._confusion = confusion(self._quick, found.predictions)
        if time.monotonic() - self._reported > 1 / REPORTS_PER_SECOND or step.number == self._steps:
            self._report()

    def obey(self) -> bool:
        """Do what the service says; while the run is paused, wait. Returns whether it is to stop."""
        waiting = self._step == self._pause_at != self._steps
        since = time.monotonic()
        while waiting or self._pipe.poll():
            if waiting:
                self._report()
                if (kept := self._control.kept) and kept is not self._told:
                    self._told = kept
                    self._pipe.send(_stepped(kept))
                self._pipe.send(State.PAUSED)
            command = self._pipe.recv()
            if isinstance(command, Rate):
                self._control.lr_scale = command.lr / self._recipe.lr
                self._rates += ((self._step, command.lr),)
                continue
            if isinstance(command, Open):
                self._open(command)
                continue
            if command == Command.STOP:
                return True
            waiting = command == Command.PAUSE
            per_epoch = self._recipe.steps_per_epoch
            next_epoch = (self._step // per_epoch + 1) * per_epoch
            self._control.keep = command == Command.STEP
            self._pause_at = {Command.STEP: self._step + 1, Command.EPOCH: next_epoch}.get(command, 0)
            if not waiting:
                self._pipe.send(State.RUNNING)
        self._held += time.monotonic() - since
        return False

    def _open(self, asked: Open) -> None:
        from lenet.learning import LearningError, update

        if self._control.kept:
            with suppress(LearningError):  # the page offers none of those
                self._pipe.send(Opened(update(self._control.kept, asked.name, asked.index)))

    def changes(self) -> str:
        """What was changed on the way, for the card: who follows the recipe alone would get another network."""
        changed = (f"learning rate {lr:g} after step {step:,}" for step, lr in self._rates)
        return "".join(f", {words}" for words in changed)

    def _report(self) -> None:
        import torch

        self._reported = time.monotonic()
        left = (self._reported - self._begun - self._held) / self._step * (self._steps - self._step)
        with torch.inference_mode():
            answers = self._model(self._pictures).softmax(1).numpy()
        self._pipe.send(
            Progress(
                self._step,
                self._steps,
                self._loss,
                left,
                kernels=self._model.state_dict()["conv1.weight"][:, 0].numpy().copy(),
                answers=answers,
                losses=self._losses + extremes(self._latest),
                gradients=self._gradients,
                accuracies=self._accuracies,
                confusion=self._confusion,
                rates=self._rates,
            )
        )


def _stepped(kept: "Kept") -> Stepped:
    from lenet.learning import sweep, worst_and_best

    gradients = {name: value.numpy() for name, value in (kept.gradients or {}).items()}
    pictures = dict.fromkeys(worst_and_best(kept))  # a batch may have only one
    return Stepped(kept.number, gradients, tuple(sweep(kept, picture) for picture in pictures))


def extremes(losses: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """The lowest and the highest of some (step, loss), in their order; what is no number counts as the highest."""
    if not losses:
        return []

    def height(point: tuple[int, float]) -> float:
        return point[1] if isfinite(point[1]) else inf

    return sorted({min(losses, key=height), max(losses, key=height)}, key=lambda point: point[0])
