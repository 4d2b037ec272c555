"""Benchmarks: each module has `arguments(parser)` and `run(arguments)` and prints ratios measured in one run."""

BENCHES = {
    "handwriting": "accuracy on a file of pen drawings, per digit",
    "draw": "from pen up to the bars painted, and to the first canvas, against a bare echo app",
    "experiments": "the page of the experiments against a bare page with one chart",
    "train": "an epoch of training against the usual loop and against the arithmetic floor",
    "depth": "training time of one to four convolutional layers, one thread, nothing else running",
    "stress": "a sweep of every transformation for three networks",
    "inspector": "hovering and the first paint of the inspector",
    "classroom": "thirty sessions at once on one server",
}
