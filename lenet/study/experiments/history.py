"""6 What has changed since 1998: LeNet-5 as it was published, and one change at a time to today's network. Ours."""

from itertools import pairwise

from lenet.study.design import Answer, Claim, Experiment, Guess, Part, Quantity, Setting, final
from lenet.variant import VARIANTS, connections, parameter_count

# Two standard errors of an error rate of 1 % on 10,000 test digits: less than this can be the choice of the digits.
ALIKE = 0.002
PUBLISHED, LEEWAY = 0.0095, 0.003  # LeNet-5's test error (LeCun, Bottou, Bengio, Haffner 1998, section III.B)

# The learning rates of 1998's recipe. Of 0.003, 0.006 and 0.01 (0.03 diverges) the one with the fewest errors on 3,000
# of the last 10,000 training pictures; distances give larger gradients than a softmax.
DISTANCES, SOFTMAX = 0.01, 0.05
LENET_5 = Setting("lenet-5-1998", DISTANCES, "1998")
MAX = Setting("1998-max-pool", DISTANCES, "1998")
ALL_MAPS = Setting("1998-all-maps", DISTANCES, "1998")
RELU = Setting("1998-relu", DISTANCES, "1998")
CROSS_ENTROPY = Setting("1998-softmax", SOFTMAX, "1998")
PLAIN = Setting("best", SOFTMAX, "1998")
TODAY = Setting("best", 0.003, "modern")
STEPS = {
    LENET_5: "LeNet-5, 1998",
    MAX: "+ max-pooling",
    ALL_MAPS: "+ all maps connected",
    RELU: "+ ReLU",
    CROSS_ENTROPY: "+ softmax, cross entropy",
    PLAIN: "+ the plain 28 × 28 picture",
    TODAY: "+ today's recipe",
}


def error(setting: Setting, *minus: Setting) -> Quantity:
    """The test error at the end."""
    return Quantity("error", (setting,), minus)


_LENET_5 = VARIANTS["lenet-5-1998"]

EXPERIMENT = Experiment(
    "history",
    6,
    "Since 1998",
    "LeNet-5 read digits in 1998. What have 25 years of changes brought?",
    Guess(
        "Each network has one change more than the one before. Which ends with the highest mean test accuracy?",
        {f"{setting.variant}-{setting.recipe}": Answer(words, final(setting)) for setting, words in STEPS.items()},
    ),
    (
        Claim(
            "a",
            "LeNet-5 misreads 0.95 % of the test digits.",
            (
                Part(
                    "LeNet-5, test error, within 0.3 points of the published one",
                    error(LENET_5),
                    low=PUBLISHED - LEEWAY,
                    high=PUBLISHED + LEEWAY,
                    rule="median",
                ),
            ),
            f"As published it has {parameter_count(_LENET_5):,} trained parameters and {connections(_LENET_5):,} "
            "connections. Then each weight's step followed the curvature of the loss; here all learn at the same rate. "
            "Test error at the end:",
            ((STEPS[LENET_5], error(LENET_5)),),
            counter_test=False,
        ),
        Claim(
            "b",
            "What has changed since then makes it better.",
            (Part("Today's network minus LeNet-5, test error", error(TODAY, LENET_5), high=0),),
            "Each step on its own, test error minus that of the step before:",
            tuple((STEPS[after], error(after, before)) for before, after in pairwise(STEPS)),
            counter_test=False,
        ),
        Claim(
            "c",
            "The table of connections costs no accuracy.",
            (
                Part(
                    "By the table minus all maps connected, test error, less than 0.2 points",
                    error(MAX, ALL_MAPS),
                    high=ALIKE,
                    rule="median",
                ),
            ),
            "With the table, a map of C3 looks at three, four or six of the six maps before it. Trained parameters, "
            f"with the table {parameter_count(VARIANTS[MAX.variant]):,}, without it "
            f"{parameter_count(VARIANTS[ALL_MAPS.variant]):,}. Epochs to 90 %:",
            tuple((STEPS[setting], Quantity("epochs", (setting,))) for setting in (MAX, ALL_MAPS)),
            counter_test=False,
        ),
    ),
    variants={setting.variant: words for setting, words in STEPS.items()},
    lrs=(DISTANCES,),
    named=STEPS,
    course="error",
    why=("gradients",),
)
