"""Files of tensors that say what they are: safetensors whose metadata is one JSON about them, under one key.

No code runs when such a file is read. The same content makes the same bytes: with several keys the library would write
them in any order.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor


class TensorFileError(ValueError):
    """A file that is damaged or of another kind; the message says which."""


def to_bytes(tensors: dict[str, Tensor], key: str, kind: str, about: dict[str, Any]) -> bytes:
    """A safetensors file of that kind. about: what JSON can say, kept under `key`."""
    return save(tensors, {key: json.dumps({"format": kind, **about})})


def says(content: bytes, key: str) -> bool:
    """Whether a safetensors file tells about itself under that key."""
    length = int.from_bytes(content[:8], "little")
    return f'"{key}":'.encode() in content[8 : 8 + min(length, len(content))]


def name_of(source: Path | bytes) -> str:
    """What messages call it."""
    return source.name if isinstance(source, Path) else "The file"


def read(
    source: Path | bytes, key: str, kind: str, largest: int, foreign: str
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a file of that kind, of at most `largest` bytes, and what it says about them under `key`.

    source: the file or its content. Files of before 2026-12 name their kind (and a tape its checksum) beside `key`.
    Raises FileNotFoundError, or TensorFileError with the reason; `foreign` is the reason if it is of another kind.
    """
    name = name_of(source)
    try:
        if (source.stat().st_size if isinstance(source, Path) else len(source)) > largest:
            raise TensorFileError(f"{name} is larger than {largest // 2**20} MB: {foreign}.")
        content = source.read_bytes() if isinstance(source, Path) else source
        tensors = load(content)
        metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")]).get("__metadata__") or {}
    except (FileNotFoundError, TensorFileError):
        raise
    except Exception as error:  # the library stumbles over a crafted header in many ways
        raise TensorFileError(f"{name} is damaged or is no safetensors file ({error}).") from error
    if key not in metadata:
        raise TensorFileError(f"{name}: {foreign}.")
    try:
        text = metadata.pop(key)
        about = {**metadata, **json.loads(text)}
    except (ValueError, TypeError, RecursionError) as error:
        raise TensorFileError(f"{name}: its {key} cannot be read ({error}).") from error
    if about.pop("format", None) != kind:
        raise TensorFileError(f"{name}: {foreign}.")
    return tensors, about


def checksum(tensors: dict[str, Tensor]) -> str:
    """sha256 over names and values, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()
