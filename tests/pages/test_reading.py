"""What is sent to the browser about a digit: the answers and the layers of every variant."""

import base64
import json

import pytest
import torch

from lenet.model import LeNet
from lenet.ui.draw import reading
from lenet.ui.inside.inspector import pack
from lenet.ui.shared.digit import Digit
from lenet.variant import VARIANTS, highest_probability, layers

IMAGE = torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_has_a_film(name: str):
    model = LeNet(VARIANTS[name]).eval()
    [answer], [film] = reading.read(Digit(IMAGE, None, "a test", stages=(IMAGE.flip(1), IMAGE.flip(2))), {name: model})
    shown = [layer.name for layer in layers(VARIANTS[name]) if layer.kind not in ("flatten", "sequence", "last")]
    assert [frame["name"] for frame in film["layers"]] == shown
    for frame in film["layers"]:
        maps, rows, columns = frame["shape"]
        values = model.trace(IMAGE[None])[frame["name"]].output[0]
        assert len(base64.b64decode(frame["levels"])) == values.numel() == maps * rows * columns
        assert frame["scale"] >= values.abs().max().item() - 1e-5
        assert frame["signed"] or values.min() >= 0
    # Alone in the batch it would have been read the same, even by a network that reads along the batch.
    with torch.inference_mode():
        alone = model(IMAGE[None]).softmax(1)[0].tolist()
    assert answer["probabilities"] == pytest.approx(alone, abs=1e-5)
    assert len(answer["stages"]) == 3 and answer["stages"][-1][1] == max(answer["probabilities"])


@pytest.mark.parametrize(
    ("name", "words"), [("tanh", "sure, 45\xa0% of at most 45\xa0%"), ("sigmoid", "sure, 23\xa0% of at most 23\xa0%")]
)
def test_who_cannot_be_surer_is_sure(name: str, words: str):
    """An output tanh or sigmoid bounds the ten outputs, and so every probability."""
    model = LeNet(VARIANTS[name]).eval().requires_grad_(False)
    model.fc3.weight.zero_()
    model.fc3.bias.fill_(-30.0)
    model.fc3.bias[4] = 30.0
    [answer], _ = reading.read(Digit(IMAGE, None, "a test"), {name: model})
    assert answer["answer"] == 4 and answer["verdict"] == words
    assert max(answer["probabilities"]) == pytest.approx(highest_probability(VARIANTS[name]), abs=1e-6)


def answers(*digits: int | None) -> list[bool]:
    marked = reading.mark_disagreement([{"answer": digit, "verdict": "sure"} for digit in digits])
    assert all(answer["disagrees"] == answer["verdict"].startswith("disagrees") for answer in marked)
    return [answer["disagrees"] for answer in marked]


def test_who_disagrees():
    assert answers(3) == [False]
    assert answers(3, 3, 5) == [False, False, True]
    assert answers(5, 3, 3) == [True, False, False]
    assert answers(3, 5) == [False, True]
    assert answers(None, 3, 3) == [True, False, False]


def test_equal_outputs_are_no_answer():
    """A network whose last ReLU is dead for this digit puts out ten zeros; the first of them is not its answer."""
    model = LeNet(VARIANTS["original"]).eval().requires_grad_(False)
    model.fc3.weight.zero_()
    model.fc3.bias.fill_(-1.0)
    [answer], _ = reading.read(Digit(IMAGE, 4, "a test"), {"dead": model})
    assert answer["answer"] is None
    assert "all ten outputs are equal" in answer["verdict"]
    assert answer["probabilities"] == pytest.approx([0.1] * 10)


@pytest.mark.parametrize("name", ["rnn", "lstm"])
def test_the_stages_of_a_drawing_are_read_each_alone(name: str):
    model = LeNet(VARIANTS[name]).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # so that it remembers
    stages = (IMAGE.flip(1), IMAGE.flip(2), 1 - IMAGE)
    [answer], _ = reading.read(Digit(IMAGE, None, "a test", stages=stages), {name: model})
    with torch.inference_mode():
        alone = [model(stage[None]).softmax(1).max().item() for stage in stages]
    assert [most for _, most in answer["stages"][:3]] == pytest.approx(alone, abs=1e-6)


def test_outputs_that_are_no_numbers_can_be_sent():
    model = LeNet(VARIANTS["best"]).eval().requires_grad_(False)
    model.fc1.weight.fill_(3e38)
    model.fc2.weight.fill_(3e38)
    [answer], [film] = reading.read(Digit(IMAGE, 4, "a test"), {"overflown": model})
    json.dumps([answer, film], allow_nan=False)
    assert answer["answer"] is None and answer["verdict"].startswith("cannot tell")
    outputs = {stage.name: stage.output[0].numpy() for stage in model.trace(IMAGE[None])}
    weights = {key: value.numpy() for key, value in model.state_dict().items()}
    packed = pack("overflown", model.variant, weights, outputs)
    length = int.from_bytes(packed[:4], "little")
    assert json.dumps(json.loads(packed[4 : 4 + length]), allow_nan=False)


def test_the_verdict_knows_the_label():
    def verdict(bias: float, label: int | None) -> str:
        model = LeNet(VARIANTS["best"]).eval().requires_grad_(False)
        model.fc3.weight.zero_()
        model.fc3.bias.zero_()
        model.fc3.bias[4] = bias
        [answer], _ = reading.read(Digit(IMAGE, label, "a test"), {"any": model})
        assert answer["answer"] == 4
        return answer["verdict"]

    assert verdict(10.0, None) == "sure, >\xa099\xa0%"
    assert verdict(3.0, 4) == "right, fairly sure, 69\xa0%"
    assert verdict(1.0, 9) == "wrong, it is a 9: unsure, 23\xa0%"
