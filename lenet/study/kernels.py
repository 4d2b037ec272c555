"""The kernels of the shipped networks, read without torch."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from lenet.paths import PRETRAINED
from lenet.recipe import RECIPES, Recipe
from lenet.study.design import Run
from lenet.variant import LINEAR, VARIANTS, from_fields


def kernels(folder: Path = PRETRAINED) -> dict[Run, Mapping[str, np.ndarray]]:
    """For each network there that is a run of the experiments: its convolutional layers' weights by name.

    conv1 is [6, 1, 5, 5], conv2 [16, 6, 5, 5], float32. Files that cannot be read are left out: whoever loads such a
    network is told (lenet.pretrained).
    """
    found: dict[Run, Mapping[str, np.ndarray]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, framework="np") as file:
                run = _run(json.loads((file.metadata() or {})["card"]))
                names = [name for name in file.keys() if name.startswith("conv") and name.endswith(".weight")]  # noqa: SIM118
                if run:
                    found[run] = {name.removesuffix(".weight"): file.get_tensor(name) for name in names}
        except (SafetensorError, OSError, ValueError, KeyError, TypeError):
            continue
    return found


def _run(card: dict) -> Run | None:
    """The run that made the weights, or None if they were made otherwise."""
    network = from_fields(card["variant"])
    recipe = Recipe(**card["recipe"])
    for name, named in (LINEAR | VARIANTS).items():
        for label, known in RECIPES.items():
            if named == network and replace(known, lr=recipe.lr, seed=recipe.seed) == recipe:
                return Run(name, label, recipe.lr, recipe.seed)
    return None
