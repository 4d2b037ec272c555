"""The picker of networks: a few at hand, the others on request, all by link."""

import gc
import shutil
import weakref

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.app.browser import ROOT
from lenet.pretrained import WeightsError, load
from lenet.ui.shared import networks


@pytest.fixture
def more(tmp_path, monkeypatch):
    """A folder that has one network more than those in every picker."""
    for name in networks.FIRST:
        shutil.copy(networks.FOLDER / f"{name}.safetensors", tmp_path)
    shutil.copy(networks.FOLDER / "tanh.safetensors", tmp_path / "zebra.safetensors")
    monkeypatch.setattr(networks, "FOLDER", tmp_path)


def picker(most: int) -> AppTest:
    def page(most: int) -> None:
        import streamlit as st

        from lenet.ui.shared import networks

        st.session_state["chosen"] = networks.choose("networks", most)
        st.session_state["said"] = networks.removed()

    return AppTest.from_function(page, args=(most,))


@pytest.mark.parametrize(("most", "chosen"), [(1, ["zebra"]), (3, ["best", "zebra"])])
def test_another_network_is_put_beside_the_others(more, most, chosen):
    app = picker(most).run()
    assert app.pills("networks").options == list(networks.FIRST)
    app.selectbox("networks-another").set_value("zebra").run()
    assert app.pills("networks").options == [*networks.FIRST, "zebra"]
    assert app.session_state["chosen"] == chosen
    assert not app.selectbox  # there is no other
    app.pills("networks").set_value("best" if most == 1 else ["best"]).run()
    assert "zebra" in app.pills("networks").options


def test_a_fourth_one_takes_the_place_of_the_first_and_that_is_said(more):
    app = picker(3).run()
    app.pills("networks").set_value(["best", "original", "tanh"]).run()
    assert not app.session_state["said"]
    app.pills("networks").set_value(["best", "original", "tanh", "sigmoid"]).run()
    assert app.session_state["chosen"] == ["original", "tanh", "sigmoid"]
    assert app.session_state["said"] == "Three at most, so best was removed."
    assert not app.run().session_state["said"]  # once
    assert not app.toast  # it would take the page's styles with it


def test_a_network_keeps_its_colour_when_another_goes(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    blue, orange, green = networks.colours(["best", "original", "tanh"])
    assert networks.colours(["original", "tanh"]) == [orange, green]
    assert networks.colours(["original", "tanh", "sigmoid"]) == [orange, green, blue]


def test_the_last_one_cannot_be_taken_away(more):
    app = picker(3).run()
    app.pills("networks").set_value([]).run()
    assert app.pills("networks").value == app.session_state["chosen"] == ["best"]
    app.query_params["networks"] = ""
    app.run()
    assert not app.warning and app.session_state["chosen"] == ["best"]


def test_a_link_brings_it_at_once(more):
    app = picker(3)
    app.query_params["networks"] = ["tanh", "zebra"]
    app.run()
    assert app.session_state["chosen"] == ["tanh", "zebra"]


def test_the_page_has_the_networks_that_are_at_hand():
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert app.pills("networks").options == list(networks.FIRST)


def test_who_left_leaves_no_rubbish_behind():
    class Visitor:
        pass

    visitor = Visitor()
    visitor.itself = visitor
    left = weakref.ref(visitor)
    gc.disable()  # or it might be collected by chance
    try:
        del visitor
        assert left() is not None
        networks.tidy()
        assert left() is None
    finally:
        gc.enable()


def test_a_session_keeps_its_newest_networks(monkeypatch):
    def page() -> None:
        import streamlit as st

        from lenet.pretrained import load
        from lenet.ui.shared import networks

        for _ in range(4):
            networks.add_session_network("mine", *load(networks.FOLDER / "best.safetensors"))
        st.session_state["there"] = [name for name in networks.names() if name.startswith("mine")]

    monkeypatch.setattr(networks, "MOST_OF_A_SESSION", 3)
    assert AppTest.from_function(page).run().session_state["there"] == ["mine-2", "mine-3", "mine-4"]


def test_somebodys_text_in_a_sentence_is_no_markdown():
    said = networks.plain("The file: activation '![x](http://a.b/p.png) **bold** `code` $x$\n\n# big <b>' is unknown.")
    assert not set(said) & set("[]<>`*$#/\n") and said.startswith("The file: activation") and "is unknown." in said


@pytest.mark.parametrize(("size", "words"), [(float("inf"), "contain NaN"), (1e30, "so large")])
def test_a_network_that_can_answer_nothing_is_refused(size, words):
    model, card = load(networks.FOLDER / "best.safetensors")
    model.conv1.weight.fill_(size)
    model.conv2.weight.fill_(size)
    with pytest.raises(WeightsError, match=words):
        networks.add_session_network("mine", model, card)
