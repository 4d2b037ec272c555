"""Running JavaScript modules of the app in Node.js."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from lenet.paths import ROOT

NETWORK = ROOT / "lenet" / "ui" / "network"


def node() -> str:
    """The engine that requirements-dev.txt brings, or the machine's own."""
    found = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    assert found, "The JavaScript tests need Node.js: pip install -r requirements-dev.txt brings it."
    return found


def run(script: str) -> Any:
    """What a module script prints as JSON. `@network` stands for the folder of the app's modules."""
    code = script.replace("@network", NETWORK.as_uri())
    done = subprocess.run(
        [node(), "--input-type=module", "-e", code], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
