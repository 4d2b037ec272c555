"""1 Kernels: what do they respond to? It looks at trained networks and so has no runs of its own."""

from lenet.study.design import ORIGINAL, Answer, Claim, Experiment, Guess, Part, Quantity

EXPERIMENT = Experiment(
    "kernels",
    1,
    "Kernels",
    "What do the kernels of the trained network respond to?",
    Guess(
        "By eye, as the paper did it: which kernel of conv1 looks most like “bottom left bright, top right dark”, in "
        "the mean of the seeds?",
        {
            str(number): Answer(f"#{number}", Quantity(f"conv1 #{number} bottom left", (ORIGINAL,)))
            for number in range(1, 7)
        },
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
                    rule="median",
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
                    rule="median",
                ),
            ),
            "The same measure for all six kernels shows whether #3 stands out.",
            tuple((f"#{n}", Quantity(f"conv1 #{n} bottom left", (ORIGINAL,))) for n in range(1, 7)),
            counter_test=False,
        ),
    ),
    before=("conv1",),
    shows=("conv2", "look inside"),
    why=(),
)
