"""The Train page without a browser: start, watch, stop, come back, draw on the result; links that ask for nonsense."""

import json
import re
import shlex
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import lenet
from benchmarks.app.browser import ROOT
from lenet.data import mnist
from lenet.formatting import duration
from lenet.pretrained import adopt
from lenet.recipe import RECIPES
from lenet.service.queue import WORKERS
from lenet.ui.train import live, pictures, service
from lenet.ui.train.stories import STORIES
from lenet.variant import VARIANTS, Convolution


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


def shown(app: AppTest) -> dict:
    """What the component of the live run was last given."""
    return next(json.loads(one.proto.json) for one in app.get("bidi_component") if "training-pictures" in one.proto.id)


def blocks(app: AppTest) -> dict:
    """What the block picture was last given."""
    return next(json.loads(one.proto.json) for one in app.get("bidi_component") if "built" in one.proto.id)


def test_the_page_says_what_to_do_first():
    app = start()
    assert not app.exception
    assert [app.button(f"story-{key}").label for key in STORIES] == [story.label for story in STORIES.values()]
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
    until(app, lambda app: "contain NaN" in words(app))
    assert "the weights overflowed" in words(app) and not app.exception
    assert "session_networks" not in app.session_state
    assert [button.label for button in app.get("download_button")] == [
        "Weights",
        "PyTorch program",
        "ONNX",
        "Curve as CSV",
    ]


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
    assert "already trained" not in words(app)
    app.button("start").click().run()
    assert "You already trained exactly this" in words(app)
    app.number_input("seed").set_value(12).run()
    app.button("start").click().run()
    assert "already trained" not in words(app)


def test_thirty_who_press_start_train_thirty_networks_and_each_calls_its_first_run_1():
    seeds = []
    for _ in range(2):
        app = start(preset="paper", epochs="1", train_size="300")
        assert not any("Changed from" in caption.value and "Seed" in caption.value for caption in app.caption)
        app.button("start").click().run()
        until(app, lambda app: not app.button("start").disabled)
        seeds.append(app.session_state["seed"])
        assert "already trained" not in words(app) and list(app.session_state["session_networks"]) == ["run-1"]
        app.pills("preset").set_value("quick").run()
        assert app.session_state["seed"] == seeds[-1]
    assert seeds[0] != seeds[1]


def test_the_same_run_of_a_classmate_is_shared_and_said_to_be(monkeypatch):
    for name, said in (("ann", False), ("bob", True)):
        monkeypatch.setattr(service, "owner", lambda name=name: name)
        app = start(preset="paper", epochs="1", train_size="300", seed="14")
        app.button("start").click().run()
        until(app, lambda app: not app.button("start").disabled)
        assert ("A classmate already trained exactly this" in words(app)) == said


def test_who_waits_watches_a_stored_run_and_is_told_so(monkeypatch):
    apps = {}
    for number in range(WORKERS + 1):
        monkeypatch.setattr(service, "owner", lambda name=f"pupil-{number}": name)
        app = start(preset="paper", epochs="400", train_size="5000", seed=str(71 + number))
        apps[service.owner] = app.button("start").click().run()

    def stored(app: AppTest) -> bool:
        return any("stored-run" in one.proto.id for one in app.get("bidi_component"))

    until(app, lambda app: "Waiting: 0 before you in the queue" in words(app) and stored(app))
    assert any("**A stored run**, played back" in one.value for one in app.markdown)
    monkeypatch.setattr(service, "owner", next(iter(apps)))
    first = next(iter(apps.values()))
    first.button("stop").click().run()
    until(app, lambda app: not stored(app))  # its turn: it watches its own
    for owner, one in apps.items():
        monkeypatch.setattr(service, "owner", owner)
        one.run()
        if not one.button("stop").disabled:
            one.button("stop").click().run()


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (19_547, "5 h")]
)
def test_a_wait_is_said_as_people_say_it(seconds, said):
    assert duration(seconds) == said


def test_ones_own_digit_is_told_from_the_test_digits():
    own = pictures.and_own(np.ones((1, 28, 28), np.float32))
    assert [one["name"] for one in own] == [""] * 10 + ["yours"] and own[-1]["label"] == ""


def test_the_command_for_a_pth_file_makes_one_that_is_taken(tmp_path):
    torch.save(lenet.create_model("tanh", pretrained=True).state_dict(), tmp_path / "net.pth")
    subprocess.run([sys.executable, *shlex.split(live.CONVERT)[1:]], cwd=tmp_path, check=True)
    _, card = adopt((tmp_path / "net.safetensors").read_bytes(), "net", mnist("train"), mnist("test")[:500])
    assert card.variant.activation == "tanh" and card.test_accuracy > 0.95


def test_a_run_that_is_stopped_in_its_first_epoch_is_measured_and_diagnosed():
    app = start(preset="quick", lr="10", epochs="1", seed="15")
    app.button("start").click().run()
    until(app, lambda app: "too high: the loss shot up" in words(app))
    app.button("stop").click().run()
    until(app, lambda app: app.get("download_button"))
    assert "The learning rate, 10, is too high" in words(app) and "epoch 1" in words(app)


@pytest.mark.parametrize(
    ("query", "head", "shuffle", "pool"),
    [
        ({}, "linear", "epoch", "2/2/0"),
        ({"head": "RNN along the batch", "shuffle": "never", "pool1": "3/2/0"}, "rnn", "never", "3/2/0"),
        ({"head": "rnn", "shuffle": "never", "pool1": "3/2/0"}, "rnn", "never", "3/2/0"),
        ({"preset": "paper", "shuffle": "each epoch"}, "linear", "epoch", "2/2/0"),
    ],
)
def test_a_link_carries_ids_and_links_of_old_still_open(query, head, shuffle, pool):
    app = start(**query)
    assert not app.exception and "link asks" not in words(app)
    assert [app.selectbox(key).value for key in ("head", "shuffle")] == [head, shuffle]
    assert blocks(app)["texts"].get("pool1", "2/2/0") == pool
    usual = {"head": "linear", "shuffle": "never" if query.get("preset") == "paper" else "epoch", "pool1": "2/2/0"}
    for key, value in (("head", head), ("shuffle", shuffle), ("pool1", pool)):
        assert app.query_params.get(key, [usual[key]]) in (value, [value])


def test_published_curves_lie_beside_ones_own():
    app = start(preset="paper", epochs="1", train_size="300", seed="13")
    app.button("start").click().run()
    until(app, lambda app: not app.button("start").disabled)
    app.multiselect("overlay").set_value(["original", "tanh"]).run()
    accuracy = next(chart for chart in shown(app)["charts"] if chart["key"] == "accuracy")
    names = [line["name"] for line in accuracy["lines"]]
    assert "published: original" in names and "published: tanh" in names and not app.exception


def test_a_story_trains_its_network_from_other_weights_each_time_and_shows_it_under_advanced():
    app = start()
    first = app.session_state["training"].seed
    for seed in (first, first + 1):
        app.button("story-sigmoid").click().run()
        job = service.service().find(app.session_state["training"].runs[-1])
        assert (job.variant, job.recipe.lr, job.recipe.seed) == (VARIANTS["sigmoid"], RECIPES["paper"].lr, seed)
        assert app.pills("activation").value == "sigmoid" and app.number_input("epochs").value == 3
        assert any("gradient bars" in text.value for text in app.markdown)
        assert not any("have changed since" in text.value for text in app.markdown)
        until(app, lambda app: "The gradient vanishes" in words(app))
        app.button("stop").click().run()
        until(app, lambda app: not app.button("start").disabled)


def test_a_paused_run_goes_on_with_another_learning_rate_and_its_card_says_so():
    app = start(preset="paper", epochs="2", train_size="5120", seed="16")
    app.button("start").click().run()
    app.button("step").click().run()
    until(app, lambda app: any(one.label.startswith("Learning rate from here") for one in app.number_input))
    rate = next(one for one in app.number_input if one.label.startswith("Learning rate from here"))
    rate.set_value(0.02).run()
    app.button("change_rate").click().run()
    app.button("resume").click().run()
    until(app, lambda app: "session_networks" in app.session_state)
    [(_, card)] = app.session_state["session_networks"].values()
    assert re.fullmatch(r"trained here, learning rate 0.02 after step \d", card.name) and not app.exception
    assert any("the learning rate was changed to 0.02" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("told", "after"), [("pause", "its first step"), ("step", "its second step"), ("epoch", "an epoch")]
)
def test_a_run_that_has_not_begun_says_where_it_will_pause(told, after):
    def waiting(told):
        from math import inf

        from lenet.recipe import RECIPES
        from lenet.service.queue import Job
        from lenet.service.worker import Command, State
        from lenet.ui.train import live
        from lenet.variant import VARIANTS

        job = Job(1, VARIANTS["best"], RECIPES["quick"], "somebody", awaited=Command(told))
        live.status(job, 2, inf)
        job.state = State.RUNNING
        live.status(job, 0, 0)

    app = AppTest.from_function(waiting, args=(told,)).run()
    assert not app.exception
    assert [info.value for info in app.info] == [
        f"Waiting: 2 before you in the queue. It will pause after {after}.",
        f"About to take the first step … It will pause after {after}.",
    ]


def test_the_builder_has_mean_pooling_and_a_frame_and_a_link_carries_them():
    app = start(preset="paper", epochs="1", train_size="300", seed="17", pool1="2/2/0/average", framed="true")
    app.button("start").click().run()
    until(app, lambda app: not app.button("start").disabled)
    [(_, card)] = app.session_state["session_networks"].values()
    assert [pool.kind for pool in card.variant.pools] == ["average", "max"] and card.variant.size == 32
    assert not app.exception and "framed" in app.query_params


def test_a_link_carries_every_part_of_the_builder_and_the_run_has_it():
    parts = {"conv1": "3/2/1/4", "pool2": "none", "hidden": "20/12", "fc1_act": "tanh", "fc2_drop": "0.5"}
    app = start(preset="paper", epochs="1", train_size="300", seed="18", **parts)
    assert blocks(app)["texts"] == parts and not blocks(app)["problem"]
    app.button("start").click().run()
    until(app, lambda app: not app.button("start").disabled)
    [(_, card)] = app.session_state["session_networks"].values()
    v = card.variant
    assert (v.convs[0], v.pools[1].kind, v.hidden) == (Convolution(3, 2, 1, 4), "none", (20, 12))
    assert v.activations == ("relu", "relu", "tanh", "relu") and v.dropout == (0.0, 0.0, 0.0, 0.5)
    assert all(app.query_params[key] in (text, [text]) for key, text in parts.items())
    app.button("usual_layers").click().run()
    assert blocks(app)["texts"] == {} and not parts.keys() & app.query_params.keys() and not app.exception
    app.switch_page("pages/inside.py").run()
    assert not app.exception


def test_what_was_built_is_kept_where_it_does_not_fit():
    app = start(conv1="9/4/0/6", hidden="33")
    assert "conv2 needs a 5 × 5 input" in words(app) and app.button("start").disabled
    assert blocks(app)["problem"] == "conv2" and blocks(app)["texts"] == {"conv1": "9/4/0/6", "hidden": "33"}
    app.button("nearest").click().run()
    assert "needs" not in words(app) and not app.button("start").disabled
    assert blocks(app)["texts"]["hidden"] == "33" and blocks(app)["texts"]["conv1"] == "9/4/0/6"


def test_what_differs_from_the_preset_is_said():
    app = start(preset="paper")
    assert not any("Changed from" in caption.value for caption in app.caption)
    app.number_input("epochs").set_value(3).run()
    app.selectbox("optimiser").set_value("adam").run()
    assert "Changed from the paper preset: Epochs, Optimiser." in [caption.value for caption in app.caption]
    app.pills("preset").set_value("quick").run()
    assert not any("Changed from" in caption.value for caption in app.caption)


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
        {"pool1": "7/7"},
        {"conv1": "5/1/0"},
        {"hidden": "many"},
        {"fc1_act": "swish"},
        {"conv1_drop": "inf"},
        {"preset": "magic"},
        {"run": "x"},
        {"run": "99999"},
    ],
)
def test_a_link_that_asks_for_nonsense_gets_a_sentence(query):
    app = start(**query)
    assert not app.exception
    assert ("not known here" if "run" in query else "link asks for") in words(app)
