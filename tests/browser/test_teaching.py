"""docs/teaching.md, followed word by word: every step is where the script says, asks what it says, and has its answer;
the class's tabs hold what is to be pressed there; the worksheet is what it says."""

import re
from statistics import median

import pytest

from benchmarks.app.browser import board, stroke
from lenet.classroom import lessons
from lenet.classroom.store import FOLDER_VARIABLE, Store
from lenet.strokes import Stroke, encode
from lenet.study import curves
from tests.server import ROOT, Server, settled

pytestmark = pytest.mark.browser
SCRIPT = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
LINE = r"^\| [\d–]+ \| \[step (\d+)\]\((/[^)]+)\) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$"
ROWS = re.findall(LINE, SCRIPT, re.MULTILINE)
TABS = re.findall(r"^\| ([A-Z][a-z ]+) \| ((?:\*\*[^|]+\*\*)?)\s*\| [^|]+ \|$", SCRIPT, re.MULTILINE)
SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]
STEPS = lessons.load("first").steps


def test_the_script_follows_the_lesson_and_has_its_answers():
    assert len(ROWS) > 10
    for number, link, title, _, expected in ROWS:
        step = STEPS[int(number) - 1]
        assert step.title == title
        assert link.split("?")[0] == ("/" if step.page == "draw" else f"/{step.page}")
        assert f"step={number}" in link
        assert all(f"{key}={value}" in link for key, values in step.query.items() for value in values)
        assert step.guess
        first = re.split(r"[,;:.](?:\s|$)", expected)[0].lower()
        assert first in f"{step.guess.answers[step.guess.right]} {step.guess.reveal}".lower(), (number, first)


def test_four_layers_read_fewer_digits_than_two():
    runs = curves.histories(curves.read())
    ends = {"original": [], "depth-4": []}
    for run, history in runs.items():
        if run.variant in ends and run.recipe == "paper" and run.lr == 0.1:
            ends[run.variant].append(history.test_accuracy[-1])
    assert "the median run with four layers reads fewer" in SCRIPT
    assert median(ends["depth-4"]) < median(ends["original"])


def test_every_link_shows_what_the_script_says(server: Server, new_page, tmp_path):
    page = new_page()
    for number, link, title, _, _ in ROWS:
        page.goto(server.url + link)
        page.locator(".st-key-lesson").get_by_text(title).first.wait_for(timeout=60_000)
        settled(page)
        guess = STEPS[int(number) - 1].guess
        page.locator("[class*=st-key-lesson-guess] button").nth(guess.right).click()
        page.locator(".st-key-lesson", has_text="Right.").wait_for()
        assert not page.locator("[data-testid=stException]").count()
    misread(page)
    page.goto(f"{server.url}/lesson?digit=7")
    with page.expect_download() as download:
        page.locator(".st-key-worksheet button").click(timeout=60_000)
    download.value.save_as(tmp_path / "worksheet.html")
    sheet = (tmp_path / "worksheet.html").read_text(encoding="utf-8")
    assert sheet.count("<section>") == 2 and sheet.index("Key") > sheet.index("</section>")
    assert len(re.findall(r"<td></td>", sheet)) == 25  # products to fill in
    assert sheet.count("<li>") == 2 * 5 and "The network does not round" in sheet
    page.goto((tmp_path / "worksheet.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 2  # the tasks, and the key on a sheet of its own


def misread(page) -> None:
    """The strip over pen time and the picture that the network gets, on the last step's page."""
    assert "**Drag the strip**" in SCRIPT and "**Look at the 28 × 28 picture.**" in SCRIPT
    board(page)
    stroke(page, SEVEN)
    page.locator(".st-key-answer").get_by_text("7", exact=True).first.wait_for()
    page.get_by_role("slider", name="Pen time").wait_for()
    page.locator(".st-key-view canvas").first.wait_for()


def test_the_tabs_of_the_class_hold_what_the_script_presses(new_page, tmp_path):
    store = Store(tmp_path)
    code, secret = store.open()
    teacher = store.teacher(code, secret)
    strokes = [encode([Stroke(((100, 60), (100 + 10 * label, 260)))]) for label in range(10)]
    teacher.put([(writer, label, strokes[label]) for writer in range(4) for label in range(10)])
    server = Server(environment={FOLDER_VARIABLE: str(tmp_path)})
    page = new_page()
    try:
        page.goto(f"{server.url}/class")
        page.get_by_role("button", name="Open a class").wait_for()
        page.goto(f"{server.url}/class?class={code}&teacher={secret}")
        tabs = page.locator(".st-key-class_section button")
        tabs.first.wait_for(timeout=60_000)
        assert [tab for tab, _ in TABS] == tabs.all_inner_texts()
        for tab, press in TABS:
            page.locator(".st-key-class_section").get_by_text(tab, exact=True).click()
            settled(page)
            labels = re.findall(r"\*\*([^*]+)\*\*", press)
            for place, label in enumerate(labels):
                button = page.locator(".stMain").get_by_role("button", name=label, exact=True).last
                button.wait_for(timeout=60_000)
                if place < len(labels) - 1:
                    button.click()
            assert not page.locator("[data-testid=stException]").count()
    finally:
        server.stop()
