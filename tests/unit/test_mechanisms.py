"""The measurements behind the experiments' mechanisms."""

import pytest
import torch

from lenet.data import Digits, mnist, pixels
from lenet.study.mechanisms import among_neighbours, output_life, reading
from lenet.training import new_model
from lenet.variant import VARIANTS


def some(count: int) -> Digits:
    return mnist("test")[:count]


def test_a_dead_output_is_found() -> None:
    model = new_model(VARIANTS["original"], 0)
    with torch.no_grad():
        model.get_submodule("fc3").bias.fill_(1.0)
        model.get_submodule("fc3").bias[4] = -100.0
    digits = some(200)
    life = output_life(model, digits)
    assert (life[4].own, life[4].others, life[4].predicted) == (0, 0, 0)
    assert life[3].own == life[3].others == 1
    assert sum(one.predicted for one in life) == len(digits)


@pytest.mark.parametrize("name", ["rnn", "lstm"])
def test_along_the_batch_the_neighbours_matter(name: str) -> None:
    pictures = pixels(some(25).images)
    groups = torch.stack([pictures[1:9], pictures[9:17], pictures[17:25]])
    along = among_neighbours(new_model(VARIANTS[name], 0), pictures[0], groups)
    assert along.shape == (3, 10)
    assert not torch.allclose(along[0], along[1], atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", ["original", "rnn-steps", "lstm-steps"])
def test_one_by_one_they_do_not(name: str) -> None:
    pictures = pixels(some(25).images)
    groups = torch.stack([pictures[1:9], pictures[9:17], pictures[17:25]])
    along = among_neighbours(new_model(VARIANTS[name], 0), pictures[0], groups)
    torch.testing.assert_close(along[0], along[1])
    torch.testing.assert_close(along[0], along[2])


@pytest.mark.parametrize("name", ["rnn-steps", "lstm-steps"])
def test_reading_ends_at_the_answer(name: str) -> None:
    model, picture = new_model(VARIANTS[name], 0), pixels(some(1).images)
    steps = reading(model, picture[0])
    assert steps.shape == (16, 10)
    torch.testing.assert_close(steps.sum(1), torch.ones(16))
    torch.testing.assert_close(steps[-1], model(picture).softmax(1)[0].detach())


def test_others_do_not_read_so() -> None:
    with pytest.raises(ValueError, match="choose rnn-steps or lstm-steps"):
        reading(new_model(VARIANTS["original"], 0), pixels(some(1).images)[0])
