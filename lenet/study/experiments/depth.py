"""4 Depth: one to four convolutional layers."""

from lenet.study.design import (
    MIXED,
    MOSTLY,
    ORIGINAL,
    RARELY,
    Claim,
    Experiment,
    Guess,
    Part,
    Quantity,
    Setting,
    answers,
    at,
    fails,
    final,
)

DEPTH_SECONDS = {"depth-1": 128, "original": 158, "depth-3": 593, "depth-4": 735}  # the paper's training times
_DEPTHS = {"depth-1": "1 layer", "original": "2 layers (original)", "depth-3": "3 layers", "depth-4": "4 layers"}

EXPERIMENT = Experiment(
    "depth",
    4,
    "Depth",
    "How many convolutional layers are enough?",
    Guess(
        "Which number of convolutional layers ends with the highest mean test accuracy?",
        answers(_DEPTHS),
    ),
    (
        Claim(
            "a",
            "One and two layers are consistently good.",
            tuple(
                fails(label, Setting(name), share=RARELY)
                for name, label in (("depth-1", "1 layer"), ("original", "2 layers"))
            ),
            "Most of what is missing to the accuracy are whole classes. Classes never predicted at the end:",
            (
                ("1 layer", Quantity("unpredicted", at("depth-1"))),
                ("2 layers", Quantity("unpredicted", (ORIGINAL,))),
            ),
        ),
        Claim(
            "b",
            "Four layers does very poorly.",
            (fails("4 layers", Setting("depth-4"), share=MOSTLY),),
            "Where the learning rate is too high for the depth, weights may cease to be numbers at any time, and every "
            "picture is read as a 0 from then on. Runs that end so (1 is yes), highest accuracy of any epoch, and "
            "classes never predicted at the end, of ten:",
            tuple(
                (f"{measure}, {form}", Quantity(name, at(network)))
                for name, measure in (
                    ("nan", "not numbers"),
                    ("highest", "highest"),
                    ("unpredicted", "classes"),
                )
                for form, network in (("output ReLU", "depth-4"), ("linear output", "depth-4-linear"))
            ),
        ),
        Claim(
            "c",
            "Three layers is inconsistent.",
            (fails("3 layers", Setting("depth-3"), share=MIXED),),
            "Classes never predicted at the end, of ten:",
            (
                ("3 layers", Quantity("unpredicted", at("depth-3"))),
                ("3 layers, linear output", Quantity("unpredicted", at("depth-3-linear"))),
            ),
        ),
        Claim(
            "d",
            "The loss is due to vanishing gradients.",
            (
                Part(
                    "4 layers minus 2 layers, gradient of the first layer ÷ of the last before training, "
                    "more than ten times smaller",
                    Quantity("gradient ratio", at("depth-4"), (ORIGINAL,)),
                    high=-1,
                    rule="median",
                ),
                fails(
                    "4 layers without the output ReLU (the same path for the gradient)",
                    Setting("depth-4-linear"),
                    share=MOSTLY,
                ),
            ),
            "If gradients vanish on the way back, they do so with a linear output too. Gradient of the first layer ÷ "
            "of the last before training, and final accuracy:",
            (
                ("4 layers", Quantity("gradient ratio", at("depth-4"))),
                ("2 layers", Quantity("gradient ratio", (ORIGINAL,))),
                ("4 layers, output ReLU", final(*at("depth-4"))),
                ("4 layers, linear output", final(*at("depth-4-linear"))),
            ),
            counter_test=False,
        ),
        Claim(
            "e",
            "Two layers is the choice.",
            tuple(
                Part(f"2 layers minus {label}, final accuracy", final(ORIGINAL, minus=at(name)), low=0)
                for name, label in _DEPTHS.items()
                if name != "original"
            ),
            "More layers cost time as well. Thread seconds of the 20 epochs, measured beside other runs:",
            tuple((label, Quantity("seconds", at(name))) for name, label in _DEPTHS.items()),
        ),
    ),
    variants=_DEPTHS,
    why=("times", "gradients", "outcomes"),
)
