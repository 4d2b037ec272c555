"""Lessons: what is a step, what is refused with file and line, and that the numbers the shipped one tells are true."""

import re

import pytest
import torch

import lenet
from lenet.classroom import lessons
from lenet.classroom.lessons import LessonError
from lenet.data import mnist, pixels
from lenet.training import Control, Epoch, Step, new_model, train
from lenet.ui.shared.frame import PAGES
from lenet.ui.train.stories import STORIES
from lenet.variant import VARIANTS, layers

GOOD = """title: Draw a 7
page: draw
query: networks=best&digit=7
highlight: board
task: Draw it.
done: reads 7
---
Write a **7**.

## Guess: How many?
- [ ] ten
- [x] 784
## Reveal
28 × 28.
"""


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_step_is_read():
    step = lessons.step(GOOD, "a.md")
    assert (step.title, step.page, step.highlight, step.done) == ("Draw a 7", "draw", "board", ("reads", "7"))
    assert step.query == {"networks": ["best"], "digit": ["7"]}
    assert step.text == "Write a **7**."
    assert step.guess and step.guess.answers == ("ten", "784") and step.guess.right == 1
    assert step.guess.reveal == "28 × 28."


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (changed("page: draw", "page: paint"), 2, "no page 'paint'"),
        (changed("page: draw\n", ""), 6, "needs a page"),
        (changed("title: Draw a 7", "title: A\ntitle: B"), 2, "twice"),
        (changed("highlight: board", "highlight: a { } b"), 4, "highlight"),
        (changed("highlight: board", "hilight: board"), 4, "header"),
        (changed("query: networks=best&digit=7", "query: best"), 3, "query"),
        (changed("done: reads 7", "done: reads seven"), 6, "done is one of"),
        (changed("done: reads 7", "done: wins"), 6, "done is one of"),
        (changed("task: Draw it.\n", ""), 5, "needs a task"),
        (changed("---\n", ""), 13, "three hyphens"),
        (changed("Write a **7**.\n", ""), 8, "no text"),
        (changed("- [x] 784", "- [ ] 784"), 10, "one of them right"),
        (changed("- [ ] ten", "ten"), 11, "an answer is written"),
        (changed("## Reveal\n", ""), 10, "followed by one"),
        (changed("28 × 28.", ""), 13, "nothing is said"),
        (changed("## Guess: How many?", "## Why?"), 10, "can stand"),
        (GOOD + "x" * lessons.LONGEST, 1, "characters at most"),
    ],
)
def test_a_broken_step_is_refused_with_file_and_line(text: str, line: int, why: str):
    with pytest.raises(LessonError, match=why) as refused:
        lessons.step(text, "lessons/mine/01-a.md")
    assert str(refused.value).startswith(f"lessons/mine/01-a.md:{line}: ")


def test_a_question_that_is_not_there_cannot_be_the_task():
    text = changed("done: reads 7", "done: guess").split("## Guess")[0]
    with pytest.raises(LessonError, match="asks nothing"):
        lessons.step(text, "a.md")


def test_a_teachers_own_lesson_is_one_more_folder(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "01-a.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "mine" / "title.txt").write_text("Mine\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "No name").mkdir()
    monkeypatch.setenv(lessons.VARIABLE, str(tmp_path))
    assert list(lessons.folders()) == ["first", "empty", "mine"]
    assert lessons.load("mine").title == "Mine"
    with pytest.raises(LessonError, match="holds no steps"):
        lessons.load("empty")
    with pytest.raises(LessonError, match="There is no lesson called"):
        lessons.load("../../etc")


def test_a_step_that_is_no_text_names_its_folder(tmp_path):
    (tmp_path / "01-a.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LessonError, match=tmp_path.name):
        lessons.read(tmp_path)


def test_the_shipped_lesson_has_fifteen_steps_on_pages_that_exist():
    assert set(lessons.PAGES) <= set(PAGES) - {"lesson"}
    steps = lessons.load("first").steps
    assert len(steps) == 15
    assert all(step.task and step.done[0] for step in steps)
    assert {step.page for step in steps} == {"draw", "inside", "stress", "train", "experiments"}


def told(number: int) -> str:
    """Everything that a step says."""
    step = lessons.load("first").steps[number - 1]
    assert step.guess
    return "\n".join([step.text, step.guess.question, step.guess.answers[step.guess.right], step.guess.reveal])


def test_the_sizes_that_it_tells_are_those_of_the_network():
    table = {layer.name: layer for layer in layers(VARIANTS["best"])}
    rows, columns = table["input"].output_shape[1:]
    assert f"{rows} × {columns} = {rows * columns}" in told(2)
    maps, height, width = table["conv1"].output_shape
    assert maps == 6 and "six feature maps" in told(3)
    field = table["conv1"].receptive_field
    assert field and f"{field.size} × {field.size} pixels" in told(3)
    weights = (table["conv1"].parameters - maps) // maps
    assert f"= {weights} products" in told(4) and f"All {height * width} cells" in told(4)
    assert (
        f"{height} × {width} cells become {table['pool1'].output_shape[1]} × {table['pool1'].output_shape[2]}"
        in told(6)
    )
    assert "relu5" in {layer.name for layer in layers(VARIANTS["original"])} and "relu5" not in table


# What the tests here compute, or what is plain from the sentence itself.
CHECKED = {
    1: "7 7 7",
    2: "784 28 28 28 28 784 0 1",
    3: "5 5 25",
    4: "25 5 5 25 576 25",
    5: "0.8 0 0",
    6: "2 2 0 0.2 0.9 0.3 0.9 24 24 12 12",
    7: "1 1",
    8: "3 3 90 0",
    9: "7 1,000 985 4 4 100 75 1,000",
    10: "",
    11: "6 6 6 6 10 0 10",
    12: "10 0",
    13: "2",
    14: "0.8 0.8 0.8 0.51",
    15: "7 7",
}


def test_no_step_tells_a_number_that_nobody_has_checked():
    for number, step in enumerate(lessons.load("first").steps, start=1):
        assert step.guess
        words = f"{step.text} {step.guess.question} {step.guess.answers[step.guess.right]} {step.guess.reveal}"
        assert " ".join(re.findall(r"(?<!\w)\d+(?:[.,]\d+)*", words)) == CHECKED[number], number


def test_an_untrained_network_guesses_and_a_hundred_steps_make_it_read():
    digits = mnist("test")
    story = STORIES["fast"]
    model, control = new_model(VARIANTS[story.variant], 0), Control()
    found = []
    for event in train(model, story.run(0), mnist("train"), digits, control):
        control.stop = isinstance(event, Step) and event.number == 100
        if isinstance(event, Epoch):
            found.append(event.test_accuracy)
    assert found[0] == pytest.approx(0.1, abs=0.02) and "about one in ten" in told(10)
    assert found[1] > 0.8 and "more than eight in ten" in told(10)


def test_three_runs_show_nothing_of_a_class_that_one_in_five_loses():
    assert f"half of the time: 0.8 × 0.8 × 0.8 = {0.8**3:.2f}." in told(14)


def test_the_3_on_its_side_is_called_a_0():
    step = lessons.load("first").steps[7]
    number = int(step.query["digit"][0])
    digits = mnist("test")
    assert digits.labels[number] == 3
    model = lenet.create_model("best", pretrained=True)
    on_its_side = pixels(digits.images[number])[None].rot90(1, (2, 3))
    for turned in (on_its_side, on_its_side.rot90(2, (2, 3))):
        assert model(turned).argmax() == 0
    assert "called a 0" in told(8)


def test_what_centring_is_worth_is_true():
    digits = mnist("test")
    model = lenet.create_model("original", pretrained=True)
    images, labels = pixels(digits.images[:1000]), digits.labels[:1000]
    moved = torch.zeros_like(images)
    moved[..., 4:, 4:] = images[..., :-4, :-4]
    with torch.inference_mode():
        right, left = (int((model(x).argmax(1) == labels).sum()) for x in (images, moved))
    assert f"original reads {right}." in told(9) and f"{left} of 1,000" in told(9) and left < 100


def test_the_network_that_never_says_6():
    step = lessons.load("first").steps[10]
    (name,), (number,) = step.query["network"], step.query["digit"]
    model = lenet.create_model(name, pretrained=True)
    digits = mnist("test")
    assert digits.labels[int(number)] == 6
    with torch.inference_mode():
        answers = model(pixels(digits.images)).argmax(1)
        trace = model.trace(pixels(digits.images[int(number)])[None])
    assert (answers == 6).sum() == 0 and set(answers.tolist()) == set(range(10)) - {6}
    assert 0.85 < (answers == digits.labels).double().mean() < 0.9  # "nearly nine of ten"
    assert (trace["fc3"].output < 0).all() and (trace["relu5"].output == 0).all()
    assert trace["softmax"].output[0, 6].item() == pytest.approx(0.1)
