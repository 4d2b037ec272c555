"""Benchmarks: each module has `arguments(parser)` and `run(arguments)` and prints ratios measured in one run.

A benchmark is a row here and a module; `python -m benchmarks NAME` runs it. The app needs none of them.
"""

BENCHES: dict[str, str] = {
    "handwriting": "accuracy on a file of pen drawings, per digit",
    "several": "two and three digits in one drawing, apart and touching, made of a file of pen drawings",
    "sizes": "accuracy on pen drawings made again from 48 to 300 pixels high on the board",
    "photographs": "accuracy on photographs made from a file of pen drawings: grain, shadow, squared paper and more",
    "robustness": "errors of every shipped network on test digits spoilt in the fifteen ways of MNIST-C",
    "familiarity": "whether letters are told from digits, and shares are right, on a folder of pen drawings",
    "app.draw": "pen-up to bars painted, against a bare echo app",
    "train": "training against the usual loop: an epoch, 99 % of the test set, the first figures on the screen",
    "app.experiments": "drawing each tab of Experiments, against a bare page with one chart",
    "app.inside": "Look inside: the pointer's move to the arithmetic of the cell",
    "app.stress": "dragging a slider of Stress: repaints a second with one network and three, and the sweeps",
    "app.classroom": "thirty sessions drawing and training on one server: answers, errors, memory",
    "app.together": "150 pupils who join a class, vote and write a digit within ten seconds; --kill: the server dies",
    "race": "the race of the page Class: thirty seeds of its recipe, and how many lose a class",
    "app.fuzz": "wrong uploads, links and websocket messages by the thousand",
}  # module below this package -> what it measures
