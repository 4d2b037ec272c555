"""Other pictures than MNIST's: read from files that somebody brings, checked, and refused with a sentence.

IDX files (MNIST's own format, packed by gzip or not), NPZ files, and a ZIP of folders of pictures, a folder a class.
An NPZ file may say in `writers` who drew each picture, as a class's does; then whole writers are kept for the test.
However the files are made, no more is unpacked than fits the limits below, and nothing of them is run or written: of
a larger IDX file the first pictures are taken, and that is said.
"""

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from lenet.recipe import MOST_TEST, MOST_TRAIN, DataSet
from lenet.variant import CLASSES, INPUT_SIZE

MOST_BYTES = (MOST_TRAIN + MOST_TEST) * INPUT_SIZE**2 + 4096  # unpacked, of one file: more is not read
SIDES = (4, 128)  # pixels of a picture in IDX or NPZ
MOST_FILES = 20_000  # pictures in a ZIP
MOST_FILE = 4 * 2**20  # bytes of one of them, unpacked
MOST_PIXELS = 16_000_000  # of one of them
HELD_OUT = 6  # where there are no test pictures, one in six is kept back for that
WRITERS_HELD = 4  # where writers are known, one in so many is kept back
FEWEST = 2  # pictures of each class
MOST_NAME = 24  # letters of a class
DAMAGED = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError)
PICTURES_HEAD = b"\0\0\x08\x03"  # of an IDX file: bytes, three dimensions
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")


class OwnDataError(ValueError):
    """Files that cannot be learnt from; the message says why, and what would do."""


@dataclass(frozen=True)
class Known:
    """A data set that people download: what its files' names or checksums contain, and what they do not tell."""

    title: str
    classes: tuple[str, ...]
    licence: str
    centred: bool = False
    turned: bool = False  # rows and columns are exchanged in its files
    md5: tuple[str, ...] = ()  # of the packed files, where their names are MNIST's


# One row each.
KNOWN = {
    "fashion": Known(
        "Fashion-MNIST",
        ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
        "MIT, Zalando SE",
        md5=(
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
    "kmnist": Known(
        "KMNIST",
        ("お o", "き ki", "す su", "つ tsu", "な na", "は ha", "ま ma", "や ya", "れ re", "を wo"),
        "CC BY-SA 4.0, ROIS-DS Center for Open Data in the Humanities",
        md5=(
            "bdb82020997e1d708af4cf47b453dcf7",
            "e144d726b3acfaa3e44228e80efcd344",
            "5c965bf0a639b31b8f53240b1b52f4d7",
            "7320c461ea6c1c855c0b718fb2a4b134",
        ),
    ),
    "emnist": Known("EMNIST", (), "NIST, public domain", centred=True, turned=True),
}


@dataclass(frozen=True)
class Pictures:
    """images: uint8 [N, 28, 28], bright on dark; labels: int64 [N], from 0."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Loaded:
    """A data set with its pictures. said: what was done on the way that people should know."""

    about: DataSet
    train: Pictures
    test: Pictures
    said: tuple[str, ...] = ()

    def samples(self) -> np.ndarray:
        """The first test picture of each class, uint8 [classes, 28, 28]."""
        return self.test.images[[int((self.test.labels == k).argmax()) for k in range(len(self.about.classes))]]


def load(files: Iterable[tuple[str, bytes]], which: str = "", names: tuple[str, ...] = ()) -> Loaded:
    """A data set from files (name, content). which: a key of KNOWN, empty to guess, anything else for none of them;
    names: of the classes, instead of the files' own. Raises OwnDataError."""
    loaded = _load(files, which)
    if not names:
        return loaded
    there = loaded.about.classes
    if len(set(names)) != len(there):
        raise OwnDataError(f"There are {len(there)} classes ({', '.join(there)}): give each a name of its own.")
    return replace(loaded, about=replace(loaded.about, classes=tuple(name[:MOST_NAME] for name in names)))


def _load(files: Iterable[tuple[str, bytes]], which: str) -> Loaded:
    files = list(files)
    if not files:
        raise OwnDataError("There is no file yet.")
    guessed = which or next((key for name, content in files if (key := _guess(name, content))), "")
    known = KNOWN.get(guessed)
    arrays: dict[str, np.ndarray] = {}
    counts: dict[str, int] = {}
    for name, content in files:
        found = _read(name, content, counts)
        if isinstance(found, Loaded):
            if len(files) > 1:
                raise OwnDataError("Load the ZIP of folders alone, without other files.")
            return found
        arrays |= found
    writers = next((arrays.pop(name) for name in list(arrays) if name.startswith("writers.npy")), None)
    images, labels, many = _paired(arrays, counts)
    said = []
    if known and known.turned:
        images = {split: value.swapaxes(1, 2) for split, value in images.items()}
        said.append(f"{known.title} keeps its pictures turned; they were turned back.")
    parts = {split: _checked(split, images[split], labels[split]) for split in images}
    values = np.unique(np.concatenate([part.labels for part in parts.values()]))
    if len(values) > CLASSES or len(values) < 2:
        raise OwnDataError(_count(len(values)))
    names = known.classes if known and len(known.classes) == len(values) else tuple(map(str, values.tolist()))
    parts = {k: Pictures(part.images, np.searchsorted(values, part.labels)) for k, part in parts.items()}
    if writers is not None and "test" not in parts:
        parts = _by_writer(parts["train"], writers, said)
    title = known.title if known else PurePosixPath(files[0][0]).name.partition(".")[0]
    digits = names == tuple("0123456789") and not known
    licence = known.licence if known else "not stated"
    return _finish(title, names, known.centred if known else digits, licence, parts, said, many)


def _guess(name: str, content: bytes) -> str:
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    lower = name.lower()
    for key, known in KNOWN.items():
        if key in lower or checksum in known.md5:
            return key
    return ""


def _count(found: int) -> str:
    if found < 2:
        return "There is only one class in it, so there is nothing to tell apart: two to ten classes would do."
    return f"It has {found:,} classes; a LeNet here tells two to ten apart. Leave some out."


def _finish(
    title, names, centred, licence, parts: dict[str, Pictures], said: list[str], many: dict[str, int]
) -> Loaded:
    """Split, cut to the limits, and describe. many: pictures by split, where the file has more than were unpacked."""
    if "test" not in parts:
        parts = _split(parts["train"])
        said.append(f"One picture in {HELD_OUT} is kept back as the test set.")
    for split, most in (("train", MOST_TRAIN), ("test", MOST_TEST)):
        there = many.get(split, len(parts[split]))
        parts[split] = Pictures(parts[split].images[:most], parts[split].labels[:most])
        if there > len(parts[split]):
            said.append(f"Of {there:,} {split} pictures the first {len(parts[split]):,} are used.")
    train, test = parts["train"], parts["test"]
    for number, name in enumerate(names):
        if (train.labels == number).sum() < 1 or (test.labels == number).sum() < 1:
            raise OwnDataError(f"The class {name} needs at least {FEWEST} pictures: one to learn from, one to test.")
    checksum = hashlib.sha256()
    for part in (train, test):
        checksum.update(np.ascontiguousarray(part.images).tobytes())
        checksum.update(part.labels.astype("<i8").tobytes())
    mean, std = _mean_and_deviation(train.images)
    if std < 1e-3:
        raise OwnDataError("All its pictures are of one shade, so there is nothing to learn.")
    about = DataSet(
        name=title[:40] or "own pictures",
        classes=tuple(name[:MOST_NAME] for name in names),
        mean=round(mean, 4),
        std=round(std, 4),
        centred=centred,
        licence=licence,
        checksum=checksum.hexdigest()[:16],
    )
    return Loaded(about, train, test, tuple(said))


def _mean_and_deviation(images: np.ndarray) -> tuple[float, float]:
    """Of the pixel intensities, in 0..1. Counted in parts: as floats they would take eight times the memory."""
    parts = np.array_split(images, 1 + len(images) // 1000)
    counts = sum(np.bincount(part.ravel(), minlength=256) for part in parts)
    values = np.arange(256) / 255
    mean = np.average(values, weights=counts)
    return float(mean), float(np.average((values - mean) ** 2, weights=counts) ** 0.5)


def _split(all_of_them: Pictures) -> dict[str, Pictures]:
    """Every sixth picture of each class for the test, in an order that is mixed always alike."""
    order = np.random.default_rng(0).permutation(len(all_of_them))
    labels = all_of_them.labels[order]
    held = np.zeros(len(order), bool)
    for value in np.unique(labels):
        held[np.flatnonzero(labels == value)[::HELD_OUT]] = True
    return {
        split: Pictures(all_of_them.images[order[rows]], labels[rows])
        for split, rows in (("train", ~held), ("test", held))
    }


def held_writers(writers: Iterable[int]) -> set[int]:
    """Those of the numbers whose pictures are kept back: every fourth, who stays so when others join."""
    known = sorted(set(writers))
    return {writer for writer in known if writer % WRITERS_HELD == 0} or set(known[1:][-1:])


def _by_writer(all_of_them: Pictures, writers: np.ndarray, said: list[str]) -> dict[str, Pictures]:
    """Nobody's pictures are on both sides. A single writer's are all to learn from."""
    if writers.shape != all_of_them.labels.shape or writers.dtype.kind not in "iu":
        raise OwnDataError(
            f"There are {len(all_of_them):,} pictures, but {writers.size:,} writers: number one for each."
        )
    held = held_writers(writers.tolist())
    if not held:
        return {"train": all_of_them}
    rows = np.isin(writers, list(held))
    said.append(f"{len(held)} of {len(np.unique(writers))} writers are kept back as the test set.")
    return {
        split: Pictures(all_of_them.images[mine], all_of_them.labels[mine])
        for split, mine in (("train", ~rows), ("test", rows))
    }


def _paired(
    arrays: dict[str, np.ndarray], counts: dict[str, int]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, int]]:
    """Images and labels by split, by the names of the arrays and by what is in them; and how many there are of the
    images that were not all unpacked, by name in `counts` and by split in the answer."""
    images: dict[str, np.ndarray] = {}
    labels: dict[str, np.ndarray] = {}
    many: dict[str, int] = {}
    for name, array in arrays.items():
        lower = name.lower()
        split = "test" if "test" in lower or "t10k" in lower else "train"
        into = images if array.ndim >= 3 else labels
        if split in into:
            raise OwnDataError(
                f"Two files hold {split} {'pictures' if array.ndim >= 3 else 'labels'}: load one of them."
            )
        into[split] = array
        if name in counts:
            many[split] = counts[name]
    for split in {*images, *labels}:
        if split not in labels:
            raise OwnDataError(f"The {split} pictures have no labels: load the file with their labels, too.")
        if split not in images:
            raise OwnDataError(f"The {split} labels have no pictures: load the file with the pictures, too.")
        there = many.get(split, len(images[split]))
        if there != len(labels[split]):
            raise OwnDataError(
                f"There are {there:,} {split} pictures, but {len(labels[split]):,} labels: are they of the same set?"
            )
        labels[split] = labels[split][: len(images[split])]
    if images and "train" not in images:
        images, labels = {"train": images["test"]}, {"train": labels["test"]}
        many = {"train": many["test"]} if many else {}
    return images, labels, many


def _checked(split: str, images: np.ndarray, labels: np.ndarray) -> Pictures:
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim != 3:
        raise OwnDataError(
            f"The {split} pictures have the shape {images.shape}; grey ones, [N, rows, columns], would do."
        )
    least, most = SIDES
    if not all(least <= side <= most for side in images.shape[1:]):
        raise OwnDataError(f"Pictures of {images.shape[1]} × {images.shape[2]}: sides of {least} to {most} would do.")
    if images.dtype != np.uint8:
        high = float(images.max(initial=0))
        if not np.isfinite(images).all() or images.min(initial=0) < 0 or high > 255:
            raise OwnDataError("The pixel intensities must lie between 0 and 255, or between 0 and 1.")
        images = (images * (255 if high <= 1 else 1)).round().astype(np.uint8)
    if labels.ndim != 1 or (labels.dtype.kind not in "iu" and not (labels == np.floor(labels)).all()):
        raise OwnDataError("The labels must be whole numbers, one for each picture.")
    if images.shape[1:] != (INPUT_SIZE, INPUT_SIZE):
        images = np.stack([_fitted(Image.fromarray(picture)) for picture in images])
    return Pictures(np.ascontiguousarray(images), labels.astype(np.int64))


# --- Files -----------------------------------------------------------------------------------------------------------


def _read(name: str, content: bytes, counts: dict[str, int]) -> dict[str, np.ndarray] | Loaded:
    """Arrays by name, or a whole data set. How many pictures there are goes into `counts` where not all are taken."""
    short = PurePosixPath(name.replace("\\", "/")).name[:60]
    try:
        if content[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
                content = packed.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES and content[:4] != PICTURES_HEAD:
            raise OwnDataError(f"{short} unpacks to more than {MOST_BYTES // 2**20} MB: it holds too many pictures.")
        if content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return _npz(short, archive) if _is_npz(archive) else _folders(short, archive)
        if content[:2] == b"\0\0" and len(content) >= 8:
            return {short: _idx(short, content[:MOST_BYTES], counts)}
    except OwnDataError:
        raise
    except DAMAGED as error:
        raise OwnDataError(f"{short} is damaged ({str(error)[:80]}).") from error
    raise OwnDataError(f"{short} is none of these: an IDX file, an NPZ file, a ZIP of folders of pictures.")


def _idx(name: str, content: bytes, counts: dict[str, int]) -> np.ndarray:
    kind, dimensions = content[2], content[3]
    if kind != 8 or dimensions not in (1, 3):
        raise OwnDataError(
            f"{name}: only IDX files of bytes are read, with one dimension (labels) or three (pictures)."
        )
    count, *sides = (int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions))
    begin, each = 4 + 4 * dimensions, prod(sides)
    there = len(content) - begin
    if len(content) == MOST_BYTES and each and count * each > there:  # the rest was not unpacked
        counts[name], count = count, there // each
        there = count * each
    if count * each != there:
        raise OwnDataError(f"{name} is damaged: its head tells of {count * each:,} numbers, and {there:,} follow.")
    return np.frombuffer(content, np.uint8, count * each, begin).reshape(count, *sides)


def _is_npz(archive: zipfile.ZipFile) -> bool:
    """A class's file also holds its strokes, which are no array."""
    return any(name.endswith(".npy") and "/" not in name for name in archive.namelist())


def _npz(name: str, archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    arrays = {}
    members = [member for member in archive.namelist() if member.endswith(".npy")]
    if len(members) > 8:
        raise OwnDataError(f"{name} holds {len(members)} arrays; pictures and labels would do.")
    for member in members:
        with archive.open(member) as file:
            content = file.read(8 * MOST_BYTES + 1)
        if len(content) > 8 * MOST_BYTES:
            raise OwnDataError(f"{name}: {member} unpacks to more than {8 * MOST_BYTES // 2**20} MB.")
        array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
        if array.dtype.kind not in "uif":
            raise OwnDataError(f"{name}: {member} holds no numbers.")
        if array.nbytes > len(content):
            raise OwnDataError(f"{name}: {member} is damaged.")
        # KMNIST's files hold one array each, called arr_0: there the file's name tells what it is.
        key = name if member == "arr_0.npy" else member
        arrays[f"{key} {member}"] = np.atleast_1d(array)
    return arrays


def _folders(name: str, archive: zipfile.ZipFile) -> Loaded:
    """A folder is a class; folders called train and test above them are the two splits."""
    members = [info for info in archive.infolist() if not info.is_dir()]
    if len(members) > MOST_FILES:
        raise OwnDataError(f"{name} holds {len(members):,} files; at most {MOST_FILES:,} would do.")
    found: dict[tuple[str, str], list[zipfile.ZipInfo]] = {}
    for info in members:
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if ".." in path.parts or path.is_absolute():
            raise OwnDataError(f"{name} holds a path that leads out of it, {info.filename[:60]!r}: pack it anew.")
        if path.name.startswith(".") or "__MACOSX" in path.parts:
            continue
        if len(path.parts) < 2:
            raise OwnDataError(f"{name}: {path.name[:40]} lies in no folder. Each class needs a folder of its own.")
        split = path.parts[-3].lower() if len(path.parts) > 2 else ""
        split = {"test": "test", "t10k": "test", "val": "test"}.get(split, "train")
        found.setdefault((split, path.parts[-2]), []).append(info)
    names = sorted({label for _, label in found})
    if len(names) > CLASSES or len(names) < 2:
        raise OwnDataError(_count(len(names)))
    parts: dict[str, Pictures] = {}
    for split in sorted({split for split, _ in found}):
        images, labels = [], []
        for label in names:
            for info in found.get((split, label), []):
                images.append(_picture(archive, info))
                labels.append(names.index(label))
        parts[split] = Pictures(np.stack(images), np.array(labels, np.int64))
    if set(parts) == {"test"}:
        parts = {"train": parts["test"]}
    digits = tuple(names) == tuple("0123456789")
    said = [f"Every picture was made grey and fitted into {INPUT_SIZE} × {INPUT_SIZE}, bright on dark."]
    return _finish(name.rpartition(".")[0], tuple(names), digits, "not stated", parts, said, {})


def _picture(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    short = info.filename[-60:]
    with archive.open(info) as file:
        content = file.read(MOST_FILE + 1)
    if len(content) > MOST_FILE:
        raise OwnDataError(f"{short} unpacks to more than {MOST_FILE // 2**20} MB: use smaller pictures.")
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            raise OwnDataError(f"{short} has {picture.width} × {picture.height} pixels: use smaller pictures.")
        return _fitted(picture)
    except OwnDataError:
        raise
    except Exception as error:  # Pillow stumbles over crafted files in many ways
        raise OwnDataError(f"{short} cannot be read as a picture ({', '.join(FORMATS)}).") from error


def _fitted(picture: Image.Image) -> np.ndarray:
    """Grey, the whole of it in 28 × 28, its sides in proportion, bright on dark."""
    if picture.mode in ("RGBA", "LA", "P"):
        coloured = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured)
    grey = picture.convert("L")
    grey.thumbnail((INPUT_SIZE, INPUT_SIZE), Image.Resampling.BOX)
    if max(grey.size) < INPUT_SIZE:
        scale = INPUT_SIZE / max(grey.size)
        grey = grey.resize([max(1, round(side * scale)) for side in grey.size], Image.Resampling.BILINEAR)
    values = np.asarray(grey)
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    ground = int(np.median(border))
    if ground > 127:
        values, ground = 255 - values, 255 - ground
    whole = np.full((INPUT_SIZE, INPUT_SIZE), ground, np.uint8)
    top, left = (INPUT_SIZE - values.shape[0]) // 2, (INPUT_SIZE - values.shape[1]) // 2
    whole[top : top + values.shape[0], left : left + values.shape[1]] = values
    return whole
