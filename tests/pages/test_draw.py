"""The first page without a browser: what it says for every digit, network, link and mishap."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw
from streamlit.testing.v1 import AppTest

from benchmarks.app.browser import ROOT
from lenet import data, pretrained, strokes
from lenet.evaluation import read
from lenet.model import LeNet
from lenet.strokes import Stroke, encode, read_strokes
from lenet.ui.shared import described, digit, networks
from lenet.variant import VARIANTS, layers

SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]
DOT = [(0.5, 0.5), (0.5, 0.52)]
PATHS = [{"type": "Path", "path": [["M", 80, 64], ["L", 240, 64], ["L", 144, 272]], "strokeWidth": 20}]


def start(**query: str | list[str]) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.session_state["digit_open"] = True  # the pop-over with the test digits
    return app.run()


def draw(app: AppTest, points: list[tuple[float, float]], side: int = 320) -> AppTest:
    """What the canvas sends after one stroke."""
    board = Image.new("RGB", (side, side))
    if points:
        places = [(x * side, y * side) for x, y in points]
        ImageDraw.Draw(board).line(places, "white", 20, "curve")
        for place in places:
            ImageDraw.Draw(board).circle(place, 10, "white")
    png = io.BytesIO()
    board.save(png, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
    strokes = [{"type": "Path"}] if points else []
    app.session_state["canvas"] = {"drawing": {"raw": {"objects": strokes}, "data": url}}
    return app.run()


def canvas(app: AppTest, points: list[tuple[float, float]]) -> AppTest:
    """The same with the path of the pen, as the real canvas sends it."""
    path = [["M" if at == 0 else "L", 320 * x, 320 * y] for at, (x, y) in enumerate(points)]
    draw(app, points)
    drawing = app.session_state["canvas"]["drawing"]
    drawing["raw"]["objects"] = [{"type": "Path", "path": path, "strokeWidth": 20}]
    app.session_state["canvas"] = {"drawing": {**drawing, "data": drawing["data"] + " "}}
    return app.run()


def sent(app: AppTest, component: str) -> dict:
    """What the page sends to one of its two components."""
    assert not app.exception
    return next(json.loads(e.proto.json) for e in app.get("bidi_component") if e.key == component)


def answers(app: AppTest) -> dict[str, int | None]:
    """What the chosen networks read, as the browser would: None where there is no digit or no network."""
    found: dict[str, int | None] = {}
    for network in sent(app, "answer")["networks"]:
        shown = looked_at(app)
        usable = shown is not None and not network["problem"]
        model = networks.load(network["name"])[0] if usable else None
        found[network["name"]] = read(model(shown.image[None]).softmax(1))[0] if model else None
    return found


def looked_at(app: AppTest) -> digit.Digit | None:
    """What any other page would look at."""
    if "current_drawing" in app.session_state:
        return digit.from_ink(read_strokes(app.session_state["current_drawing"][0]), digit.DRAWN)
    return app.session_state["current_digit"] if "current_digit" in app.session_state else None  # noqa: SIM401


def problem(app: AppTest) -> str:
    answer = sent(app, "answer")
    return " ".join(filter(None, [answer["problem"], *(network["problem"] for network in answer["networks"])]))


def test_before_the_first_stroke_the_page_says_what_to_do():
    app = start()
    assert "Draw a digit" in sent(app, "answer")["hint"]
    assert answers(app) == {"best": None}


def test_the_page_is_there_before_torch_is():
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; app = AppTest.from_file('app.py', default_timeout=60);"
        "app.run(); assert not app.exception; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0


def test_a_stroke_costs_the_server_no_forward_pass(monkeypatch):
    monkeypatch.setattr(LeNet, "forward", lambda *_: pytest.fail("the browser reads, not the server"))
    monkeypatch.setattr(strokes, "raster", lambda *_: pytest.fail("the browser draws, not the server"))
    app = canvas(start(), SEVEN)
    answer = sent(app, "answer")
    [stroke] = answer["board"]["strokes"]
    assert stroke["points"][:2] == [0.25 * 320, 0.2 * 320] and not stroke["erase"]
    monkeypatch.undo()
    assert looked_at(app).source == "your drawing"
    assert answer["digit"]["drawn"] and answer["digit"]["mark"]
    assert answers(app) == {"best": 7}


def test_the_browser_gets_every_layer_and_the_way_to_the_weights():
    [best] = sent(start(), "answer")["networks"]
    assert [layer["name"] for layer in best["layers"]] == [layer.name for layer in layers(VARIANTS["best"])]
    assert best["url"].endswith("/best.safetensors") and best["mark"] == pretrained.card("best").checksum


def test_the_strokes_of_the_canvas_are_the_drawing():
    """Its pixels may be noise: some browsers give nothing else away."""
    noise = draw(start(), SEVEN)
    drawing = noise.session_state["canvas"]["drawing"]
    app = start()
    app.session_state["canvas"] = {"drawing": {"raw": {"objects": PATHS}, "data": drawing["data"].replace("A", "B")}}
    app.run()
    assert answers(app) == {"best": 7}


def test_a_link_brings_a_drawing_and_undo_takes_it_back():
    app = start(drawing=encode([Stroke(tuple((320 * x, 320 * y) for x, y in SEVEN))]))
    assert answers(app) == {"best": 7}
    assert len(sent(app, "answer")["board"]["strokes"]) == 1
    app.button("undo").click().run()
    assert answers(app) == {"best": None} and app.session_state["board"].blank


def test_a_damaged_drawing_in_the_link_gets_a_sentence():
    app = start(drawing="1%%%")
    assert "board is blank" in app.warning[0].value
    assert answers(draw(app, SEVEN)) == {"best": 7}


def test_the_blank_board_is_not_read():
    app = draw(draw(start(), SEVEN), [])
    assert answers(app) == {"best": None}


def test_a_dot_gets_a_sentence_and_stays_on_the_board():
    app = draw(start(), DOT)
    assert answers(app) == {"best": None}
    assert "draw a digit" in problem(app)
    assert not app.session_state["board"].blank


def test_clear_empties_the_board_for_good():
    app = draw(start(), SEVEN)
    app.button("clear").click().run()
    assert app.session_state["board"].blank
    start_again = sent(app, "canvas")["initialDrawing"]
    assert start_again["objects"] == []
    app.run()  # the canvas must not be told to begin again at every run
    assert sent(app, "canvas")["initialDrawing"] == start_again


def test_a_picture_that_the_canvas_could_not_have_sent():
    app = start()
    app.session_state["canvas"] = {"drawing": {"raw": {"objects": [{}]}, "data": "data:image/png;base64,AAAA"}}
    app.run()
    assert "not a picture" in problem(app)
    assert draw(app, SEVEN) and answers(app) == {"best": 7}


def test_three_networks_read_the_same_stroke():
    app = draw(start(networks=["best", "original", "tanh"]), SEVEN)
    assert list(answers(app)) == ["best", "original", "tanh"]


def test_a_fourth_network_is_one_too_many():
    app = start(networks=["best", "original", "tanh", "sigmoid"])
    assert list(answers(app)) == ["best", "original", "tanh"]
    app = start(networks=["best", "original", "tanh"])
    app.pills("networks").set_value(["best", "original", "tanh", "sigmoid"]).run()
    assert list(answers(app)) == ["original", "tanh", "sigmoid"]


def test_an_unknown_network_in_the_link():
    app = start(networks="alexnet")
    assert "no network called “alexnet”" in app.warning[0].value
    assert "best reads instead" in app.warning[0].value
    assert list(answers(app)) == ["best"]
    assert answers(draw(app, SEVEN)) == {"best": 7}


@pytest.mark.parametrize("number", ["10000", "-1", "seven", "1e3", "", "9" * 400])
def test_a_wrong_number_in_the_link(number: str):
    app = start(digit=number)
    assert "0 to 9999" in problem(app)
    assert answers(draw(app, SEVEN)) == {"best": 7}


def test_a_test_digit_in_the_link():
    app = start(digit="0")  # the first picture of the test set is a 7
    assert answers(app) == {"best": 7}
    assert sent(app, "answer")["digit"]["label"] == 7
    assert answers(draw(app, SEVEN)) == {"best": 7}
    assert app.session_state["current_digit"].source == "your drawing"


def test_the_way_back_from_a_test_digit_to_the_drawing():
    app = draw(start(), SEVEN)
    app.button("digit_random").click().run()
    assert app.session_state["current_digit"].label is not None
    app.button("back").click().run()
    assert app.session_state["current_digit"].source == "your drawing"
    assert answers(app) == {"best": 7}


def test_a_test_digit_may_be_drawn_over():
    app = start(digit="0")
    app.button("over").click().run()
    [below] = sent(app, "answer")["board"]["strokes"]
    assert "picture" in below and sent(app, "answer")["digit"]["drawn"]
    assert answers(app) == {"best": 7}
    app.button("undo").click().run()
    assert answers(app) == {"best": None}


def test_the_pop_over_is_filled_when_it_is_opened():
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.file_uploader and not app.number_input
    app.session_state["digit_open"] = True
    assert len(app.run().file_uploader) == len(app.number_input) == 1


def test_digits_by_chance_and_hard_ones_are_of_the_chosen_class():
    app = start()
    app.pills("digit_class").set_value(4)
    for button in ("digit_random", "digit_hard"):
        app.button(button).click().run()
        assert not app.exception
        assert not app.number_input  # the pop-over has made room for the answer
        assert app.session_state["current_digit"].label == 4
        app.session_state["digit_open"] = True
        app.run()
        assert app.session_state["current_digit"].number == app.number_input("digit_number").value


def test_the_hardest_are_those_that_best_reads_worst():
    model, _ = networks.load("best")
    order = digit.hardest()
    assert sorted(order) == list(range(10_000))

    def right(number: int) -> float:
        shown = digit.test_digit(number)
        return model(shown.image[None]).softmax(1)[0, shown.label].item()

    assert right(order[0]) < right(order[50]) < right(order[-1])
    assert right(order[0]) < 0.5


def picture(mode: str, ink: object, paper: object, **save: object) -> bytes:
    """A 7 in any mode, as a file."""
    sheet = Image.new(mode, (100, 100), paper)
    ImageDraw.Draw(sheet).line([(100 * x, 100 * y) for x, y in SEVEN], ink, 8, "curve")
    file = io.BytesIO()
    sheet.save(file, **save)
    return file.getvalue()


def test_what_would_help_to_read_a_picture_stands_beside_the_answer():
    sheet = Image.new("L", (900, 900), 255)
    ImageDraw.Draw(sheet).line([(400 + 70 * x, 400 + 70 * y) for x, y in SEVEN], 0, 5, "curve")
    file = io.BytesIO()
    sheet.save(file, "PNG")
    app = start()
    app.file_uploader("digit_upload").set_value(("small.png", file.getvalue(), "image/png")).run()
    assert sent(app, "answer")["note"].startswith("Crop closer")


GOOD = {
    "dark on light": picture("RGB", (20, 30, 90), (250, 245, 230), format="PNG"),
    "on a transparent sheet": picture("RGBA", (0, 0, 0, 255), (0, 0, 0, 0), format="PNG"),
    "16 bits": picture("I;16", 60_000, 100, format="PNG"),
    "CMYK": picture("CMYK", (0, 0, 0, 255), (0, 0, 0, 0), format="JPEG"),
    "animated": picture("L", 255, 0, format="GIF", save_all=True, append_images=[Image.new("L", (100, 100), 9)]),
}
BAD = {
    "text": b"this is no picture",
    "nothing": b"",
    "truncated": GOOD["dark on light"][:200],
    "only the first bytes": GOOD["dark on light"][:8],
    "black": picture("L", 0, 0, format="PNG"),
    "white": picture("L", 255, 255, format="PNG"),
}


@pytest.mark.parametrize("kind", GOOD)
def test_an_uploaded_picture_is_read(kind: str):
    app = start()
    app.file_uploader("digit_upload").set_value(("seven.png", GOOD[kind], "image/png")).run()
    assert answers(app) == {"best": 7}
    assert app.session_state["current_digit"].source == "an uploaded picture"
    taken = np.asarray(Image.open(io.BytesIO(app.session_state["current_digit"].taken)).convert("RGB"), int)
    pink = (taken[..., 0] - taken[..., 1] > 80) & (taken[..., 2] - taken[..., 1] > 20)
    assert 0.02 < pink.mean() < 0.3  # the pen's marks and the frame around them


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_picture_gets_a_sentence_and_the_drawing_is_kept(kind: str):
    app = draw(start(), SEVEN)
    app.file_uploader("digit_upload").set_value(("seven.png", BAD[kind], "image/png")).run()
    message = problem(app)
    assert message.endswith(".") and "Traceback" not in message
    assert answers(app) == {"best": 7}
    assert not app.session_state["board"].blank


def test_a_damaged_weights_file(tmp_path, monkeypatch):
    (tmp_path / "best.safetensors").write_bytes(b"nonsense")
    monkeypatch.setattr(networks, "FOLDER", tmp_path)
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    monkeypatch.setattr(described, "PRETRAINED", tmp_path)
    networks._shipped.clear()
    app = draw(start(), SEVEN)
    networks._shipped.clear()
    assert "best.safetensors is damaged" in problem(app)
    assert answers(app) == {"best": None}


def test_no_weights_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "FOLDER", tmp_path)
    app = draw(start(), SEVEN)
    assert not app.exception
    assert "git checkout" in app.error[0].value


def test_missing_data(monkeypatch):
    def missing(*_):
        raise data.DataError("MNIST's file is missing. Restore it.")

    monkeypatch.setattr(data, "mnist", missing)
    monkeypatch.setattr(digit, "pictures", missing)
    digit.hardest.clear()
    app = start()
    for button in ("digit_random", "digit_hard"):
        app.session_state["digit_open"] = True
        app.run().button(button).click().run()
        assert "Restore it" in problem(app)
    assert answers(draw(app, SEVEN)) == {"best": 7}
