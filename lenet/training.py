"""Training: one loop that follows a Recipe and tells what happens, step by step and epoch by epoch.

    >>> model = new_model(VARIANTS["original"], seed=0)
    >>> for event in train(model, Recipe(), mnist("train"), mnist("test")):
    ...     match event:
    ...         case Step(number, loss): ...
    ...         case Epoch(epoch, test_accuracy=accuracy): ...

The whole data set stays in memory as bytes and is cut into batches by index: no loader, no worker processes.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import inf

import torch
from torch import Tensor

from lenet import learning
from lenet.augment import AUGMENTATIONS
from lenet.data import Digits, pixels
from lenet.evaluation import evaluate, gradient_norms, loss
from lenet.model import LeNet
from lenet.recipe import Recipe, RecipeError, check
from lenet.synthetic import draw
from lenet.system import keep_memory
from lenet.variant import Variant

OPTIMISERS: dict[str, Callable] = {
    "sgd": lambda parameters, r: torch.optim.SGD(parameters, r.lr, r.momentum, weight_decay=r.weight_decay),
    "adam": lambda parameters, r: torch.optim.AdamW(
        # Fused, its step is IEEE 754 arithmetic to the bit. Without `fused` PyTorch takes MKL's square root, which
        # differs between Intel's and AMD's processors.
        parameters,
        r.lr,
        weight_decay=r.weight_decay,
        fused=True,
    ),
}

# LeNet-5's: (up to this epoch, the share of the learning rate), 0.0005 to 0.00001 over 20 passes.
FALLING = ((2, 1.0), (5, 0.4), (8, 0.2), (12, 0.1), (inf, 0.02))

SCHEDULES: dict[str, Callable] = {
    "constant": lambda optimiser, r: torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1.0),
    "falling": lambda optimiser, r: torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: next(rate for epoch, rate in FALLING if step < epoch * r.steps_per_epoch)
    ),
    "one-cycle": lambda optimiser, r: torch.optim.lr_scheduler.OneCycleLR(
        # PyTorch divides by zero where the way up, a fifth, is a single step.
        optimiser,
        r.lr,
        total_steps=max(r.epochs * r.steps_per_epoch + 1, 10),
        pct_start=0.2,
        cycle_momentum=False,
    ),
}

# Kernels that every x86-64 processor with AVX2 computes alike, to the bit. Left alone, PyTorch, oneDNN and MKL take the
# widest that they find; those round differently, and after one epoch the curves of two processors have parted.
REPEATABLE = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE"}


@dataclass(frozen=True)
class Step:
    """One update of the weights: its number from 1, the loss of its batch, the processor seconds it took."""

    number: int
    loss: float
    batch_size: int
    seconds: float


@dataclass(frozen=True)
class Epoch:
    """The state of a run after an epoch; epoch 0 is the untrained network. Fields as in pretrained/curves.parquet.

    train_loss is the mean over the epoch's batches as they were met, against the teacher's probabilities if there is a
    teacher. In epoch 0 it is that of the first 1,000 images, always against their labels.
    train_seconds is the processor time of this thread spent on training so far, evaluation left out.
    """

    epoch: int
    train_loss: float
    test_accuracy: float
    class_accuracy: list[float]
    classes_predicted: int
    dead_units: dict[str, float]
    gradient_norms: dict[str, float]
    train_seconds: float


@dataclass
class Control:
    """What may be changed between two events of a run.

    lr_scale: the recipe's learning rate is multiplied by it from the next step on.
    stop: end here, with one more Epoch, measured where the run stands, be it in the middle of an epoch.
    keep: keep each step from the next one on in `kept`, so that it can be taken apart (lenet/learning.py). With a
        teacher the next step raises RecipeError instead.
    """

    lr_scale: float = 1.0
    stop: bool = False
    keep: bool = False
    kept: learning.Kept | None = None


_seeding = threading.Lock()  # the initialisation draws from the one generator that all threads share


def prepare_process(repeatable: bool = False) -> None:
    """First thing in a process that does nothing but train: one thread, and memory is kept.

    repeatable: the same numbers on every processor, for half as much time again (whatever is shipped is made so). It
    must come before PyTorch has computed anything.
    """
    if repeatable:
        os.environ.update(REPEATABLE)
    torch.set_num_threads(1)
    keep_memory()


def release() -> str | None:
    """PyTorch's release, if this process trains alike on every x86-64 processor with AVX2; else None."""
    prepared = all(os.environ.get(name) == value for name, value in REPEATABLE.items())
    same = prepared and torch.backends.cpu.get_cpu_capability() == "AVX2"
    return torch.__version__.partition("+")[0] if same else None


def new_model(variant: Variant, seed: int) -> LeNet:
    """An untrained network in PyTorch's default initialisation of that seed. The global generator is left alone."""
    with _seeding, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LeNet(variant)


def train(
    model: LeNet,
    recipe: Recipe,
    train_digits: Digits,
    test_digits: Digits | None = None,
    control: Control | None = None,
    teacher: Callable[[Tensor], Tensor] | None = None,
) -> Iterator[Step | Epoch]:
    """Follow the recipe: a Step after each update of the model's weights, and an Epoch before the first and after the
    last step of each epoch.

    Without test_digits nothing is measured, and there are only Steps. Whoever reads the events may change `control`
    and look at the model before asking for the next one. teacher: for a recipe that has one; it gives the probabilities
    [N, 10] that the model learns for pictures [N, 1, 28, 28] instead of their labels. Raises RecipeError.
    """
    check(recipe)
    if bool(recipe.teacher) != (teacher is not None):
        raise RecipeError(
            "This recipe has no teacher: pass none." if teacher else "This recipe has a teacher: pass it."
        )
    if teacher and model.variant.output == "rbf":
        raise RecipeError("A teacher knows ten classes, and an rbf output has eleven: choose another output.")
    control = control or Control()
    train_digits = training_set(recipe, train_digits)
    seconds = 0.0
    if test_digits is not None:
        yield measure(model, 0, None, seconds, train_digits, test_digits)
    running = _steps(model, recipe, train_digits, control, teacher)
    for epoch in range(1, recipe.epochs + 1):
        total, seen = 0.0, 0
        for step in islice(running, recipe.steps_per_epoch):
            total += step.loss * step.batch_size
            seen += step.batch_size
            seconds += step.seconds
            yield step
            if control.stop:
                break
        if test_digits is not None:
            yield measure(model, epoch, total / seen, seconds, train_digits, test_digits)
        if control.stop:
            return


def epochs(events: Iterable[Step | Epoch]) -> Iterator[Epoch]:
    """The epochs of a run; its steps are done and passed over."""
    return (event for event in events if isinstance(event, Epoch))


def training_set(recipe: Recipe, digits: Digits) -> Digits:
    """The part of the training images that the recipe uses, and the drawings that it adds. Raises RecipeError."""
    if len(digits) < recipe.train_size:
        raise RecipeError(f"The recipe needs {recipe.train_size:,} training images, and there are {len(digits):,}.")
    digits = digits[: recipe.train_size]
    if not recipe.drawings:
        return digits
    drawn = draw(recipe.drawings, recipe.seed, recipe.ways)
    return Digits(torch.cat([digits.images, drawn.images]), torch.cat([digits.labels, drawn.labels]))


def _steps(
    model: LeNet, recipe: Recipe, digits: Digits, control: Control, teacher: Callable[[Tensor], Tensor] | None
) -> Iterator[Step]:
    random = torch.Generator().manual_seed(recipe.seed)
    optimiser = OPTIMISERS[recipe.optimiser](model.parameters(), recipe)
    schedule = SCHEDULES[recipe.schedule](optimiser, recipe)
    augment = AUGMENTATIONS[recipe.augmentation]
    outputs = onednn_forward(model)
    number = 0
    for _ in range(recipe.epochs):
        for images, labels in _batches(digits, recipe, random):
            if control.keep and teacher:
                raise RecipeError("A step with a teacher can't be taken apart: it did not learn from the labels.")
            start = time.thread_time()
            batch = augment(pixels(images), random)
            kept = learning.keep(model, recipe, optimiser, number + 1, (batch, labels)) if control.keep else None
            with model.dropping(recipe.seed, number + 1):
                logits = outputs(batch)
            value = loss(model, logits, teacher(batch) if teacher else labels, recipe.smoothing)
            optimiser.zero_grad()
            value.backward()
            for group in optimiser.param_groups:
                group["lr"] *= control.lr_scale  # the schedule sets it anew after each step
            optimiser.step()
            control.kept = learning.finish(kept, model, optimiser.param_groups[0]["lr"]) if kept else None
            schedule.step()
            number += 1
            said = value.item()
            yield Step(number, said, len(labels), time.thread_time() - start)


def onednn_forward(model: LeNet) -> Callable[[Tensor], Tensor]:
    """model(x), faster to train: convolutions and pooling in oneDNN's own memory layout, and ReLU after the pooling.

    In PyTorch's layout each convolution copies its input and output to the other and back, and pooling is done number
    by number. The greatest of some values' ReLUs is the ReLU of the greatest, so outputs and gradients are the same to
    the bit, but for one thing: where windows overlap, gradients are added in another order. Kinds of layers
    that have no backward pass in that layout say so: such networks are left as they are.
    """
    first = next(place for place, layer in enumerate(model.layers) if layer.in_onednn)
    last = next(place for place, layer in enumerate(model.layers) if place > first and not layer.computes)  # flat there
    if not all(layer.in_onednn for layer in model.layers[first:last]) or not torch.backends.mkldnn.is_available():
        return model
    weights = [parameter for name, parameter in model.named_parameters() if name.startswith("conv")]
    order = list(model.layers[:-1])
    for place, layer in enumerate(order[:-1]):
        if layer.monotone and order[place + 1].keeps_order:
            order[place : place + 2] = order[place + 1], layer

    def outputs(x: Tensor) -> Tensor:
        if not all(weight.sum().isfinite() for weight in weights):
            return model(x)  # oneDNN's pooling passes over NaN, and training would seem to go on
        for place, layer in enumerate(order):
            if place == first:
                x = x.to_mkldnn()
            elif place == last:
                x = x.to_dense()
            x = model.apply_layer(layer, x)
        return x

    return outputs


def _batches(digits: Digits, recipe: Recipe, random: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    if not recipe.shuffle:
        yield from zip(digits.images.split(recipe.batch_size), digits.labels.split(recipe.batch_size))
        return
    for rows in torch.randperm(len(digits), generator=random).split(recipe.batch_size):
        yield digits.images[rows], digits.labels[rows]


def measure(
    model: LeNet, epoch: int, train_loss: float | None, seconds: float, train_digits: Digits, test_digits: Digits
) -> Epoch:
    """The record of an epoch. Without a loss, that of the first 1,000 training images is taken."""
    norms, probe_loss = gradient_norms(model, train_digits)
    result = evaluate(model, test_digits)
    return Epoch(
        epoch=epoch,
        train_loss=probe_loss if train_loss is None else train_loss,
        test_accuracy=result.accuracy,
        class_accuracy=result.class_accuracy,
        classes_predicted=result.classes_predicted,
        dead_units=result.dead_units,
        gradient_norms=norms,
        train_seconds=seconds,
    )
