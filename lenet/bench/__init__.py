"""Benchmarks: each module has `arguments(parser)` and `run(arguments)` and prints ratios measured in one run."""

CORE, APP = "lenet.bench", "lenet.ui.bench"  # packages
BENCHES: dict[str, tuple[str, str]] = {
    "handwriting": (CORE, "accuracy on a file of pen drawings, per digit"),
    "draw": (APP, "pen-up to bars painted, against a bare echo app"),
    "train": (CORE, "an epoch of training against the usual loop and the arithmetic floor; --quick: the quick recipe"),
    "depth": (CORE, "training time of 1 to 4 convolutional layers, for experiment 4"),
    "experiments": (APP, "drawing each tab of Experiments, against a bare page with one chart"),
    "inspector": (APP, "the inspector's first paint, and the pointer's move to the outlines"),
    "classroom": (APP, "thirty sessions drawing and training on one server: answers, errors, memory"),
    "fuzz": (APP, "wrong uploads, links and websocket messages by the thousand"),
    "stress": (CORE, "the full sweep of one digit: six transformations, three networks"),
}  # module name -> its package, what it measures
