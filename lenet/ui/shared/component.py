"""What Python gives the browser's network: the message with its layers and weights, and the modules that run it.

The modules are plain files in lenet/ui/network; Streamlit serves them as they are.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from lenet.ui.shared import palette, stages
from lenet.variant import Variant, layers

MODULES = Path(__file__).parent.parent / "network"  # every file in it is public
# Amber and sky blue: bright on both palettes.
LOOKS_AT, USED_BY = palette.VARIANT_COLOURS[5], palette.VARIANT_COLOURS[4]


def pack(
    name: str,
    variant: Variant,
    weights: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray] | None = None,
    mark: str = "",
) -> bytes:
    """A network as one message: four bytes with the length of a description in JSON (little-endian), the description,
    and float32 numbers; [start, length] in it counts them. No torch is needed.

    weights: by the names of the state_dict, as `safetensors.numpy.load` returns them. outputs: what PyTorch computed
    for one picture, layer by layer; with it the message holds a whole trace. mark: what the trace is of.
    Raises ValueError if the weights are not as many as the variant has.
    """
    numbers: list[np.ndarray] = []
    used = 0

    def keep(values: np.ndarray) -> list[int]:
        nonlocal used
        numbers.append(np.asarray(values, "<f4").ravel())
        used += values.size
        return [used - values.size, values.size]

    table = []
    for layer in layers(variant):
        own = {key.rpartition(".")[2]: value for key, value in weights.items() if key.startswith(f"{layer.name}.")}
        if sum(value.size for value in own.values()) != layer.parameters:
            raise ValueError(f"{layer.name} of {name} has {layer.parameters} weights; these are others.")
        row: dict[str, Any] = {
            "name": layer.name,
            "kind": layer.kind,
            "words": layer.words,
            "size": layer.output_shape,
            "shape": stages.rectangle(layer.output_shape),
            "across": stages.across(layer.output_shape),
            "window": layer.window,
            "along": layer.along_batch,
            "signed": layer.signed,
            "bounded": layer.bounded,
            "weights": {key: keep(value) for key, value in own.items()},
        }
        if outputs is not None:
            row["values"] = keep(outputs[layer.name])
        table.append(row)
    about = {
        "network": name,
        "mark": mark,
        "mean": variant.mean,
        "std": variant.std,
        "palette": {
            "sequential": palette.SEQUENTIAL_RANGE,
            "diverging": palette.DIVERGING_RANGE,
            "looksAt": LOOKS_AT,
            "usedBy": USED_BY,
        },
        "layers": table,
    }
    text = json.dumps(about).encode()
    text += b" " * (-len(text) % 4)  # float32 must begin at a multiple of four
    return len(text).to_bytes(4, "little") + text + np.concatenate(numbers).tobytes()


@cache
def _version() -> str:
    """Changes with the modules: browsers may keep what they got at an address."""
    files = sorted(MODULES.iterdir())
    return hashlib.sha256(b"".join(file.name.encode() + file.read_bytes() for file in files)).hexdigest()[:12]


def component(module: str, html: str, css: str) -> Callable[..., Any]:
    """A component whose JavaScript is a module of lenet/ui/network, which may import the others.

    Returns what mounts it: call it in a page, with `key` and `data`.
    """
    called = f"{Path(module).stem}-{_version()}"
    name = f"lenet.{called}"

    @cache
    def made() -> Callable[..., Any]:
        return st.components.v2.component(name, html=html, css=css, js=module)

    def mount(**arguments: Any) -> Any:
        manager = get_bidi_component_manager()  # one for each server; tests start many in one process
        if manager.get_component_asset_root(name) is None:
            config = ComponentConfig(called, asset_dir=MODULES.name)
            manager.register_from_manifest(ComponentManifest("lenet", "1", [config]), MODULES.parent)
        return made()(**arguments)

    return mount
