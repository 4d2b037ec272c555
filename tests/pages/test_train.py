"""The Train page without a browser: start, watch, stop, come back, draw on the result; links that ask for nonsense."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.app.browser import ROOT


def start(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page("pages/train.py").run()


def until(app: AppTest, done, seconds: float = 90) -> None:
    """Run the page again and again, as its fragment does, until `done(app)`."""
    deadline = time.monotonic() + seconds
    while not done(app):
        assert time.monotonic() < deadline, "it took too long"
        assert not app.exception, app.exception
        time.sleep(0.3)
        app.run()


def words(app: AppTest) -> str:
    return " ".join(e.value for kind in (app.error, app.warning, app.success, app.info) for e in kind)


def test_the_page_says_what_to_do_first():
    app = start()
    assert not app.exception
    assert "Start" in words(app)
    assert app.button("stop").disabled and app.button("pause").disabled and not app.button("start").disabled


def test_start_watch_and_draw_on_the_result():
    app = start(preset="adam", epochs="2", train_size="2000", batch_size="100", lr="0.002", drawings="0")
    app.button("start").click().run()
    assert not app.exception
    until(app, lambda app: "session_networks" in app.session_state)
    [(_, card)] = app.session_state["session_networks"].values()
    assert card.recipe.train_size == 2000 and card.recipe.epochs == 2 and len(card.history) == 3
    assert card.test_accuracy > 0.5
    assert "learning" in words(app)
    assert not app.button("start").disabled
    app.switch_page("app.py").run()
    assert not app.exception


def test_a_network_whose_weights_are_no_numbers_is_kept_from_the_pages_that_read():
    app = start(preset="paper", lr="100", weight_decay="1", epochs="1", train_size="2000", batch_size="50")
    app.button("start").click().run()
    until(app, lambda app: "no numbers any more" in words(app))
    assert "the weights overflowed" in words(app) and not app.exception
    assert "session_networks" not in app.session_state
    assert [button.label for button in app.get("download_button")] == ["Weights", "Curve as CSV"]


def test_the_next_run_begins_from_the_same_weights_or_on_request_from_others():
    app = start(preset="paper", epochs="1", train_size="300", seed="5")
    for same, seed in ((True, 5), (False, 6), (False, 7), (True, 7)):
        app.toggle("same").set_value(same).run()
        app.button("start").click().run()
        until(app, lambda app: not app.button("start").disabled)
        assert app.session_state["seed"] == seed and not app.exception
    assert [card.seed for _, card in app.session_state["session_networks"].values()] == [5, 6, 7]


def test_the_same_run_asked_again_is_said_to_be_the_same():
    app = start(preset="paper", epochs="1", train_size="300", seed="11")
    app.button("start").click().run()
    until(app, lambda app: not app.button("start").disabled)
    assert "this very run" not in words(app)
    app.button("start").click().run()
    assert "this very run before" in words(app)
    app.number_input("seed").set_value(12).run()
    app.button("start").click().run()
    assert "this very run" not in words(app)


def test_published_curves_lie_beside_ones_own():
    app = start(preset="paper", epochs="1", train_size="300", seed="13")
    app.button("start").click().run()
    until(app, lambda app: not app.button("start").disabled)
    app.multiselect("overlay").set_value(["original", "tanh"]).run()
    accuracy = str(app.get("vega_lite_chart")[0].proto)
    assert "cached: original" in accuracy and "cached: tanh" in accuracy and not app.exception


def test_what_differs_from_the_preset_is_said():
    app = start(preset="paper")
    assert not any("Other than" in caption.value for caption in app.caption)
    app.number_input("epochs").set_value(3).run()
    app.selectbox("optimiser").set_value("adam").run()
    assert "Other than **paper** has it: Epochs, Optimiser." in [caption.value for caption in app.caption]
    app.pills("preset").set_value("quick").run()
    assert not any("Other than" in caption.value for caption in app.caption)


def test_stop_ends_a_long_run_within_moments():
    app = start(preset="paper", epochs="400", train_size="5000", seed="77")
    app.button("start").click().run()
    until(app, lambda app: any("Step" in str(p.proto.text) for p in app.get("progress")))
    app.button("stop").click().run()
    until(app, lambda app: not app.button("start").disabled, seconds=5)


def test_an_impossible_network_names_the_layer_and_offers_the_nearest():
    app = start(depth="4")
    assert "conv" in words(app) and "would fit" in words(app)
    assert app.button("start").disabled
    app.button("nearest").click().run()
    assert not app.exception and "would fit" not in words(app)
    assert not app.button("start").disabled


@pytest.mark.parametrize(
    "query",
    [
        {"epochs": "0"},
        {"lr": "1e9"},
        {"lr": "nan"},
        {"batch_size": "0"},
        {"train_size": "99999999"},
        {"seed": "-1"},
        {"epochs": "many"},
        {"epochs": "1e309"},
        {"seed": "-inf"},
        {"lr": "inf"},
        {"depth": "9"},
        {"depth": "12"},
        {"depth": ""},
        {"activation": ""},
        {"preset": ""},
        {"activation": "swish"},
        {"head": "<script>"},
        {"pool1": "7/7/7"},
        {"preset": "magic"},
        {"run": "x"},
        {"run": "99999"},
    ],
)
def test_a_link_that_asks_for_nonsense_gets_a_sentence(query):
    app = start(**query)
    assert not app.exception
    assert ("not known here" if "run" in query else "link asks for") in words(app)
