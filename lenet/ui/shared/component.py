"""Components made of the modules in lenet/ui/network: plain files that Streamlit serves as they are."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

MODULES = Path(__file__).parent.parent / "network"  # every file in it is public


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
