"""Pictures that people bring: what is read, what is refused, and that no file unpacks without end."""

import gzip
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from PIL import Image

from lenet import own_data
from lenet.own_data import OwnDataError, load
from lenet.recipe import Recipe, RecipeError, check


def idx(array: np.ndarray) -> bytes:
    """As MNIST's and Fashion-MNIST's files are."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def pictures(count: int, classes: int = 10, side: int = 28) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(count) % classes
    images = np.random.default_rng(1).integers(0, 90, (count, side, side))
    images[np.arange(count), labels, :] = 255
    return images.astype(np.uint8), labels


def fashion(labels: np.ndarray | None = None, packed: bool = True) -> list[tuple[str, bytes]]:
    (train, train_labels), (test, test_labels) = pictures(120), pictures(40)
    pack = gzip.compress if packed else bytes
    return [
        ("fashion/train-images-idx3-ubyte.gz", pack(idx(train))),
        ("train-labels-idx1-ubyte.gz", pack(idx(train_labels if labels is None else labels))),
        ("t10k-images-idx3-ubyte.gz", pack(idx(test))),
        ("t10k-labels-idx1-ubyte.gz", pack(idx(test_labels))),
    ]


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def npz(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def png(shade: int, size: tuple[int, int] = (40, 60), ground: int = 255) -> bytes:
    picture = Image.new("L", size, ground)
    picture.paste(shade, (10, 10, 30, 50))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("packed", [True, False])
def test_fashion_mnists_format(packed):
    found = load(fashion(packed=packed))
    assert found.about.name == "Fashion-MNIST" and found.about.classes[9] == "ankle boot" and not found.about.centred
    assert (len(found.train), len(found.test)) == (120, 40) and (found.train.images == pictures(120)[0]).all()
    assert found.about.mean == pytest.approx(pictures(120)[0].mean() / 255, abs=1e-4)
    check(Recipe(data=found.about))


def test_kmnists_npz_pairs_and_a_single_npz():
    (train, labels), (test, test_labels) = pictures(120), pictures(40)
    files = {"train-imgs": train, "train-labels": labels, "test-imgs": test, "test-labels": test_labels}

    found = load([(f"kmnist-{name}.npz", npz(arr_0=array)) for name, array in files.items()])
    assert found.about.name == "KMNIST" and found.about.classes[0] == "お o" and len(found.test) == 40
    one = npz(x_train=train / 255, y_train=labels + 5, x_test=test / 255, y_test=test_labels + 5)
    found = load([("mine.npz", one)], names=tuple("abcdefghij"))
    assert found.about.classes == tuple("abcdefghij") and found.train.labels.max() == 9
    assert (found.train.images == train).all()


def test_emnists_pictures_are_turned_back():
    files = [(f"emnist-mnist-{name.rpartition('/')[2]}", content) for name, content in fashion()]
    assert (load(files).train.images == pictures(120)[0].swapaxes(1, 2)).all()


def test_a_zip_of_folders_with_pictures_of_every_size():
    members = {f"mine/{name}/{i}.png": png(i, (40 + i, 60)) for name in ("cat", "dog") for i in range(7)}
    found = load([("mine.zip", zipped(members | {"__MACOSX/mine/cat/._1.png": b"no picture"}))])
    assert found.about.classes == ("cat", "dog") and not found.about.centred
    assert len(found.train) == 10 and len(found.test) == 4  # one in six of each class is kept back, begun ones too
    assert found.train.images.shape == (10, 28, 28) and found.train.images[:, 0].max() < 40  # paper became dark
    with_test = {f"{split}/{k}/{i}.png": png(k) for split in ("train", "test") for k in (0, 1) for i in range(2)}
    assert len(load([("two.zip", zipped(with_test))]).test) == 4


def test_more_than_a_recipe_uses_is_cut_off_and_said(monkeypatch):
    monkeypatch.setattr(own_data, "MOST_TRAIN", 100)
    found = load(fashion())
    assert len(found.train) == 100 and "Of 120 train pictures the first 100 are used." in found.said


def test_of_a_file_that_is_too_large_the_first_pictures_are_taken_and_that_is_said(monkeypatch):
    monkeypatch.setattr(own_data, "MOST_TRAIN", 80)
    monkeypatch.setattr(own_data, "MOST_BYTES", 100 * 28 * 28 + 16)
    found = load(fashion())
    assert "Of 120 train pictures the first 80 are used." in found.said
    assert (found.train.images == pictures(120)[0][:80]).all() and len(found.test) == 40
    with pytest.raises(OwnDataError, match="There are 120 train pictures, but 100 labels"):
        load(fashion(labels=np.arange(100) % 10))


def test_emnists_digits_are_taken_within_bounded_memory():
    """240,000 pictures to learn from and 40,000 to test."""
    files = []
    for split, count in (("train", 240_000), ("test", 40_000)):
        some, _ = pictures(2000)
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
            file.write(struct.pack(">BBBB3I", 0, 0, 8, 3, count, 28, 28))
            for _ in range(count // 2000):
                file.write(some.tobytes())
        files.append((f"emnist-digits-{split}-images-idx3-ubyte.gz", packed.getvalue()))
        files.append((f"emnist-digits-{split}-labels-idx1-ubyte.gz", gzip.compress(idx(np.arange(count) % 10))))
    tracemalloc.start()
    found = load(files)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.about.name == "EMNIST" and (found.train.images[:2000] == pictures(2000)[0].swapaxes(1, 2)).all()
    assert found.said[1:] == (
        "Of 240,000 train pictures the first 60,000 are used.",
        "Of 40,000 test pictures the first 10,000 are used.",
    )
    assert peak < 6 * own_data.MOST_BYTES


BOMB = zipped({"a/1.png": bytes(own_data.MOST_FILE + 1), "b/1.png": png(3)})
LETTERS_OF_EMNIST = [
    (f"emnist-letters-train-{kind}-ubyte.gz", gzip.compress(idx(array)))
    for kind, array in zip(("images-idx3", "labels-idx1"), (np.zeros((260, 28, 28)), 1 + np.arange(260) % 26))
]
REFUSED = {
    "EMNIST's letters": (LETTERS_OF_EMNIST, "It has 26 classes; a LeNet here tells two to ten apart"),
    "zip bomb": ([("b.zip", BOMB)], "unpacks to more than"),
    "gzip bomb": ([("train-images.gz", gzip.compress(bytes(own_data.MOST_BYTES + 1)))], "unpacks to more than"),
    "way out": ([("b.zip", zipped({"../a/1.png": png(1), "b/1.png": png(2)}))], "leads out of it"),
    "wrong label count": (fashion(labels=np.zeros(77)), "120 train pictures, but 77 labels"),
    "one number for labels": ([("x.npz", npz(x=pictures(40)[0], y=3))], "40 train pictures, but 1 labels"),
    "300 classes": (
        [("c.zip", zipped({f"{k}/1.png": b"" for k in range(300)}))],
        "has 300 classes; a LeNet here tells two to ten apart",
    ),
    "one class": ([("c.zip", zipped({"a/1.png": png(1), "a/2.png": png(2)}))], "only one class"),
    "one picture of a class": (
        [("c.zip", zipped({"a/1.png": png(1), "b/1.png": png(2)}))],
        "needs at least 2 pictures",
    ),
    "no folder": ([("c.zip", zipped({"1.png": png(1)}))], "lies in no folder"),
    "no picture": ([("c.zip", zipped({"a/1.png": b"text", "b/1.png": png(2)}))], "cannot be read as a picture"),
    "no labels": (fashion()[::2], "have no labels"),
    "no pictures": (fashion()[1:2], "have no pictures"),
    "cut short": ([("train-images", idx(pictures(9)[0])[:-1])], "is damaged"),
    "cut gzip": ([("train-images.gz", gzip.compress(idx(pictures(9)[0]))[:-20])], "is damaged"),
    "an object array": ([("x.npz", zipped({"a.npy": b"\x93NUMPY\x01\x00" + b"x" * 60}))], "is damaged"),
    "text": ([("notes.txt", b"hello there")], "none of these"),
    "nothing": ([], "no file yet"),
    "too few writers": ([("w.npz", npz(images=pictures(40)[0], labels=pictures(40)[1], writers=[1, 2]))], "2 writers"),
    "a pickle": ([("w.npz", npz(images=np.array([None, "x"])))], "is damaged"),
    "large pictures": ([("x.npz", npz(x=np.zeros((9, 300, 300)), y=np.arange(9)))], "sides of 4 to 128"),
    "one shade": (
        [("i", idx(np.zeros((40, 28, 28)))), ("l", idx(np.arange(40) % 4))],
        "all of one shade|All its pictures are of one shade",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_learnt_from_gets_a_sentence(what):
    files, words = REFUSED[what]
    with pytest.raises(OwnDataError, match=words):
        load(files)


def test_a_bomb_takes_no_more_memory_than_the_largest_file_may():
    bomb = [("b.zip", zipped({f"{k}/1.png": bytes(40 * 2**20) for k in "ab"}))]
    tracemalloc.start()
    with pytest.raises(OwnDataError):
        load(bomb)
    assert tracemalloc.get_traced_memory()[1] < 4 * own_data.MOST_FILE
    tracemalloc.stop()


def test_a_recipe_for_something_else_than_digits_takes_no_pen_drawings():
    about = load(fashion()).about
    with pytest.raises(RecipeError, match="drawings are digits, and Fashion-MNIST is something else"):
        check(Recipe(data=about, drawings=5))
