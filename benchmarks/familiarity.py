"""Is this a digit at all? The share of letters, pen digits and MNIST's test digits that get the remark, and the
calibration error of the shares on the digits, as softmax gives them and as they are shown.

FOLDER holds letters-dev.npz and pen-digits-dev.npz, each with `images`, uint8 [N, height, width], and `labels`.
"""

import argparse
import sys
from pathlib import Path

LOOK_ALIKE = "oOlIizZsSbBqgDGJj"  # letters that are written as some digits are
SURE = 0.99


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("folder", type=Path, help="FOLDER with letters-dev.npz and pen-digits-dev.npz")
    parser.add_argument("--network", default="best", help="name of shipped weights (default best)")


def run(options: argparse.Namespace) -> None:
    """Read every drawing, and print the figures beside their goals."""
    from zipfile import BadZipFile

    import numpy as np
    import torch

    from lenet.data import mnist, pixels
    from lenet.familiarity import calibration_error, compare, measured, references, reliability, shares
    from lenet.pretrained import WeightsError, card, create_model

    try:
        model = create_model(options.network, pretrained=True)
        known = measured().get(card(options.network).checksum)
        letters, labels = _drawings(options.folder / "letters-dev.npz")
        pens, digits = _drawings(options.folder / "pen-digits-dev.npz")
    except WeightsError as error:
        sys.exit(str(error))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        sys.exit(f"{options.folder} cannot be measured: {error}.")
    if known is None:
        sys.exit(f"The familiarity of {options.network} is not measured: `python -m lenet familiarity` does it.")

    def read(images: torch.Tensor) -> tuple[np.ndarray, dict[str, torch.Tensor]]:
        strange, _, logits = compare(model, images, references())
        given = {"softmax": logits.softmax(1), "shares as shown": shares(logits, strange, known)}
        return (strange > known["threshold"]).numpy(), given

    with torch.inference_mode():
        flagged, given = read(letters)
        unlike = ~np.isin(labels.astype(str), list(LOOK_ALIKE))
        print(f"{options.network}, threshold {known['threshold']}, temperature {known['temperature']}")
        print(f"letters that look like no digit, with the remark: {flagged[unlike].mean():.1%} (goal: at least 75 %)")
        for name, probabilities in given.items():
            sure = (probabilities.amax(1) > SURE).numpy() & ~flagged
            print(
                f"letters called with more than 99 % and no remark, {name}: {sure.mean():.1%} (goal: at most 5 %); "
                f"of those that look like no digit {sure[unlike].mean():.1%}"
            )
        test = mnist("test")
        for what, images, right, goal in (
            ("MNIST's test digits", pixels(test.images), test.labels, "remark at most 2 %"),
            ("pen digits", pens, torch.from_numpy(digits.astype(int)), "remark at most 3 %, error at most 0.7 %"),
        ):
            flagged, given = read(images)
            errors = ", ".join(f"{name} {calibration_error(reliability(p, right)):.2%}" for name, p in given.items())
            print(f"{what} with the remark: {flagged.mean():.2%}; calibration error: {errors} (goal: {goal})")


def _drawings(path):
    """The drawings of a file that can be read, [N, 1, 28, 28], and their labels."""
    from contextlib import suppress

    import numpy as np
    import torch

    from lenet.ink import InkError, to_mnist

    with np.load(path, allow_pickle=False) as file:
        images, labels = file["images"], file["labels"]
    read, there = [], []
    for at, image in enumerate(images):
        with suppress(InkError):
            read.append(to_mnist(image))
            there.append(at)
    return torch.stack(read), labels[there]
