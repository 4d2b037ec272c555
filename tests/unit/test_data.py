"""MNIST from the files in the repository, and what happens when they are not as they should be."""

import errno
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch

from lenet.data import DataError, mnist, pixels
from lenet.mnist_files import CHECKSUMS, MNIST
from lenet.paths import ROOT


def test_the_pictures_and_labels_are_all_there():
    train, test = mnist("train"), mnist("test")
    assert train.images.shape == (60_000, 1, 28, 28) and test.images.shape == (10_000, 1, 28, 28)
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert torch.bincount(train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


def test_another_split_gets_a_sentence():
    with pytest.raises(ValueError, match="train and test, not 'valid'"):
        mnist("valid")


def test_pixels_are_those_of_torchvision():
    from torchvision.transforms.functional import to_tensor

    image = mnist("test").images[3]
    assert torch.equal(pixels(image), to_tensor(image[0].numpy()))


@pytest.fixture
def folder(tmp_path):
    for path in MNIST.glob("t10k-*.gz"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_a_copy_elsewhere_is_read(folder):
    assert torch.equal(mnist("test", folder).labels, mnist("test").labels)


@pytest.mark.parametrize("name", [name for name in CHECKSUMS if name.startswith("t10k")])
@pytest.mark.parametrize("harm", ["missing", "truncated", "changed", "not gzip"])
def test_a_damaged_file_gets_one_sentence_that_says_how_to_mend_it(folder, name, harm):
    path = folder / f"{name}.gz"
    content = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif harm == "changed":
        plain = bytearray(gzip.decompress(content))
        plain[-1] ^= 1
        path.write_bytes(gzip.compress(bytes(plain)))
    else:
        path.write_bytes(b"hello")
    with pytest.raises(DataError, match="git checkout -- data/mnist") as error:
        mnist("test", folder)
    assert path.name in str(error.value)


def test_nothing_is_written_to_read_them(folder, monkeypatch):
    """A full disk or a read-only machine does not matter."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for name in ("mkdtemp", "mkstemp", "TemporaryDirectory", "NamedTemporaryFile"):
        monkeypatch.setattr(tempfile, name, full)
    assert len(mnist("test", folder)) == 10_000


def test_a_machine_out_of_descriptors_gets_a_sentence(folder, monkeypatch):
    def none_left(_: Path) -> bytes:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(Path, "read_bytes", none_left)
    with pytest.raises(DataError, match=os.strerror(errno.EMFILE)):
        mnist("test", folder)


def test_the_files_are_read_as_torchvision_reads_them(tmp_path):
    from torchvision.datasets.mnist import read_image_file, read_label_file

    for name, read, ours in (
        ("t10k-images-idx3-ubyte", read_image_file, mnist("test").images[:, 0]),
        ("t10k-labels-idx1-ubyte", read_label_file, mnist("test").labels),
    ):
        plain = tmp_path / name
        plain.write_bytes(gzip.decompress((MNIST / f"{name}.gz").read_bytes()))
        assert torch.equal(read(str(plain)), ours)


def test_the_app_does_without_all_of_torchvision():
    """It takes 200 MB of a server and half a second of whoever comes first."""
    code = "import sys; from lenet.data import mnist; mnist('test'); sys.exit('torchvision' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
