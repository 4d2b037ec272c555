"""The command line, as real processes."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks import BENCHES
from benchmarks.__main__ import parser
from lenet.paths import ROOT
from lenet.pretrained import load


def call(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    "command", [("lenet",), ("lenet", "train"), ("lenet", "experiments"), ("benchmarks",), ("benchmarks", "train")]
)
def test_help_is_there_without_torch(command):
    code = f"""
import runpy, sys
sys.argv = {[*command, "--help"]!r}
try:
    runpy.run_module("{command[0]}", run_name="__main__")
finally:
    print([name for name in ("torch", "streamlit") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith(f"usage: python -m {command[0]}") and done.stdout.endswith("[]\n"), done.stdout


@pytest.mark.parametrize("name", BENCHES)
def test_every_bench_has_its_help(name, capsys):
    command = [name.rpartition(".")[2], "--help"]
    with pytest.raises(SystemExit):
        parser(command).parse_args(command)
    about = str(import_module(f"benchmarks.{name}").__doc__)
    assert " ".join(about.split()[:5]) in " ".join(capsys.readouterr().out.split())


def test_train_makes_the_same_weights_again(tmp_path):
    files = [tmp_path / f"{number}.safetensors" for number in (1, 2)]
    command = ("lenet", "train", "original", "--seed", "3", "--epochs", "1", "--train-size", "600", "--out")
    with ThreadPoolExecutor() as both:
        ended = list(both.map(lambda file: call(*command, str(file)), files))
    for done in ended:
        assert done.returncode == 0, done.stderr
        assert "epoch" in done.stderr and "of the test set" in done.stdout
    (one, card), (other, _) = map(load, files)
    assert all((a == b).all() for a, b in zip(one.parameters(), other.parameters()))
    assert card.seed == 3 and card.recipe.train_size == 600 and card.recipe.lr == 0.1


WRONG = [
    ("lenet train alexnet", "There are: original"),
    ("lenet train best --out pretrained", "is a folder"),
    ("lenet train best --out /proc/nowhere/y", "cannot be written"),
    ("lenet train best --epochs 0", "between 1 and 500"),
    ("lenet experiments --only 99", "There is no experiment 99: there are 1 (kernels), 2 (nonlinearities), 3"),
    ("lenet experiments --workers 0", "1 or more"),
    ("lenet experiments --seeds -1", "1 or more"),
    ("benchmarks nothing", "invalid choice"),
    ("benchmarks handwriting none.npz", "cannot be measured"),
    ("benchmarks handwriting {folder}/damaged.npz", "cannot be measured"),
    *((f"benchmarks handwriting {{folder}}/{at}.npz", "a label for each") for at in range(3)),
]
# One command after another, as python -m runs them; what each says before it ends as it should.
SCRIPT = """
import contextlib, io, json, runpy, sys
for command in json.loads(sys.argv[1]):
    module, *sys.argv[1:] = command.split()
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            assert end.code, command
            print(json.dumps(f"{said.getvalue()} {end.code}"))
"""


def test_a_wrong_command_gets_a_sentence_and_no_traceback(tmp_path):
    for at, labels in enumerate(([7, 1], [], [[7], [1], [1]])):
        images = np.zeros((len(labels) and 3, 28, 28), np.uint8)
        np.savez(tmp_path / f"{at}.npz", images=images, labels=np.array(labels, int))
    (tmp_path / "damaged.npz").write_bytes((tmp_path / "0.npz").read_bytes()[:200])
    commands = [command.format(folder=tmp_path) for command, _ in WRONG]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for (command, words), said in zip(WRONG, done.stdout.splitlines(), strict=True):
        assert words in json.loads(said), (command, said)


def test_bench_handwriting_counts_right_wrong_and_refused(tmp_path):
    seven = Image.new("L", (280, 280))
    ImageDraw.Draw(seven).line([(70, 70), (200, 70), (120, 220)], 255, 18, "curve")
    images = np.stack([np.asarray(seven), np.asarray(seven), np.zeros((280, 280), np.uint8)])
    np.savez(tmp_path / "three.npz", images=images, labels=np.array([7, 1, 1]))
    done = call("benchmarks", "handwriting", str(tmp_path / "three.npz"))
    assert "33.33% of 3 drawings" in done.stdout
    assert "7 × 1" in done.stdout and "refused × 1" in done.stdout
