"""Accuracy of a shipped network on a file of pen drawings: overall, per digit, and what was taken for what.

FILE.npz holds `images`, uint8 [N, height, width] (or [N, height, width, 3 or 4]), and `labels`, integers [N].
"""

import argparse
import sys


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("file", help="FILE.npz with images and labels")
    parser.add_argument("--network", default="best", help="name of shipped weights (default best)")


def run(options: argparse.Namespace) -> None:
    """Read every drawing as the first page does, and print the figures."""
    from collections import Counter
    from zipfile import BadZipFile

    import numpy as np
    import torch

    from lenet.ink import InkError, to_mnist
    from lenet.pretrained import WeightsError, create_model

    try:
        with np.load(options.file, allow_pickle=False) as file:
            images, labels = file["images"], file["labels"].astype(int)
        model = create_model(options.network, pretrained=True)
        if images.ndim not in (3, 4) or labels.shape != images.shape[:1] or not len(labels):
            raise ValueError("it must hold some images and a label for each")
    except WeightsError as error:
        sys.exit(str(error))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        sys.exit(f"{options.file} cannot be measured: {error}.")
    answers = []
    for image in images:
        try:
            with torch.inference_mode():
                answers.append(int(model(to_mnist(image)[None]).argmax()))
        except InkError:
            answers.append(-1)  # refused: counted as wrong
    read = np.array(answers)
    print(f"{options.network}: {(read == labels).mean():.2%} of {len(labels)} drawings")
    for digit in np.unique(labels):
        mine = read[labels == digit]
        wrong = Counter(mine[mine != digit].tolist()).most_common()
        taken = ", ".join(f"{'refused' if other < 0 else other} × {count}" for other, count in wrong)
        print(f"  {digit}: {(mine == digit).mean():7.2%} of {len(mine)}" + (f"   taken for {taken}" if taken else ""))
