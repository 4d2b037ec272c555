"""Benchmarks: each module has `arguments(parser)` and `run(arguments)` and prints ratios measured in one run."""

BENCHES: dict[str, str] = {
    "handwriting": "accuracy on a file of pen drawings, per digit",
    "draw": "pen-up to bars painted, against a bare echo app",
    "train": "an epoch of training against the usual loop and the arithmetic floor; --quick: the quick recipe",
    "depth": "training time of 1 to 4 convolutional layers, for experiment 4",
    "experiments": "drawing each tab of Experiments, against a bare page with one chart",
    "inspector": "the inspector's first paint, and the pointer's move to the outlines",
    "classroom": "thirty sessions drawing and training on one server: answers, errors, memory",
    "fuzz": "wrong uploads, links and websocket messages by the thousand",
    "stress": "the full sweep of one digit: six transformations, three networks",
}  # module name -> what it measures
