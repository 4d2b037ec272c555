"""The inspector: the whole forward pass of a digit in the browser, where every number can be taken apart.

Trace and weights go over once, as one binary message; after that, pointing, clicking and walking back cost no round
trip. The palette is ours, the rest of the look is the theme's.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lenet.ui.shared import modules, palette, stages
from lenet.variant import Variant, layers

if TYPE_CHECKING:  # a page shows its frame before torch is loaded
    from lenet.model import LeNet
    from lenet.ui.shared.digit import Digit

LOOKS_AT, USED_BY = palette.VARIANT_COLOURS[5], palette.VARIANT_COLOURS[4]  # as in palette.js
_HTML = f"""<div class="inspector">
  <div class="top">
    <p class="readout"></p>
    <div class="legend">
      <span><i class="key" style="border-color:{LOOKS_AT}"></i>looks at</span>
      <span><i class="key dashed" style="border-color:{USED_BY}"></i>is used by</span>
      <span><i class="scale diverging"></i>{palette.WORDS[True]}</span>
      <span><i class="scale sequential"></i>{palette.WORDS[False]}</span>
      <span>the range is under each layer</span>
    </div>
  </div>
  <div class="strip"></div>
  <section class="panel" aria-label="The arithmetic of one number"></section>
  <div class="spoken" aria-live="polite"></div>
</div>
"""


def inspector(model: "LeNet", name: str, digit: "Digit") -> None:
    """The inspector for one digit in one network."""
    import torch

    with torch.inference_mode():
        trace = model.trace(digit.image[None])
    outputs = {stage.name: stage.output[0].numpy() for stage in trace}
    weights = {key: value.numpy() for key, value in model.state_dict().items()}
    mount = modules.component("inspector.js", _HTML, "panel", "inspector")
    mount(key="inspector", data=pack(name, model.variant, weights, outputs, f"{name}/{digit.mark}"))


def pack(
    name: str,
    variant: Variant,
    weights: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
    mark: str = "",
) -> bytes:
    """Weights and trace of one picture as one message: four bytes with the length of a description in JSON
    (little-endian), the description, and float32 numbers; [start, length] in it counts them. No torch is needed.

    weights: by the names of the state_dict. outputs: of each layer for one picture. mark: what the trace is of.
    Raises ValueError if the weights are not as many as the variant has.
    """
    table = layers(variant)
    for layer in table:
        if sum(value.size for key, value in weights.items() if key.startswith(f"{layer.name}.")) != layer.stored:
            raise ValueError(f"{layer.name} of {name} has {layer.stored} weights; these are others.")
    numbers = [*weights.values(), np.concatenate([np.ravel(outputs[layer.name]) for layer in table])]
    starts = np.cumsum([0, *(values.size for values in numbers)]).tolist()
    *places, values = [[start, part.size] for start, part in zip(starts, numbers)]
    about = {
        "name": name,
        "mark": mark,
        "mean": variant.mean,
        "std": variant.std,
        "layers": stages.describe(table),
        "tensors": dict(zip(weights, places)),
        "values": values,
    }
    text = json.dumps(about).encode()
    text += b" " * (-len(text) % 4)  # float32 must begin at a multiple of four
    floats = np.concatenate([np.ravel(part) for part in numbers]).astype("<f4")
    return len(text).to_bytes(4, "little") + text + floats.tobytes()
