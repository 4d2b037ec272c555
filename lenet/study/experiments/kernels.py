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
            str(number): Answer(f"kernel {number - 1}", Quantity(f"conv1 #{number} bottom left", (ORIGINAL,)))
            for number in range(1, 7)
        },
    ),
    (
        Claim(
            "a",
            "The second kernel of conv2 (kernel 1, counted from 0) filters out everything above the positive diagonal.",
            (
                Part(
                    "Kernel 1 of conv2 of the shipped networks (mean of its six grids): mean weight below the rising "
                    "diagonal minus above it, in standard deviations of the kernel",
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
            "The third kernel of conv1 (kernel 2, counted from 0) filters out the top right and detects the bottom "
            "left.",
            (
                Part(
                    "Kernel 2 of conv1 of the shipped networks: mean weight below the falling diagonal minus above it, "
                    "in standard deviations of the kernel",
                    Quantity("conv1 #3 bottom left", (ORIGINAL,)),
                    low=0,
                    rule="median",
                ),
            ),
            "The same measure for all six kernels shows whether kernel 2 stands out.",
            tuple((f"kernel {n - 1}", Quantity(f"conv1 #{n} bottom left", (ORIGINAL,))) for n in range(1, 7)),
            counter_test=False,
        ),
    ),
    before=("conv1",),
    shows=("conv2", "look inside"),
    why=(),
)
