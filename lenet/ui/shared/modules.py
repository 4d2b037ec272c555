"""Our JavaScript and the shipped weights, served to the browser as files: it keeps them, and no rerun sends them again.

One component shows most of it; its data name the view, a module of lenet/ui/network, where each page has a folder.
Modules are one and the same for all its views on a page, so they share what they know. Streamlit lets a browser keep
such files for long, so the names of the folders change with their content.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from lenet.paths import PRETRAINED
from lenet.ui.shared import palette

FOLDER = Path(__file__).parent.parent / "network"
HTML = '<div class="lenet"></div>\n'


@cache
def _digest(folder: Path, pattern: str) -> str:
    content = hashlib.sha256()
    for file in sorted(folder.glob(pattern)):
        content.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
    return content.hexdigest()[:12]


def _serve(folder: Path, name: str) -> str:
    """Let the browser fetch the files of a folder. Returns the name of the component that stands for it."""
    manager = get_bidi_component_manager()
    full = f"lenet.{name}"
    if manager.get(full) is None:
        manifest = ComponentManifest("lenet", "1", [ComponentConfig(name, asset_dir=folder.name)])
        manager.register_from_manifest(manifest, folder.parent)
    return full


def view(key: str, data: Any, **callbacks: Any) -> Any:
    """Show a view: data is a dictionary whose "view" names it, or the weights of a network as bytes."""
    return component("main.js", HTML, "panel", "style")(key=key, data=data, **callbacks)


def component(module: str, html: str, *styles: str) -> Callable[..., Any]:
    """A component whose JavaScript is that module, in the style of these sheets and in the palette's colours.

    Returns what mounts it, called with key and data.
    """
    return _component(get_bidi_component_manager(), module, html, *styles)


@lru_cache(maxsize=32)
def _component(_manager: BidiComponentManager, module: str, html: str, *styles: str) -> Callable[..., Any]:
    """The same, once a server: to register one takes longer than to show it."""
    name = _serve(FOLDER, f"{Path(module).stem}-{_digest(FOLDER, '**/*.*')}")
    return st.components.v2.component(name, html=html, css=_css(*styles), js=module)


@cache
def _css(*styles: str) -> str:
    return "".join((FOLDER / f"{style}.css").read_text(encoding="utf-8") for style in styles) + palette.style()


def numbers(array: np.ndarray) -> str:
    """float32 as base64, which `decoded` of dom.js reads."""
    return b64encode(np.asarray(array, "<f4").tobytes()).decode()


def weights_url(name: str) -> str:
    """Where the browser finds shipped weights, from the root of the server on."""
    folder = _serve(PRETRAINED, f"weights-{_digest(PRETRAINED, '*.safetensors')}")
    return f"_stcore/bidi-components/{folder}/{name}.safetensors"


def tape_url(name: str) -> str:
    """Where the browser finds a shipped training tape, from the root of the server on."""
    tapes = PRETRAINED / "tapes"
    folder = _serve(tapes, f"tapes-{_digest(tapes, '*.safetensors')}")
    return f"_stcore/bidi-components/{folder}/{name}.safetensors"


def digits_url() -> str:
    """Where the browser finds the training digits that a drawing is compared with."""
    folder = PRETRAINED / "familiarity"
    name = _serve(folder, f"digits-{_digest(folder, '*.bin')}")
    return f"_stcore/bidi-components/{name}/pictures.bin"
