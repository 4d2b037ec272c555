"""Accuracy of a shipped network on the same pen drawings, drawn from 48 to 300 pixels high with the board's pen.

FILE.npz holds `images`, uint8 [N, height, width], white ink on black, and `labels`, integers [N]. The pen's path is not
in it, so it is found again: the picture's middle lines are drawn anew as points of a pen of the wanted size.
"""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("file", help="FILE.npz with images and labels")
    parser.add_argument("--network", default="best", help="name of shipped weights (default best)")
    parser.add_argument("--each", type=int, default=200, help="drawings of each size (default 200)")
    parser.add_argument("--sides", type=int, nargs="+", default=[48, 64, 80, 100, 150, 200, 300], help="pixels")


def run(options: argparse.Namespace) -> None:
    """Draw each at every size, read it as the board is read, and print the share that is right."""
    import numpy as np
    import torch

    from lenet.ink import InkError
    from lenet.pretrained import create_model
    from lenet.strokes import read_strokes

    with np.load(options.file, allow_pickle=False) as file:
        images, labels = file["images"], file["labels"].astype(int)
    model = create_model(options.network, pretrained=True)
    chosen = np.random.default_rng(0).choice(len(images), min(options.each, len(images)), replace=False)
    paths = {number: middle_lines(images[number] / 255) for number in chosen}
    for side in options.sides:
        right = refused = 0
        for number, points in paths.items():
            try:
                with torch.inference_mode():
                    image = read_strokes(strokes_of(points, side)).image()
                    right += int(model(image[None]).argmax()) == labels[number]
            except InkError:
                refused += 1
        print(f"{side:4} pixels {right / len(paths):7.2%} right, {refused} refused", flush=True)


def middle_lines(ink):
    """Pieces of the middle lines of the strokes, float [N, 2 ends, (x, y)], by thinning (T. Zhang, C. Suen, 1984)."""
    import numpy as np

    thin = np.pad(ink > 0.5, 1)
    while True:
        before = thin.sum()
        for first in (True, False):
            around = [np.roll(thin, move, (0, 1)) for move in AROUND]
            count = sum(one.astype(int) for one in around)
            turns = sum((~a & b).astype(int) for a, b in zip(around, [*around[1:], around[0]]))
            north, east, south, west = around[0], around[2], around[4], around[6]
            gap = (
                ~(north & east & south) & ~(east & south & west)
                if first
                else ~(north & east & west) & ~(north & south & west)
            )
            thin = thin & ~((count >= 2) & (count <= 6) & (turns == 1) & gap)
        if thin.sum() == before:
            break
    rows, columns = np.nonzero(thin)
    at = dict(zip(zip(rows.tolist(), columns.tolist()), range(len(rows))))
    pieces = [
        ((c, r), (c + across, r + down))
        for r, c in at
        for down, across in ((0, 0), (0, 1), (1, -1), (1, 0), (1, 1))
        if (r + down, c + across) in at
    ]
    return np.array(pieces, float)


AROUND = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))  # from north on, clockwise


def strokes_of(pieces, side: int):
    """These pieces as strokes of the board's pen, in its middle, the drawing's longer side as many pixels."""
    import numpy as np

    from lenet.strokes import PEN, SIDE, Stroke

    ends = pieces.reshape(-1, 2)
    low, extent = ends.min(0), np.ptp(ends, 0)
    placed = (pieces - low - extent / 2) * ((side - PEN) / max(extent.max(), 1)) + SIDE / 2
    return [Stroke(tuple(map(tuple, piece)), PEN) for piece in placed.tolist()]
