"""The command line of the benchmarks: python -m benchmarks NAME."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from benchmarks import BENCHES


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Every benchmark; with the options of the one that `words` begin with, the only one that is imported."""
    main = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = main.add_subparsers(required=True)
    for path, about in BENCHES.items():
        name = path.rpartition(".")[2]
        command = commands.add_parser(name, help=about.replace("%", "%%"))
        if list(words[:1]) == [name]:
            module = import_module(f"benchmarks.{path}")
            command.description = module.__doc__
            module.arguments(command)
            command.set_defaults(run=module.run)
    return main


if __name__ == "__main__":
    arguments = parser(sys.argv[1:]).parse_args()
    arguments.run(arguments)
