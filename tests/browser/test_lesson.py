"""The lesson in a real browser: once with the keyboard alone, once on a phone, and left and found again."""

import pytest

from benchmarks.app.browser import board
from lenet.classroom import lessons
from lenet.ui.shared.frame import PAGES
from tests.server import Server, settled

pytestmark = pytest.mark.browser
STEPS = lessons.load("first").steps


def at(page, number: int) -> None:
    """Wait until the card shows that step, on its own page."""
    step = STEPS[number - 1]
    page.locator("h1", has_text=PAGES[step.page].title).wait_for()
    page.locator(".st-key-lesson-bar", has_text=f"{number} of {len(STEPS)}").wait_for()
    settled(page)
    page.locator(".st-key-lesson-bar", has_text=step.title).wait_for()
    assert f"step={number}" in page.url and "lesson=first" in page.url


def done(page) -> None:
    page.locator(".st-key-lesson-view", has_text="✓ Done").wait_for(timeout=60_000)


def press_on_nothing(page, key: str) -> None:
    page.evaluate("document.activeElement?.blur?.()")
    page.keyboard.press(key)


def test_the_whole_lesson_with_the_keyboard_alone(server: Server, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    try:
        page.goto(f"{server.url}/lesson")
        settled(page)
        begin = page.locator(".st-key-begin-first button")
        begin.wait_for()
        while not page.evaluate("document.activeElement.closest('.st-key-begin-first') !== null"):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        for number, step in enumerate(STEPS, start=1):
            at(page, number)
            assert page.get_by_test_id("stException").count() == 0
            task = page.locator(".st-key-lesson-view")
            task.get_by_text(step.task).wait_for()
            part = page.locator(f".st-key-{step.highlight}").first
            part.wait_for(timeout=60_000)
            assert part.evaluate("e => getComputedStyle(e).outlineWidth") == "3px"
            if number == 1:  # the arrow keys draw, where the board has the focus
                board(page).focus()
                page.keyboard.press("ArrowRight")
                page.wait_for_timeout(300)
                at(page, 1)
            if step.done[0] == "guess" and step.guess:
                page.locator("[class*=st-key-lesson-guess] button").nth(step.guess.right).focus()
                page.keyboard.press("ArrowRight")  # moves among the answers, not the steps
                at(page, number)
                page.locator("[class*=st-key-lesson-guess] button").nth(step.guess.right).focus()
                page.keyboard.press("Enter")
                page.locator(".st-key-lesson", has_text="Right.").wait_for()
                done(page)
            if number < len(STEPS):
                press_on_nothing(page, "PageDown" if number % 2 else "ArrowRight")
        press_on_nothing(page, "PageDown")  # there is no step after the last
        press_on_nothing(page, "PageUp")
        at(page, len(STEPS) - 1)
        press_on_nothing(page, "ArrowLeft")
        at(page, len(STEPS) - 2)
    finally:
        page.close()


def test_a_cell_counts_once_somebody_has_selected_it(server: Server, browser):
    """Look inside opens on a cell of conv1 by itself, which is what step 3 asks for."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(f"{server.url}/inside?lesson=first&step=3&network=best&digit=7")
        at(page, 3)
        canvas = page.locator(".st-key-inside-view canvas").first
        canvas.wait_for(timeout=60_000)
        page.locator(".st-key-inside-view", has_text="conv1 · map").wait_for(timeout=60_000)
        page.wait_for_timeout(1000)  # longer than the card's looks
        assert page.locator(".st-key-lesson-view", has_text="Your turn").count() == 1
        canvas.click(position={"x": 150, "y": 60})  # a map of conv1, second from the left
        done(page)
    finally:
        page.close()
