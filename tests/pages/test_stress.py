"""The page Stress without a browser: what it sends there, its links and mishaps."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lenet.data import mnist, pixels
from lenet.paths import ROOT
from lenet.pretrained import card, create_model
from lenet.probes import stress
from lenet.probes.corruptions import CORRUPTIONS, corrupt
from lenet.probes.stress import AMOUNTS, TRANSFORMATIONS
from lenet.recipe import DataSet
from lenet.ui.shared.digit import Digit
from lenet.ui.stress import message


def page(**query: str | list[str]) -> AppTest:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=90).run()
    at.switch_page("pages/stress.py")
    for key, value in query.items():
        at.query_params[key] = value
    return at.run()


def said(at: AppTest) -> str:
    return " ".join(element.value for kind in ("markdown", "caption", "info") for element in at.get(kind))


def sent(at: AppTest, component: str = "stress") -> dict:
    """What the page sends to a component of it."""
    assert not at.exception
    return next(json.loads(e.proto.json) for e in at.get("bidi_component") if e.key == component)


def numbers(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def test_opened_first_it_shows_a_test_digit_and_the_maps_of_two_ways():
    at = page()
    assert not at.error
    assert at.title[0].value == "Stress"
    assert "test digit 0, a 7" in said(at)
    told = sent(at)
    assert told["digit"]["label"] == 7
    assert (numbers(told["digit"]["image"]) == pixels(mnist("test").images[0]).flatten().numpy()).all()
    assert [way["id"] for way in told["ways"]] == list(TRANSFORMATIONS)
    assert (numbers(told["noise"]) == stress.noise_pattern(0).ravel()).all()
    assert sent(at, "two") == {"view": "stress-two"}


def test_three_networks_with_what_was_measured_for_them():
    at = page(digit="0")
    at.button_group(key="networks").set_value(["best", "original", "tanh"]).run()
    told = sent(at)
    assert [about["name"] for about in told["networks"]] == list(told["averages"]) == ["best", "original", "tanh"]
    assert len({about["colour"] for about in told["networks"]}) == 3
    assert told["lacking"] == []
    values = numbers(told["averages"]["tanh"]["values"]).reshape(len(TRANSFORMATIONS), 2, AMOUNTS, 3)
    row = next(
        row
        for row in stress.read_averages().to_pylist()
        if (row["network"], row["transformation"], row["normalised"]) == ("tanh", "rotate", True)
    )
    place = list(TRANSFORMATIONS).index("rotate")
    assert values[place, 1, 0] == pytest.approx([row["mean"], row["low"], row["high"]])
    assert row["amount"] == TRANSFORMATIONS["rotate"].low


def test_the_rows_of_the_file_are_in_the_order_of_the_amounts():
    for name, row in TRANSFORMATIONS.items():
        found = message._averages()[0]["best", card("best").checksum, name, False]
        assert [one["amount"] for one in found] == pytest.approx(row.amounts().tolist())


@pytest.mark.parametrize(
    ("more", "component"), [("Two ways at once", "two"), ("Spoilt pictures", "spoilt"), ("Every layer", "view")]
)
def test_more_about_the_digit(more, component):
    at = page(digit="0", more=more)
    assert not at.error
    assert sent(at, component)


def test_the_digit_comes_spoilt_in_fifteen_ways_with_what_was_measured():
    told = sent(page(digit="0", more="Spoilt pictures"), "spoilt")
    assert [way["id"] for way in told["ways"]] == list(CORRUPTIONS) and len(told["ways"]) == 15
    seven = pixels(mnist("test").images[0])[0].numpy()
    for way in told["ways"]:
        assert (numbers(way["image"]) == corrupt(seven, way["id"], 0).ravel()).all()
    mine = told["measured"][card("best").checksum]
    assert 0 < mine["clean"] < mine["zigzag"] < 1 and told["digits"] == 1000


def test_without_a_file_of_errors_the_pictures_come_alone(monkeypatch):
    monkeypatch.setattr(message, "errors", dict)
    told = sent(page(digit="0", more="Spoilt pictures"), "spoilt")
    assert (told["measured"], told["digits"]) == ({}, 0) and len(told["ways"]) == 15


def test_what_the_pixels_contribute_to_another_output():
    at = page(digit="0", more="What the pixels contribute")
    assert "Integrated gradients." in said(at)
    (own,) = sent(at, "saliency")["networks"]
    assert own["target"] == 7
    at.button_group(key="saliency_target").set_value(2).run()
    (other,) = sent(at, "saliency")["networks"]
    assert other["target"] == 2
    values = numbers(other["pictures"][1]["values"])
    assert len(values) == 784 and abs(values).max() == pytest.approx(other["pictures"][1]["scale"])
    assert f"sum to {values.sum():.3g}".replace("-", "−") in other["note"]


def test_a_network_of_the_session_comes_with_its_weights_and_without_averages():
    at = page(digit="0")
    model, its_card = create_model("original"), card("original")
    for parameter in model.parameters():
        parameter.requires_grad_(False).zero_()
    at.session_state["session_networks"] = {"dead": (model, its_card)}
    at.run()
    at.button_group(key="networks").set_value(["dead"]).run()
    assert not at.exception and "weights-dead" in [e.key for e in at.get("bidi_component")]
    at.button_group(key="more").set_value("pixels").run()
    (dead,) = sent(at, "saliency")["networks"]
    assert "It answers the same whatever it sees" in dead["note"] and dead["pictures"] == []


def test_a_network_of_other_classes_is_held_against_nothing_of_mnist():
    at = page(digit="0")
    clothes = DataSet("Fashion-MNIST", tuple("abcdefghij"), checksum="f")
    its_card = card("original")
    its_card = replace(its_card, recipe=replace(its_card.recipe, data=clothes))
    at.session_state["session_networks"] = {"run-1": (create_model("original"), its_card)}
    at.run()
    at.button_group(key="networks").set_value(["run-1"]).run()
    told = sent(at)
    assert told["digit"]["label"] is None and told["averages"] == {"run-1": {}} and not at.exception
    assert told["lacking"] == [message.STRANGE.format("run-1")]


def test_without_averages_the_page_says_how_to_make_them(monkeypatch):
    monkeypatch.setattr(message, "_averages", lambda: ({}, "stress.parquet is missing: do this."))
    told = sent(page(digit="0"))
    assert told["lacking"] == ["stress.parquet is missing: do this."]
    assert told["averages"] == {"best": {}}


def test_weights_without_averages_are_named(monkeypatch):
    assert message.averages("best", "other weights") == ({}, "No average was measured for the weights of best.")


@pytest.mark.parametrize("name", ["more", "networks", "digit"])
def test_a_link_that_asks_for_nothing_gets_what_is_usual(name):
    at = page(**{"digit": "0", name: ""})
    assert sent(at)["digit"]["label"] == 7


@pytest.mark.parametrize("more", ["Break points", "points", "nonsense"])
def test_an_older_link_to_a_section_that_is_gone_gets_what_is_usual(more):
    assert sent(page(digit="0", more=more), "two")


def test_a_drawing_of_unknown_label():
    at = page(digit="0")
    image = pixels(mnist("test").images[0])
    at.session_state["current_digit"] = Digit(image.numpy(), None, "your drawing", mark="drawing-1")
    told = sent(at.run())
    assert told["digit"]["label"] is None and told["digit"]["mark"] == "drawing-1"
