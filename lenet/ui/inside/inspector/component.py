"""The inspector: the whole forward pass of a digit in the browser, where every number can be taken apart.

Trace and weights go over once, as one binary message; after that, pointing, clicking and walking back cost no round
trip. The JavaScript is plain files, put together here; the palette is ours, the rest of the look is the theme's.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lenet.ui.shared import palette, stages

if TYPE_CHECKING:  # a page shows its frame before torch is loaded
    from lenet.model import LeNet, Trace
    from lenet.ui.shared.digit import Digit

HERE = Path(__file__).parent
SEES, FEEDS = palette.VARIANT_COLOURS[5], palette.VARIANT_COLOURS[4]  # amber and sky blue: bright in both palettes


_PARTS = ("arithmetic", "field", "layout", "panel", "main")


def _script() -> str:
    files = [HERE.parent.parent / "shared" / "cells.js", *(HERE / f"{name}.js" for name in _PARTS)]
    colours = {"SEQUENTIAL": palette.SEQUENTIAL.ravel().tolist(), "DIVERGING": palette.DIVERGING.ravel().tolist(),
               "SEES": SEES, "FEEDS": FEEDS}  # fmt: skip
    constants = [f"const {name} = {json.dumps(value)}" for name, value in colours.items()]
    return "\n".join([*constants, *(file.read_text(encoding="utf-8") for file in files)])


_HTML = f"""<div class="inspector">
  <div class="top">
    <p class="readout"></p>
    <div class="legend">
      <span><i class="key" style="border-color:{SEES}"></i>sees</span>
      <span><i class="key dashed" style="border-color:{FEEDS}"></i>feeds</span>
      <span><i class="scale" style="background:{palette.gradient(signed=True)}"></i>{palette.WORDS[True]}</span>
      <span><i class="scale" style="background:{palette.gradient(signed=False)}"></i>{palette.WORDS[False]}</span>
      <span>the range is under each layer</span>
    </div>
  </div>
  <div class="strip"></div>
  <section class="panel" aria-label="The arithmetic of one number"></section>
  <div class="spoken" aria-live="polite"></div>
</div>
"""
_STYLE = (
    (HERE / "style.css").read_text(encoding="utf-8")
    + f"""
.inspector {{ --positive: {palette.DIVERGING_RANGE[-2]}; --negative: {palette.DIVERGING_RANGE[1]}; }}
"""
)
_INSPECTOR = st.components.v2.component("lenet_inspector", html=_HTML, css=_STYLE, js=_script())


def inspector(model: "LeNet", name: str, digit: "Digit") -> None:
    """The inspector for one digit in one network."""
    import torch

    with torch.inference_mode():
        trace = model.trace(digit.image[None])
    _INSPECTOR(key="inspector", data=pack(model, trace, name, digit.mark))


def pack(model: "LeNet", trace: "Trace", name: str, mark: str) -> bytes:
    """Trace of one picture and weights as one message: four bytes with the length of a description in JSON
    (little-endian), the description, and float32 numbers; [start, length] in it counts them."""
    numbers: list[np.ndarray] = []
    used = 0

    def keep(values: np.ndarray) -> list[int]:
        nonlocal used
        numbers.append(values.astype("<f4", copy=False).ravel())
        used += values.size
        return [used - values.size, values.size]

    described: list[dict[str, Any]] = []
    for stage in trace:
        output = stage.output[0].numpy()
        signed, scale = stages.look(stage.layer, output)
        weights = model.get_submodule(stage.name).state_dict() if stage.layer.parameters else {}
        described.append(
            {
                "name": stage.name,
                "kind": stage.kind,
                "about": stage.layer.words,
                "size": output.shape,
                "shape": stages.rectangle(output.shape),
                "across": stages.across(output.shape),
                "along": stage.layer.along_batch,
                "window": stage.layer.window,
                "signed": signed,
                "scale": scale,
                "values": keep(output),
                "weights": {key: keep(value.numpy()) for key, value in weights.items()},
            }
        )
    about = {
        "network": name,
        "mark": f"{name}/{mark}",
        "mean": model.variant.mean,
        "std": model.variant.std,
        "stages": described,
    }
    text = json.dumps(about).encode()
    text += b" " * (-len(text) % 4)  # float32 must begin at a multiple of four
    return len(text).to_bytes(4, "little") + text + np.concatenate(numbers).tobytes()
