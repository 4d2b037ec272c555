"""Dead logits: outputs that are the same for every picture. Nothing here imports torch."""

from collections.abc import Mapping

from lenet.variant import CLASSES, Variant, layers


def dead_logits(network: Variant, dead_units: Mapping[str, float]) -> int | None:
    """How many of the ten are at zero (or saturated) for every test picture; None without a nonlinearity there.

    dead_units: share of dead units in 0..1 by activation layer, as a run records it.
    """
    if not network.output_activation:
        return None
    *_, last = (layer.name for layer in layers(network) if layer.kind == network.activation)
    return round(CLASSES * dead_units[last])
