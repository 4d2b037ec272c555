"""docs/teaching.md, followed link by link: every step is where the script says, and shows what it says."""

import re
from statistics import median

import pytest

from lenet.classroom import lessons
from lenet.study import curves
from tests.server import ROOT, Server

pytestmark = pytest.mark.browser
SCRIPT = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| [\d–]+ \| \[step (\d+)\]\((/[^)]+)\) \| ([^|]+) \|", SCRIPT, re.MULTILINE)


def test_the_script_follows_the_lesson():
    steps = lessons.load("first").steps
    assert len(ROWS) > 10
    for number, link, title in ROWS:
        step = steps[int(number) - 1]
        assert step.title == title
        assert link.split("?")[0] == ("/" if step.page == "draw" else f"/{step.page}")
        assert f"step={number}" in link
        assert all(f"{key}={value}" in link for key, values in step.query.items() for value in values)


def test_four_layers_read_fewer_digits_than_two():
    runs = curves.histories(curves.read())
    ends = {"original": [], "depth-4": []}
    for run, history in runs.items():
        if run.variant in ends and run.recipe == "paper" and run.lr == 0.1:
            ends[run.variant].append(history.test_accuracy[-1])
    assert "the median run with four layers reads fewer" in SCRIPT
    assert median(ends["depth-4"]) < median(ends["original"])


def test_every_link_shows_what_the_script_says(server: Server, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    try:
        for _, link, title in ROWS:
            page.goto(server.url + link)
            page.locator(".st-key-lesson").get_by_text(title).first.wait_for(timeout=60_000)
            assert not page.locator("[data-testid=stException]").count()
        page.goto(f"{server.url}/lesson")
        page.locator(".st-key-worksheet button, .st-key-digit-chooser").first.wait_for()
    finally:
        page.close()
