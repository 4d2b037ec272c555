"""The arithmetic of any one number that a network computes, what it can see, and what it feeds.

>>> trace = model.trace(x)
>>> cell(model, trace, "conv2", (3, 4, 5)).value      # our own sum of float32 terms in double precision
>>> cell(model, trace, "conv2", (3, 4, 5)).torch      # what PyTorch computed
>>> receptive_field(model, "conv2", (3, 4, 5))["input"]
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from operator import index as as_int

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.model import LeNet, Stage, Trace
from lenet.variant import HIDDEN, KERNEL, Layer

Index = tuple[int, ...]

NONLINEARITIES: dict[str, Callable[[float], float]] = {
    "": lambda x: x,
    "relu": lambda x: max(x, 0.0),
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x)),
}
GATES = ("input gate", "forget gate", "candidate", "output gate")  # PyTorch's order of an LSTM's rows


@dataclass(frozen=True)
class Term:
    """One term of a sum: `product` = value × weight, where `value` is cell `index` of stage `source`.

    what: `value` and `weight` in words. picture: which picture of the batch the value belongs to (the recurrent heads
    that read along the batch look at the one before). In a softmax, product is exp(value - the largest output).
    """

    what: str
    source: str
    index: Index
    value: float
    weight: float
    product: float
    picture: int = 0


@dataclass(frozen=True)
class Cell:
    """One number and where it comes from.

    sum: the terms' products plus bias, in double precision. value: the nonlinearity of the sum, to be compared with
    `torch`, what PyTorch computed in float32; for a plain sum the nonlinearity is empty and value is sum.
    nonlinearity: relu, tanh, sigmoid; `softmax`, the cell's own term over the sum; `lstm`, output gate × tanh(sum).
    gates: of an LSTM the four gates, cells without a value of PyTorch's (NaN): it does not give them away.
    """

    stage: str
    kind: str
    index: Index
    terms: tuple[Term, ...]
    bias: float
    sum: float
    nonlinearity: str
    value: float
    torch: float
    gates: tuple["Cell", ...] = ()


def cell(model: LeNet, trace: Trace, stage: str | Stage, index: Index, n: int = 0) -> Cell:
    """The arithmetic of one number of picture `n` of the trace.

    stage: a stage of the trace or its name; index: into the stage's output of one picture, from 0.
    Raises KeyError for a stage that does not exist and IndexError for a cell that does not.
    """
    here = trace[stage if isinstance(stage, str) else stage.name]
    index = _check(here.layer, index)
    if not 0 <= n < len(here.output):
        raise IndexError(f"The trace holds {len(here.output)} pictures, from 0: there is no picture {n}.")
    before = trace.before(here.name)
    if here.kind in ("rnn", "lstm"):
        return _recurrent(model, before, here, index, n)
    x, bias, nonlinearity = before.output[n], 0.0, ""
    rows: list[tuple[Index, str, float]] = []  # where each term is read, in words, its weight
    match here.kind:
        case "input":
            bias = here.output[n][index].item()  # the digit itself: nothing comes before it
        case "normalise":
            rows = [(index, f"grey value × 1/{model.variant.std:g}", 1 / model.variant.std)]
            bias = -model.variant.mean / model.variant.std
        case "conv":
            channel, row, column = index
            kernel = model.get_parameter(f"{here.name}.weight")[channel]
            bias = model.get_parameter(f"{here.name}.bias")[channel].item()
            rows = [
                ((k, row + i, column + j), f"{before.name} map {k} × kernel ({i}, {j})", kernel[k, i, j].item())
                for k, i, j in product(range(len(kernel)), range(KERNEL), range(KERNEL))
            ]
        case "pool":
            window = _window(here.layer, index)
            winner = max(window, key=lambda place: x[place].item())
            rows = [(place, "largest" if place == winner else "smaller", float(place == winner)) for place in window]
        case "linear":
            weight = model.get_parameter(f"{here.name}.weight")[index[0]]
            bias = model.get_parameter(f"{here.name}.bias")[index[0]].item()
            rows = [((i,), f"{before.name} {i} × weight", w) for i, w in enumerate(weight.tolist())]
        case "relu" | "tanh" | "sigmoid":
            nonlinearity, rows = here.kind, [(index, "the number before", 1.0)]
        case "flatten" | "sequence" | "last":
            rows = [(_rearranged(here.layer, index), "the same number", 1.0)]
        case "softmax":
            return _softmax(before, here, index, n)
    terms = tuple(_term(what, before.name, place, x[place].item(), weight, n) for place, what, weight in rows)
    total = math.fsum([bias, *(term.product for term in terms)])
    value = NONLINEARITIES[nonlinearity](total)
    return Cell(here.name, here.kind, index, terms, bias, total, nonlinearity, value, here.output[n][index].item())


def _term(what: str, source: str, index: Index, value: float, weight: float, picture: int) -> Term:
    return Term(what, source, index, value, weight, value * weight, picture)


def _check(layer: Layer, index: Index) -> Index:
    index = tuple(as_int(i) for i in (index if isinstance(index, tuple | list) else (index,)))
    if len(index) != len(layer.output_shape) or not all(0 <= i < size for i, size in zip(index, layer.output_shape)):
        raise IndexError(f"{layer.name} has the shape {layer.output_shape}, from 0: it has no cell {index}.")
    return index


def _window(layer: Layer, index: Index) -> list[Index]:
    """The cells that a pooling cell looks at, those of the padding left out."""
    channel, *place = index
    spans = [
        range(max(first, 0), min(first + layer.pool.kernel, size))
        for first, size in zip((i * layer.pool.stride - layer.pool.padding for i in place), layer.input_shape[1:])
    ]
    return [(channel, row, column) for row, column in product(*spans)]


def _rearranged(layer: Layer, index: Index) -> Index:
    """Where the number was before a layer that only rearranges."""
    match layer.kind:
        case "flatten":
            _, rows, columns = layer.input_shape
            return (index[0] // (rows * columns), index[0] // columns % rows, index[0] % columns)
        case "sequence":
            position, channel = index
            return (channel, *divmod(position, layer.input_shape[2]))
        case _:  # last
            return (layer.input_shape[0] - 1, *index)


def _softmax(before: Stage, here: Stage, index: Index, n: int) -> Cell:
    outputs = before.output[n].tolist()
    most = max(outputs)
    terms = tuple(
        Term("exp(output − the largest output)", before.name, (i,), output, 1.0, math.exp(output - most), n)
        for i, output in enumerate(outputs)
    )
    total = math.fsum(term.product for term in terms)
    value = terms[index[0]].product / total
    return Cell(here.name, here.kind, index, terms, 0.0, total, "softmax", value, here.output[n][index].item())


def _recurrent(model: LeNet, before: Stage, here: Stage, index: Index, n: int) -> Cell:
    """A unit of the recurrent layer at one step. Along the batch, the steps are the pictures 0 to n."""
    along_batch = len(here.layer.output_shape) == 1
    unit = index[-1]
    step = n if along_batch else index[0]
    xs, hs = (before.output, here.output) if along_batch else (before.output[n], here.output[n])
    weights_x, weights_h, bias_x, bias_h = (
        model.get_parameter(f"{here.name}.{name}_l0").detach()
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )

    def gate(row: int, at: int, nonlinearity: str, name: str) -> Cell:
        state = hs[at - 1] if at else torch.zeros(HIDDEN[1])
        x_index, h_index = ((), ()) if along_batch else ((at,), (at - 1,))
        terms = [
            *(_term(f"{before.name} {i} × weight", before.name, (*x_index, i), x, w, at if along_batch else n)
              for i, (x, w) in enumerate(zip(xs[at].tolist(), weights_x[row].tolist()))),
            *(_term(f"state before {i} × weight", here.name, (*h_index, i), h, w, at - 1 if along_batch else n)
              for i, (h, w) in enumerate(zip(state.tolist(), weights_h[row].tolist())) if at),
        ]  # fmt: skip
        bias = bias_x[row].item() + bias_h[row].item()
        total = math.fsum([bias, *(term.product for term in terms)])
        value = NONLINEARITIES[nonlinearity](total)
        return Cell(name, here.kind, index, tuple(terms), bias, total, nonlinearity, value, math.nan)

    actual = hs[step][unit].item()
    if here.kind == "rnn":
        return replace(gate(unit, step, "tanh", here.name), torch=actual)

    rows = [unit + k * HIDDEN[1] for k in range(len(GATES))]
    memory = 0.0  # the cell state before this step; PyTorch keeps it to itself, so it is followed from the first step
    for at in range(step):
        state = hs[at - 1].double() if at else torch.zeros(HIDDEN[1], dtype=torch.double)
        bias = bias_x[rows].double() + bias_h[rows].double()
        sums = weights_x[rows].double() @ xs[at].double() + weights_h[rows].double() @ state + bias
        memory = (sums[1].sigmoid() * memory + sums[0].sigmoid() * sums[2].tanh()).item()
    gates = tuple(gate(row, step, "tanh" if name == "candidate" else "sigmoid", name)
                  for row, name in zip(rows, GATES))  # fmt: skip
    enter, forget, candidate, leave = (one.value for one in gates)
    terms = (
        Term("memory before × forget gate", here.name, index, memory, forget, memory * forget, n),
        Term("candidate × input gate", here.name, index, candidate, enter, candidate * enter, n),
    )
    total = terms[0].product + terms[1].product
    return Cell(here.name, "lstm", index, terms, 0.0, total, "lstm", leave * math.tanh(total), actual, gates)


def receptive_field(model: LeNet, stage: str | Stage, index: Index) -> dict[str, Tensor]:
    """For the stage and each one before it, which cells the cell depends on: bool, in the shape of the stage's output
    of one picture. ["input"] are the pixels: [1, 28, 28].

    Exact for what the layers connect: padding holds no pixels, a pooling stride larger than its kernel leaves gaps.
    Of the recurrent heads that read along the batch it is what is seen of the picture itself, not of those before.
    """
    name, table = stage if isinstance(stage, str) else stage.name, model.layers
    place = _place(table, name)
    mask = _only(table[place], _check(table[place], index))
    masks = {name: mask}
    for number in range(place, 0, -1):
        mask = _back(table[number], mask)
        masks[table[number - 1].name] = mask
    return masks


def feeds(model: LeNet, stage: str | Stage, index: Index) -> dict[str, Tensor]:
    """For each later stage, which cells depend on the cell: bool, in the shape of the stage's output of one picture."""
    name, table = stage if isinstance(stage, str) else stage.name, model.layers
    place = _place(table, name)
    mask = _only(table[place], _check(table[place], index))
    masks = {}
    for layer in table[place + 1 :]:
        mask = _forth(layer, mask)
        masks[layer.name] = mask
    return masks


def _place(table: list[Layer], name: str) -> int:
    names = [layer.name for layer in table]
    if name not in names:
        raise KeyError(f"There is no stage {name!r}. There are: {', '.join(names)}.")
    return names.index(name)


def _only(layer: Layer, index: Index) -> Tensor:
    mask = torch.zeros(layer.output_shape, dtype=torch.bool)
    mask[index] = True
    return mask


def _back(layer: Layer, mask: Tensor) -> Tensor:
    """Which cells of the layer's input those of its output look at."""
    match layer.kind:
        case "conv":
            spread = F.conv_transpose2d(mask.any(0)[None, None].float(), torch.ones(1, 1, KERNEL, KERNEL))[0] > 0
            return spread.expand(layer.input_shape).clone()
        case "pool":
            kernel, stride, padding = layer.pool.kernel, layer.pool.stride, layer.pool.padding
            channels, rows, columns = layer.input_shape
            padded = torch.zeros(channels, rows + 2 * padding, columns + 2 * padding, dtype=torch.bool)
            spread = (
                F.conv_transpose2d(mask.float()[:, None], torch.ones(1, 1, kernel, kernel), stride=stride)[:, 0] > 0
            )
            padded[:, : spread.shape[1], : spread.shape[2]] = spread
            return padded[:, padding : padding + rows, padding : padding + columns].clone()
        case "linear" | "softmax":
            return mask.any().expand(layer.input_shape).clone()
        case "flatten":
            return mask.reshape(layer.input_shape)
        case "sequence":
            return mask.T.reshape(layer.input_shape)
        case "last":
            seen = torch.zeros(layer.input_shape, dtype=torch.bool)
            seen[-1] = mask
            return seen
        case "rnn" | "lstm" if mask.ndim == 1:
            return mask.any().expand(layer.input_shape).clone()
        case "rnn" | "lstm":  # a step sees itself and all steps before it
            return mask.any(1).flip(0).cumsum(0).bool().flip(0)[:, None].expand(layer.input_shape).clone()
    return mask  # normalise and the nonlinearities


def _forth(layer: Layer, mask: Tensor) -> Tensor:
    """Which cells of the layer's output look at those of its input."""
    match layer.kind:
        case "conv":
            near = F.conv2d(mask.any(0)[None, None].float(), torch.ones(1, 1, KERNEL, KERNEL))[0] > 0
            return near.expand(layer.output_shape).clone()
        case "pool":
            pool = layer.pool
            return F.max_pool2d(mask.float()[None], pool.kernel, pool.stride, pool.padding)[0] > 0
        case "linear" | "softmax":
            return mask.any().expand(layer.output_shape).clone()
        case "flatten":
            return mask.flatten()
        case "sequence":
            return mask.flatten(1).T.clone()
        case "last":
            return mask[-1].clone()
        case "rnn" | "lstm" if mask.ndim == 1:
            return mask.any().expand(layer.output_shape).clone()
        case "rnn" | "lstm":
            return mask.any(1).cumsum(0).bool()[:, None].expand(layer.output_shape).clone()
    return mask
