"""Which network: a Variant, the registry of named ones, and the list of layers that each one has.

    >>> for layer in layers(VARIANTS["original"]): print(layer.name, layer.output_shape, layer.parameters)

Everything else is built from that list: the module (model.py), its trace, the arithmetic of a cell, the pages.
Nothing here imports torch, so a page can show a variant before torch is loaded.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import combinations
from math import exp, inf
from numbers import Integral, Real
from typing import Any

from lenet import layers as kinds
from lenet.layers import Layer, ReceptiveField

INPUT_SIZE = 28  # MNIST's pictures are 28 x 28
KERNEL = 5  # every convolution is 5 x 5, stride 1, without padding
CHANNELS = (6, 16, 32, 64)  # feature maps of conv1 to conv4
HIDDEN = (120, 84)  # units of the fully connected (or recurrent) layers before the ten outputs
CLASSES = 10
MOST_NORMAL = 1000  # mean and deviation of the input normalisation lie below it; pixel intensities are 0 to 1

SIZES = (INPUT_SIZE, 32)  # of the picture that the first convolution sees: as it is, or in a black frame
ACTIVATIONS = tuple(kinds.ACTIVATIONS)
HEADS = {
    "linear": "fully connected",
    "rnn": "RNN along the batch",
    "lstm": "LSTM along the batch",
    "rnn-steps": "RNN along the positions",
    "lstm-steps": "LSTM along the positions",
}


OUTPUTS = {"linear": "weighted sums", "rbf": "distances to 7 × 12 pictures of the digits"}
INITIALISATIONS = {
    "pytorch": "PyTorch's default",
    "1998": "uniform within ±2.4 / fan-in, biases as well",
    "xavier": "Xavier's, uniform within ±√(6 / (fan-in + fan-out))",
}


class VariantError(ValueError):
    """A network that cannot be built; the message names the layer and says what would fit."""


@dataclass(frozen=True)
class Pool:
    """One pooling layer: kernel, stride and padding in cells; kind: a row of lenet.layers.POOLS."""

    kernel: int = 2
    stride: int = 2
    padding: int = 0
    kind: str = "max"


@dataclass(frozen=True)
class Variant:
    """A LeNet: what it is made of, not how it is trained.

    activation: nonlinearity after every layer, one of ACTIVATIONS.
    pools: one pooling layer for each convolutional layer; their number is the depth, 1 to 4.
    head: one of HEADS. `rnn` and `lstm` replace the 120 -> 84 layer and read the batch as ONE sequence, as the paper's
        code did: a digit's answer depends on the digits before it. `rnn-steps` and `lstm-steps` read the positions
        of the last feature maps of one digit, row by row.
    output_activation: whether the nonlinearity follows the last layer too, as in the base implementation.
    mean, std: of the input normalisation (x - mean) / std; 0 and 1 leave the pixel intensities as they are.
    size: one of SIZES.
    table: whether conv2 looks at the maps of LeNet-5's table (layers.C3) instead of all of them.
    output: one of OUTPUTS, `linear` or `rbf`: Euclidean radial basis functions, the squashing function before them.
    initialisation: one of INITIALISATIONS, of the weights before training.
    """

    activation: str = "relu"
    pools: tuple[Pool, ...] = (Pool(), Pool())
    head: str = "linear"
    output_activation: bool = True
    mean: float = 0.0
    std: float = 1.0
    size: int = INPUT_SIZE
    table: bool = False
    output: str = "linear"
    initialisation: str = "pytorch"

    @property
    def depth(self) -> int:
        """Number of convolutional layers."""
        return len(self.pools)


def from_fields(given: Mapping[str, Any]) -> Variant:
    """The variant that `dataclasses.asdict` made these fields of. Raises TypeError or another error if it made none."""
    pools = tuple(Pool(**pool) for pool in given["pools"][: len(CHANNELS) + 1])  # one too many is refused by `layers`
    return Variant(**{**given, "pools": pools})


LATER = ("size", "table", "output", "initialisation")  # fields that older files do not know


def to_fields(v: Variant) -> dict[str, Any]:
    """The variant as plain values, for JSON. What older files do not know is left out where it is as it was then."""
    usual = {field.name: field.default for field in fields(v) if field.name in LATER}
    told = {name: value for name, value in asdict(v).items() if name not in usual or value != usual[name]}
    for pool in told["pools"]:
        if pool["kind"] == Pool.kind:
            del pool["kind"]
    return told


def _two(kernel: int, stride: int, padding: int) -> tuple[Pool, Pool]:
    return (Pool(kernel, stride, padding),) * 2


# LeNet-5 as it was published (LeCun, Bottou, Bengio, Haffner 1998), in our names: conv1 is its C1, pool1 S2, conv2 C3,
# pool2 S4, fc1 C5 and fc2 F6. Pixels from -0.1 (white) to 1.175 (black). PyTorch's initialisation goes with ReLU.
LENET_5 = Variant(
    "squash",
    (Pool(kind="subsample"),) * 2,
    output_activation=False,
    mean=0.1 / 1.275,
    std=1 / 1.275,
    size=32,
    table=True,
    output="rbf",
    initialisation="1998",
)
_MAX = replace(LENET_5, pools=(Pool(), Pool()))
_ALL_MAPS = replace(_MAX, table=False)
_RELU = replace(_ALL_MAPS, activation="relu", initialisation="pytorch")

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
    # Each of these five differs from the one before in one thing; the next is `best`, which sees the plain 28 x 28.
    "lenet-5-1998": LENET_5,
    "1998-max-pool": _MAX,
    "1998-all-maps": _ALL_MAPS,
    "1998-relu": _RELU,
    "1998-softmax": replace(_RELU, output="linear"),
    # As d2l.ai has it: a padding of 2 around the first convolution is a picture of 32 x 32.
    "d2l": Variant(
        "sigmoid",
        (Pool(kind="average"),) * 2,
        output_activation=False,
        size=32,
        initialisation="xavier",
    ),
    "pytorch-tutorial": Variant(output_activation=False, size=32),  # "Neural Networks" of PyTorch's tutorials
}
# The twin of each without the nonlinearity after its last layer, for the study's counter-tests.
LINEAR: dict[str, Variant] = {
    f"{name}-linear": replace(v, output_activation=False)
    for name, v in VARIANTS.items()
    if v.output_activation and name != "original-dead"
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


def layers(v: Variant) -> list[Layer]:
    """Every layer from the picture to the ten probabilities, in order.

    Raises VariantError if the network cannot be built.
    """
    check(v)
    table: list[Layer] = [kinds.Input("input", (1, INPUT_SIZE, INPUT_SIZE), ReceptiveField())]
    counts: dict[str, int] = {}

    def add(kind: type[Layer], name: str = "", **fields) -> None:
        before = table[-1]
        layer = kind(name or kind.kind, before.output_shape, **fields)
        if before.receptive_field and len(layer.output_shape) == len(before.output_shape):
            layer = replace(layer, receptive_field=before.receptive_field.through(*layer.window))
        table.append(layer)

    def numbered(kind: type[Layer], prefix: str, **fields) -> None:
        counts[prefix] = counts.get(prefix, 0) + 1
        add(kind, f"{prefix}{counts[prefix]}", **fields)

    def activate(kind: str = v.activation) -> None:
        numbered(kinds.ACTIVATIONS[kind], kind)

    if v.size > INPUT_SIZE:
        add(kinds.Pad, padding=(v.size - INPUT_SIZE) // 2)
    if (v.mean, v.std) != (0.0, 1.0):
        add(kinds.Normalise, mean=v.mean, std=v.std)
    for number, (channels, pool) in enumerate(zip(CHANNELS, v.pools), start=1):
        _check_room(v, f"conv{number}", KERNEL, 0, table[-1], number)
        connected = kinds.C3 if v.table and number == 2 else ()
        numbered(kinds.Conv, "conv", kernel=KERNEL, maps=channels, table=connected)
        activate()
        _check_room(v, f"pool{number}", pool.kernel, pool.padding, table[-1], number)
        sizes = {"kernel": pool.kernel, "stride": pool.stride, "padding": pool.padding}
        numbered(kinds.POOLS[pool.kind], "pool", **sizes)
        if pool.kind == "subsample":
            add(kinds.ACTIVATIONS[v.activation], f"{v.activation}_pool{number}")

    kind, _, form = v.head.partition("-")
    if form == "steps":
        add(kinds.Sequence)
        add(kinds.RECURRENT[kind], units=HIDDEN[1])
        add(kinds.Last)
    else:
        add(kinds.Flatten)
        numbered(kinds.Linear, "fc", units=HIDDEN[0])
        activate()
        if kind == "linear":
            numbered(kinds.Linear, "fc", units=HIDDEN[1])
        else:
            add(kinds.RECURRENT[kind], units=HIDDEN[1])
        activate("squash" if v.output == "rbf" else v.activation)  # the pictures are of -1 and 1
    if v.output == "rbf":
        add(kinds.Rbf)
    else:
        numbered(kinds.Linear, "fc", units=CLASSES)
    if v.output_activation:
        activate()
    add(kinds.Softmax)
    return table


def check(v: Variant) -> None:
    """Raise VariantError if a field of the variant is not a possible value by itself."""
    choices: dict[str, Collection] = {"activation": ACTIVATIONS, "head": HEADS, "output": OUTPUTS}
    for name, known in (choices | {"initialisation": INITIALISATIONS}).items():
        if getattr(v, name) not in known:
            raise VariantError(f"The {name} {getattr(v, name)!r} is unknown: choose one of {', '.join(known)}.")
    for name, words in (("output_activation", "An output activation"), ("table", "A table of connections")):
        if not isinstance(getattr(v, name), bool):
            raise VariantError(f"{words} is there or not: true or false, not {getattr(v, name)!r:.40}.")
    if v.size not in SIZES or not isinstance(v.size, int):
        raise VariantError(f"A picture of {v.size!r:.40} pixels is impossible: choose one of 28, 32.")
    if v.output == "rbf" and (v.output_activation or v.head not in ("linear", "rnn", "lstm")):
        raise VariantError(
            "Distances follow a nonlinearity and have none behind them: a linear head without an output activation "
            "would fit."
        )
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
        if pool.kind not in kinds.POOLS:
            raise VariantError(f"pool{number}: {pool.kind!r:.40} is unknown: choose one of {', '.join(kinds.POOLS)}.")
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


def _check_room(v: Variant, name: str, kernel: int, padding: int, before: Layer, number: int) -> None:
    """Raise VariantError if the kernel of block `number` finds maps that are smaller than itself."""
    size = before.output_shape[1]
    if size + 2 * padding >= kernel:
        return
    if number == 1:
        remedy = "a smaller pooling kernel"
    else:
        smaller = (
            "pooling with stride 1" if any(pool.stride > 1 for pool in v.pools[: number - 1]) else "smaller pooling"
        )
        fewer = f"{number - 1} convolutional layer" + "s" * (number > 2)
        remedy = f"{smaller} before it or at most {fewer}"
    raise VariantError(
        f"{name} needs a {kernel} × {kernel} input, but only {size} × {size} is left of the picture there: "
        f"{remedy} would fit."
    )


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


def connections(v: Variant) -> int:
    """Weights and biases, each as often as one picture uses it (340,908 for LeNet-5)."""
    return sum(layer.connections for layer in layers(v))
