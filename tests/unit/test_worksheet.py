"""The worksheet: its numbers are the network's, its key is what a pupil gets from the printed ones."""

import re

import numpy as np
import pytest
import torch

from lenet import create_model
from lenet.classroom import worksheet
from lenet.data import mnist, pixels
from lenet.formatting import fixed
from lenet.variant import layers


@pytest.fixture(scope="module")
def best():
    return create_model("best", pretrained=True)


@pytest.mark.parametrize("number", [0, 7, 18])
def test_the_cell_is_the_networks_largest_and_the_key_follows_from_what_is_printed(best, number: int):
    image = pixels(mnist("test").images[number : number + 1])
    cell = worksheet.strongest(image[0, 0].numpy(), best)
    with torch.inference_mode():
        conv1 = next(stage.output for stage in best.trace(image) if stage.name == "conv1")[0]
    assert cell.exact == pytest.approx(float(conv1.max()), abs=1e-5)
    assert float(conv1[cell.kernel, cell.row, cell.column]) == pytest.approx(cell.exact, abs=1e-5)
    assert np.abs(cell.products - cell.patch * cell.weights).max() <= 0.005 + 1e-9
    page = worksheet.page(image[0, 0].numpy(), best, "<b>mine</b>")
    assert "<b>mine</b>" not in page and "&lt;b&gt;mine" in page
    tasks, key = page.split("<h1>Key</h1>")
    assert f"<b>{fixed(cell.sum, 2)}</b>" in key and f"<b>{fixed(cell.sum, 2)}</b>" not in tasks
    assert len(re.findall("<td></td>", tasks)) == 25  # the blanks


def test_the_answers_of_the_exit_ticket_are_those_of_best(best):
    first, _, relu1, *_ = layers(best.variant)
    answers = " ".join(answer for _, answer in worksheet.TICKET)
    assert f"= {np.prod(first.input_shape)}" in answers
    assert f"= {np.prod(relu1.input_shape[1:])}" in answers
    assert torch.relu(torch.tensor([-0.7, 0.7])).tolist() == pytest.approx([0, 0.7])
