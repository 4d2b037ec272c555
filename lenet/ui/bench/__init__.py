"""Benchmarks of the running app: browsers, sessions, uploads. The others are in lenet/bench/, where all are listed."""
