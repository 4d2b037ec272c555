"""The inspector: the whole forward pass of a digit in the browser, where every number can be taken apart.

Trace and weights go over once, as one binary message; after that, pointing, clicking and walking back cost no round
trip. The palette is ours, the rest of the look is the theme's.
"""

from typing import TYPE_CHECKING

from lenet.ui.shared import palette
from lenet.ui.shared.component import LOOKS_AT, MODULES, USED_BY, component, pack

if TYPE_CHECKING:  # a page shows its frame before torch is loaded
    from lenet.model import LeNet
    from lenet.ui.shared.digit import Digit

_COLOURS = f"--positive:{palette.DIVERGING_RANGE[-2]};--negative:{palette.DIVERGING_RANGE[1]}"
_HTML = f"""<div class="inspector" style="{_COLOURS}">
  <div class="top">
    <p class="readout"></p>
    <div class="legend">
      <span><i class="key" style="border-color:{LOOKS_AT}"></i>looks at</span>
      <span><i class="key dashed" style="border-color:{USED_BY}"></i>is used by</span>
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
_INSPECTOR = component("inspector.js", html=_HTML, css=(MODULES / "inspector.css").read_text(encoding="utf-8"))


def inspector(model: "LeNet", name: str, digit: "Digit") -> None:
    """The inspector for one digit in one network."""
    import torch

    with torch.inference_mode():
        trace = model.trace(digit.image[None])
    outputs = {stage.name: stage.output[0].numpy() for stage in trace}
    weights = {key: value.numpy() for key, value in model.state_dict().items()}
    _INSPECTOR(key="inspector", data=pack(name, model.variant, weights, outputs, f"{name}/{digit.mark}"))
