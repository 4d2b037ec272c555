"""Which network: a Variant, the registry of named ones, and the list of layers that each one has.

    >>> for layer in layers(VARIANTS["original"]): print(layer.name, layer.output_shape, layer.parameters)

Everything else is built from that list: the module (model.py), its trace, the arithmetic of a cell, the pages.
Nothing here imports torch, so a page can show a variant before torch is loaded.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import combinations
from math import exp, inf, prod
from numbers import Integral, Real
from typing import Any

from lenet import layers as kinds
from lenet.layers import Layer, ReceptiveField

INPUT_SIZE = 28  # MNIST's pictures are 28 x 28
KERNEL = 5  # a convolution is 5 x 5, stride 1, without padding, unless a variant says otherwise
CHANNELS = (6, 16, 32, 64)  # feature maps of conv1 to conv4, likewise
HIDDEN = (120, 84)  # units of the fully connected (or recurrent) layers before the ten outputs, likewise
CLASSES = 10
MOST_NORMAL = 1000  # mean and deviation of the input normalisation lie below it; pixel intensities are 0 to 1

# What the parts of a network may be at most. A kernel and a stride are at least 1, as channels and units are.
MOST_KERNEL, MOST_STRIDE, MOST_CHANNELS = 11, 4, 64
MOST_HIDDEN, MOST_UNITS = 4, 512
MOST_DROPOUT = 0.9
# Of the whole network, so that a browser reads with it while the pen moves, its file can be loaded again, and a batch
# has room. Nothing with the usual convolutions and the poolings of the experiments is larger.
MOST_MACS, MOST_PARAMETERS, MOST_CELLS = 30_000_000, 3_500_000, 250_000

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
    """One pooling layer: kernel, stride and padding in cells; kind: a row of lenet.layers.POOLS, or NONE."""

    kernel: int = 2
    stride: int = 2
    padding: int = 0
    kind: str = "max"


NONE = "none"  # instead of a pooling layer
POOL_KINDS = (*kinds.POOLS, NONE)


@dataclass(frozen=True)
class Convolution:
    """One convolutional layer: kernel, stride and padding in cells, and how many maps it makes."""

    kernel: int = KERNEL
    stride: int = 1
    padding: int = 0
    channels: int = CHANNELS[0]


CONVOLUTIONS = tuple(Convolution(channels=channels) for channels in CHANNELS)


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
    convs: one convolution for each of `pools`; empty: the usual ones, CONVOLUTIONS.
    hidden: units of the layers between the convolutions and the ten outputs. The last one is the recurrent layer of a
        recurrent head; the heads that read positions have no other.
    activations: the nonlinearity after each layer of `inner`; empty: `activation` after all.
    dropout: the share of numbers that is dropped after each layer of `inner` while it learns; empty: none.
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
    convs: tuple[Convolution, ...] = ()
    hidden: tuple[int, ...] = HIDDEN
    activations: tuple[str, ...] = ()
    dropout: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """One network has one description: what is as usual is left empty."""
        inner = len(self.inner)
        for name, usual in (
            ("convs", CONVOLUTIONS[: self.depth]),
            ("activations", (self.activation,) * inner),
            ("dropout", (0.0,) * inner),
        ):
            if getattr(self, name) == usual:
                object.__setattr__(self, name, ())

    @property
    def depth(self) -> int:
        """Number of convolutional layers."""
        return len(self.pools)

    @property
    def convolutions(self) -> tuple[Convolution, ...]:
        """One for each of `pools`."""
        return self.convs or CONVOLUTIONS[: self.depth]

    @property
    def inner(self) -> tuple[str, ...]:
        """The layers with a nonlinearity (and dropout) of their own: conv1, conv2, …, fc1, fc2, …, rnn or lstm."""
        kind, _, form = str(self.head).partition("-")
        units = [f"fc{number + 1}" for number in range(len(self.hidden))]
        if form:
            units = []
        elif kind in kinds.RECURRENT:
            units[-1:] = [kind]
        return (*(f"conv{number + 1}" for number in range(self.depth)), *units)

    def resized(self, depth: int, hidden: tuple[int, ...]) -> "Variant":
        """The same with so many convolutional layers and these hidden ones, each layer as it was; new ones as usual."""
        pools = (*self.pools, *(Pool(),) * depth)[:depth]
        convs = (*self.convolutions, *CONVOLUTIONS[self.depth :])[:depth]
        other = replace(self, pools=pools, convs=convs, hidden=hidden, activations=(), dropout=())
        own = dict(zip(self.inner, self.activations)), dict(zip(self.inner, self.dropout))
        activations = tuple(own[0].get(name, self.activation) for name in other.inner)
        return replace(other, activations=activations, dropout=tuple(own[1].get(name, 0.0) for name in other.inner))


def from_fields(given: Mapping[str, Any]) -> Variant:
    """The variant that `dataclasses.asdict` made these fields of. Raises TypeError or another error if it made none."""
    pools = tuple(Pool(**pool) for pool in given["pools"][: len(CHANNELS) + 1])  # one too many is refused by `layers`
    later: dict[str, Any] = {name: tuple(given[name]) for name in ("hidden", "activations", "dropout") if name in given}
    if "convs" in given:
        later["convs"] = tuple(Convolution(**conv) for conv in given["convs"][: len(CHANNELS) + 1])
    return Variant(**{**given, "pools": pools, **later})


LATER = (
    "size",
    "table",
    "output",
    "initialisation",
    "convs",
    "hidden",
    "activations",
    "dropout",
)  # fields that older files do not know


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
    table = _table(v)
    _check_cost(v, table)
    return table


def _table(v: Variant) -> list[Layer]:
    table: list[Layer] = [kinds.Input("input", (1, INPUT_SIZE, INPUT_SIZE), ReceptiveField())]
    counts: dict[str, int] = {}
    own = iter(zip(v.activations or (v.activation,) * len(v.inner), v.dropout or (0.0,) * len(v.inner)))

    def add(kind: type[Layer], name: str = "", **fields) -> None:
        before = table[-1]
        layer = kind(name or kind.kind, before.output_shape, **fields)
        if before.receptive_field and len(layer.output_shape) == len(before.output_shape):
            layer = replace(layer, receptive_field=before.receptive_field.through(*layer.window))
        table.append(layer)

    def numbered(kind: type[Layer], prefix: str, **fields) -> None:
        counts[prefix] = counts.get(prefix, 0) + 1
        add(kind, f"{prefix}{counts[prefix]}", **fields)

    def activate(kind: str) -> None:
        numbered(kinds.ACTIVATIONS[kind], kind)

    def drop(rate: float) -> None:
        if rate:
            numbered(kinds.Dropout, "dropout", rate=rate)

    if v.size > INPUT_SIZE:
        add(kinds.Pad, padding=(v.size - INPUT_SIZE) // 2)
    if (v.mean, v.std) != (0.0, 1.0):
        add(kinds.Normalise, mean=v.mean, std=v.std)
    for number, (conv, pool) in enumerate(zip(v.convolutions, v.pools), start=1):
        activation, rate = next(own)
        _check_room(v, f"conv{number}", conv.kernel, conv.padding, table[-1], number)
        connected = kinds.C3 if v.table and number == 2 else ()
        sizes = {"kernel": conv.kernel, "stride": conv.stride, "padding": conv.padding}
        add(kinds.Conv, f"conv{number}", maps=conv.channels, table=connected, **sizes)
        activate(activation)
        if pool.kind != NONE:
            _check_room(v, f"pool{number}", pool.kernel, pool.padding, table[-1], number)
            sizes = {"kernel": pool.kernel, "stride": pool.stride, "padding": pool.padding}
            add(kinds.POOLS[pool.kind], f"pool{number}", **sizes)
        if pool.kind == "subsample":
            add(kinds.ACTIVATIONS[activation], f"{activation}_pool{number}")
        drop(rate)

    kind, _, form = v.head.partition("-")
    if form == "steps":
        add(kinds.Sequence)
        add(kinds.RECURRENT[kind], units=v.hidden[-1])
        add(kinds.Last)
    else:
        add(kinds.Flatten)
        for number, units in enumerate(v.hidden, start=1):
            last = number == len(v.hidden)
            activation, rate = next(own)
            if last and kind in kinds.RECURRENT:
                add(kinds.RECURRENT[kind], units=units)
            else:
                numbered(kinds.Linear, "fc", units=units)
            activate("squash" if last and v.output == "rbf" else activation)  # the pictures are of -1 and 1
            drop(rate)
    if v.output == "rbf":
        add(kinds.Rbf)
    else:
        numbered(kinds.Linear, "fc", units=CLASSES)
    if v.output_activation:
        activate(v.activation)
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
    _check_pools(v)
    _check_convolutions(v)
    _check_hidden(v)
    for words, one in (("activations", v.activations), ("shares of dropout", v.dropout)):
        if one and len(one) != len(v.inner):
            raise VariantError(
                f"There are {len(one)} {words} for {len(v.inner)} layers: one for each would fit, {', '.join(v.inner)}."
            )
    for name, activation in zip(v.inner, v.activations):
        if activation not in ACTIVATIONS:
            raise VariantError(
                f"{name}: the activation {activation!r:.40} is unknown: choose one of {', '.join(ACTIVATIONS)}."
            )
    for name, rate in zip(v.inner, v.dropout):
        if not isinstance(rate, Real) or not 0 <= rate <= MOST_DROPOUT:
            raise VariantError(f"{name}: dropout must be at least 0 and at most {MOST_DROPOUT}, not {rate!r:.40}.")


def _whole(value: Any, least: int, most: int) -> bool:
    """Whether it is a whole number from least to most."""
    return isinstance(value, Integral) and not isinstance(value, bool) and least <= int(value) <= most


def _check_convolutions(v: Variant) -> None:
    if len(v.convolutions) != v.depth:
        raise VariantError(f"conv1 to conv{len(v.convs)} have {v.depth} poolings: one for each would fit.")
    limits = {"kernel": (1, MOST_KERNEL), "stride": (1, MOST_STRIDE), "channels": (1, MOST_CHANNELS)}
    for number, conv in enumerate(v.convolutions, start=1):
        for name, (least, most) in limits.items():
            if not _whole(value := getattr(conv, name), least, most):
                raise VariantError(
                    f"conv{number}: {name} must be a whole number of at least {least} and at most {most}, "
                    f"not {value!r:.40}."
                )
        if not _whole(conv.padding, 0, conv.kernel // 2):
            raise VariantError(
                f"conv{number}: a padding of {conv.padding!r:.40} is more than half of the kernel, {conv.kernel}: "
                f"a padding of at most {conv.kernel // 2} would fit."
            )
    if v.table and v.depth > 1 and tuple(conv.channels for conv in v.convolutions[:2]) != CHANNELS[:2]:
        raise VariantError("conv2: LeNet-5's table connects 6 maps with 16: so many channels would fit.")


def _check_hidden(v: Variant) -> None:
    least = 0 if v.head == "linear" and v.output != "rbf" else 1
    if not least <= len(v.hidden) <= MOST_HIDDEN:
        raise VariantError(
            f"Before fc{len(v.hidden) + 1} there must be at least {least} and at most {MOST_HIDDEN} hidden layers, "
            f"not {len(v.hidden)}."
        )
    for number, units in enumerate(v.hidden, start=1):
        if not _whole(units, 1, MOST_UNITS):
            raise VariantError(
                f"fc{number}: its units must be a whole number of at least 1 and at most {MOST_UNITS}, "
                f"not {units!r:.40}."
            )
    if v.output == "rbf" and v.hidden[-1] != HIDDEN[-1]:
        raise VariantError(f"fc{len(v.hidden)}: {HIDDEN[-1]} units, the pixels of each digit's picture, would fit.")


def _check_pools(v: Variant) -> None:
    for number, pool in enumerate(v.pools, start=1):
        if pool.kind not in POOL_KINDS:
            raise VariantError(f"pool{number}: {pool.kind!r:.40} is unknown: choose one of {', '.join(POOL_KINDS)}.")
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
    """One that can be built and differs as little as possible: first by pooling with stride 1, then by less depth, then
    with the usual convolutions, then with the usual hidden layers as well."""
    for other in (v, replace(v, convs=()), replace(v, convs=(), hidden=HIDDEN, activations=(), dropout=())):
        for depth in range(min(v.depth, len(CHANNELS)), 0, -1):
            try:
                shorter = other.resized(depth, other.hidden)
            except TypeError:  # a field that is nothing of the kind
                continue
            for count in range(depth + 1):
                for blocks in combinations(range(depth), count):
                    pools = tuple(Pool(2, 1) if at in blocks else pool for at, pool in enumerate(shorter.pools))
                    candidate = replace(shorter, pools=pools)
                    try:
                        layers(candidate)
                    except VariantError:
                        continue
                    return candidate
    return VARIANTS["original"]


def _check_room(v: Variant, name: str, kernel: int, padding: int, before: Layer, number: int) -> None:
    """Raise VariantError if the kernel of block `number` finds maps that are smaller than itself."""
    size = before.output_shape[1]
    room = size + 2 * padding
    if room >= kernel:
        return
    remedies = [f"a kernel of at most {room}"]
    pooled, earlier = v.pools[: number - 1], v.convolutions[: number - 1 + name.startswith("pool")]
    if any(pool.stride > 1 for pool in pooled if pool.kind != NONE):
        remedies.append("pooling with stride 1 before it")
    elif any(conv.stride > 1 for conv in earlier):
        remedies.append("convolutions with stride 1 before it")
    if number > 1:
        remedies.append(f"at most {number - 1} convolutional layer" + "s" * (number > 2))
    raise VariantError(
        f"{name} needs a {kernel} × {kernel} input, but only {size} × {size} is left of the picture there: "
        f"{' or '.join(remedies)} would fit."
    )


def _check_cost(v: Variant, table: list[Layer]) -> None:
    """Raise VariantError, naming the costliest layer, if the network is too large."""
    for what, cost, most in (
        ("parameters", _parameters, MOST_PARAMETERS),
        ("multiplications per digit", _macs, MOST_MACS),
        ("cells", _cells, MOST_CELLS),
    ):
        total = sum(map(cost, table))
        if total <= most:
            continue
        layer = max((layer for layer in table if layer.name in v.inner or layer.kind in kinds.RECURRENT), key=cost)
        unit, now = _units(layer)
        fits = [sum(map(cost, _table(_with_units(v, layer, count)))) <= most for count in _halved(now)]
        count = next((count for count, fit in zip(_halved(now), fits) if fit), 0)
        remedy = f"{count} {unit}" if count else "pooling with a larger stride before it"
        raise VariantError(
            f"{layer.name} has {cost(layer):,} of {total:,} {what}, and {most:,} are the most: {remedy} would fit."
        )


def _halved(count: int) -> list[int]:
    """Half of it, a quarter, and so on, down to 1."""
    return [count >> times for times in range(1, count.bit_length())]


def _units(layer: Layer) -> tuple[str, int]:
    """What a layer has how many of."""
    if isinstance(layer, kinds.Conv):
        return "channels", layer.maps
    return "units", layer.output_shape[-1]


def _with_units(v: Variant, layer: Layer, count: int) -> Variant:
    """The same with so many channels or units in a layer of its table."""
    if isinstance(layer, kinds.Conv):
        at = v.inner.index(layer.name)
        conv = replace(v.convolutions[at], channels=count)
        return replace(v, convs=(*v.convolutions[:at], conv, *v.convolutions[at + 1 :]))
    at = v.inner.index(layer.name) - v.depth if layer.name in v.inner else len(v.hidden) - 1
    return replace(v, hidden=(*v.hidden[:at], count, *v.hidden[at + 1 :]))


def _parameters(layer: Layer) -> int:
    return layer.stored


def _macs(layer: Layer) -> int:
    return layer.macs


def _cells(layer: Layer) -> int:
    return prod(layer.output_shape)


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
