"""What the browser is told about a network, so that it can read with it. Nothing here imports torch."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from lenet.paths import PRETRAINED
from lenet.ui.shared import modules, networks, stages
from lenet.variant import Variant, from_fields, highest_probability, layers


def message(name: str, colour: str) -> dict[str, Any]:
    """Name, colour, layers and the way to the weights; or a problem that says why it cannot read."""
    about: dict[str, Any] = {"name": name, "colour": colour, "mark": "", "problem": ""}
    try:
        if own := networks.of_session(name):
            model, card = own
            about |= {"classes": card.recipe.data.classes, "centred": card.recipe.data.centred}
            return about | _network(model.variant) | {"mark": card.checksum or f"{name}-{id(model)}", "url": ""}
        path = PRETRAINED / f"{name}.safetensors"
        found = path.stat()
        variant, checksum = _shipped(path, found.st_mtime_ns, found.st_size)
        told = about | _network(variant) | {"mark": checksum, "url": modules.weights_url(name)}
        return told | {"familiar": _familiar().get(checksum) and _familiar()[checksum] | {"url": modules.digits_url()}}
    except (OSError, ValueError, KeyError, TypeError):  # the weights' own reader says what is wrong with the file
        return about | _network(Variant()) | {"problem": networks.problem(name)}


def packed(name: str) -> bytes | None:
    """The weights of a network of this session as the browser takes them: four bytes with the length of the mark
    (little-endian), the mark, the safetensors file. None for shipped networks, which it fetches as files."""
    own = networks.of_session(name)
    if not own:
        return None
    from lenet.pretrained import weights_bytes

    mark = message(name, "")["mark"].encode()
    return len(mark).to_bytes(4, "little") + mark + weights_bytes(*own)


@lru_cache(maxsize=1)
def _familiar() -> dict[str, Any]:
    """What lenet.familiarity measured, by the checksum of the weights; without torch."""
    path = PRETRAINED / "familiarity" / "networks.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


@lru_cache(maxsize=64)
def _network(variant: Variant) -> dict[str, Any]:
    return {
        "mean": variant.mean,
        "std": variant.std,
        "highest": highest_probability(variant),
        "layers": stages.describe(layers(variant)),
    }


@lru_cache(maxsize=64)
def _shipped(path: Path, changed: int, size: int) -> tuple[Variant, str]:
    """Variant and checksum from the card of a weights file, whose weights are those of the card.

    Raises ValueError, KeyError or TypeError for a file that cannot be used.
    """
    content = path.read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    card = json.loads(header.pop("__metadata__")["card"])
    digest = hashlib.sha256()
    for name in sorted(header):
        start, end = header[name]["data_offsets"]
        digest.update(name.encode() + content[begin + start : begin + end])
    if digest.hexdigest() != card["checksum"]:
        raise ValueError(f"{path.name} is damaged")
    variant = from_fields(card["variant"])
    layers(variant)
    return variant, card["checksum"]
