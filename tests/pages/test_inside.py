"""The page Look inside without a browser, and the message that the inspector gets."""

import json
import struct

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from lenet import data
from lenet.data import DataError
from lenet.paths import ROOT
from lenet.training import new_model
from lenet.ui.inside import evidence
from lenet.ui.inside.inspector import pack
from lenet.ui.shared import grids
from lenet.variant import VARIANTS, layers


def page(**choices: str) -> AppTest:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=60).run()
    for key, value in choices.items():
        at.session_state[key] = value
    return at.switch_page("pages/inside.py").run()


def test_opened_first_it_shows_a_test_digit():
    at = page()
    assert not at.exception and not at.error
    assert at.title[0].value == "Look inside"
    assert "test digit 7" in " ".join(text.value for text in at.markdown)


@pytest.mark.parametrize("section,words", [("Kernels", "Two kernels"), ("Training tape", "float16")])
def test_sections(section, words):
    at = page(section=section)
    assert not at.exception and not at.error
    said = [element.value for kind in ("markdown", "caption", "subheader") for element in at.get(kind)]
    assert words in " ".join(said)


def test_a_kernel_that_is_chosen_shows_its_numbers():
    at = page(section="Kernels")
    at.button_group(key="kernels_layer").set_value("conv2").run()
    at.selectbox(key="kernels_one").set_value(3).run()
    assert not at.exception and not at.error


def test_the_tape_can_be_wound():
    at = page(section="Training tape")
    at.select_slider(key="tape_at").set_value(10).run()
    assert not at.exception and not at.error
    assert any("original-0" in text.value and "test accuracy" in text.value for text in at.markdown)


def test_missing_data_are_a_sentence_in_place_of_the_evidence(monkeypatch):
    def gone(_: str) -> None:
        raise DataError("no data")

    at = page(section="Kernels")
    evidence._measured.clear()
    monkeypatch.setattr(data, "mnist", gone)
    at.button_group(key="section").set_value("What a kernel does").run()
    assert not at.exception
    assert [error.value for error in at.error] == ["no data"]


@pytest.mark.parametrize("name", VARIANTS)
def test_the_inspector_gets_the_whole_trace_and_all_weights(name):
    model = new_model(VARIANTS[name], 0)
    trace = model.trace(torch.rand(1, 1, 28, 28))
    outputs = {stage.name: stage.output[0].numpy() for stage in trace}
    weights = {key: value.numpy() for key, value in model.state_dict().items()}
    message = pack(name, model.variant, weights, outputs, "mark")
    (length,) = struct.unpack("<I", message[:4])
    assert length % 4 == 0
    about, floats = json.loads(message[4 : 4 + length]), np.frombuffer(message[4 + length :], "<f4")
    assert [stage["name"] for stage in about["layers"]] == [layer.name for layer in layers(model.variant)]

    def part(at: list[int]) -> np.ndarray:
        return floats[at[0] : sum(at)]

    assert np.array_equal(part(about["values"]), np.concatenate([output.ravel() for output in outputs.values()]))
    for stage in about["layers"]:
        maps, rows, columns = stage["shape"]
        assert 0 <= maps * rows * columns - outputs[stage["name"]].size < columns  # at most the last row is not full
    assert about["tensors"].keys() == weights.keys()
    for key, at in about["tensors"].items():
        assert np.array_equal(part(at), weights[key].ravel())


def test_weights_that_do_not_fit_are_refused():
    model = new_model(VARIANTS["original"], 0)
    weights = {key: value.numpy() for key, value in model.state_dict().items()}
    with pytest.raises(ValueError, match="conv1 of original has 156 weights"):
        pack("original", model.variant, {**weights, "conv1.bias": np.zeros(5, "f4")}, {})


def test_the_table_of_kernels_holds_every_weight_to_the_last_figure():
    kernels = {"conv1": np.random.default_rng(0).normal(size=(2, 1, 5, 5)).astype("f4")}
    head, *rows = grids.kernel_table(kernels).decode().splitlines()
    assert head == "layer,kernel,input_map,row,column,weight" and len(rows) == 50
    layer, kernel, input_map, row, column, weight = rows[33].split(",")
    assert np.float32(weight) == kernels[layer][int(kernel), int(input_map), int(row), int(column)]


def test_a_sheet_has_a_place_for_every_grid():
    numbers = np.linspace(-1, 1, 6 * 25).reshape(6, 5, 5)
    picture = grids.sheet(numbers, [f"{k}" for k in range(6)], across=3, zoom=10, signed=True)
    assert picture.width > 3 * 50 and picture.height > 2 * 50
    assert grids.png(picture).startswith(b"\x89PNG")
