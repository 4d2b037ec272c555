"""The five experiments of the paper (A. Landry, A. Cabrera, "LeNet"), as data: questions, runs and claims.

A new variant is a name in `variants`; a sixth experiment is one more row. Everything else (the runs, the page, the
report) follows from here. Experiment 1 looks at kernels of trained networks and so has no runs of its own.

A claim is judged in statistics.py by the rules printed there; nothing here says how it comes out.
"""

from dataclasses import dataclass, field, replace
from itertools import product
from math import inf

from lenet.recipe import RECIPES, Recipe
from lenet.variant import VARIANTS, Variant, linear_twin, multiply_adds, variant

SEEDS = (0, 1, 2)  # the paper's three repetitions
LEARNING_RATES = (0.1, 0.01, 0.001)
FORMS = {True: "paper", False: "linear output"}  # output_activation -> what we call it
HIGH = 0.9  # accuracy that counts as high: "good", "learns"
_EPOCHS = f"epochs to {HIGH:.0%} ({RECIPES['paper'].epochs + 1} if never)"
STUCK = 0.1  # a run that gains less accuracy than this over its untrained network is stuck


@dataclass(frozen=True)
class Run:
    """One network trained once. `recipe` names a row of lenet.recipe.RECIPES; lr and seed replace its own."""

    variant: str
    output_activation: bool
    lr: float
    seed: int
    recipe: str = "paper"

    def known(self) -> bool:
        """Whether variant and recipe are still in the registries."""
        return self.variant in VARIANTS and self.recipe in RECIPES

    def network(self) -> Variant:
        """What is trained."""
        return variant(self.variant if self.output_activation else linear_twin(self.variant))

    def training(self) -> Recipe:
        """How it is trained."""
        return replace(RECIPES[self.recipe], lr=self.lr, seed=self.seed)

    def cost(self) -> float:
        """Multiply-adds of all forward passes: proportional, roughly, to the time of the run."""
        recipe = self.training()
        return float(multiply_adds(self.network())) * recipe.train_size * recipe.epochs

    @property
    def name(self) -> str:
        form = "paper" if self.output_activation else "linear"
        extra = "" if self.recipe == "paper" else f"-{self.recipe}"
        return f"{self.variant}-{form}-lr{self.lr:g}{extra}-seed{self.seed}"


@dataclass(frozen=True)
class Setting:
    """A run without its seed. Without an output form it is meant in the form that is being judged."""

    variant: str
    lr: float = 0.1
    recipe: str = "paper"
    output_activation: bool | None = None

    def run(self, output_activation: bool, seed: int) -> Run:
        """The run of that form and seed; the setting's own form comes first."""
        form = output_activation if self.output_activation is None else self.output_activation
        return Run(self.variant, form, self.lr, seed, self.recipe)


@dataclass(frozen=True)
class Quantity:
    """One number for each seed.

    measure: a row of statistics.MEASURES, taken of each setting.
    over: how several settings make one number within a seed: mean, max, min, range, or best (the place of the highest).
    minus: settings whose number is taken away from it, seed by seed.
    """

    measure: str
    of: tuple[Setting, ...]
    minus: tuple[Setting, ...] = ()
    over: str = "mean"


@dataclass(frozen=True)
class Part:
    """A statement that holds or fails: the quantity, seed by seed, lies strictly between low and high.

    rule: a row of statistics.RULES, how the seeds decide together.
    """

    words: str
    quantity: Quantity
    low: float = -inf
    high: float = inf
    rule: str = "mean"


@dataclass(frozen=True)
class Claim:
    """What the paper says, and the parts that must all hold.

    counter_test: whether the form with linear output is judged as well; not where the claim is about the two forms.
    mechanism: a fact about such networks; the figures after it are measured.
    """

    letter: str
    words: str
    parts: tuple[Part, ...]
    mechanism: str
    figures: tuple[tuple[str, Quantity], ...] = ()
    counter_test: bool = True


@dataclass(frozen=True)
class Guess:
    """What a reader commits to before the curves are shown: the answer whose quantity has the highest mean is right."""

    question: str
    answers: dict[str, Quantity]


@dataclass(frozen=True)
class Experiment:
    """A question and the runs that answer it: every variant × learning rate × output form × seed, and `extra` ones.

    variants: name in the registry -> what it is called in this experiment.
    """

    number: int
    title: str
    question: str
    variants: dict[str, str]
    guess: Guess
    claims: tuple[Claim, ...]
    lrs: tuple[float, ...] = (0.1,)
    extra: tuple[Setting, ...] = field(default=())

    def settings(self) -> list[Setting]:
        """All its settings, in a fixed order."""
        return [*(Setting(name, lr) for name, lr in product(self.variants, self.lrs)), *self.extra]

    def runs(self, seeds: tuple[int, ...] = SEEDS) -> list[Run]:
        """All its runs, in a fixed order."""
        return [setting.run(form, seed) for setting in self.settings() for form in FORMS for seed in seeds]


def _at(variant: str, lrs: tuple[float, ...] = (0.1,), output_activation: bool | None = None) -> tuple[Setting, ...]:
    return tuple(Setting(variant, lr, output_activation=output_activation) for lr in lrs)


def _final(*settings: Setting, minus: tuple[Setting, ...] = (), over: str = "mean") -> Quantity:
    return Quantity("final", settings, minus, over)


ORIGINAL = Setting("original")
RELU, TANH, SIGMOID = (_at(name, LEARNING_RATES) for name in ("original", "tanh", "sigmoid"))
# Its learning rate is none of the experiment's: the columns that every reader of the curves knows tell it apart.
CURE = Setting("sigmoid", RECIPES["adam"].lr, "adam")

KERNELS = Experiment(
    1,
    "Kernels",
    "What do the kernels of the trained network respond to?",
    {},
    Guess(
        "By eye, as the paper did it: which kernel of conv1 prefers the bottom left to the top right the most, in the "
        "mean of the seeds? (Mean weight there minus here, in standard deviations of the kernel, sd.)",
        {f"#{number}": Quantity(f"conv1 #{number} bottom left", (ORIGINAL,)) for number in range(1, 7)},
    ),
    (
        Claim(
            "a",
            "Kernel #2 of conv2 filters out everything above the positive diagonal.",
            (
                Part(
                    "conv2 #2 of the shipped networks (mean of its six kernels): mean weight below the rising diagonal "
                    "minus above it, in standard deviations of the kernel",
                    Quantity("conv2 #2 below diagonal", (ORIGINAL,)),
                    low=0,
                ),
            ),
            "Which kernel gets which number depends on the initialisation alone: another seed, another order. "
            "What a kernel does is measured on Look inside (strongest patches, oriented bars, cost of its removal).",
            counter_test=False,
        ),
        Claim(
            "b",
            "Kernel #3 of conv1 filters out the top right and detects the bottom left.",
            (
                Part(
                    "conv1 #3 of the shipped networks: mean weight below the falling diagonal minus above it, in "
                    "standard deviations of the kernel",
                    Quantity("conv1 #3 bottom left", (ORIGINAL,)),
                    low=0,
                ),
            ),
            "The same measure for all six kernels shows whether #3 stands out.",
            tuple((f"#{n}", Quantity(f"conv1 #{n} bottom left", (ORIGINAL,))) for n in range(1, 7)),
            counter_test=False,
        ),
    ),
)

NONLINEARITIES = Experiment(
    2,
    "Nonlinearities",
    "Does the nonlinearity decide how fast, and how surely, the network learns?",
    {"original": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid"},
    Guess(
        "Learning rate 0.1, all nonlinearities replaced: which one ends with the highest test accuracy?",
        {"ReLU": _final(RELU[0]), "Tanh": _final(TANH[0]), "Sigmoid": _final(SIGMOID[0])},
    ),
    (
        Claim(
            "a",
            "Tanh reaches high accuracy in fewer epochs than the others, and does so more consistently across "
            "learning rates.",
            (
                Part(
                    f"Tanh minus ReLU, {_EPOCHS}, mean over the learning rates",
                    Quantity("epochs", TANH, RELU),
                    high=0,
                ),
                Part(
                    f"Tanh minus Sigmoid, {_EPOCHS}, mean over the learning rates",
                    Quantity("epochs", TANH, SIGMOID),
                    high=0,
                ),
                Part(
                    "Tanh minus ReLU, final accuracy, its range over the learning rates",
                    _final(*TANH, minus=RELU, over="range"),
                    high=0,
                ),
            ),
            "Where an output ReLU is zero for all pictures of its class, none of them passes a gradient back: the "
            "class stays lost until what the others teach happens to move it, if ever. An output tanh passes some "
            "gradient everywhere. Classes never predicted at the end, learning rate 0.1:",
            (
                ("Tanh", Quantity("unpredicted", TANH[:1])),
                ("ReLU", Quantity("unpredicted", RELU[:1])),
                ("ReLU with linear output", Quantity("unpredicted", _at("original", output_activation=False))),
            ),
        ),
        Claim(
            "b",
            "ReLU reaches high accuracy at moderate speed but can get stuck at low learning rates on some repetitions.",
            (
                Part(
                    f"Tanh minus ReLU, {_EPOCHS}, learning rate 0.1",
                    Quantity("epochs", TANH[:1], RELU[:1]),
                    high=0,
                ),
                Part(
                    f"ReLU minus Sigmoid, {_EPOCHS}, learning rate 0.1",
                    Quantity("epochs", RELU[:1], SIGMOID[:1]),
                    high=0,
                ),
                Part(
                    "ReLU, accuracy gained over the untrained network, the lower one of learning rates 0.01 and 0.001, "
                    "less than 10 points",
                    Quantity("gain", RELU[1:], over="min"),
                    high=STUCK,
                    rule="some",
                ),
            ),
            "Without momentum the weights move by at most learning rate × gradient in a step, and the gradient starts "
            "small. Norm of the first layer's gradient before training, and accuracy gained in the 20 epochs:",
            (
                ("gradient", Quantity("first gradient", RELU[:1])),
                ("gain at 0.01", Quantity("gain", RELU[1:2])),
                ("gain at 0.001", Quantity("gain", RELU[2:])),
            ),
        ),
        Claim(
            "c",
            "Sigmoid hardly learns at any learning rate, and some untested training parameter may be why.",
            (
                Part(
                    "Sigmoid, accuracy gained over the untrained network, the highest of the three learning rates, "
                    "below 10 points",
                    Quantity("gain", SIGMOID, over="max"),
                    high=STUCK,
                ),
                Part(
                    f"Sigmoid with Adam instead of plain SGD (learning rate {CURE.lr:g}, all else the same), final "
                    "accuracy above 90 %",
                    _final(CURE),
                    low=HIGH,
                ),
            ),
            "The slope of a sigmoid is at most 1/4, so each layer shrinks the gradient on its way back; Adam divides "
            "each weight's step by the size of its own gradient. Gradient of the first layer ÷ of the last, before "
            "training, and final accuracies:",
            (
                ("Sigmoid", Quantity("gradient ratio", SIGMOID[:1])),
                ("ReLU", Quantity("gradient ratio", RELU[:1])),
                ("Sigmoid, SGD 0.1", _final(SIGMOID[0])),
                ("Sigmoid, Adam", _final(CURE)),
            ),
        ),
        Claim(
            "d",
            "At a very low learning rate results look random.",
            tuple(
                Part(
                    f"{label} at learning rate 0.001, accuracy gained over the untrained network, below 10 points",
                    Quantity("gain", settings[2:]),
                    high=STUCK,
                )
                for label, settings in (("ReLU", RELU), ("Tanh", TANH), ("Sigmoid", SIGMOID))
            ),
            "A network that has hardly begun to learn gives nearly all digits the same few answers, and its accuracy "
            "is the share of digits for which they happen to be right. Training loss after the last epoch (2.303 is "
            "that of guessing) and classes never predicted then:",
            tuple(
                (f"{label}, {what}", Quantity(measure, settings[2:]))
                for label, settings in (("ReLU", RELU), ("Tanh", TANH), ("Sigmoid", SIGMOID))
                for what, measure in (("loss", "loss"), ("classes", "unpredicted"))
            ),
        ),
    ),
    LEARNING_RATES,
    (CURE,),
)

_POOLS = {
    "original": "2 / 2 / 0 (original)",
    "pool-padded": "2 / 2 / 1 padded",
    "pool-stride-1": "2 / 1 / 0 smaller stride",
    "pool-kernel-3": "3 / 2 / 0 larger kernel",
    "pool-kernel-3-stride-1": "3 / 1 / 0 larger kernel, smaller stride",
    "pool-kernel-3-stride-3-padded": "3 / 3 / 1 larger kernel and stride, padded",
    "pool-stride-3": "2 / 3 / 0 larger stride",
}
PADDED, STRIDE_1, KERNEL_3_STRIDE_1, KERNEL_3_STRIDE_3 = (
    _at(name) for name in ("pool-padded", "pool-stride-1", "pool-kernel-3-stride-1", "pool-kernel-3-stride-3-padded")
)

POOLING = Experiment(
    3,
    "Max-pool parameters",
    "Is there a better pooling than kernel 2, stride 2?",
    _POOLS,
    Guess(
        "Kernel / stride / padding: which pooling ends with the highest mean test accuracy?",
        {label: _final(Setting(name)) for name, label in _POOLS.items()},
    ),
    (
        Claim(
            "a",
            "None is consistently best over repetitions.",
            (
                Part(
                    "The pooling with the highest final accuracy, seed by seed (1 is the first in the table)",
                    _final(*(Setting(name) for name in _POOLS), over="best"),
                    rule="varies",
                ),
            ),
            "Compare how many classes a run loses to its output ReLU. Mean over the seven poolings:",
            (
                ("classes never predicted, output ReLU", Quantity("unpredicted", tuple(map(Setting, _POOLS)))),
                (
                    "classes never predicted, linear output",
                    Quantity("unpredicted", tuple(Setting(name, output_activation=False) for name in _POOLS)),
                ),
            ),
        ),
        Claim(
            "b",
            "The original's bad repetition is due to the nonlinearity, not the pooling.",
            (
                Part(
                    "Original with the output ReLU, final accuracy, below 90 %",
                    _final(*_at("original", output_activation=True)),
                    high=HIGH,
                    rule="some",
                ),
                Part(
                    "The other six poolings with the output ReLU, lowest final accuracy, below 90 %",
                    _final(*(Setting(n, output_activation=True) for n in _POOLS if n != "original"), over="min"),
                    high=HIGH,
                    rule="some",
                ),
                Part(
                    "Original without the output ReLU, final accuracy, above 90 %",
                    _final(*_at("original", output_activation=False)),
                    low=HIGH,
                    rule="every",
                ),
            ),
            "In a bad repetition the output ReLU is zero for all pictures of some class, so that none of them passes a "
            "gradient back (measure it below on the network original-dead); it may still fire, too weakly to win, for "
            "a few others. Original, at the end:",
            (
                ("classes never predicted", Quantity("unpredicted", _at("original", output_activation=True))),
                (
                    "output units zero for every test picture",
                    Quantity("dead outputs", _at("original", output_activation=True)),
                ),
                (
                    "classes never predicted, linear output",
                    Quantity("unpredicted", _at("original", output_activation=False)),
                ),
            ),
            counter_test=False,
        ),
        Claim(
            "c",
            "Padding is similar but slightly worse.",
            (
                Part(
                    "Padded minus original, final accuracy, between −2 and 0 points",
                    _final(*PADDED, minus=(ORIGINAL,)),
                    low=-0.02,
                    high=0,
                ),
            ),
            "Padding moves the windows by one cell, so that those at the top and on the left see less of the maps, and "
            "makes the maps a cell larger (13 for 12, 5 for 4). Classes never predicted at the end:",
            (("padded", Quantity("unpredicted", PADDED)), ("original", Quantity("unpredicted", (ORIGINAL,)))),
        ),
        Claim(
            "d",
            "Smaller stride starts high and converges quickly.",
            (
                Part(
                    "Smaller stride minus original, accuracy after the first epoch",
                    Quantity("first", STRIDE_1, (ORIGINAL,)),
                    low=0,
                ),
                Part(
                    f"Smaller stride minus original, {_EPOCHS}",
                    Quantity("epochs", STRIDE_1, (ORIGINAL,)),
                    high=0,
                ),
            ),
            "With stride 1 the maps stay large, so that the first linear layer has 20 times the inputs and gets the "
            "larger gradient. Its norm before training:",
            (
                ("smaller stride", Quantity("linear gradient", STRIDE_1)),
                ("original", Quantity("linear gradient", (ORIGINAL,))),
            ),
        ),
        Claim(
            "e",
            "Larger kernel with smaller stride is much like smaller stride alone.",
            (
                Part(
                    "Larger kernel with smaller stride minus smaller stride, final accuracy, within 1 point",
                    _final(*KERNEL_3_STRIDE_1, minus=STRIDE_1),
                    low=-0.01,
                    high=0.01,
                ),
                Part(
                    f"Larger kernel with smaller stride minus smaller stride, {_EPOCHS}, within 2 epochs",
                    Quantity("epochs", KERNEL_3_STRIDE_1, STRIDE_1),
                    low=-2,
                    high=2,
                ),
            ),
            "Both keep nearly every position of the maps. Classes never predicted at the end:",
            (
                ("larger kernel, smaller stride", Quantity("unpredicted", KERNEL_3_STRIDE_1)),
                ("smaller stride", Quantity("unpredicted", STRIDE_1)),
            ),
        ),
        Claim(
            "f",
            "Larger kernel, larger stride and padding converges more slowly.",
            (
                Part(
                    f"Larger kernel, larger stride and padding minus original, {_EPOCHS}",
                    Quantity("epochs", KERNEL_3_STRIDE_3, (ORIGINAL,)),
                    low=0,
                ),
            ),
            "Its maps shrink to 2 × 2, a quarter of the cells for the first linear layer. Accuracy after the first "
            "epoch:",
            (("this one", Quantity("first", KERNEL_3_STRIDE_3)), ("original", Quantity("first", (ORIGINAL,)))),
        ),
    ),
)

DEPTH_SECONDS = {"depth-1": 128, "original": 158, "depth-3": 593, "depth-4": 735}  # the paper's training times
_DEPTHS = {"depth-1": "1 layer", "original": "2 layers (original)", "depth-3": "3 layers", "depth-4": "4 layers"}

DEPTH = Experiment(
    4,
    "Depth",
    "How many convolutional layers are enough?",
    _DEPTHS,
    Guess(
        "Which number of convolutional layers ends with the highest mean test accuracy?",
        {label: _final(Setting(name)) for name, label in _DEPTHS.items()},
    ),
    (
        Claim(
            "a",
            "One and two layers are consistently good.",
            tuple(
                Part(f"{label}, final accuracy, above 90 %", _final(Setting(name)), low=HIGH, rule="every")
                for name, label in (("depth-1", "1 layer"), ("original", "2 layers"))
            ),
            "Most of what is missing to the accuracy are whole classes. Classes never predicted at the end:",
            (
                ("1 layer", Quantity("unpredicted", _at("depth-1"))),
                ("2 layers", Quantity("unpredicted", (ORIGINAL,))),
            ),
        ),
        Claim(
            "b",
            "Four layers does very poorly.",
            (Part("4 layers, final accuracy, below 50 %", _final(Setting("depth-4")), high=0.5),),
            "Where the learning rate is too high for the depth, weights may cease to be numbers at any time, and every "
            "picture is read as a 0 from then on. Runs that end so (1 is yes), highest accuracy of any epoch, and "
            "classes never predicted at the end, of ten:",
            tuple(
                (f"{measure}, {form}", Quantity(name, _at("depth-4", output_activation=output)))
                for name, measure in (
                    ("not numbers", "not numbers"),
                    ("highest", "highest"),
                    ("unpredicted", "classes"),
                )
                for form, output in (("output ReLU", True), ("linear output", False))
            ),
        ),
        Claim(
            "c",
            "Three layers is inconsistent.",
            (
                Part("3 layers, final accuracy, above 90 %", _final(Setting("depth-3")), low=HIGH, rule="some"),
                Part("3 layers, final accuracy, below 90 %", _final(Setting("depth-3")), high=HIGH, rule="some"),
            ),
            "Classes never predicted at the end, of ten:",
            (
                ("3 layers", Quantity("unpredicted", _at("depth-3"))),
                ("3 layers, linear output", Quantity("unpredicted", _at("depth-3", output_activation=False))),
            ),
        ),
        Claim(
            "d",
            "The loss is due to vanishing gradients.",
            (
                Part(
                    "4 layers minus 2 layers, gradient of the first layer ÷ of the last before training, "
                    "more than ten times smaller",
                    Quantity("gradient ratio", _at("depth-4"), (ORIGINAL,)),
                    high=-1,
                ),
                Part(
                    "4 layers without the output ReLU (the same path for the gradient), final accuracy, below 50 %",
                    _final(*_at("depth-4", output_activation=False)),
                    high=0.5,
                ),
            ),
            "If gradients vanish on the way back, they do so with a linear output too. Gradient of the first layer ÷ "
            "of the last before training, and final accuracy:",
            (
                ("4 layers", Quantity("gradient ratio", _at("depth-4"))),
                ("2 layers", Quantity("gradient ratio", (ORIGINAL,))),
                ("4 layers, output ReLU", _final(*_at("depth-4", output_activation=True))),
                ("4 layers, linear output", _final(*_at("depth-4", output_activation=False))),
            ),
            counter_test=False,
        ),
        Claim(
            "e",
            "Two layers is the choice.",
            tuple(
                Part(f"2 layers minus {label}, final accuracy", _final(ORIGINAL, minus=_at(name)), low=0)
                for name, label in _DEPTHS.items()
                if name != "original"
            ),
            "More layers cost time as well. Thread seconds of the 20 epochs, measured beside other runs:",
            tuple((label, Quantity("seconds", _at(name))) for name, label in _DEPTHS.items()),
        ),
    ),
)

_HEADS = {
    "original": "linear (original)",
    "rnn": "RNN along the batch",
    "lstm": "LSTM along the batch",
    "rnn-steps": "RNN step by step",
    "lstm-steps": "LSTM step by step",
}
LINEAR, RNN, LSTM = (_at(name, LEARNING_RATES) for name in ("original", "rnn", "lstm"))
_EQUAL = 0.02  # accuracies this close are "about equal"

RECURRENCE = Experiment(
    5,
    "Recurrence",
    "What happens when a fully connected layer is replaced with a recurrent one?",
    _HEADS,
    Guess(
        "Learning rate 0.001: which layer in place of 120 → 84 ends with the highest mean test accuracy?",
        {label: _final(Setting(name, 0.001)) for name, label in _HEADS.items()},
    ),
    (
        Claim(
            "a",
            "Learning rate 0.1: the RNN is about equal to linear, the LSTM sometimes worse.",
            (
                Part(
                    "RNN minus linear, final accuracy, within 2 points",
                    _final(RNN[0], minus=LINEAR[:1]),
                    low=-_EQUAL,
                    high=_EQUAL,
                ),
                Part(
                    "LSTM minus linear, final accuracy, more than 2 points lower",
                    _final(LSTM[0], minus=LINEAR[:1]),
                    high=-_EQUAL,
                    rule="some",
                ),
            ),
            "Along the batch a digit's answer depends on the digits before it; step by step it depends on that digit "
            "alone. Final accuracy at learning rate 0.1:",
            tuple((label, _final(Setting(name))) for name, label in _HEADS.items()),
        ),
        Claim(
            "b",
            "Learning rate 0.01: the RNN is about equal, the LSTM slower.",
            (
                Part(
                    "RNN minus linear, final accuracy, within 2 points",
                    _final(RNN[1], minus=LINEAR[1:2]),
                    low=-_EQUAL,
                    high=_EQUAL,
                ),
                Part(
                    "LSTM minus linear, mean test accuracy over the 20 epochs",
                    Quantity("area", LSTM[1:2], LINEAR[1:2]),
                    high=0,
                ),
            ),
            "The gates of an LSTM begin half closed, so that less gradient comes back through it. Gradient norm of the "
            "first layer before training:",
            (
                ("linear", Quantity("first gradient", LINEAR[1:2])),
                ("RNN", Quantity("first gradient", RNN[1:2])),
                ("LSTM", Quantity("first gradient", LSTM[1:2])),
            ),
        ),
        Claim(
            "c",
            "Learning rate 0.001: the LSTM is stuck at its low initial accuracy.",
            (
                Part(
                    "LSTM, accuracy gained over the untrained network, below 10 points",
                    Quantity("gain", LSTM[2:]),
                    high=STUCK,
                    rule="every",
                ),
            ),
            "Whether it is the LSTM or the learning rate shows in the others. Accuracy gained at 0.001:",
            tuple((label, Quantity("gain", _at(name, (0.001,)))) for name, label in _HEADS.items()),
        ),
    ),
    LEARNING_RATES,
)

EXPERIMENTS = (KERNELS, NONLINEARITIES, POOLING, DEPTH, RECURRENCE)


def experiment(number: int) -> Experiment:
    """The experiment of that number, 1 to 5."""
    for candidate in EXPERIMENTS:
        if candidate.number == number:
            return candidate
    raise ValueError(f"There is no experiment {number}: there are {', '.join(str(e.number) for e in EXPERIMENTS)}.")
