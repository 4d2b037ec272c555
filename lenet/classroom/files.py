"""A class's digits as files: a picture of the wall, CSV, NPZ and IDX; and back from the last three.

CSV holds the strokes, text of lenet.strokes, from which all else is made again. NPZ and IDX hold what networks see,
28 × 28 and centred, uint8, white ink on black: NPZ for `python -m benchmarks handwriting` and for the page Train, IDX
in MNIST's own format, split by writer. Both are zip files, and the CSV lies in them, too.
"""

import csv
import gzip
import struct
import zipfile
from collections.abc import Sequence
from io import BytesIO, StringIO

import numpy as np
from PIL import Image

from lenet.classroom.store import ClassError, Drawing
from lenet.own_data import DAMAGED, Loaded, held_writers, load
from lenet.strokes import decode, raster, read_strokes
from lenet.variant import CLASSES, INPUT_SIZE

COLUMNS = ("writer", "label", "strokes")
TILE, GAP, ACROSS = 64, 6, 24  # pixels of the wall's picture; tiles a line
MOST = 10_000  # drawings of a file
STROKES = "drawings.csv"  # in the zip files
LARGEST = 64 * 2**20  # bytes of it, unpacked
NO_DRAWINGS = "That file holds no drawings of a class: a CSV, NPZ or IDX file from this page would."


def as_csv(drawings: Sequence[Drawing]) -> bytes:
    """One row a drawing."""
    text = StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    rows.writerows((drawing.pupil, drawing.label, drawing.strokes) for drawing in drawings)
    return text.getvalue().encode()


def by_writer(drawings: Sequence[Drawing]) -> tuple[list[Drawing], list[Drawing]]:
    """Those to learn from, and those of every fourth writer, to test on; all of a writer's are on one side,
    and stay there when others join."""
    held = held_writers(drawing.pupil for drawing in drawings)
    return [d for d in drawings if d.pupil not in held], [d for d in drawings if d.pupil in held]


def arrays(drawings: Sequence[Drawing]) -> tuple[np.ndarray, np.ndarray]:
    """What networks see, uint8 [N, 28, 28], and what was asked for, int64 [N]."""
    images = [read_strokes(decode(drawing.strokes)).centred for drawing in drawings]
    stacked = np.array(images, np.float32).reshape(-1, INPUT_SIZE, INPUT_SIZE)
    return (255 * stacked).round().astype("u1"), np.array([drawing.label for drawing in drawings], "i8")


def as_npz(drawings: Sequence[Drawing]) -> bytes:
    """images, labels, and the numbers of the writers."""
    images, labels = arrays(drawings)
    file = BytesIO()
    np.savez_compressed(file, images=images, labels=labels, writers=[drawing.pupil for drawing in drawings])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(STROKES, as_csv(drawings))
    return file.getvalue()


def name_of(code: str) -> str:
    """What a class's digits are called as a data set."""
    return f"class {code}"


def to_learn_from(code: str, drawings: Sequence[Drawing]) -> Loaded:
    """A data set for training, split by writer. Raises OwnDataError if it lacks digits."""
    return load([(f"{name_of(code)}.npz", as_npz(drawings))], "other")


def as_idx(drawings: Sequence[Drawing]) -> bytes:
    """A zip of gzipped files, named as MNIST's."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(STROKES, as_csv(drawings))
        for name, part in zip(("train", "t10k"), by_writer(drawings)):
            images, labels = arrays(part)
            head = struct.pack(">4I", 2051, len(labels), INPUT_SIZE, INPUT_SIZE)
            content = {
                "images-idx3": head + images.tobytes(),
                "labels-idx1": struct.pack(">2I", 2049, len(labels)) + labels.astype("u1").tobytes(),
            }
            for kind, data in content.items():
                archive.writestr(f"{name}-{kind}-ubyte.gz", gzip.compress(data, mtime=0))
    return file.getvalue()


def as_picture(drawings: Sequence[Drawing]) -> bytes:
    """The wall as a PNG: a block for each digit."""
    lines: list[list[Drawing]] = []
    for digit in range(CLASSES):
        of_it = [drawing for drawing in drawings if drawing.label == digit]
        lines += [of_it[at : at + ACROSS] for at in range(0, len(of_it), ACROSS)]
    step = TILE + GAP
    across = max((len(line) for line in lines), default=1)
    sheet = Image.new("L", (across * step + GAP, max(1, len(lines)) * step + GAP), 255)
    for row, line in enumerate(lines):
        for column, drawing in enumerate(line):
            ink = (255 * raster(decode(drawing.strokes))).round().astype("u1")
            tile = Image.fromarray(ink).resize((TILE, TILE), Image.Resampling.BOX)
            sheet.paste(tile, (GAP + column * step, GAP + row * step))
    file = BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


def read_back(content: bytes) -> list[tuple[int, int, str]]:
    """(writer, label, strokes) of a CSV, NPZ or IDX file as it was written here. Raises ClassError for any other."""
    text = _csv_in(content)
    try:
        rows = csv.DictReader(StringIO(text.decode()))
        read = [(int(row["writer"]), int(row["label"]), row["strokes"]) for row, _ in zip(rows, range(MOST + 1))]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise ClassError(NO_DRAWINGS) from error
    if not read or not all(strokes for _, _, strokes in read):
        raise ClassError(NO_DRAWINGS)
    return read


def _csv_in(content: bytes) -> bytes:
    """The file itself, or what lies in a zip file. Raises ClassError."""
    if not content.startswith(b"PK"):
        return content
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive, archive.open(STROKES) as file:
            found = file.read(LARGEST + 1)
    except KeyError as error:
        raise ClassError(
            "That file holds pictures, but not the strokes with which they were drawn. The page Train learns from it."
        ) from error
    except DAMAGED as error:
        raise ClassError(NO_DRAWINGS) from error
    if len(found) > LARGEST:
        raise ClassError(f"A wall has at most {MOST:,} drawings.")
    return found
