"""The page Look inside without a browser, and what it sends to one."""

import re
import subprocess
import sys
import zlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lenet import data
from lenet.classroom import lessons
from lenet.data import DataError
from lenet.own_data import Loaded, Pictures
from lenet.paths import PRETRAINED, ROOT
from lenet.pretrained import create_model, load
from lenet.recipe import DataSet
from lenet.study.experiments import experiment
from lenet.study.measures import CONTRASTS, MEASURES, contrast
from lenet.ui.inside import kernels, living
from lenet.ui.shared import digit, grids
from lenet.ui.train import service
from tests import javascript


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


@pytest.mark.parametrize(
    "file,section,view",
    [
        ("inside", "network", "inside-view"),
        ("inside", "kernels", "kernels-view"),
        ("inside", "evidence", "does-view"),
        ("inside", "tape", "tape"),
        ("stress", "", "stress"),
    ],
)
def test_the_browser_has_all_it_needs_before_torch_is_there(file, section, view):
    code = f"""if True:
        import sys
        sys.modules["torch"] = None  # whoever imports it fails
        from streamlit.testing.v1 import AppTest
        at = AppTest.from_file("{ROOT}/app.py", default_timeout=60)
        at.session_state["section"] = "{section}"
        at.switch_page("pages/{file}.py").run()
        assert not at.exception and not at.error
        assert any(one.proto.id.endswith("-{view}") for one in at.get("bidi_component"))
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_the_paper_reads_by_eye_is_measured_as_in_the_experiments():
    weights = {
        layer: create_model("original", pretrained=True).get_parameter(f"{layer}.weight").detach().numpy()
        for layer in ("conv1", "conv2")
    }
    ours = [
        javascript.run(
            f"""import {{ contrastOf }} from "@network/inside/kernels.js"
            console.log(contrastOf({weights[one["layer"]][one["kernel"]].mean(0).ravel().tolist()},
                {str(one["half"]).lower()}))"""
        )
        for one in kernels.guesses()
    ]
    assert ours == pytest.approx([contrast(name, weights) for name in kernels.READ_BY_EYE], rel=1e-4)


def test_missing_data_are_a_sentence(monkeypatch):
    def gone(_: str) -> None:
        raise DataError("no data")

    at = page(section="evidence", inside_tests=True)  # the browser has asked for the test digits
    assert not at.exception and not at.error
    living.digits.clear()
    monkeypatch.setattr(living, "pictures", gone)
    at.run()
    assert not at.exception
    assert [error.value for error in at.error] == ["no data"]


def test_the_tape_has_no_picker_of_networks_and_the_choice_survives_it():
    at = page(section="kernels")
    at.button_group(key="network").set_value("tanh").run()
    at.button_group(key="section").set_value("tape").run()
    assert not at.exception and "network" not in [one.key for one in at.button_group]
    at.button_group(key="section").set_value("network").run()
    assert not at.exception and at.button_group(key="network").value == "tanh"


def test_kernels_count_from_0_wherever_they_are_named():
    asked = experiment("kernels")
    words = [one.words for one in MEASURES.values()]
    words += [asked.guess.question, *(claim.words for claim in asked.claims)]
    for step in (step for name in lessons.folders() for step in lessons.load(name).steps):
        words += [step.text, step.task]
        words += [step.guess.question, *step.guess.answers, step.guess.reveal] if step.guess else []
    assert not [text for text in words if re.search(r"#\d|kernel number|kernel 6 of conv1|kernel 16 of conv2", text)]
    assert [answer.words for answer in asked.guess.answers.values()] == [f"kernel {number}" for number in range(6)]
    for one, (layer, number, _) in zip(kernels.guesses(), map(CONTRASTS.get, kernels.READ_BY_EYE)):
        assert (one["layer"], one["kernel"]) == (layer, number - 1)
        assert f"(kernel {number - 1}, counted from 0)" in one["words"]


def test_the_test_digits_are_sent_small_and_whole():
    sent = living.digits()
    length = int.from_bytes(sent[:4], "little")
    assert sent[4 : 4 + length].decode() == living.MARK
    content = np.frombuffer(zlib.decompress(sent[4 + length :]), np.uint8)
    test = data.mnist("test")
    assert len(sent) < 300_000
    assert content[:1000].tolist() == test.labels[::10].tolist()
    assert np.array_equal(content[1000:], test.images[::10].numpy().ravel())


def test_a_network_is_tested_on_what_it_learnt_from():
    shades = np.arange(24).reshape(24, 1, 1)
    mine = Pictures(np.broadcast_to(shades, (24, 28, 28)).astype("u1").copy(), np.arange(24) % 3)
    clothes = DataSet("clothes", ("hat", "coat", "shoe"), checksum="clothes")
    its_card = load(PRETRAINED / "best.safetensors")[1]
    its_card = replace(its_card, recipe=replace(its_card.recipe, data=clothes))
    service.service().keep(Loaded(clothes, mine, mine))
    told = living.tests(clothes)
    assert (told["what"], told["every"], told["problem"]) == ("test pictures of clothes", 1, "")
    sent = living.digits(told["mark"], 1, clothes)
    content = np.frombuffer(zlib.decompress(sent[4 + len(told["mark"]) :]), np.uint8)
    assert (content[:24] == mine.labels).all() and (content[24:].reshape(24, 784)[:, 0] == np.arange(24)).all()
    service.service().forget("clothes")
    assert "clothes are not here any more" in living.tests(clothes)["problem"]


def test_a_challenge_sets_up_its_network_and_digit():
    _, network, number = living.CHALLENGES["repair"]
    test = data.mnist("test")
    assert network == "original-dead" and test.labels[number] == 6
    seven = living.CHALLENGES["break"][2]
    assert test.labels[seven] == living.BROKEN == 7
    nine = 7
    for asked, network, number, expected in [
        ("break", "original", seven, "break"),
        ("break", "original", nine, ""),  # a link may bring another digit
        ("break", "tanh", seven, ""),
        ("repair", "original-dead", nine, "repair"),
        ("other", "original", seven, ""),
    ]:
        assert living.fitting(asked, network, digit.test_digit(number)) == expected


def test_the_table_of_kernels_holds_every_weight_to_the_last_figure():
    weights = np.random.default_rng(0).normal(size=(2, 3, 5, 5)).astype("f4")
    head, *rows = javascript.run(f"""import {{ csvOf }} from "@network/inside/kernel-files.js"
        const all = Float32Array.from({weights.ravel().tolist()})
        const grid = (kernel, map) => all.subarray((kernel * 3 + map) * 25, (kernel * 3 + map + 1) * 25)
        console.log(JSON.stringify(csvOf([{{ stage: {{ name: "conv2" }}, count: 2, inputs: 3, side: 5, grid }}])))
    """).splitlines()
    assert head == "layer,kernel,input_map,row,column,weight" and len(rows) == 150
    for line in rows:
        layer, *place, weight = line.split(",")
        assert layer == "conv2" and np.float32(weight) == weights[tuple(map(int, place))]
    assert "1e-10" not in rows[0] and len(max(rows, key=len)) < 35  # no more figures than that takes


def test_a_sheet_has_a_place_for_every_grid():
    numbers = np.linspace(-1, 1, 6 * 25).reshape(6, 5, 5)
    picture = grids.sheet(numbers, [f"{k}" for k in range(6)], across=3, zoom=10, signed=True)
    assert picture.width > 3 * 50 and picture.height > 2 * 50


def test_no_picture_is_sent_anew_in_each_run_and_no_style_wants_a_new_browser():
    """Streamlit's pictures flash; OffscreenCanvas and light-dark() are missing in Safari before 16.4 and 17.5."""
    folder = ROOT / "lenet" / "ui"
    parts = ("inside", "stress", "train")
    files = [ROOT / "pages" / f"{part}.py" for part in parts]
    for file in [*files, *(file for part in parts for file in (folder / part).glob("*.py"))]:
        assert "st.image(" not in file.read_text(encoding="utf-8"), file
    for file in (folder / "network").rglob("*.js"):
        assert "OffscreenCanvas" not in file.read_text(encoding="utf-8"), file
    for file in folder.rglob("*.css"):
        css = re.sub(r"(?ms)^@supports \(color: light-dark.*?^}", "", file.read_text(encoding="utf-8"))
        lines = [line.strip() for line in css.splitlines()]
        for before, line in pairwise(lines):
            if "light-dark(" in line:
                assert before.split(":")[0] == line.split(":")[0], f"{file}: {line} has no fallback"
