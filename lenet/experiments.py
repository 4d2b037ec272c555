"""The five experiments of the paper (A. Landry, A. Cabrera, "LeNet"), as data.

A new variant is a name in `variants`; a sixth experiment is one more row. Everything else (the runs, the page, the
report) follows from here. Experiment 1 looks at kernels of trained networks and so has no runs of its own.
"""

from dataclasses import dataclass, field, replace
from itertools import product

from lenet.recipe import RECIPES, Recipe
from lenet.variant import Variant, linear_output, multiply_adds, variant

SEEDS = (0, 1, 2)  # the paper's three repetitions
LEARNING_RATES = (0.1, 0.01, 0.001)


@dataclass(frozen=True)
class Run:
    """One network trained once. `recipe` names a row of lenet.training.RECIPES; lr and seed replace its own."""

    variant: str
    output_activation: bool
    lr: float
    seed: int
    recipe: str = "paper"

    def network(self) -> Variant:
        """What is trained."""
        named = variant(self.variant)
        return named if self.output_activation else linear_output(named)

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
class Experiment:
    """A question and the runs that answer it: every variant × learning rate × output form × seed."""

    number: int
    title: str
    question: str
    variants: tuple[str, ...]
    lrs: tuple[float, ...] = (0.1,)
    extra: tuple[Run, ...] = field(default=())  # further runs, without their seeds

    def runs(self, seeds: tuple[int, ...] = SEEDS) -> list[Run]:
        """All its runs, in a fixed order."""
        grid = [Run(v, paper, lr, 0) for v, lr, paper in product(self.variants, self.lrs, (True, False))]
        return [replace(run, seed=seed) for run in (*grid, *self.extra) for seed in seeds]


EXPERIMENTS = (
    Experiment(1, "Kernels", "What do the kernels of the trained network respond to?", ()),
    Experiment(
        2,
        "Nonlinearities",
        "Does the nonlinearity decide how fast, and how surely, the network learns?",
        ("original", "tanh", "sigmoid"),
        LEARNING_RATES,
    ),
    Experiment(
        3,
        "Max-pool parameters",
        "Is there a better pooling than kernel 2, stride 2?",
        (
            "original",
            "pool-padded",
            "pool-stride-1",
            "pool-kernel-3",
            "pool-kernel-3-stride-1",
            "pool-kernel-3-stride-3-padded",
            "pool-stride-3",
        ),
    ),
    Experiment(4, "Depth", "How many convolutional layers are enough?", ("depth-1", "original", "depth-3", "depth-4")),
    Experiment(
        5,
        "Recurrence",
        "What happens when a fully connected layer is replaced with a recurrent one?",
        ("original", "rnn", "lstm", "rnn-steps", "lstm-steps"),
        LEARNING_RATES,
    ),
)


def experiment(number: int) -> Experiment:
    """The experiment of that number, 1 to 5."""
    for candidate in EXPERIMENTS:
        if candidate.number == number:
            return candidate
    raise ValueError(f"There is no experiment {number}: there are {', '.join(str(e.number) for e in EXPERIMENTS)}.")
