"""Each kind of layer is one class here, with everything that this kind knows.

    output_shape, parameters, macs    what goes in and out, and what it costs
    fan_in, connections               how many numbers a cell adds up, and how often a weight is used
    module(), forward()               the PyTorch module of its weights, and what the layer computes
    cell()                            the arithmetic of one number, term by term
    code(), onnx()                    how it is written to be taken home
    looks_at(), used_by()             which cells depend on which
    words, signed, bounded            how people read its numbers

`variant.py` builds the list of layers of a network, `model.py` and `explain.py` walk along it, and the browser has the
same classes in `ui/network/layers.js`. A new kind is one class here and one object there.
Nothing here imports torch before a network is built or run, so a page can show a variant before torch is loaded.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from operator import index as as_int
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from torch import Tensor, nn

Shape = tuple[int, ...]
Index = tuple[int, ...]

NONLINEARITIES: dict[str, Callable[[float], float]] = {
    "": lambda x: x,
    "relu": lambda x: max(x, 0.0),
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x)),
    "squash": lambda x: SQUASHED * math.tanh(2 / 3 * x),
}
SQUASHED = 1.7159  # what LeNet-5's squashing function stays below: so that f(1) = 1 and f(-1) = -1
GATES = ("input gate", "forget gate", "candidate", "output gate")  # PyTorch's order of an LSTM's rows
# Which of the six maps each map of LeNet-5's C3 looks at (LeCun, Bottou, Bengio, Haffner 1998, table I).
C3 = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)),
)
# What the 84 units before LeNet-5's output should say for each digit: pictures of 12 rows of 7, ours.
BITMAP = (12, 7)
BITMAPS = """
..###.. ...#... .#####. .#####. ....##. ####### ..####. ####### ..###.. .#####.
.##.##. ..##... ##...## ##...## ...###. ##..... .##.... #....## .##.##. ##...##
##...## .###... .....## .....## ..####. ##..... ##..... .....## ##...## ##...##
##...## ...#... .....## .....## .##.##. ##..... ##..... ....##. ##...## ##...##
##...## ...#... ....##. ...###. ##..##. ######. ##.###. ....##. .##.##. ##...##
##...## ...#... ...##.. ...###. ##..##. .....## ###..## ...##.. ..###.. .######
##...## ...#... ..##... .....## ####### .....## ##...## ...##.. .##.##. .....##
##...## ...#... .##.... .....## ....##. .....## ##...## ..##... ##...## .....##
##...## ...#... ##..... .....## ....##. .....## ##...## ..##... ##...## .....##
##...## ...#... ##..... .....## ....##. ##...## ##...## .##.... ##...## ....##.
.##.##. ...#... ##..... ##...## ....##. ##...## .##.##. .##.... .##.##. ...##..
..###.. ..###.. ####### .#####. ....##. .#####. ..###.. .##.... ..###.. .###...
"""


@dataclass(frozen=True)
class Term:
    """One term of a sum: `product` = value × weight, where `value` is cell `index` of stage `source`.

    what: `value` and `weight` in words. picture: which picture of the batch the value belongs to (the recurrent heads
    that read along the batch look at the one before). In a softmax, product is exp(value - the largest logit).
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


@dataclass(frozen=True)
class ReceptiveField:
    """The square of input pixels that a cell of a feature map can see.

    Cell (row, column) sees the rows start + row * step up to but not including that + size, and the columns likewise,
    as far as they lie inside the picture (and less where the padding of a later pooling hides some).
    """

    size: int = 1
    step: int = 1
    start: int = 0

    def through(self, kernel: int, stride: int, padding: int) -> "ReceptiveField":
        """Of a layer with this kernel, stride and padding on top of this one."""
        return ReceptiveField(
            self.size + (kernel - 1) * self.step, self.step * stride, self.start - padding * self.step
        )


@dataclass(frozen=True)
class Place:
    """Where a cell is taken apart: its layer's input and output for the whole batch, the name of the stage before,
    the layer's weights by name, the cell's index, and which picture of the batch."""

    before: str
    x: "Tensor"
    output: "Tensor"
    weights: "Mapping[str, Tensor]"
    index: Index
    n: int

    @property
    def torch(self) -> float:
        """What PyTorch computed for the cell."""
        return self.output[self.n][self.index].item()


@dataclass(frozen=True)
class Layer:
    """One row of the shape table: a layer of some kind at its place in a network. Shapes are those of one picture.

    receptive_field: of the cells of a map; None where the cells are not laid out as a picture any more.
    """

    name: str
    input_shape: Shape
    receptive_field: ReceptiveField | None = None

    kind: ClassVar[str]
    words: ClassVar[str]  # what its numbers are, for people
    signed: ClassVar[bool] = False  # whether they may lie below zero
    bounded: ClassVar[bool] = False  # whether they lie within -1 and 1, so that colours need no scale of their own
    computes: ClassVar[bool] = True  # False: it only rearranges numbers
    mixes_maps: ClassVar[bool] = False  # whether a cell looks at several maps
    monotone: ClassVar[bool] = False  # a larger input never gives a smaller output
    keeps_order: ClassVar[bool] = False  # f(layer(x)) is layer(f(x)) for every monotone f, gradients included
    in_onednn: ClassVar[bool] = False  # forward and backward exist in oneDNN's own memory layout
    program: ClassVar[str] = ""  # `forward` as a line of Python; {0} is the layer
    operation: ClassVar[str] = ""  # the node of ONNX that does all of it

    @property
    def output_shape(self) -> Shape:
        return self.input_shape

    @property
    def fan_in(self) -> tuple[int, ...]:
        """For each output map how many numbers one of its cells adds up, without its bias; () if nothing is learned."""
        return ()

    @property
    def parameters(self) -> int:
        """Trained numbers."""
        return sum(numbers + 1 for numbers in self.fan_in)

    @property
    def stored(self) -> int:
        """Numbers in a file of its weights: the parameters, and the zeros between maps that are not connected."""
        return self.parameters

    @property
    def connections(self) -> int:
        """Weights and biases, each as often as it is used for one picture."""
        return sum(numbers + 1 for numbers in self.fan_in) * math.prod(self.output_shape[1:])

    @property
    def told(self) -> dict[str, Any]:
        """What the browser must know of it beside shapes, window and weights."""
        return {}

    @property
    def macs(self) -> int:
        """Multiply-adds for one picture (those of a recurrent layer: its matrix products)."""
        return 0

    @property
    def window(self) -> tuple[int, int, int]:
        """Kernel, stride and padding of a layer that slides over a picture; 1, 1, 0 of all others."""
        return (1, 1, 0)

    @property
    def along_batch(self) -> bool:
        """Whether a digit's answer depends on the digits before it in the batch."""
        return False

    def module(self) -> "nn.Module":
        """The PyTorch module of its weights, in PyTorch's default initialisation."""
        raise ValueError(f"A layer of kind {self.kind!r} has no weights.")

    def forward(self, x: "Tensor", module: "nn.Module | None" = None) -> "Tensor":
        """[N, *input_shape] -> [N, *output_shape]; module: what `module` made, with its weights."""
        raise NotImplementedError

    def code(self) -> list[str]:
        """`forward` as lines of a program, whose modules are called as the layers."""
        return [self.program.format(self)] if self.program else []

    def onnx(self, graph: Any, x: str, weights: "Mapping[str, Any]") -> str:
        """Add its nodes to a graph of lenet.export. x: its input's name; weights: arrays by name. Returns its output's
        name."""
        return graph.node(self.operation, [x])

    def index(self, index: Any) -> Index:
        """The index of a cell as a tuple. Raises IndexError if there is no such cell."""
        index = tuple(as_int(i) for i in (index if isinstance(index, tuple | list) else (index,)))
        shape = self.output_shape
        if len(index) != len(shape) or not all(0 <= i < size for i, size in zip(index, shape)):
            raise IndexError(f"{self.name} has the shape {shape}, from 0: it has no cell {index}.")
        return index

    def cell(self, at: Place) -> Cell:
        """The arithmetic of one number: a sum of terms, a bias, and perhaps a nonlinearity."""
        x = at.x[at.n]
        terms = tuple(_term(what, at.before, i, x[i].item(), weight, at.n) for i, what, weight in self._terms(at))
        bias = self._bias(at)
        total = math.fsum([bias, *(term.product for term in terms)])
        nonlinearity = self.kind if isinstance(self, Activation) else ""
        value = NONLINEARITIES[nonlinearity](total)
        return Cell(self.name, self.kind, at.index, terms, bias, total, nonlinearity, value, at.torch)

    def _terms(self, at: Place) -> Iterator[tuple[Index, str, float]]:
        """Of each term: where its value is read, the term in words, its weight."""
        yield at.index, "the number before", 1.0

    def _bias(self, at: Place) -> float:
        return 0.0

    def looks_at(self, mask: "Tensor") -> "Tensor":
        """Which cells of the input those of the output look at; masks are bool and of one picture."""
        return mask

    def used_by(self, mask: "Tensor") -> "Tensor":
        """Which cells of the output look at those of the input."""
        return mask


def _term(what: str, source: str, index: Index, value: float, weight: float, picture: int) -> Term:
    return Term(what, source, index, value, weight, value * weight, picture)


# --- What comes in ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Input(Layer):
    """The digit itself: nothing comes before it."""

    kind = "input"
    words = "the pixel intensities of the digit"
    bounded = True

    def forward(self, x, module=None):
        return x

    def _terms(self, at):
        yield from ()

    def _bias(self, at):
        return at.torch

    def onnx(self, graph, x, weights):
        return x


@dataclass(frozen=True)
class Normalise(Layer):
    """(x - mean) / std."""

    mean: float = 0.0
    std: float = 1.0

    kind = "normalise"
    words = "the digit minus the mean, over the standard deviation"
    program = "x = (x - {0.mean!r}) / {0.std!r}"
    signed = True

    def forward(self, x, module=None):
        return (x - self.mean) / self.std

    def _terms(self, at):
        yield at.index, f"pixel intensity × 1/{self.std:g}", 1 / self.std

    def _bias(self, at):
        return -self.mean / self.std

    def onnx(self, graph, x, weights):
        shifted = graph.node("Sub", [x, graph.constant(self.mean)])
        return graph.node("Div", [shifted, graph.constant(self.std)])


# --- Layers that slide over maps -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sliding(Layer):
    """A window of kernel × kernel cells that moves by `stride` cells over maps with `padding` cells around them."""

    kernel: int = 1
    stride: int = 1
    padding: int = 0

    takes: ClassVar[str] = ""  # of each window, if it is a pooling

    @property
    def window(self):
        return (self.kernel, self.stride, self.padding)

    @property
    def output_shape(self):
        maps, *sides = self.input_shape
        return (maps, *((side + 2 * self.padding - self.kernel) // self.stride + 1 for side in sides))

    def cells(self, row: int, column: int) -> list[tuple[int, int]]:
        """The rows and columns in the window of a cell, those of the padding left out."""
        spans = [
            range(max(first, 0), min(first + self.kernel, size))
            for first, size in zip((i * self.stride - self.padding for i in (row, column)), self.input_shape[1:])
        ]
        return list(product(spans[0], spans[1]))

    def looks_at(self, mask):
        maps, rows, columns = self.input_shape
        mask = self._across(mask, back=True)
        seen = mask.new_zeros(maps, *self._padded())
        for part in self._parts(seen):
            part |= mask
        return seen[:, self.padding : self.padding + rows, self.padding : self.padding + columns].clone()

    def used_by(self, mask):
        maps, rows, columns = self.output_shape
        padded = mask.new_zeros(len(mask), *self._padded())
        _, high, wide = self.input_shape
        padded[:, self.padding : self.padding + high, self.padding : self.padding + wide] = mask
        padded = self._across(padded, back=False)
        using = mask.new_zeros(maps, rows, columns)
        for part in self._parts(padded):
            using |= part
        return using

    def _across(self, mask: "Tensor", back: bool) -> "Tensor":
        """From the places of output maps (back) or input maps to the same places of the maps connected with them."""
        return mask

    def _padded(self) -> tuple[int, ...]:
        return tuple(side + 2 * self.padding for side in self.input_shape[1:])

    def _parts(self, padded: "Tensor") -> "Iterator[Tensor]":
        """For each cell of the window the cells of the padded input that it falls on, one for each output cell."""
        _, rows, columns = self.output_shape
        high, wide = ((count - 1) * self.stride + 1 for count in (rows, columns))
        for i, j in product(range(self.kernel), repeat=2):
            yield padded[:, i : i + high : self.stride, j : j + wide : self.stride]

    def _slide(self, graph: Any, operation: str, inputs: list[str], **more: int) -> str:
        """The node of ONNX that slides the window."""
        sizes = {"kernel_shape": [self.kernel] * 2, "strides": [self.stride] * 2, "pads": [self.padding] * 4}
        return graph.node(operation, inputs, **sizes, **more)


@dataclass(frozen=True)
class Pad(_Sliding):
    """A black frame around the picture."""

    kind = "pad"
    words = "the digit in a black frame"
    program = "x = nn.functional.pad(x, [{0.padding}] * 4)"
    bounded = True
    computes = False

    def forward(self, x, module=None):
        from torch.nn.functional import pad

        return pad(x, [self.padding] * 4)

    def _terms(self, at):
        for row, column in self.cells(*at.index[1:]):
            yield (at.index[0], row, column), "the same number", 1.0

    def onnx(self, graph, x, weights):
        return graph.node("Pad", [x, graph.constant([0, 0, self.padding, self.padding] * 2)])


@dataclass(frozen=True)
class Conv(_Sliding):
    """Each output map: the input maps × one kernel each, added up, plus a bias.

    table: the input maps that each output map looks at; empty: all. The kernels of the others stay zero.
    """

    maps: int = 1
    table: tuple[tuple[int, ...], ...] = ()

    kind = "conv"
    words = "weighted sums of patches: the pre-activations"
    program = "x = self.{0.name}(x)"
    signed = True
    mixes_maps = True
    in_onednn = True

    @property
    def output_shape(self):
        return (self.maps, *super().output_shape[1:])

    @property
    def inputs(self) -> tuple[tuple[int, ...], ...]:
        """The input maps that each output map looks at."""
        return self.table or (tuple(range(self.input_shape[0])),) * self.maps

    @property
    def fan_in(self):
        return tuple(len(maps) * self.kernel**2 for maps in self.inputs)

    @property
    def macs(self):
        return sum(self.fan_in) * math.prod(self.output_shape[1:])

    @property
    def stored(self):
        return self.maps * (self.input_shape[0] * self.kernel**2 + 1)

    @property
    def told(self):
        return {"inputs": self.table} if self.table else {}

    def module(self):
        import torch
        from torch import nn

        module = nn.Conv2d(self.input_shape[0], self.maps, self.kernel, self.stride, self.padding)
        if self.table:
            with torch.no_grad():
                module.weight.mul_(_links(self.inputs)[..., None, None].to(module.weight))
        return module

    def forward(self, x, module=None):
        if not self.table:
            return module(x)
        from torch.nn.functional import conv2d

        weight = module.weight * _links(self.table)[..., None, None].to(module.weight)
        return conv2d(x, weight, module.bias, self.stride, self.padding)

    def _across(self, mask, back):
        links = _links(self.inputs).T if back else _links(self.inputs)
        return (links @ mask.flatten(1).float()).bool().view(-1, *mask.shape[1:])

    def _terms(self, at):
        to, row, column = at.index
        kernels = at.weights["weight"][to]
        top, left = row * self.stride - self.padding, column * self.stride - self.padding
        for k, (r, c) in product(self.inputs[to], self.cells(row, column)):
            i, j = r - top, c - left
            yield (k, r, c), f"{at.before} map {k} × kernel ({i}, {j})", kernels[k, i, j].item()

    def _bias(self, at):
        return at.weights["bias"][at.index[0]].item()

    def onnx(self, graph, x, weights):
        return self._slide(graph, "Conv", [x, *(graph.constant(weights[name]) for name in ("weight", "bias"))])


@dataclass(frozen=True)
class MaxPool(_Sliding):
    """The largest number of each window; padding never wins."""

    kind = "pool"
    words = "the largest number of each window"
    takes = "largest number"
    program = "x = nn.functional.max_pool2d(x, {0.kernel}, {0.stride}, {0.padding})"
    keeps_order = True
    in_onednn = True

    def forward(self, x, module=None):
        from torch.nn.functional import max_pool2d

        return max_pool2d(x, self.kernel, self.stride, self.padding)

    def _terms(self, at):
        to, row, column = at.index
        window = [(to, *place) for place in self.cells(row, column)]
        winner = max(window, key=lambda place: at.x[at.n][place].item())
        for place in window:
            yield place, "largest" if place == winner else "smaller", float(place == winner)

    def onnx(self, graph, x, weights):
        return self._slide(graph, "MaxPool", [x])


@dataclass(frozen=True)
class AveragePool(_Sliding):
    """The mean of each window; padding counts as zeros."""

    kind = "average"
    words = "the mean of each window"
    takes = "mean"
    program = "x = nn.functional.avg_pool2d(x, {0.kernel}, {0.stride}, {0.padding})"

    def forward(self, x, module=None):
        from torch.nn.functional import avg_pool2d

        return avg_pool2d(x, self.kernel, self.stride, self.padding)

    def _terms(self, at):
        to, row, column = at.index
        for place in self.cells(row, column):
            yield (to, *place), "one of the window", 1 / self.kernel**2

    def onnx(self, graph, x, weights):
        return self._slide(graph, "AveragePool", [x], count_include_pad=1)


@dataclass(frozen=True)
class Subsample(_Sliding):
    """The sum of each window × a coefficient of its map, plus a bias: LeNet-5's trained pooling."""

    kind = "subsample"
    words = "the sum of each window × its map's coefficient, plus a bias"
    takes = "trained sum"
    program = "x = self.{0.name}(nn.functional.avg_pool2d(x, {0.kernel}, {0.stride}, {0.padding}, divisor_override=1))"
    signed = True

    @property
    def fan_in(self):
        return (self.kernel**2,) * self.input_shape[0]

    @property
    def parameters(self):
        return 2 * self.input_shape[0]

    @property
    def macs(self):
        return math.prod(self.output_shape)

    def module(self):
        from torch import nn

        maps = self.input_shape[0]
        return nn.Conv2d(maps, maps, 1, groups=maps)  # one number a map, and its bias

    def forward(self, x, module=None):
        from torch.nn.functional import avg_pool2d

        return module(avg_pool2d(x, self.kernel, self.stride, self.padding, divisor_override=1))

    def _terms(self, at):
        to, row, column = at.index
        coefficient = at.weights["weight"][to].item()
        for place in self.cells(row, column):
            yield (to, *place), "one of the window × coefficient", coefficient

    def _bias(self, at):
        return at.weights["bias"][at.index[0]].item()

    def onnx(self, graph, x, weights):
        means = self._slide(graph, "AveragePool", [x], count_include_pad=1)
        coefficients, bias = weights["weight"][:, :, 0] * self.kernel**2, weights["bias"][:, None, None]
        return graph.node("Add", [graph.node("Mul", [means, graph.constant(coefficients)]), graph.constant(bias)])


@cache
def _links(inputs: tuple[tuple[int, ...], ...]) -> "Tensor":
    """[output maps, input maps]: 1 where they are connected, 0 elsewhere."""
    import torch

    maps = range(max(map(max, inputs)) + 1)
    return torch.tensor([[float(k in own) for k in maps] for own in inputs], device="cpu")


# --- Activations -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Activation(Layer):
    """The same function for every number."""

    monotone = True

    def liveliness(self, x: "Tensor") -> "Tensor":
        """Positive where a unit is neither dead nor saturated; of the shape of x."""
        raise NotImplementedError


@dataclass(frozen=True)
class Relu(Activation):
    kind = "relu"
    words = "negative numbers become zero"
    program = "x = x.relu()"
    operation = "Relu"
    in_onednn = True

    def forward(self, x, module=None):
        return x.relu()

    def liveliness(self, x):
        return x


@dataclass(frozen=True)
class Tanh(Activation):
    kind = "tanh"
    words = "squeezed between −1 and 1"
    program = "x = x.tanh()"
    operation = "Tanh"
    signed = True
    bounded = True

    def forward(self, x, module=None):
        return x.tanh()

    def liveliness(self, x):
        return 0.99 - x.abs()


@dataclass(frozen=True)
class Sigmoid(Activation):
    kind = "sigmoid"
    words = "squeezed between 0 and 1"
    program = "x = x.sigmoid()"
    operation = "Sigmoid"
    bounded = True

    def forward(self, x, module=None):
        return x.sigmoid()

    def liveliness(self, x):
        return 0.49 - (x - 0.5).abs()


@dataclass(frozen=True)
class Squash(Activation):
    """LeNet-5's scaled tanh."""

    kind = "squash"
    words = "1.7159 × tanh(2x/3): squeezed between −1.7159 and 1.7159"
    program = f"x = {SQUASHED} * (2 / 3 * x).tanh()"
    signed = True

    def forward(self, x, module=None):
        return SQUASHED * (2 / 3 * x).tanh()

    def liveliness(self, x):
        return 0.99 * SQUASHED - x.abs()

    def onnx(self, graph, x, weights):
        squashed = graph.node("Tanh", [graph.node("Mul", [x, graph.constant(2 / 3)])])
        return graph.node("Mul", [squashed, graph.constant(SQUASHED)])


# --- What acts only while the network learns --------------------------------------------------------------------------


@dataclass(frozen=True)
class Dropout(Layer):
    """While the network learns, each number is set to zero with probability `rate`, anew at each step, and the others
    are divided by 1 - rate, so that their mean stays (Srivastava and others 2014). Who reads gets every number."""

    rate: float = 0.5

    kind = "dropout"
    words = "the same numbers: some are dropped only while the network learns"
    program = "x = nn.functional.dropout(x, {0.rate}, self.training)"
    monotone = True

    @property
    def told(self):
        return {"rate": self.rate}

    def forward(self, x, module=None):
        return x

    def drop(self, x: "Tensor", seed: str) -> "Tensor":
        """What `forward` is in a training step: the seed decides which numbers go."""
        import torch

        random = torch.Generator().manual_seed(Random(f"{seed}/{self.name}").getrandbits(32))
        kept = torch.rand(x.shape, generator=random) >= self.rate
        return x * kept / (1 - self.rate)

    def _terms(self, at):
        yield at.index, "the same number", 1.0

    def onnx(self, graph, x, weights):
        return graph.node("Dropout", [x, graph.constant(self.rate)])  # a third input would ask for training


# --- Layers that only rearrange --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rearranging(Layer):
    computes = False

    def source(self, index: Index) -> Index:
        """Where the number of a cell was before."""
        raise NotImplementedError

    def _terms(self, at):
        yield self.source(at.index), "the same number", 1.0


@dataclass(frozen=True)
class Flatten(_Rearranging):
    kind = "flatten"
    words = "the maps laid out in one row"
    program = "x = x.flatten(1)"
    operation = "Flatten"  # from its axis 1 on, unless told otherwise
    mixes_maps = True

    @property
    def output_shape(self):
        return (math.prod(self.input_shape),)

    def forward(self, x, module=None):
        return x.flatten(1)

    def source(self, index):
        _, rows, columns = self.input_shape
        return (index[0] // (rows * columns), index[0] // columns % rows, index[0] % columns)

    def looks_at(self, mask):
        return mask.reshape(self.input_shape)

    def used_by(self, mask):
        return mask.flatten()


@dataclass(frozen=True)
class Sequence(_Rearranging):
    """The positions of the maps, row by row, as the steps of a sequence: [channels, rows, columns] to [steps,
    channels]."""

    kind = "sequence"
    words = "the positions of the maps, one after the other"
    program = "x = x.flatten(2).transpose(1, 2)"
    mixes_maps = True

    @property
    def output_shape(self):
        channels, rows, columns = self.input_shape
        return (rows * columns, channels)

    def forward(self, x, module=None):
        return x.flatten(2).transpose(1, 2)

    def source(self, index):
        position, channel = index
        return (channel, *divmod(position, self.input_shape[2]))

    def looks_at(self, mask):
        return mask.T.reshape(self.input_shape)

    def used_by(self, mask):
        return mask.flatten(1).T.clone()

    def onnx(self, graph, x, weights):
        steps, channels = self.output_shape
        flat = graph.node("Reshape", [x, graph.constant([-1, channels, steps])])
        return graph.node("Transpose", [flat], perm=[0, 2, 1])


@dataclass(frozen=True)
class Last(_Rearranging):
    """The last step of a sequence."""

    kind = "last"
    words = "the last state"
    program = "x = x[:, -1]"

    @property
    def output_shape(self):
        return self.input_shape[1:]

    def forward(self, x, module=None):
        return x[:, -1]

    def source(self, index):
        return (self.input_shape[0] - 1, *index)

    def looks_at(self, mask):
        seen = mask.new_zeros(self.input_shape)
        seen[-1] = mask
        return seen

    def used_by(self, mask):
        return mask[-1].clone()

    def onnx(self, graph, x, weights):
        return graph.node("Gather", [x, graph.constant(self.input_shape[0] - 1)], axis=1)


# --- Layers in which everything is used by everything ----------------------------------------------------------------


@dataclass(frozen=True)
class _Dense(Layer):
    def looks_at(self, mask):
        return mask.any().expand(self.input_shape).clone()

    def used_by(self, mask):
        return mask.any().expand(self.output_shape).clone()


@dataclass(frozen=True)
class Linear(_Dense):
    units: int = 1

    kind = "linear"
    words = "weighted sums of all numbers before: the pre-activations"
    program = "x = self.{0.name}(x)"
    signed = True

    @property
    def output_shape(self):
        return (self.units,)

    @property
    def fan_in(self):
        return (self.input_shape[-1],) * self.units

    @property
    def macs(self):
        return sum(self.fan_in)

    def module(self):
        from torch import nn

        return nn.Linear(self.input_shape[0], self.units)

    def forward(self, x, module=None):
        return module(x)

    def _terms(self, at):
        for i, weight in enumerate(at.weights["weight"][at.index[0]].tolist()):
            yield (i,), f"{at.before} {i} × weight", weight

    def _bias(self, at):
        return at.weights["bias"][at.index[0]].item()

    def onnx(self, graph, x, weights):
        constants = [graph.constant(weights[name]) for name in ("weight", "bias")]
        return graph.node("Gemm", [x, *constants], transB=1)


@dataclass(frozen=True)
class Rbf(_Dense):
    """LeNet-5's output: minus the squared distance between the 84 numbers before and the picture of each digit in
    BITMAPS, of which 1 is white and -1 black. So the largest is the answer here too: the smallest distance wins."""

    kind = "rbf"
    words = "minus the squared distance to each digit's 7 × 12 picture: the smallest distance wins"
    signed = True

    @property
    def output_shape(self):
        return (len(_pictures()),)

    @property
    def macs(self):
        return self.input_shape[0] * self.output_shape[0]

    @property
    def connections(self):
        return self.macs

    @property
    def told(self):
        return {"pictures": _pictures()}

    def forward(self, x, module=None):
        return -(x[:, None] - x.new_tensor(_pictures())).square().sum(2)

    def cell(self, at):
        terms = tuple(
            Term(f"−({at.before} {i} − its pixel)²", at.before, (i,), x, pixel, -((x - pixel) ** 2), at.n)
            for i, (x, pixel) in enumerate(zip(at.x[at.n].tolist(), _pictures()[at.index[0]]))
        )
        total = math.fsum(term.product for term in terms)
        return Cell(self.name, self.kind, at.index, terms, 0.0, total, "", total, at.torch)

    def code(self):
        """A sign for each pixel, a line for each digit."""
        signs = ["".join("+" if pixel > 0 else "-" for pixel in picture) for picture in _pictures()]
        return [
            "pictures = []",
            *(f'pictures.append([float(sign + "1") for sign in "{picture}"])' for picture in signs),
            "x = -(x[:, None] - torch.tensor(pictures)).square().sum(2)",
        ]

    def onnx(self, graph, x, weights):
        apart = graph.node("Sub", [graph.node("Unsqueeze", [x, graph.constant([1])]), graph.constant(_pictures())])
        distances = graph.node("ReduceSum", [graph.node("Mul", [apart, apart]), graph.constant([2])], keepdims=0)
        return graph.node("Neg", [distances])


@cache
def _pictures() -> tuple[tuple[float, ...], ...]:
    """BITMAPS as numbers: for each digit 84, row by row."""
    rows = [line.split() for line in BITMAPS.split("\n") if line]
    return tuple(tuple(1.0 if dot == "#" else -1.0 for row in rows for dot in row[digit]) for digit in range(10))


@dataclass(frozen=True)
class Softmax(_Dense):
    kind = "softmax"
    words = "the ten probabilities"
    bounded = True

    def forward(self, x, module=None):
        return x.softmax(1)

    def cell(self, at):
        logits = at.x[at.n].tolist()
        most = max(logits)
        terms = tuple(
            Term("exp(logit − the largest logit)", at.before, (i,), logit, 1.0, math.exp(logit - most), at.n)
            for i, logit in enumerate(logits)
        )
        total = math.fsum(term.product for term in terms)
        value = terms[at.index[0]].product / total
        return Cell(self.name, self.kind, at.index, terms, 0.0, total, "softmax", value, at.torch)


# --- Recurrent layers ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Recurrent(_Dense):
    """Given [N, features], PyTorch reads the batch as ONE sequence of N steps: the paper's form. Given [N, steps,
    features], it reads the steps of each picture."""

    units: int = 1

    words = "the state of the recurrent layer"
    program = "x = self.{0.name}(x)[0]"
    signed = True
    gates: ClassVar[int] = 1
    onnx_gates: ClassVar[tuple[int, ...]] = (0,)  # where PyTorch has each gate that ONNX wants

    @property
    def output_shape(self):
        return (*self.input_shape[:-1], self.units)

    @property
    def parameters(self):
        # PyTorch keeps two bias vectors a gate: one for the input, one for the state.
        return self.gates * self.units * (self.input_shape[-1] + self.units + 2)

    @property
    def macs(self):
        steps = 1 if self.along_batch else self.input_shape[0]
        return self.gates * self.units * (self.input_shape[-1] + self.units) * steps

    @property
    def along_batch(self):
        return len(self.input_shape) == 1

    def forward(self, x, module=None):
        return module(x)[0]

    def looks_at(self, mask):
        if self.along_batch:
            return super().looks_at(mask)
        # A step looks at itself and all steps before it.
        return mask.any(1).flip(0).cumsum(0).bool().flip(0)[:, None].expand(self.input_shape).clone()

    def used_by(self, mask):
        if self.along_batch:
            return super().used_by(mask)
        return mask.any(1).cumsum(0).bool()[:, None].expand(self.output_shape).clone()

    def _gate(self, at: Place, number: int, nonlinearity: str, name: str) -> Cell:
        """One gate of a unit at its step: the input's terms, and those of the state before unless it is the first.

        Along the batch the steps are the pictures 0 to n.
        """
        unit, row = at.index[-1], number * self.units + at.index[-1]
        step = at.n if self.along_batch else at.index[0]
        xs, hs = (at.x, at.output) if self.along_batch else (at.x[at.n], at.output[at.n])
        before = () if self.along_batch else (step - 1,)
        here = () if self.along_batch else (step,)
        earlier = at.n - 1 if self.along_batch else at.n
        weights_x, weights_h = (at.weights[f"{key}_l0"][row].tolist() for key in ("weight_ih", "weight_hh"))
        terms = [
            _term(f"{at.before} {i} × weight", at.before, (*here, i), x, weight, at.n)
            for i, (x, weight) in enumerate(zip(xs[step].tolist(), weights_x))
        ]
        if step:
            terms += [
                _term(f"state before {i} × weight", self.name, (*before, i), h, weight, earlier)
                for i, (h, weight) in enumerate(zip(hs[step - 1].tolist(), weights_h))
            ]
        bias = sum(at.weights[f"{key}_l0"][row].item() for key in ("bias_ih", "bias_hh"))
        total = math.fsum([bias, *(term.product for term in terms)])
        index = (unit,) if self.along_batch else (step, unit)
        value = NONLINEARITIES[nonlinearity](total)
        return Cell(name, self.kind, index, tuple(terms), bias, total, nonlinearity, value, math.nan)

    def onnx(self, graph, x, weights):
        """ONNX wants [steps, pictures, features], and the gates in the order of `onnx_gates`."""

        def ordered(name: str) -> Any:
            gates = weights[f"{name}_l0"].reshape(self.gates, self.units, -1)
            return gates[list(self.onnx_gates)].reshape(self.gates * self.units, -1)

        if self.along_batch:
            x = graph.node("Unsqueeze", [x, graph.constant([1])])  # the pictures are the steps of one sequence
        else:
            x = graph.node("Transpose", [x], perm=[1, 0, 2])
        biases = [number for name in ("bias_ih", "bias_hh") for number in ordered(name)[:, 0]]
        constants = [graph.constant([one]) for one in (ordered("weight_ih"), ordered("weight_hh"), biases)]
        y = graph.node(self.operation, [x, *constants], hidden_size=self.units)
        if self.along_batch:
            return graph.node("Squeeze", [y, graph.constant([1, 2])])
        return graph.node("Transpose", [graph.node("Squeeze", [y, graph.constant([1])])], perm=[1, 0, 2])


@dataclass(frozen=True)
class Rnn(_Recurrent):
    kind = "rnn"
    operation = "RNN"

    def module(self):
        from torch import nn

        return nn.RNN(self.input_shape[-1], self.units, batch_first=True)

    def cell(self, at):
        return replace(self._gate(at, 0, "tanh", self.name), torch=at.torch)


@dataclass(frozen=True)
class Lstm(_Recurrent):
    kind = "lstm"
    operation = "LSTM"
    gates = len(GATES)
    onnx_gates = (0, 3, 1, 2)

    def module(self):
        from torch import nn

        return nn.LSTM(self.input_shape[-1], self.units, batch_first=True)

    def cell(self, at):
        memory = self._memory(at)
        gates = tuple(
            self._gate(at, number, "tanh" if name == "candidate" else "sigmoid", name)
            for number, name in enumerate(GATES)
        )
        enter, forget, candidate, leave = (gate.value for gate in gates)
        terms = (
            Term("memory before × forget gate", self.name, at.index, memory, forget, memory * forget, at.n),
            Term("candidate × input gate", self.name, at.index, candidate, enter, candidate * enter, at.n),
        )
        total = terms[0].product + terms[1].product
        value = leave * math.tanh(total)
        return Cell(self.name, self.kind, at.index, terms, 0.0, total, "lstm", value, at.torch, gates)

    def _memory(self, at: Place) -> float:
        """The cell state of a unit before its step. PyTorch keeps it to itself, so it is followed from the first."""
        step = at.n if self.along_batch else at.index[0]
        xs, hs = (at.x, at.output) if self.along_batch else (at.x[at.n], at.output[at.n])
        rows = [at.index[-1] + gate * self.units for gate in range(self.gates)]
        weights_x, weights_h, bias_x, bias_h = (
            at.weights[f"{name}_l0"][rows].detach().double()
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        memory = 0.0
        for earlier in range(step):
            state = hs[earlier - 1].double() if earlier else hs[0].new_zeros(self.units).double()
            sums = weights_x @ xs[earlier].double() + weights_h @ state + bias_x + bias_h
            memory = (sums[1].sigmoid() * memory + sums[0].sigmoid() * sums[2].tanh()).item()
        return memory


ACTIVATIONS: dict[str, type[Activation]] = {cls.kind: cls for cls in (Relu, Tanh, Sigmoid, Squash)}
# By the `kind` of a variant's Pool.
POOLS: dict[str, type[_Sliding]] = {"max": MaxPool, "average": AveragePool, "subsample": Subsample}
RECURRENT: dict[str, type[_Recurrent]] = {cls.kind: cls for cls in (Rnn, Lstm)}
