"""The page Class without a browser: its door, its teacher, its pupil, and what is refused."""

import json
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from lenet.classroom.store import ClassError, Store
from lenet.formatting import percent
from lenet.paths import PRETRAINED
from lenet.pretrained import load
from lenet.recipe import MNIST
from lenet.strokes import Stroke, encode
from lenet.ui.shared import membership
from tests.server import ROOT


@pytest.fixture
def store(monkeypatch) -> Store:
    made = Store()
    monkeypatch.setattr(membership, "store", lambda: made)
    return made


def page(**query: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    at.switch_page("pages/class.py")
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def keys(at: AppTest) -> set[str]:
    return {button.key for button in at.button}


def test_nobody_is_in_a_class_at_first(store):
    at = page()
    assert not at.exception and not at.error
    assert "memory" in at.caption[-1].value


def test_a_link_opens_a_class_and_its_address_holds_no_secret(store):
    at = page(open="ABC234")
    assert not at.exception and store.has("ABC234")
    assert at.query_params["class"] in ("ABC234", ["ABC234"]) and "open" not in at.query_params
    assert at.session_state["class_keys"]["ABC234"][0] == "teacher"
    again = page(open="ABC234")  # somebody else with the same link
    assert "already" in again.error[0].value and "class_keys" not in again.session_state


def test_the_teacher_s_link_loses_its_secret_and_a_wrong_one_opens_nothing(store):
    code, secret = store.open()
    at = page(**{"class": code, "teacher": secret})
    assert "teacher" not in at.query_params and {"lead", "nicknames"} <= {toggle.key for toggle in at.toggle}
    wrong = page(**{"class": code, "teacher": secret[:-1]})
    assert "whole teacher's link" in wrong.error[0].value
    assert keys(wrong) == {"join"} and "teacher" not in wrong.query_params


def test_a_pupil_joins_with_one_tap_and_leaves_with_another(store):
    code, secret = store.open()
    at = page(**{"class": code})
    at.button(key="join").click().run()
    assert list(store.teacher(code, secret).view().pupils) == [1] and keys(at) == {"leave"}
    at.button(key="leave").click().run()
    assert keys(at) == set()


@pytest.mark.parametrize("typed", ["222222", "12", "<b>bold</b>", "ABC23O"])
def test_a_wrong_code_gets_a_sentence_that_does_not_repeat_it(store, typed):
    at = page(**{"class": typed})
    assert not at.exception and "no class" in at.error[0].value and typed not in at.error[0].value


def test_a_class_that_was_deleted_is_over_for_its_pupils(store):
    code, secret = store.open()
    at = page(**{"class": code})
    at.button(key="join").click().run()
    store.teacher(code, secret).delete()
    at.run()
    assert not at.exception and keys(at) == set() and "no class" in at.error[0].value


def test_a_folder_that_cannot_be_used_is_said(monkeypatch):
    def broken():
        raise ClassError("Classes cannot be kept in /nowhere.")

    monkeypatch.setattr(membership, "store", broken)
    at = page()
    assert not at.exception and "cannot be kept" in at.error[0].value


def test_what_a_browser_makes_up_is_refused_without_a_trace(store, monkeypatch):
    from lenet.ui.classroom import pupil

    code, secret = store.open()
    me = store.pupil(code, store.join(code))
    teacher = store.teacher(code, secret)
    teacher.ask("Which?", ["a", "b"])
    state: dict = {}
    monkeypatch.setattr(pupil.st, "session_state", state)
    for sent in (
        None,
        "x",
        [],
        {"vote": {"question": "1", "choice": 0}, "drawings": 3},
        {"vote": {"question": True, "choice": 1e9}, "drawings": [None, {}, {"mark": ["a"], "label": "<b>"}]},
        {"vote": {"question": 10**30, "choice": -1}, "drawings": [{"mark": "m", "label": 1, "strokes": {"a": 1}}]},
    ):
        state[pupil.KEY] = {"sent": sent}
        pupil._sent(me)
    assert teacher.view().question.voted == 0 and teacher.wall() == []


def test_the_class_s_digits_go_to_the_page_train(store):
    code, secret = store.open()
    teacher = store.teacher(code, secret)
    strokes = [encode([Stroke(((100, 60), (100 + 10 * label, 260)))]) for label in range(10)]
    teacher.put([(writer, label, strokes[label]) for writer in range(4) for label in range(10)])
    at = page(**{"class": code, "teacher": secret})
    at.segmented_control(key="class_section").set_value("test").run()
    assert "40 digits by 4 writers" in " ".join(text.value for text in at.markdown)
    at.segmented_control(key="class_section").set_value("train").run()
    at.button(key="train-on-us").click().run()
    assert not at.exception and at.title[0].value == "Train"
    assert at.session_state["data"] == f"class {code}"
    token = store.join(code)
    pupil = learning(code, token)
    assert f"class {code}" in pupil.button_group(key="data").options  # as soon as the teacher chose them
    pupil.button_group(key="data").set_value(f"class {code}").run()
    assert not pupil.exception and any(f"class {code}: 10 classes" in text.value for text in pupil.caption)
    assert not pupil.get("own_class") and "own_class" in [button.key for button in at.button]
    teacher.put([(9, 3, strokes[3])])
    at.button(key="own_class").click().run()
    assert at.session_state["data"] == f"class {code}+" and not at.exception
    at.switch_page("pages/class.py").run()
    at.segmented_control(key="class_section").set_value("keep").run()
    at.button(key="delete").click().run()
    pupil.run()
    assert f"class {code}" not in pupil.button_group(key="data").options


def learning(code: str, token: str) -> AppTest:
    """A pupil's page Train."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    at.session_state["class_keys"] = {code: ("pupil", token)}
    at.session_state["class_code"] = code
    return at.switch_page("pages/train.py").run()


def test_the_files_are_there_before_they_are_asked_for(store):
    """What Streamlit makes only when it is asked for, it throws away as soon as two other pages have run."""
    code, secret = store.open()
    teacher = store.teacher(code, secret)
    seven = encode([Stroke(((90, 80), (230, 80), (150, 260)))])
    teacher.put([(1, 7, seven)])
    at = page(**{"class": code, "teacher": secret})
    at.segmented_control(key="class_section").set_value("keep").run()
    buttons = [button.proto for button in at.get("download_button")]
    assert not at.exception and len(buttons) == 4
    assert all(button.url and not button.deferred_file_id for button in buttons)
    before = at.session_state["class_files"]
    at.run()
    assert at.session_state["class_files"] is before
    teacher.put([(2, 7, seven)])
    at.run()
    assert at.session_state["class_files"] is not before and len(at.session_state["class_files"][0]) == 2
    at.button(key="delete").click().run()
    assert "class_files" not in at.session_state


def test_a_digit_from_the_wall_can_be_asked_about_and_a_reload_stays_in_the_section(store):
    code, secret = store.open()
    teacher = store.teacher(code, secret)
    teacher.put([(1, 7, encode([Stroke(((90, 80), (230, 80), (150, 260)))]))])
    at = page(**{"class": code, "teacher": secret})
    at.segmented_control(key="class_section").set_value("vote").run()
    at.button(key="from-wall").click().run()
    at.button(key="ask").click().run()
    assert not at.exception
    assert teacher.view().question.text == "What will the network “best” read?" and teacher.view().stage == "vote"
    teacher.reveal()
    asked = teacher.view().question
    assert asked.truth == 7 and "It is a 7." in asked.note
    again = page(**{"class": code, "teacher": secret})
    assert again.segmented_control(key="class_section").value == "vote"


def test_a_drawing_travels_in_the_link_to_every_page_that_takes_a_digit(store):
    seven = encode([Stroke(((90, 80), (230, 80), (150, 260)))])
    for file in ("stress", "inside"):
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
        at.switch_page(f"pages/{file}.py")
        at.query_params["drawing"] = seven
        at.run()
        assert not at.exception and "Looking at **your drawing**" in [text.value for text in at.markdown]
        assert at.session_state["current_digit"].drawing == seven
        at.query_params["drawing"] = "1<b>"
        at.run()
        assert "part of a drawing" in at.error[0].value


def test_the_address_has_the_drawing_until_another_digit_is_looked_at():
    seven = Stroke(((90, 80), (230, 80), (150, 260)))
    for file in ("stress", "inside"):
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
        at.session_state["current_drawing"] = [seven], "on the board"
        at.switch_page(f"pages/{file}.py").run()
        assert not at.exception and at.query_params["drawing"] == encode([seven])
        at.query_params["digit"] = "5"
        at.run()
        assert not at.exception and "drawing" not in at.query_params
        assert any("Looking at **test digit 5" in text.value for text in at.markdown)


def test_which_map_lights_up_is_asked_about_the_digit_that_is_looked_at(store):
    code, secret = store.open()
    at = page(**{"class": code, "teacher": secret})
    at.segmented_control(key="class_section").set_value("vote").run()
    at.segmented_control(key="ask_kind").set_value("map").run()
    at.button(key="ask").click().run()
    assert not at.exception
    teacher = store.teacher(code, secret)
    assert len(teacher.view().question.shown["kernels"]) == 6 and teacher.view().question.truth is None
    teacher.reveal()
    assert teacher.view().question.truth in range(6) and "The means after relu1" in teacher.view().question.note


def test_a_step_of_the_lesson_is_asked_to_the_class(store):
    code, secret = store.open()
    at = page(**{"class": code, "teacher": secret})
    at.segmented_control(key="class_section").set_value("vote").run()
    at.segmented_control(key="ask_kind").set_value("step").run()
    at.button(key="ask").click().run()
    teacher = store.teacher(code, secret)
    teacher.reveal()
    asked = teacher.view().question
    assert not at.exception and asked.truth is not None and asked.note and "*" not in asked.note


def test_a_made_up_secret_is_no_way_to_try_codes_in_bulk(store):
    code, _ = store.open()
    at = page()
    said = []
    for _ in range(70):
        at.query_params["class"], at.query_params["teacher"] = "222222", "x"
        said.append(at.run().error[0].value)
    assert "no class" in said[0] and "Too many wrong codes" in said[-1]
    at.query_params["class"], at.query_params["teacher"] = code, "x"
    assert "Too many wrong codes" in at.run().error[0].value


def test_a_network_that_learnt_from_the_class_is_tested_on_other_writers_and_on_mnist(store):
    code, secret = store.open()
    strokes = [encode([Stroke(((100, 60), (100 + 10 * label, 260)))]) for label in range(10)]
    store.teacher(code, secret).put([(writer, label, strokes[label]) for writer in range(8) for label in range(10)])
    model, card = load(PRETRAINED / "best.safetensors")
    learnt = replace(card.recipe, data=replace(MNIST, name=f"class {code}", checksum="c"))
    at = page(**{"class": code, "teacher": secret})
    at.session_state["session_networks"] = {"ours": (model, replace(card, recipe=learnt, test_accuracy=0.1))}
    at.query_params["networks"] = "ours"
    at.segmented_control(key="class_section").set_value("test").run()
    shown = next(json.loads(e.proto.json) for e in at.get("bidi_component") if e.key == "score")
    assert not at.exception and [one["name"] for one in shown["networks"]] == ["ours"]
    mnist = shown["networks"][0]["results"][1]
    assert sum(map(sum, shown["details"]["confusion"])) == 20  # writers 4 and 8
    assert mnist["text"].startswith(percent(card.test_accuracy, 2))
    assert "has not seen: 2" in " ".join(text.value for text in at.caption)
