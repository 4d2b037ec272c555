"""A class's digits as files: a picture of the wall, CSV, NPZ and IDX; and back from CSV or NPZ.

NPZ is what `python -m benchmarks handwriting` reads: images uint8 [N, 160, 160], white ink on black, and labels. IDX
are the two files of MNIST's own format, 28 × 28 and centred. `strokes` are text of lenet.strokes, from which all else
is made again.
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
from lenet.strokes import SIDE, decode, raster, read_strokes
from lenet.variant import CLASSES, INPUT_SIZE

COLUMNS = ("writer", "label", "strokes")
HALF = 2  # board pixels a pixel of an NPZ's images
TILE, GAP, ACROSS = 64, 6, 24  # pixels of the wall's picture; tiles a line
LARGEST = 64 * 2**20  # bytes of an array in a file, unpacked
MOST = 10_000  # drawings of a file


def as_csv(drawings: Sequence[Drawing]) -> bytes:
    """One row a drawing."""
    text = StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    rows.writerows((drawing.pupil, drawing.label, drawing.strokes) for drawing in drawings)
    return text.getvalue().encode()


def as_npz(drawings: Sequence[Drawing]) -> bytes:
    """images, labels, writers and strokes, as numpy.load reads them without pickles."""
    file = BytesIO()
    small = SIDE // HALF
    np.savez_compressed(
        file,
        images=np.array([_image(drawing) for drawing in drawings], "u1").reshape(-1, small, small),
        labels=np.array([drawing.label for drawing in drawings], "i8"),
        writers=np.array([drawing.pupil for drawing in drawings], "i8"),
        strokes=np.array([drawing.strokes for drawing in drawings], "S"),
    )
    return file.getvalue()


def _image(drawing: Drawing) -> np.ndarray:
    """The board at half its size, uint8 [160, 160]."""
    ink = raster(decode(drawing.strokes)).reshape(SIDE // HALF, HALF, SIDE // HALF, HALF).mean((1, 3))
    return (255 * ink).round().astype("u1")


def as_idx(drawings: Sequence[Drawing]) -> bytes:
    """A zip of the two gzipped files, named as MNIST's test set's."""
    centred = [read_strokes(decode(drawing.strokes)).centred for drawing in drawings]
    images = (255 * np.array(centred, np.float32)).round().astype("u1")
    labels = bytes(drawing.label for drawing in drawings)
    content = {
        "t10k-images-idx3-ubyte.gz": struct.pack(">4I", 2051, len(labels), INPUT_SIZE, INPUT_SIZE) + images.tobytes(),
        "t10k-labels-idx1-ubyte.gz": struct.pack(">2I", 2049, len(labels)) + labels,
    }
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, gzip.compress(data, mtime=0))
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
            tile = Image.fromarray(_image(drawing)).resize((TILE, TILE), Image.Resampling.BOX)
            sheet.paste(tile, (GAP + column * step, GAP + row * step))
    file = BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


def read_back(content: bytes) -> list[tuple[int, int, str]]:
    """(writer, label, strokes) of a CSV or NPZ file as it was written here. Raises ClassError for any other."""
    try:
        rows = _rows_of_npz(content) if content.startswith(b"PK") else _rows_of_csv(content)
        read = [(int(writer), int(label), str(strokes)) for writer, label, strokes in rows]
    except (ValueError, KeyError, OSError, EOFError, MemoryError, zipfile.BadZipFile, csv.Error) as error:
        raise ClassError("That file holds no drawings of a class: a CSV or NPZ file from this page would.") from error
    if not read:
        raise ClassError("That file holds no drawings.")
    return read


def _rows_of_csv(content: bytes) -> list[tuple]:
    rows = csv.DictReader(StringIO(content.decode()))
    return [tuple(row[column] for column in COLUMNS) for row, _ in zip(rows, range(MOST + 1))]


def _rows_of_npz(content: bytes) -> list[tuple]:
    arrays = []
    with zipfile.ZipFile(BytesIO(content)) as archive:
        for name in ("writers.npy", "labels.npy", "strokes.npy"):
            if archive.getinfo(name).file_size > LARGEST:
                raise ValueError(f"{name} is too large")
            arrays.append(np.lib.format.read_array(BytesIO(archive.read(name)), allow_pickle=False))
    writers, labels, strokes = arrays
    if not writers.ndim == labels.ndim == strokes.ndim == 1 or not len(writers) == len(labels) == len(strokes):
        raise ValueError("the arrays do not belong together")
    return list(zip(writers.tolist(), labels.tolist(), (text.decode() for text in strokes.astype("S").tolist())))
