"""The page Look inside without a browser, and what it sends to one."""

import zlib

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lenet import data
from lenet.data import DataError
from lenet.paths import ROOT
from lenet.ui.inside import evidence, living
from lenet.ui.shared import grids


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


@pytest.mark.parametrize("section,words", [("kernels", "Two kernels")])
def test_sections(section, words):
    at = page(section=section)
    assert not at.exception and not at.error
    said = [element.value for kind in ("markdown", "caption", "subheader") for element in at.get(kind)]
    assert words in " ".join(said)


def test_a_kernel_that_is_chosen_shows_its_numbers():
    at = page(section="kernels")
    at.button_group(key="kernels_layer").set_value("conv2").run()
    at.selectbox(key="kernels_one").set_value(3).run()
    assert not at.exception and not at.error


def test_missing_data_are_a_sentence_in_place_of_the_evidence(monkeypatch):
    def gone(_: str) -> None:
        raise DataError("no data")

    at = page(section="kernels")
    evidence._measured.clear()
    monkeypatch.setattr(data, "mnist", gone)
    at.button_group(key="section").set_value("evidence").run()
    assert not at.exception
    assert [error.value for error in at.error] == ["no data"]


def test_the_test_digits_are_sent_small_and_whole():
    sent = living.digits()
    length = int.from_bytes(sent[:4], "little")
    assert sent[4 : 4 + length].decode() == living.MARK
    content = np.frombuffer(zlib.decompress(sent[4 + length :]), np.uint8)
    test = data.mnist("test")
    assert len(sent) < 300_000
    assert content[:1000].tolist() == test.labels[::10].tolist()
    assert np.array_equal(content[1000:], test.images[::10].numpy().ravel())


def test_a_challenge_sets_up_its_network_and_digit():
    _, network, number = living.CHALLENGES["repair"]
    test = data.mnist("test")
    assert network == "original-dead" and test.labels[number] == 6
    assert test.labels[living.CHALLENGES["break"][2]] == 7 and "weight" in living.CHALLENGES["break"][0]


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
