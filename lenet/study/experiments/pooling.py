"""3 Pooling: the original against six other windows, strides and paddings."""

from lenet.study.design import (
    EPOCHS_TO_HIGH,
    EQUAL,
    EQUAL_EPOCHS,
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

_POOLS = {
    "original": "window 2, stride 2 (original)",
    "pool-padded": "window 2, stride 2, padding 1",
    "pool-stride-1": "window 2, stride 1",
    "pool-kernel-3": "window 3, stride 2",
    "pool-kernel-3-stride-1": "window 3, stride 1",
    "pool-kernel-3-stride-3-padded": "window 3, stride 3, padding 1",
    "pool-stride-3": "window 2, stride 3",
}
PADDED, STRIDE_1, KERNEL_3_STRIDE_1, KERNEL_3_STRIDE_3 = (
    at(name) for name in ("pool-padded", "pool-stride-1", "pool-kernel-3-stride-1", "pool-kernel-3-stride-3-padded")
)

EXPERIMENT = Experiment(
    "pooling",
    3,
    "Max-pool parameters",
    "Is there a better pooling than kernel 2, stride 2?",
    Guess(
        "Which pooling ends with the highest mean test accuracy?",
        answers(_POOLS),
    ),
    (
        Claim(
            "a",
            "None is consistently best over repetitions.",
            (
                Part(
                    "The pooling with the highest final accuracy, seed by seed (1 is the first in the table)",
                    final(*(Setting(name) for name in _POOLS), over="best"),
                    rule="varied",
                ),
            ),
            "Compare how many classes a run loses to its output ReLU. Mean over the seven poolings:",
            (
                ("classes never predicted, output ReLU", Quantity("unpredicted", tuple(map(Setting, _POOLS)))),
                (
                    "classes never predicted, linear output",
                    Quantity("unpredicted", tuple(Setting(f"{name}-linear") for name in _POOLS)),
                ),
            ),
        ),
        Claim(
            "b",
            "The original's bad repetition is due to the nonlinearity, not the pooling.",
            (
                fails("Original with the output ReLU", *at("original"), rule="can"),
                fails(
                    "The other six poolings with the output ReLU, any of them",
                    *(Setting(name) for name in _POOLS if name != "original"),
                    rule="can",
                ),
                fails("Original without the output ReLU", *at("original-linear"), share=RARELY),
            ),
            "In a bad repetition the output ReLU is zero for all pictures of some class, so that none of them passes a "
            "gradient back (measure it below on the network original-dead); it may still fire, too weakly to win, for "
            "a few others. Original, at the end:",
            (
                ("classes never predicted", Quantity("unpredicted", at("original"))),
                (
                    "output units zero for every test picture",
                    Quantity("dead logits", at("original")),
                ),
                (
                    "classes never predicted, linear output",
                    Quantity("unpredicted", at("original-linear")),
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
                    final(*PADDED, minus=(ORIGINAL,)),
                    low=-EQUAL,
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
                    f"Smaller stride minus original, {EPOCHS_TO_HIGH}",
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
                    "Larger kernel with smaller stride minus smaller stride, final accuracy, within 2 points",
                    final(*KERNEL_3_STRIDE_1, minus=STRIDE_1),
                    low=-EQUAL,
                    high=EQUAL,
                ),
                Part(
                    f"Larger kernel with smaller stride minus smaller stride, {EPOCHS_TO_HIGH}, within 2 epochs",
                    Quantity("epochs", KERNEL_3_STRIDE_1, STRIDE_1),
                    low=-EQUAL_EPOCHS,
                    high=EQUAL_EPOCHS,
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
                    f"Larger kernel, larger stride and padding minus original, {EPOCHS_TO_HIGH}",
                    Quantity("epochs", KERNEL_3_STRIDE_3, (ORIGINAL,)),
                    low=0,
                ),
            ),
            "Its maps shrink to 2 × 2, a quarter of the cells for the first linear layer. Accuracy after the first "
            "epoch:",
            (("this one", Quantity("first", KERNEL_3_STRIDE_3)), ("original", Quantity("first", (ORIGINAL,)))),
        ),
    ),
    variants=_POOLS,
    why=("gradients", "outcomes", "output life"),
)
