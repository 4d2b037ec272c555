"""Files of tensors that say what they are: safetensors with texts about them.

No code runs when such a file is read. The same content makes the same bytes.
"""

import hashlib
import json
from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor


class TensorFileError(ValueError):
    """A file that is damaged or of another kind; the message says which."""


def to_bytes(tensors: dict[str, Tensor], kind: str, **texts: str) -> bytes:
    """A safetensors file of that kind. The library writes its metadata in any order, here it is the alphabet's.

    The file is eight bytes with the length of the header (little-endian), the header in JSON, and the tensors, which
    begin at a multiple of eight.
    """
    content = save(tensors, {"format": kind, **texts})
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[begin:]


def name_of(source: Path | bytes) -> str:
    """What messages call it."""
    return source.name if isinstance(source, Path) else "The file"


def read(source: Path | bytes, kind: str, largest: int, foreign: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file of that kind, of at most `largest` bytes, and its texts. source: the file or its content.

    Raises FileNotFoundError, or TensorFileError with the reason; `foreign` is the reason if it is of another kind.
    """
    name = name_of(source)
    try:
        if (source.stat().st_size if isinstance(source, Path) else len(source)) > largest:
            raise TensorFileError(f"{name} is larger than {largest // 2**20} MB: {foreign}.")
        content = source.read_bytes() if isinstance(source, Path) else source
        tensors = load(content)
        texts = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")]).get("__metadata__") or {}
    except (FileNotFoundError, TensorFileError):
        raise
    except Exception as error:  # the library stumbles over a crafted header in many ways
        raise TensorFileError(f"{name} is damaged or is no safetensors file ({error}).") from error
    if texts.get("format") != kind:
        raise TensorFileError(f"{name}: {foreign}.")
    return tensors, texts


def checksum(tensors: dict[str, Tensor]) -> str:
    """sha256 over names and values, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()
