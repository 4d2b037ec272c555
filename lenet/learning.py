"""One step of learning, taken apart: how a single weight got its gradient, and how the optimiser made the new weight.

>>> control.keep = True                                # train() then keeps each step in control.kept
>>> update(control.kept, "fc3.weight", (7, 12))        # its gradient as a sum over the batch, and the arithmetic
>>> sweep(control.kept, 0).errors["relu2"]             # the error of the batch's first picture at every number

The gradient of a weight is a sum over all pictures of the batch of input × error. The error at a layer is what its
output would have to change for the loss to rise; it comes from the layers behind it, by the chain rule.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import fsum, sqrt
from typing import Any

import torch
from torch import Tensor

from lenet.evaluation import loss
from lenet.formatting import short
from lenet.layers import Conv, Layer, Linear
from lenet.model import LeNet, empty_model
from lenet.recipe import Recipe
from lenet.variant import Variant

FIGURES = 5  # of the numbers in a sentence


class LearningError(ValueError):
    """A weight that cannot be taken apart; the message says why."""


@dataclass(frozen=True)
class Kept:
    """One step: the batch as the network read it, weights before and after, gradients, what the optimiser remembered of
    each parameter before the step, and the learning rate of the step."""

    variant: Variant
    recipe: Recipe
    number: int
    images: Tensor
    labels: Tensor
    before: dict[str, Tensor]
    memory: dict[str, dict[str, Tensor]]
    lr: float = 0.0
    gradients: dict[str, Tensor] | None = None
    after: dict[str, Tensor] | None = None


@dataclass(frozen=True)
class Term:
    """What one picture of the batch adds to the gradient: value = the sum of input × error over the places where the
    weight was used. image: bytes [28, 28]."""

    label: int
    value: float
    input: float | None  # where there is only one place
    error: float | None
    image: Any


@dataclass(frozen=True)
class Update:
    """gradient: the sum of all terms; autograd: PyTorch's own; new: by the arithmetic in `lines`; torch: what PyTorch
    made of it. terms: the largest ones; rest: what the others add up to, and how many they are."""

    name: str
    index: tuple[int, ...]
    step: int
    old: float
    gradient: float
    autograd: float
    new: float
    torch: float
    terms: tuple[Term, ...]
    rest: tuple[int, float]
    places: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Sweep:
    """One picture of a step on its way forward and its error on its way back. label; loss: its own, before the step.

    values: what each layer put out, by its name, from the input to the logits. errors: by how much the picture's own
    loss would rise for each of those numbers, from the first layer with weights on; at the logits that is p − y.
    """

    label: int
    loss: float
    values: dict[str, Any]
    errors: dict[str, Any]


def keep(model: LeNet, recipe: Recipe, optimiser: Any, number: int, batch: tuple[Tensor, Tensor]) -> Kept:
    """The state before a step. Call `finish` after it."""
    memory = {
        name: {key: value.clone() for key, value in optimiser.state.get(parameter, {}).items() if value is not None}
        for name, parameter in model.named_parameters()
    }
    return Kept(model.variant, recipe, number, *batch, _copy(model), memory)


def finish(kept: Kept, model: LeNet, lr: float) -> Kept:
    """With what the step did. lr: of this step."""
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return replace(kept, lr=lr, gradients=gradients, after=_copy(model))


def _copy(model: LeNet) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def update(kept: Kept, name: str, index: tuple[int, ...], most: int = 8) -> Update:
    """Take one weight's step apart. Raises LearningError for one that there is not, or of a recurrent layer."""
    if name not in kept.before or len(index) != kept.before[name].ndim:
        raise LearningError(f"There is no weight {name} {list(index)}.")
    if not all(0 <= at < size for at, size in zip(index, kept.before[name].shape)):
        raise LearningError(f"{name} has the shape {list(kept.before[name].shape)}: it has no weight {list(index)}.")
    assert kept.gradients and kept.after
    values, inputs, errors = _terms(kept, name, index)
    gradient = fsum(values.tolist())
    old = kept.before[name][index].item()
    new, lines = OPTIMISERS[kept.recipe.optimiser](kept, name, index, old, gradient)
    order = values.abs().argsort(descending=True, stable=True).tolist()
    single = inputs.shape[1] == 1
    terms = tuple(
        Term(
            label=int(kept.labels[n]),
            value=values[n].item(),
            input=inputs[n, 0].item() if single else None,
            error=errors[n, 0].item() if single else None,
            image=(kept.images[n, 0] * 255).round().clamp(0, 255).byte().numpy(),
        )
        for n in order[:most]
    )
    others = order[most:]
    return Update(
        name=name,
        index=tuple(index),
        step=kept.number,
        old=old,
        gradient=gradient,
        autograd=kept.gradients[name][index].item(),
        new=new,
        torch=kept.after[name][index].item(),
        terms=terms,
        rest=(len(others), fsum(values[others].tolist())),
        places=inputs.shape[1],
        lines=tuple(lines),
    )


def sweep(kept: Kept, picture: int) -> Sweep:
    """How the error of one picture of the batch, counted from 0, ran back through the network."""
    passed, losses = _pass(kept)
    # A recurrent head that reads along the batch mixes pictures: there the errors of all losses meet in each.
    behind = [(layer.name, y) for layer, _, y in passed if y.requires_grad]
    errors = torch.autograd.grad(losses.sum(), [y for _, y in behind])
    return Sweep(
        label=int(kept.labels[picture]),
        loss=losses[picture].item(),
        values={layer.name: y[picture].detach().numpy() for layer, _, y in passed},
        errors={name: error[picture].numpy() for (name, _), error in zip(behind, errors)},
    )


def worst_and_best(kept: Kept) -> tuple[int, int]:
    """The pictures of the batch with the largest and with the smallest loss."""
    losses = _pass(kept)[1].detach()
    return int(losses.argmax()), int(losses.argmin())


def _pass(kept: Kept) -> tuple[list[tuple[Layer, Tensor, Tensor]], Tensor]:
    """The step's way forward: each layer with its input and output, what dropout dropped there dropped again; and the
    loss of each picture [N]."""
    model = empty_model(kept.variant)
    model.load_state_dict(kept.before)
    passed, x = [], kept.images
    with model.dropping(kept.recipe.seed, kept.number):
        for layer in model.layers[:-1]:
            y = model.apply_layer(layer, x)
            passed.append((layer, x, y))
            x = y
    return passed, loss(model, x, kept.labels, kept.recipe.smoothing, reduction="none")


def _terms(kept: Kept, name: str, index: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """For each picture: its term [N], and the inputs and errors at each place where the weight was used [N, places]."""
    layer_name, _, kind = name.partition(".")
    passed, losses = _pass(kept)
    its, x, y = next(one for one in passed if one[0].name == layer_name)
    [error] = torch.autograd.grad(losses.mean(), y)
    inputs, errors = _places(its, x.detach(), error, kind, index)
    return (inputs.double() * errors.double()).sum(1), inputs, errors


def _places(layer: Layer, x: Tensor, error: Tensor, kind: str, index: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Where a weight meets its inputs and errors, [N, places] both; a bias meets 1 everywhere."""
    errors = error[:, index[0]].flatten(1) if error.ndim > 2 else error[:, index[0], None]
    if kind == "bias":
        return torch.ones_like(errors), errors
    if isinstance(layer, Conv):
        _, k, i, j = index
        padded = torch.nn.functional.pad(x[:, k], [layer.padding] * 4)
        rows, columns = layer.output_shape[1:]
        high, wide = ((count - 1) * layer.stride + 1 for count in (rows, columns))
        return padded[:, i : i + high : layer.stride, j : j + wide : layer.stride].flatten(1), errors
    if isinstance(layer, Linear):
        return x[:, index[1], None], errors
    raise LearningError(f"{layer.name}: only weights of convolutions and fully connected layers are taken apart here.")


# --- What the optimisers do, in double precision ---------------------------------------------------------------------


def _sgd(kept: Kept, name: str, index: tuple[int, ...], old: float, gradient: float) -> tuple[float, list[str]]:
    recipe, lines = kept.recipe, []
    step = gradient
    if recipe.weight_decay:
        step += recipe.weight_decay * old
        lines.append(
            f"With weight decay: {_n(gradient)} + {recipe.weight_decay:g} × {_n(old)} = {_n(step)}, "
            "so that weights shrink."
        )
    if recipe.momentum:
        buffer = kept.memory[name].get("momentum_buffer")
        if buffer is None:
            lines.append(f"Momentum: this is the first step, so the velocity is {_n(step)}.")
        else:
            past, step = buffer[index].item(), recipe.momentum * buffer[index].item() + step
            lines.append(f"Momentum: {recipe.momentum:g} × velocity before {_n(past)} + gradient = {_n(step)}.")
    new = old - kept.lr * step
    what = "velocity" if recipe.momentum else "gradient"
    lines.append(f"New = old − learning rate × {what} = {_n(old)} − {kept.lr:.4g} × {_n(step)} = {_n(new)}")
    return new, lines


BETAS, EPSILON = (0.9, 0.999), 1e-8  # PyTorch's defaults


def _adam(kept: Kept, name: str, index: tuple[int, ...], old: float, gradient: float) -> tuple[float, list[str]]:
    memory, lines = kept.memory[name], []
    mean, square, steps = (
        (memory[key][index].item() if memory[key].ndim else memory[key].item()) if key in memory else 0.0
        for key in ("exp_avg", "exp_avg_sq", "step")
    )
    steps += 1
    mean = BETAS[0] * mean + (1 - BETAS[0]) * gradient
    square = BETAS[1] * square + (1 - BETAS[1]) * gradient**2
    usual, size = mean / (1 - BETAS[0] ** steps), sqrt(square / (1 - BETAS[1] ** steps))
    lines.append(f"Running mean of its gradients: {_n(usual)}. Their running size: {_n(size)}.")
    start = old
    if kept.recipe.weight_decay:
        start = old * (1 - kept.lr * kept.recipe.weight_decay)
        lines.append(
            f"Weight decay first: {_n(old)} × (1 − {kept.lr:.4g} × {kept.recipe.weight_decay:g}) = {_n(start)}."
        )
    new = start - kept.lr * usual / (size + EPSILON)
    lines.append(
        f"New = old − learning rate × mean / size = {_n(start)} − {kept.lr:.4g} × {_n(usual)} / {_n(size)} = {_n(new)}"
    )
    return new, lines


OPTIMISERS: dict[str, Callable[[Kept, str, tuple[int, ...], float, float], tuple[float, list[str]]]] = {
    "sgd": _sgd,
    "adam": _adam,
}


def _n(value: float) -> str:
    """A number in a line, in brackets if it is negative."""
    text = short(value, FIGURES)
    return f"({text})" if value < 0 else text
