"""Writing files so that nobody ever sees half of one."""

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # of the project
PRETRAINED = ROOT / "pretrained"
PARTIAL = ".partial"


def remove_partial(path: Path) -> None:
    """Remove what a writer of this file left behind when it was killed. For whoever is now its only writer."""
    for partial in path.parent.glob(f"{path.name}*{PARTIAL}"):
        partial.unlink()


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the file and rename: readers see the old content or the new, whatever stops us in between.

    Raises OSError (disk full, no permission); the old file is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=PARTIAL)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).chmod(0o644)  # mkstemp makes it private
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink()
        raise
