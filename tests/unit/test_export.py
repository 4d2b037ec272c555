"""What is taken home gives the logits that the app gives: the program and the ONNX file, for every variant."""

import random
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import onnxruntime
import pytest
import torch

from lenet.data import mnist, pixels
from lenet.export import onnx_bytes, pytorch_code
from lenet.training import new_model
from lenet.variant import ACTIVATIONS, VARIANTS, Variant
from tests.unit.test_engine import some_variant

ALL = {
    **VARIANTS,
    "normalised": Variant(mean=0.1307, std=0.3081, output_activation=False),
    **{f"random-{at}": some_variant(random.Random(at)) for at in range(24)},
    **{f"{one}-depth-3": Variant(one, VARIANTS["depth-3"].pools, output_activation=False) for one in ACTIVATIONS},
}


def network(name: str):
    """With weights large enough for differences to be seen."""
    model = new_model(ALL[name], seed=3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 2
    return model.eval(), pixels(mnist("test").images[:20])


@pytest.mark.parametrize("name", ALL)
def test_the_program_gives_the_same_logits(name, tmp_path):
    model, images = network(name)
    program = tmp_path / "home.py"
    program.write_text(pytorch_code(model.variant, "net.safetensors"))
    spec = spec_from_file_location("home", program)
    there = module_from_spec(spec)
    spec.loader.exec_module(there)
    home = there.LeNet()
    home.load_state_dict(model.state_dict())
    home.eval()
    with torch.inference_mode():
        torch.testing.assert_close(home(images), model(images), rtol=0, atol=0)


@pytest.mark.parametrize("name", ALL)
def test_onnx_gives_the_same_logits(name):
    model, images = network(name)
    session = onnxruntime.InferenceSession(onnx_bytes(model), providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        for some in (images, images[:1]):
            [logits] = session.run(["logits"], {"pictures": some.numpy()})
            np.testing.assert_allclose(logits, model(some).numpy(), rtol=1e-4, atol=1e-5)
