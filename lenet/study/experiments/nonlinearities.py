"""2 Nonlinearities: ReLU, tanh and sigmoid at three learning rates."""

from lenet.recipe import RECIPES
from lenet.study.design import (
    CONSISTENTLY,
    EPOCHS_TO_HIGH,
    HIGH,
    LEARNING_RATES,
    STUCK,
    Claim,
    Experiment,
    Guess,
    Part,
    Quantity,
    Setting,
    answers,
    at,
    final,
)

RELU, TANH, SIGMOID = (at(name, LEARNING_RATES) for name in ("original", "tanh", "sigmoid"))
CURE = Setting("sigmoid", RECIPES["adam"].lr, "adam")

_NAMES = {"original": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid"}

EXPERIMENT = Experiment(
    "nonlinearities",
    2,
    "Nonlinearities",
    "Does the nonlinearity decide how fast, and how surely, the network learns?",
    Guess(
        "Learning rate 0.1, all nonlinearities replaced: which one ends with the highest test accuracy?",
        answers(_NAMES),
    ),
    (
        Claim(
            "a",
            "Tanh reaches high accuracy in fewer epochs than the others, and does so more consistently across "
            "learning rates.",
            (
                *(
                    Part(
                        f"Tanh minus {other}, {EPOCHS_TO_HIGH}, learning rate {LEARNING_RATES[at]:g}",
                        Quantity("epochs", TANH[at : at + 1], settings[at : at + 1]),
                        high=0,
                    )
                    for other, settings in (("ReLU", RELU), ("Sigmoid", SIGMOID))
                    for at in (0, 1)  # at 0.001 none of them gets there
                ),
                Part(
                    "Tanh minus ReLU, at how many of the three learning rates a run fails",
                    Quantity("fails", TANH, RELU, over="sum"),
                    high=0,
                    rule="median",
                ),
            ),
            "Where an output ReLU is zero for all pictures of its class, none of them passes a gradient back: the "
            "class stays lost until what the others teach happens to move it, if ever. An output tanh passes some "
            "gradient everywhere. Classes never predicted at the end, learning rate 0.1:",
            (
                ("Tanh", Quantity("unpredicted", TANH[:1])),
                ("ReLU", Quantity("unpredicted", RELU[:1])),
                ("ReLU with linear output", Quantity("unpredicted", at("original-linear"))),
            ),
        ),
        Claim(
            "b",
            "ReLU reaches high accuracy at moderate speed but can get stuck at low learning rates on some repetitions.",
            (
                Part(
                    f"Tanh minus ReLU, {EPOCHS_TO_HIGH}, learning rate 0.1",
                    Quantity("epochs", TANH[:1], RELU[:1]),
                    high=0,
                ),
                Part(
                    f"ReLU minus Sigmoid, {EPOCHS_TO_HIGH}, learning rate 0.1",
                    Quantity("epochs", RELU[:1], SIGMOID[:1]),
                    high=0,
                ),
                Part(
                    "ReLU, accuracy gained over the untrained network, the lower one of learning rates 0.01 and 0.001, "
                    "less than 10 points",
                    Quantity("gain", RELU[1:], over="min"),
                    high=STUCK,
                    rule="can",
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
                    rule="share",
                    share=CONSISTENTLY,
                ),
                Part(
                    f"Sigmoid with Adam instead of plain SGD (learning rate {CURE.lr:g}, all else the same), final "
                    "accuracy above 90 %",
                    final(CURE),
                    low=HIGH,
                    rule="share",
                    share=CONSISTENTLY,
                ),
            ),
            "The slope of a sigmoid is at most 1/4, so each layer shrinks the gradient on its way back; Adam divides "
            "each weight's step by the size of its own gradient. Gradient of the first layer ÷ of the last, before "
            "training, and final accuracies:",
            (
                ("Sigmoid", Quantity("gradient ratio", SIGMOID[:1])),
                ("ReLU", Quantity("gradient ratio", RELU[:1])),
                ("Sigmoid, SGD 0.1", final(SIGMOID[0])),
                ("Sigmoid, Adam", final(CURE)),
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
                    rule="share",
                    share=CONSISTENTLY,
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
    variants=_NAMES,
    lrs=LEARNING_RATES,
    extra=(CURE,),
)
