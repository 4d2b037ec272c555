"""Accuracy of a shipped network on photographs made from pen drawings, for each kind of tests/photographs.py.

FILE.npz holds `images`, uint8 [N, height, width], white ink on black, and `labels`, integers [N].
"""

import argparse
import sys


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("file", help="FILE.npz with images and labels")
    parser.add_argument("--network", default="best", help="name of shipped weights (default best)")
    parser.add_argument("--each", type=int, default=300, help="photographs of each kind (default 300)")
    parser.add_argument("--kinds", help="only these, separated by commas")


def run(options: argparse.Namespace) -> None:
    """Take the photographs, read them as an upload is read, and print the share that is right."""
    from zipfile import BadZipFile

    import numpy as np
    import torch

    from lenet.ink import InkError, to_mnist
    from lenet.pretrained import WeightsError, create_model
    from tests.photographs import KINDS, photograph

    try:
        with np.load(options.file, allow_pickle=False) as file:
            images, labels = file["images"], file["labels"].astype(int)
        model = create_model(options.network, pretrained=True)
    except WeightsError as error:
        sys.exit(str(error))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        sys.exit(f"{options.file} cannot be measured: {error}.")
    for kind in options.kinds.split(",") if options.kinds else KINDS:
        random = np.random.default_rng(0)
        right = refused = 0
        for number in random.integers(0, len(images), options.each):
            try:
                with torch.inference_mode():
                    answer = model(to_mnist(photograph(images[number] / 255, kind, random))[None]).argmax()
                right += int(answer) == labels[number]
            except InkError:
                refused += 1
        print(f"{kind:14} {right / options.each:7.2%} right, {refused} refused", flush=True)
