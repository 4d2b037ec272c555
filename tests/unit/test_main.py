"""The command line: the teacher from which `train` lets a network learn."""

from dataclasses import replace

import pytest
import torch

from lenet.__main__ import teacher_of
from lenet.data import mnist, pixels
from lenet.pretrained import TEACHERS, load, save
from lenet.recipe import Recipe
from lenet.training import new_model
from lenet.variant import VARIANTS

PUPIL = Recipe(train_size=300, teacher="wide")


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """An empty folder of runs, a teacher that is trained in a moment, and few test digits."""
    few = {"train": mnist("train"), "test": mnist("test")[:500]}
    monkeypatch.setattr("lenet.data.mnist", few.__getitem__)
    monkeypatch.setattr("lenet.study.runner.WEIGHTS", tmp_path / "runs")
    monkeypatch.setitem(TEACHERS, "wide", (VARIANTS["best"], Recipe(epochs=1)))
    return tmp_path / "runs"


def answers(recipe):
    """The teacher's probabilities for five pictures."""
    return teacher_of(recipe)(pixels(mnist("test").images[:5]))


def probabilities(model):
    """The network's own for the same pictures."""
    return model.eval()(pixels(mnist("test").images[:5])).softmax(1)


def test_without_a_teacher_there_is_none(runs):
    assert teacher_of(Recipe()) is None and not runs.exists()


def test_a_teacher_is_trained_once_and_found_again(runs):
    trained = answers(PUPIL)
    [path] = (runs / "teachers").iterdir()
    model, card = load(path)
    assert torch.equal(trained, probabilities(model)) and torch.allclose(trained.sum(1), torch.ones(5))
    other = new_model(VARIANTS["best"], 9)
    save(other, card, path)  # another network under the same card: whoever takes the file gives its answers
    assert torch.equal(answers(PUPIL), probabilities(other))


def test_a_teacher_learns_from_its_pupils_pictures_and_from_no_others(runs):
    answers(PUPIL)
    answers(replace(PUPIL, train_size=200))
    assert sorted(load(path)[1].recipe.train_size for path in (runs / "teachers").iterdir()) == [200, 300]


@pytest.mark.parametrize("change", [{"versions": {"torch": "1.13.0"}}, {"versions": {}}, {"recipe": Recipe(epochs=2)}])
def test_a_teacher_of_another_release_or_recipe_is_trained_again(runs, change):
    trained = answers(PUPIL)
    [path] = (runs / "teachers").iterdir()
    save(new_model(VARIANTS["best"], 9), replace(load(path)[1], **change), path)
    assert torch.equal(answers(PUPIL), trained)
    assert torch.equal(probabilities(load(path)[0]), trained)


def test_a_damaged_teacher_is_trained_again(runs):
    trained = answers(PUPIL)
    [path] = (runs / "teachers").iterdir()
    path.write_bytes(path.read_bytes()[:-100])
    assert torch.equal(answers(PUPIL), trained)


def test_a_folder_that_cannot_be_written_gets_a_sentence_before_the_training(runs, monkeypatch):
    monkeypatch.setattr("lenet.training.train", lambda *_: pytest.fail("it trains before it looks at the folder"))
    runs.write_text("a file where the folder should be")
    with pytest.raises(SystemExit, match=r"wide-300.safetensors cannot be written"):
        teacher_of(PUPIL)
