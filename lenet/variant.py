"""Which network: a Variant, the registry of named ones, and the table of layers that each one has.

    >>> for layer in layers(VARIANTS["original"]): print(layer.name, layer.output_shape, layer.parameters)

Everything else is built from that table: the module (model.py), its trace, the arithmetic of a cell, the pages.
Nothing here imports torch, so a page can show a variant before torch is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp, inf
from numbers import Integral, Real
from typing import Any

INPUT_SIZE = 28  # MNIST's pictures are 28 x 28
KERNEL = 5  # every convolution is 5 x 5, stride 1, without padding
CHANNELS = (6, 16, 32, 64)  # feature maps of conv1 to conv4
HIDDEN = (120, 84)  # units of the fully connected (or recurrent) layers before the ten outputs
CLASSES = 10
MOST_NORMAL = 1000  # mean and deviation of the input normalisation lie below it; the grey values are 0 to 1

ACTIVATIONS = ("relu", "tanh", "sigmoid")
HEADS = {
    "linear": "fully connected",
    "rnn": "RNN along the batch",
    "lstm": "LSTM along the batch",
    "rnn-steps": "RNN along the positions",
    "lstm-steps": "LSTM along the positions",
}


class VariantError(ValueError):
    """A network that cannot be built; the message names the layer and says what would fit."""


@dataclass(frozen=True)
class Pool:
    """Parameters of one max-pooling layer, in cells."""

    kernel: int = 2
    stride: int = 2
    padding: int = 0


@dataclass(frozen=True)
class Variant:
    """A LeNet: what it is made of, not how it is trained.

    activation: nonlinearity after every layer, one of ACTIVATIONS.
    pools: one max-pool for each convolutional layer; their number is the depth, 1 to 4.
    head: one of HEADS. `rnn` and `lstm` replace the 120 -> 84 layer and read the batch as ONE sequence, as the paper's
        code did: a digit's answer depends on the digits before it. `rnn-steps` and `lstm-steps` read the positions
        of the last feature maps of one digit, row by row.
    output_activation: whether the nonlinearity follows the last layer too, as in the base implementation.
    mean, std: of the input normalisation (x - mean) / std; 0 and 1 leave the grey values as they are.
    """

    activation: str = "relu"
    pools: tuple[Pool, ...] = (Pool(), Pool())
    head: str = "linear"
    output_activation: bool = True
    mean: float = 0.0
    std: float = 1.0

    @property
    def depth(self) -> int:
        """Number of convolutional layers."""
        return len(self.pools)


def from_fields(fields: Mapping[str, Any]) -> Variant:
    """The variant that `dataclasses.asdict` made these fields of. Raises TypeError or another error if it made none."""
    pools = tuple(Pool(**pool) for pool in fields["pools"][: len(CHANNELS) + 1])  # one too many is refused by `layers`
    return Variant(**{**fields, "pools": pools})


def _two(*pool: int) -> tuple[Pool, Pool]:
    return (Pool(*pool), Pool(*pool))


# A named variant is one row here. `best` and `original-dead` are the same networks as others, trained otherwise.
VARIANTS: dict[str, Variant] = {
    "original": Variant(),
    "original-dead": Variant(),
    "best": Variant(output_activation=False),
    "tanh": Variant(activation="tanh"),
    "sigmoid": Variant(activation="sigmoid"),
    "pool-padded": Variant(pools=_two(2, 2, 1)),
    "pool-stride-1": Variant(pools=_two(2, 1, 0)),
    "pool-kernel-3": Variant(pools=_two(3, 2, 0)),
    "pool-kernel-3-stride-1": Variant(pools=_two(3, 1, 0)),
    "pool-kernel-3-stride-3-padded": Variant(pools=_two(3, 3, 1)),
    "pool-stride-3": Variant(pools=_two(2, 3, 0)),
    "depth-1": Variant(pools=(Pool(),)),
    "depth-3": Variant(pools=(Pool(2, 1),) * 3),
    "depth-4": Variant(pools=(Pool(2, 1),) * 4),
    "rnn": Variant(head="rnn"),
    "lstm": Variant(head="lstm"),
    "rnn-steps": Variant(head="rnn-steps"),
    "lstm-steps": Variant(head="lstm-steps"),
}
# The twin of each without the nonlinearity after its last layer, for the study's counter-tests.
LINEAR: dict[str, Variant] = {
    f"{name}-linear": replace(v, output_activation=False)
    for name, v in VARIANTS.items()
    if name not in ("best", "original-dead")
}


def variant(name_or_variant: str | Variant) -> Variant:
    """The variant of that name. Raises VariantError with the names there are."""
    if isinstance(name_or_variant, Variant):
        return name_or_variant
    named = VARIANTS | LINEAR
    if name_or_variant not in named:
        raise VariantError(f"There is no variant called {name_or_variant!r}. There are: {', '.join(named)}.")
    return named[name_or_variant]


def linear_twin(name: str) -> str:
    """Name of the same network without the nonlinearity after its last layer; its own if it has none. KeyError."""
    return name if name in LINEAR or not VARIANTS[name].output_activation else f"{name}-linear"


@dataclass(frozen=True)
class ReceptiveField:
    """The square of input pixels that a cell of a feature map can see.

    Cell (row, column) sees the rows start + row * step up to but not including that + size, and the columns likewise,
    as far as they lie inside the picture (and less where the padding of a later pooling hides some).
    """

    size: int = 1
    step: int = 1
    start: int = 0

    def through(self, kernel: int, stride: int, padding: int = 0) -> "ReceptiveField":
        """Of a layer with this kernel, stride and padding on top of this one."""
        return ReceptiveField(
            self.size + (kernel - 1) * self.step, self.step * stride, self.start - padding * self.step
        )


@dataclass(frozen=True)
class Layer:
    """One row of the shape table.

    kind: input, normalise, conv, pool, relu, tanh, sigmoid, flatten, sequence, linear, rnn, lstm, last, softmax.
    output_shape: of one picture, without the batch.
    macs: multiply-adds for one picture (those of a recurrent layer: its matrix products).
    receptive_field: of the cells of a map; None where the cells are not laid out as a picture any more.
    """

    name: str
    kind: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int = 0
    macs: int = 0
    receptive_field: ReceptiveField | None = None
    pool: Pool = Pool(1, 1, 0)


def layers(v: Variant) -> list[Layer]:
    """The shape table: every stage from the picture to the ten probabilities, in order.

    Raises VariantError if the network cannot be built.
    """
    check(v)
    field = ReceptiveField()
    shape: tuple[int, ...] = (1, INPUT_SIZE, INPUT_SIZE)
    table = [Layer("input", "input", shape, shape, receptive_field=field)]

    def add(name: str, kind: str, output: tuple[int, ...], **rest) -> None:
        table.append(Layer(name, kind, table[-1].output_shape, output, **rest))

    def activate() -> None:
        count = sum(layer.kind == v.activation for layer in table) + 1
        spatial = table[-1].receptive_field
        add(f"{v.activation}{count}", v.activation, table[-1].output_shape, receptive_field=spatial)

    if (v.mean, v.std) != (0.0, 1.0):
        add("normalise", "normalise", shape, receptive_field=field)

    for number, (channels, pool) in enumerate(zip(CHANNELS, v.pools), start=1):
        before, size, _ = table[-1].output_shape
        size = size - KERNEL + 1
        if size < 1:
            raise VariantError(_too_small(v, f"conv{number}", f"a {KERNEL} × {KERNEL}", size + KERNEL - 1, number))
        weights = channels * before * KERNEL**2
        field = field.through(KERNEL, 1)
        add(
            f"conv{number}",
            "conv",
            (channels, size, size),
            parameters=weights + channels,
            macs=weights * size**2,
            receptive_field=field,
        )
        activate()
        pooled = (size + 2 * pool.padding - pool.kernel) // pool.stride + 1
        if size + 2 * pool.padding < pool.kernel:
            raise VariantError(_too_small(v, f"pool{number}", f"a {pool.kernel} × {pool.kernel}", size, number))
        field = field.through(pool.kernel, pool.stride, pool.padding)
        add(f"pool{number}", "pool", (channels, pooled, pooled), receptive_field=field, pool=pool)

    channels, side, _ = table[-1].output_shape
    linears = 0

    def linear(units: int) -> None:
        nonlocal linears
        linears += 1
        inputs = table[-1].output_shape[-1]
        add(f"fc{linears}", "linear", (units,), parameters=(inputs + 1) * units, macs=inputs * units)

    def recurrent(kind: str, inputs: int, steps: int, output: tuple[int, ...]) -> None:
        gates = 4 if kind == "lstm" else 1
        products = gates * HIDDEN[1] * (inputs + HIDDEN[1])
        # PyTorch keeps two bias vectors a gate: one for the input, one for the state.
        add(kind, kind, output, parameters=products + 2 * gates * HIDDEN[1], macs=products * steps)

    kind, _, form = v.head.partition("-")
    if form == "steps":
        add("sequence", "sequence", (side * side, channels))
        recurrent(kind, channels, side * side, (side * side, HIDDEN[1]))
        add("last", "last", (HIDDEN[1],))
    else:
        add("flatten", "flatten", (channels * side * side,))
        linear(HIDDEN[0])
        activate()
        if kind == "linear":
            linear(HIDDEN[1])
        else:
            recurrent(kind, HIDDEN[0], 1, (HIDDEN[1],))
        activate()
    linear(CLASSES)
    if v.output_activation:
        activate()
    add("softmax", "softmax", (CLASSES,))
    return table


def check(v: Variant) -> None:
    """Raise VariantError if a field of the variant is not a possible value by itself."""
    if v.activation not in ACTIVATIONS:
        raise VariantError(f"The activation {v.activation!r} is unknown: choose one of {', '.join(ACTIVATIONS)}.")
    if v.head not in HEADS:
        raise VariantError(f"The head {v.head!r} is unknown: choose one of {', '.join(HEADS)}.")
    if not isinstance(v.output_activation, bool):
        raise VariantError(f"An output activation is there or not: true or false, not {v.output_activation!r:.40}.")
    if not 1 <= v.depth <= len(CHANNELS):
        raise VariantError(f"A LeNet here has 1 to {len(CHANNELS)} convolutional layers, not {v.depth}.")
    if not all(isinstance(number, Real) for number in (v.mean, v.std)) or not (
        abs(v.mean) <= MOST_NORMAL and 1 / MOST_NORMAL <= v.std <= MOST_NORMAL
    ):
        raise VariantError(
            f"The input cannot be normalised with mean {v.mean!r:.40} and standard deviation {v.std!r:.40}: the mean "
            f"must lie between -{MOST_NORMAL} and {MOST_NORMAL}, the deviation must be a positive number between "
            f"{1 / MOST_NORMAL:g} and {MOST_NORMAL}."
        )
    for number, pool in enumerate(v.pools, start=1):
        if not all(isinstance(cells, Integral) for cells in (pool.kernel, pool.stride, pool.padding)):
            raise VariantError(f"pool{number}: kernel, stride and padding must each be a whole number, not {pool}.")
        if not (1 <= pool.kernel <= INPUT_SIZE and 1 <= pool.stride <= INPUT_SIZE and pool.padding >= 0):
            raise VariantError(
                f"pool{number}: kernel and stride must be at least 1 and at most {INPUT_SIZE}, padding at least 0, "
                f"not {pool}."
            )
        if 2 * pool.padding > pool.kernel:
            raise VariantError(
                f"pool{number}: a padding of {pool.padding} is more than half of the kernel, {pool.kernel}: "
                f"a padding of at most {pool.kernel // 2} would fit."
            )


def nearest(v: Variant) -> Variant:
    """One that can be built and differs as little as possible: first by pooling with stride 1, then by less depth."""
    for depth in range(min(v.depth, len(CHANNELS)), 0, -1):
        pools = v.pools[:depth]
        for count in range(depth + 1):
            for blocks in combinations(range(depth), count):
                changed = tuple(Pool(2, 1) if block in blocks else pool for block, pool in enumerate(pools))
                candidate = replace(v, pools=changed)
                try:
                    layers(candidate)
                except VariantError:
                    continue
                return candidate
    return VARIANTS["original"]


def _too_small(v: Variant, name: str, needs: str, size: int, number: int) -> str:
    if number == 1:
        remedy = "a smaller pooling kernel"
    else:
        before = (
            "pooling with stride 1" if any(pool.stride > 1 for pool in v.pools[: number - 1]) else "smaller pooling"
        )
        layers = f"{number - 1} convolutional layer" + "s" * (number > 2)
        remedy = f"{before} before it or at most {layers}"
    return f"{name} needs {needs} input, but only {size} × {size} is left of the picture there: {remedy} would fit."


def highest_probability(v: Variant) -> float:
    """The most that the softmax can give one class: an output tanh keeps the ten numbers within -1 and 1, an output
    sigmoid within 0 and 1."""
    apart = {"tanh": 2.0, "sigmoid": 1.0}.get(v.activation, inf) if v.output_activation else inf
    return 1 / (1 + (CLASSES - 1) * exp(-apart))


def parameter_count(v: Variant) -> int:
    """Number of trained numbers in the network (44,426 for `original`)."""
    return sum(layer.parameters for layer in layers(v))


def multiply_adds(v: Variant) -> int:
    """Multiply-adds of one forward pass of one picture."""
    return sum(layer.macs for layer in layers(v))
