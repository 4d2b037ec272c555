"""Benchmarks of the running app: browsers, sessions, uploads. The others are in benchmarks/, where all are listed."""
