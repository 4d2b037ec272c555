"""Writing files so that nobody ever sees half of one, and so that the same content makes the same bytes."""

import json
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # of the project


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the file and rename: readers see the old content or the new, whatever stops us in between.

    Raises OSError (disk full, no permission); the old file is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
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


def in_order(content: bytes) -> bytes:
    """A safetensors file with its metadata in alphabetical order: the library writes them in any.

    The file is eight bytes with the length of the header (little-endian), the header in JSON, and the tensors, which
    begin at a multiple of eight.
    """
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[begin:]
