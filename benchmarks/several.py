"""Several digits in one drawing, made of a file of pen drawings: side by side, touching, and single ones.

FILE.npz holds `images`, uint8 [N, height, width], white on black, and `labels`, integers [N]. A row is right if it is
cut into as many digits as there are and each is read, or if the sliding network finds these digits and no others; a
single digit must not be cut, nor one of MNIST's last 10,000 training digits.
"""

import argparse
import sys

import numpy as np

HEIGHT = 420  # pixels of a row of digits
SIZES = (0.85, 1.15)  # of each digit against the drawing
GAP = (0.06, 0.4)  # of the digit's height
OVERLAP = (1, 8)  # pixels, of digits that touch
SETS = (("pairs", 500, 2, False), ("triples", 200, 3, False), ("touching pairs", 500, 2, True))


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--pens", required=True, help="FILE.npz with images and labels")
    parser.add_argument("--network", default="best", help="name of shipped weights (default best)")
    parser.add_argument("--seed", type=int, default=0, help="which digits, and how far apart (default 0)")
    parser.add_argument("--mnist", type=int, default=2000, help="held-out training digits of MNIST (default 2000)")


def run(options: argparse.Namespace) -> None:
    """Make the rows, split and read them, and print the figures."""
    from lenet.data import mnist
    from lenet.ink import InkError, read_grey
    from lenet.pretrained import create_model
    from lenet.sliding import path, slide, strip
    from lenet.splitting import reader, split

    try:
        with np.load(options.pens, allow_pickle=False) as file:
            images, labels = file["images"].astype(np.float32) / 255, file["labels"].astype(int)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"{options.pens} cannot be measured: {error}.")
    model = create_model(options.network, pretrained=True)
    read = reader(model)

    def string(sheet: np.ndarray) -> str:
        answer = ""
        for part in split(sheet, read).parts:
            try:
                answer += str(read(read_grey(part).centred).argmax())
            except InkError:
                answer += "?"
        return answer

    random = np.random.default_rng(options.seed)
    for name, count, digits, touch in SETS:
        right = whole = slid = 0
        for _ in range(count):
            chosen = random.integers(0, len(images), digits)
            sheet, wanted = row(images[chosen], random, touch), "".join(map(str, labels[chosen]))
            answer = string(sheet)
            right += answer == wanted
            whole += len(answer) == digits
            slid += "".join(str(digit) for _, digit in path(slide(model, strip(sheet)))) == wanted
        print(
            f"{name}: {right / count:.1%} right, {whole / count:.1%} cut into {digits}; "
            f"{slid / count:.1%} right without a cut, of {count}",
            flush=True,
        )
    alone = [path(slide(model, strip(image))) for image in images]
    slid = sum([digit for _, digit in found] == [label] for found, label in zip(alone, labels))
    several = sum(len(found) > 1 for found in alone)
    print(f"single digits: {slid / len(images):.1%} right, {several / len(images):.1%} taken for several without a cut")
    cut = sum(len(split(np.pad(image, 20), read).parts) > 1 for image in images)
    print(f"single digits: {cut / len(images):.2%} cut, of {len(images)}")
    held_out = mnist("train").images[-10_000:][: options.mnist, 0].numpy().astype(np.float32) / 255
    cut = sum(len(split(image, read).parts) > 1 for image in held_out)
    print(f"MNIST: {cut / max(len(held_out), 1):.2%} cut, of {len(held_out)}")


def row(images: np.ndarray, random: np.random.Generator, touch: bool) -> np.ndarray:
    """Drawings as one sheet, from left to right, of sizes of their own: `touch` has each overlap the one before."""
    from PIL import Image

    sheet = np.zeros((HEIGHT, 0), np.float32)
    for image in images:
        ink = image > 0.01
        rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
        crop = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        share = random.uniform(*SIZES)
        height, width = (max(1, int(side * share)) for side in crop.shape)
        crop = np.asarray(Image.fromarray(crop).resize((width, height), Image.Resampling.BICUBIC)).clip(0, 1)
        top = int((HEIGHT - height) / 2 + random.uniform(-0.06, 0.06) * height)
        digit = np.pad(crop, ((top, HEIGHT - top - height), (0, 0)))
        if not sheet.shape[1]:
            sheet = digit
            continue
        if touch:
            place = max(0, _contact(sheet, digit) - int(random.integers(*OVERLAP)))
        else:
            place = sheet.shape[1] + int(random.uniform(*GAP) * height)
        wider = np.zeros((HEIGHT, max(sheet.shape[1], place + width)), np.float32)
        wider[:, : sheet.shape[1]] = sheet
        wider[:, place : place + width] = np.maximum(wider[:, place : place + width], digit)
        sheet = wider
    return np.pad(sheet, ((0, 0), (20, 20)))


def _contact(left: np.ndarray, right: np.ndarray) -> int:
    """How far to the right the second picture lies when its ink comes to meet that of the first."""
    ink = [picture > 0.3 for picture in (left, right)]
    rows = ink[0].any(1) & ink[1].any(1)
    last = ink[0].shape[1] - 1 - ink[0][rows, ::-1].argmax(1)
    return max(int((last - ink[1][rows].argmax(1)).max(initial=0)), 0)
