"""The app's own Python, for tests that read it."""

import ast
from pathlib import Path

from lenet.paths import ROOT

SOURCES = [*sorted(path for part in ("lenet", "pages") for path in (ROOT / part).rglob("*.py")), ROOT / "app.py"]


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    """Every call in a file with its dotted name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
