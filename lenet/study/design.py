"""The vocabulary of the study: runs, settings, quantities, claims, experiments. The experiments themselves are in
lenet/study/experiments, one file each.

    >>> Setting("original").run(seed=1).name
    'original-paper-lr0.1-seed1'

A claim is judged in judging.py by the rules printed there; nothing here says how it comes out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import product
from math import inf

from lenet.formatting import percent
from lenet.recipe import RECIPES, Recipe
from lenet.variant import LINEAR, VARIANTS, Variant, linear_twin, multiply_adds, variant

PAPERS = 5  # the experiments up to this number are the paper's, those after it ours
SEEDS = (0, 1, 2)  # the paper's three repetitions
LEARNING_RATES = (0.1, 0.01, 0.001)
FORMS = {"paper": "paper", "linear": "linear output"}  # every network, and its twin with a linear output
HIGH = 0.9  # accuracy that counts as high: a network that never predicts one of ten classes does not get past it
EPOCHS_TO_HIGH = f"epochs to {percent(HIGH, 0)} ({RECIPES['paper'].epochs + 1} if never)"

# The margins of the study, fixed when the first five seeds were known and before any other was run.
# Gaining less accuracy than this over its untrained network, a network has learned to tell no further class: "stuck".
STUCK = 0.1
# The paper shows accuracies from 0 to 100 % as curves: less than two points apart they cannot be told apart in it.
EQUAL = 0.02
EQUAL_EPOCHS = 2  # likewise on its axis of 20 epochs
# What happens to fewer than one run in five does not show in most sets of three repetitions, as the paper had them
# (0.8 x 0.8 x 0.8 = 51 %): so much can be called rare, and its contrary consistent.
RARE = 0.2
RARELY, CONSISTENTLY = (0.0, RARE), (1 - RARE, 1.0)  # shares of the seeds
MOSTLY, MIXED = (0.5, 1.0), (RARE, 1 - RARE)


@dataclass(frozen=True)
class Run:
    """One network trained once: names of the registries, and the learning rate and seed that replace the recipe's."""

    variant: str
    recipe: str
    lr: float
    seed: int

    def known(self) -> bool:
        """Whether variant and recipe are still in the registries."""
        return self.variant in VARIANTS | LINEAR and self.recipe in RECIPES

    def network(self) -> Variant:
        """What is trained."""
        return variant(self.variant)

    def training(self) -> Recipe:
        """How it is trained."""
        return replace(RECIPES[self.recipe], lr=self.lr, seed=self.seed)

    def cost(self) -> float:
        """Multiply-adds of all forward passes: proportional, roughly, to the time of the run."""
        recipe = self.training()
        return float(multiply_adds(self.network())) * recipe.train_size * recipe.epochs

    def setting(self) -> "Setting":
        """The run without its seed."""
        return Setting(self.variant, self.lr, self.recipe)

    @property
    def name(self) -> str:
        return f"{self.variant}-{self.recipe}-lr{self.lr:g}-seed{self.seed}"


@dataclass(frozen=True)
class Setting:
    """A run without its seed."""

    variant: str
    lr: float = 0.1
    recipe: str = "paper"

    def run(self, seed: int) -> Run:
        """The run of that seed."""
        return Run(self.variant, self.recipe, self.lr, seed)

    def form(self, form: str) -> "Setting":
        """The setting itself (`paper`), or that of its twin with a linear output (`linear`)."""
        return self if form == "paper" else replace(self, variant=linear_twin(self.variant))


@dataclass(frozen=True)
class Quantity:
    """One number for each seed.

    measure: a row of measures.MEASURES, taken of each setting.
    over: how several settings make one number within a seed: mean, sum, max, min, or best (the place of the highest).
    minus: settings whose number is taken away from it, seed by seed.
    """

    measure: str
    of: tuple[Setting, ...]
    minus: tuple[Setting, ...] = ()
    over: str = "mean"

    def form(self, form: str) -> "Quantity":
        """The same of all its settings in that output form."""
        of, minus = (tuple(setting.form(form) for setting in settings) for settings in (self.of, self.minus))
        return replace(self, of=of, minus=minus)


@dataclass(frozen=True)
class Part:
    """A statement that holds or fails: the quantity, seed by seed, lies strictly between low and high.

    rule: a row of judging.RULES, how the seeds decide together; share: of the seeds, for the rule of that name.
    """

    words: str
    quantity: Quantity
    low: float = -inf
    high: float = inf
    rule: str = "compare"
    share: tuple[float, float] = (0.0, 1.0)

    def form(self, form: str) -> "Part":
        """The same statement about networks of that output form."""
        return replace(self, quantity=self.quantity.form(form))

    def settings(self) -> tuple[Setting, ...]:
        """Everything that has to be run for it."""
        return (*self.quantity.of, *self.quantity.minus)


@dataclass(frozen=True)
class Claim:
    """What the paper says, and the parts that must all hold.

    counter_test: whether the same claim about the twins with linear output is judged as well; not where the claim is
    about the two forms. mechanism: a fact about such networks; the figures after it are measured.
    """

    letter: str
    words: str
    parts: tuple[Part, ...]
    mechanism: str
    figures: tuple[tuple[str, Quantity], ...] = ()
    counter_test: bool = True

    def forms(self) -> tuple[str, ...]:
        """The output forms in which it is judged."""
        return tuple(FORMS) if self.counter_test else ("paper",)


@dataclass(frozen=True)
class Answer:
    """What one can guess, and the quantity that shows whether it is right."""

    words: str
    quantity: Quantity


@dataclass(frozen=True)
class Guess:
    """What a reader commits to before the curves are shown: the answer whose quantity has the highest mean is right.

    answers: short id -> answer.
    """

    question: str
    answers: dict[str, Answer]


@dataclass(frozen=True)
class Experiment:
    """A question and the runs that answer it: every variant × learning rate × output form × seed, and `extra` ones.
    Where settings are `named`, what they are called here, they take the place of all these.

    course: the row of tables.COURSES that its curves show at first.
    id: in links; number: its place. variants: name in the registry -> what it is called in this experiment.
    before, shows, why: what the page shows before the guess, after it, and below the claims: rows of
    lenet.ui.experiments.tabs.PANELS; the report has those of report.SECTIONS.
    """

    id: str
    number: int
    title: str
    question: str
    guess: Guess
    claims: tuple[Claim, ...]
    variants: dict[str, str] = field(default_factory=dict)
    lrs: tuple[float, ...] = (0.1,)
    extra: tuple[Setting, ...] = ()
    named: dict[Setting, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    course: str = "accuracy"
    shows: tuple[str, ...] = ("curves",)
    why: tuple[str, ...] = ("gradients", "outcomes")

    def settings(self) -> list[Setting]:
        """All its settings as in the paper, in a fixed order."""
        grid = (Setting(name, lr) for name, lr in product(self.variants, self.lrs))
        return list(self.named) or [*grid, *self.extra]

    @property
    def beside(self) -> tuple[Setting, ...]:
        """Settings with a learning rate of their own, shown beside those of any."""
        return (*self.extra, *self.named)

    @property
    def forms(self) -> dict[str, str]:
        """The output forms in which it is run."""
        return {"paper": "output as published"} if self.named else FORMS

    def rate(self, lr: float) -> str:
        """The heading of what is shown for that learning rate."""
        return "Each with its own learning rate" if self.named else f"Learning rate {lr:g}"

    def runs(self, seeds: Iterable[int] = SEEDS) -> list[Run]:
        """All its runs, in a fixed order."""
        return [setting.form(form).run(seed) for setting in self.settings() for form in self.forms for seed in seeds]

    def uses(self, run: Run) -> bool:
        """Whether the run, of whatever seed, is one of this experiment."""
        return any(run.setting() == setting.form(form) for setting in self.settings() for form in FORMS)


def at(variant: str, lrs: tuple[float, ...] = (0.1,)) -> tuple[Setting, ...]:
    """A variant at some learning rates."""
    return tuple(Setting(variant, lr) for lr in lrs)


def final(*settings: Setting, minus: tuple[Setting, ...] = (), over: str = "mean") -> Quantity:
    """The accuracy at the end."""
    return Quantity("final", settings, minus, over)


def fails(words: str, *settings: Setting, rule: str = "share", share: tuple[float, float] = (0.0, 1.0)) -> Part:
    """A part about how often runs of these settings fail: all seeds in which any of them does."""
    return Part(f"{words}, runs that fail", Quantity("fails", settings, over="max"), low=0, rule=rule, share=share)


def answers(variants: dict[str, str], lr: float = 0.1) -> dict[str, Answer]:
    """For the question which variant ends with the highest accuracy at that learning rate."""
    return {name: Answer(words, final(Setting(name, lr))) for name, words in variants.items()}


ORIGINAL = Setting("original")
