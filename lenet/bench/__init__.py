"""Benchmarks: each module has `arguments(parser)` and `run(arguments)` and prints ratios measured in one run."""

BENCHES: dict[str, str] = {}  # module name -> what it measures
