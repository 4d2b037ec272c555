"""Training times by depth, for experiment 4: what `python -m lenet bench depth` measured, beside the paper's."""

import json
from pathlib import Path

from lenet.experiments import DEPTH, DEPTH_SECONDS
from lenet.files import PRETRAINED

TIMES = PRETRAINED / "training_time.json"


def rows(path: Path = TIMES) -> list[dict]:
    """The table of experiment 4, the paper's times beside ours; empty if they were not measured here."""
    try:
        seconds = json.loads(path.read_text())["seconds"]
        ratios = {name: seconds[name] / seconds["original"] for name in DEPTH.variants}
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return []
    return [
        {
            "network": label,
            "paper seconds": DEPTH_SECONDS[name],
            "paper ratio": DEPTH_SECONDS[name] / DEPTH_SECONDS["original"],
            "seconds": seconds[name],
            "ratio": ratios[name],
        }
        for name, label in DEPTH.variants.items()
    ]


def machine(path: Path = TIMES) -> str:
    """On what the times were measured, in words."""
    kept = json.loads(path.read_text())
    return f"{kept['processor']}, {kept['threads']} thread, torch {kept['torch']}, {kept['steps']} batches of 256"
