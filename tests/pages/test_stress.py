"""The page Stress without a browser."""

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from lenet.data import mnist, pixels
from lenet.paths import ROOT
from lenet.pretrained import card, create_model
from lenet.probes import stress
from lenet.probes.stress import TRANSFORMATIONS
from lenet.ui.shared import saliency
from lenet.ui.shared.digit import Digit
from lenet.ui.stress import parts


def page(**query: str) -> AppTest:
    at = AppTest.from_file(ROOT / "app.py", default_timeout=90).run()
    at.switch_page("pages/stress.py")
    for key, value in query.items():
        at.query_params[key] = value
    return at.run()


def said(at: AppTest) -> str:
    return " ".join(element.value for kind in ("markdown", "caption", "info") for element in at.get(kind))


def test_opened_first_it_shows_a_test_digit_and_every_slider():
    at = page()
    assert not at.exception and not at.error
    assert at.title[0].value == "Stress"
    assert "test digit 0, a 7" in said(at)
    assert [slider.key for slider in at.slider] == list(TRANSFORMATIONS)
    assert len(at.table[0].value) == 2 * len(TRANSFORMATIONS) - 1  # noise has one direction


def test_a_slider_changes_the_answer_and_shows_its_sweep():
    at = page(digit="0")
    at.slider(key="noise").set_value(1.0).run()
    assert not at.exception
    assert at.session_state[parts.CURVE] == "noise"
    image = pixels(mnist("test").images[:1])
    with torch.inference_mode():
        shares = create_model("best", pretrained=True)(stress.transform(image, {"noise": 1.0})).softmax(1)[0]
    assert f"**{int(shares.argmax())}**" in said(at)
    at.button(key="reset").click().run()
    assert at.slider(key="noise").value == 0
    assert "**7**" in said(at)


def test_the_table_says_the_break_points_of_the_sweeps():
    at = page(digit="0")
    at.button_group(key="networks").set_value(["best", "tanh"]).run()
    table = at.table[0].value
    assert list(table.columns) == ["best", "tanh"]
    models = {name: create_model(name, pretrained=True) for name in table.columns}
    image = pixels(mnist("test").images[0])
    for name, row in TRANSFORMATIONS.items():
        swept = stress.sweep(models, image, name)
        for network in models:
            for way, place in zip(row.ways, swept.break_points(network)):
                if way:
                    words = table.loc[f"{row.label}, {way}", network]
                    if place is None:
                        assert words.startswith("holds to")
                    else:
                        amount = row.show(float(swept.amounts[place]))
                        assert words.startswith(f"from {amount}: reads {swept.read(network)[place]}")
    assert table.loc["Rotate, anticlockwise", "best"] == "from +90°: reads 5, and at +36°: reads 1"
    at.button_group(key="networks").set_value(["sigmoid"]).run()
    assert set(at.table[0].value["sigmoid"]) == {"wrong from the start"}
    assert "takes the unchanged digit for a" in said(at) and "no probability rise above 23\xa0%" in said(at)


def test_an_answer_that_comes_back_is_said():
    at = page(digit="1")
    assert at.table[0].value.loc["Rotate, anticlockwise", "best"].startswith("holds to +90°, but not at +")


def test_under_noise_nothing_can_be_centred():
    at = page(digit="0")
    at.toggle(key=parts.AGAIN).set_value(True).run()
    assert "No digit can be found" not in said(at)
    at.slider(key="noise").set_value(0.5).run()
    assert "No digit can be found" in said(at) and not at.exception


def test_normalising_again_hides_a_shift():
    at = page(digit="0")
    at.slider(key="shift").set_value(10.0).run()
    away = said(at)
    at.toggle(key=parts.AGAIN).set_value(True).run()
    assert not at.exception
    assert "**7**" in said(at) and "**7**" not in away
    shift = at.table[0].value.loc["Shift, to the right", "best"]
    assert shift == "holds to +10 pixels"


@pytest.mark.parametrize("more,words", [("two", "probability of 7"), ("pixels", "Integrated gradients.")])
def test_more_about_the_digit(more, words):
    at = page(digit="0")
    at.button_group(key="more").set_value(more).run()
    assert not at.exception and not at.error
    assert words in said(at)


def test_another_output_can_be_explained():
    at = page(digit="0")
    at.button_group(key="more").set_value("pixels").run()
    at.button_group(key="saliency_target").set_value(2).run()
    assert not at.exception
    assert "logit of **2**" in said(at)


def test_a_network_that_says_nothing_gets_a_sentence():
    at = page(digit="0")
    model, its_card = create_model("original"), card("original")
    for parameter in model.parameters():
        parameter.requires_grad_(False).zero_()
    at.session_state["session_networks"] = {"dead": (model, its_card)}
    at.run()
    at.button_group(key="networks").set_value(["dead"]).run()
    assert not at.exception
    assert "cannot tell even the unchanged digit" in said(at)
    for more in ("two", "pixels"):
        at.button_group(key="more").set_value(more).run()
        assert not at.exception
    assert "It answers the same whatever it sees" in said(at)


def test_without_averages_the_page_says_how_to_make_them(monkeypatch):
    monkeypatch.setattr(parts, "_averages", lambda: ({}, "stress.parquet is missing: do this."))
    at = page(digit="0")
    assert not at.exception
    assert "stress.parquet is missing: do this." in said(at)


@pytest.mark.parametrize("wrong", ["nonsense", "1e9", "nan", "-91"])
def test_a_slider_out_of_its_limits_in_the_link_is_neutral(wrong):
    at = page(digit="0", rotate=wrong)
    assert not at.exception
    assert "**7**" in said(at)


@pytest.mark.parametrize("name", [parts.CURVE, "more", "networks"])
def test_a_link_that_asks_for_nothing_gets_what_is_usual(name):
    at = page(digit="0", **{name: ""})
    assert not at.exception
    assert "**7**" in said(at)


def test_a_drawing_of_unknown_label_counts_what_is_read_at_first():
    at = page(digit="0")
    image = pixels(mnist("test").images[0])
    at.session_state["current_digit"] = Digit(image.numpy(), None, "your drawing", mark="drawing-1")
    at.run()
    assert not at.exception
    assert "what the network reads in the unchanged digit" in said(at)


def test_the_picture_of_contributions_has_the_outline_and_the_colours_of_the_signs():
    image = torch.zeros(1, 28, 28)
    image[0, 10:18, 10:18] = 1
    values = torch.zeros(28, 28)
    values[0, 0], values[27, 27] = 1, -1
    found = saliency.picture(
        Digit(image.numpy(), 1, "a square"), type("Found", (), {"values": values})(), 1.0
    )  # the picture needs the values alone
    colours = np.asarray(found).astype(int)
    zoom = saliency.ZOOM
    assert colours.shape == (28 * zoom, 28 * zoom, 3)
    assert tuple(colours[10 * zoom, 12 * zoom]) == saliency.OUTLINE
    assert colours[0, 0][0] > colours[0, 0][2] and colours[-1, -1][2] > colours[-1, -1][0]  # orange, blue
