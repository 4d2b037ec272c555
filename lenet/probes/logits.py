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


def lost_classes(network: Variant, predicted: int, dead: int | None) -> int:
    """How many classes a run has lost. predicted: classes that it predicts for some test picture; dead: dead_logits.

    A class whose output ReLU is dead is lost even if it is predicted: that is where all ten logits are zero.
    """
    unpredicted = CLASSES - predicted
    return max(unpredicted, dead or 0) if network.activation == "relu" else unpredicted
