"""The lesson in a real browser: once with the keyboard alone, once on a phone, every task performed; left and found."""

import signal
from itertools import product

import pytest

from benchmarks.app.browser import board, stroke
from benchmarks.app.inside import INSIDE
from lenet.classroom import lessons
from lenet.ui.shared.frame import PAGES
from tests.server import Server, finger, messages, quiet, settled

pytestmark = pytest.mark.browser
STEPS = lessons.load("first").steps
SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]  # shares of the board's width and height
ONE = [(0.5, 0.15), (0.5, 0.85)]
FOOT = [(0.45, 0.85), (0.85, 0.85)]  # of the seven: best then reads a 2
BUTTONS = {"see weights": "story-fast", "see diagnosis-bad": "story-killed"}  # what to press on the page Train
VIEW = f"{INSIDE}.querySelector('.network').state"
# The name of the layer that the keyboard's outline is on.
POINTED = f"(() => {{ const {{ hover, plan }} = {VIEW}; return hover && plan.networks[0].stages[hover.stage].name }})()"
# Where a cell of a layer is painted, on the canvas.
PLACE = f"""(name) => {{
    const {{ plan }} = {VIEW}, block = plan.blocks.find(({{ stage }}) => plan.networks[0].stages[stage].name === name)
    const [x, y] = block.places[0]
    return {{ x: x + (block.ten ? block.cellWidth : block.zoom) * 0.5, y: y + block.zoom * 0.5 }}
}}"""


def at(page, number: int) -> None:
    """Wait until the card shows that step, on its own page."""
    step = STEPS[number - 1]
    page.locator("h1", has_text=PAGES[step.page].title).wait_for()
    page.locator(".st-key-lesson-bar", has_text=f"{number} of {len(STEPS)}").wait_for()
    settled(page)
    page.locator(".st-key-lesson-bar", has_text=step.title).wait_for()
    # Its keys are followed once the card's script is there for this step.
    page.locator(".st-key-lesson-view .lesson-task", has_text=step.task).wait_for(state="attached")
    assert f"step={number}" in page.url and "lesson=first" in page.url


def done(page) -> None:
    page.locator(".st-key-lesson-view", has_text="✓ Done").wait_for(timeout=150_000)


def press_on_nothing(page, key: str) -> None:
    page.evaluate("document.activeElement?.blur?.()")
    page.keyboard.press(key)


class Keyboard:
    """Whoever does without a pointer."""

    def __init__(self, page):
        self.page = page

    def press(self, button) -> None:
        button.press("Enter")  # it gets the focus first

    def turn_to_the_end(self, slider) -> None:
        slider.focus()
        self.page.keyboard.press("End")

    def draw_a_seven(self) -> None:
        self.page.get_by_role("application", name="The board").focus()
        for key, times in (("ArrowUp", 10), ("ArrowLeft", 8), (" ", 1), ("ArrowRight", 16)):
            self._keys(key, times)
        for _ in range(10):
            self._keys("ArrowDown", 2)
            self._keys("ArrowLeft", 1)
        self._keys(" ", 1)

    def add_a_foot(self) -> None:
        """From where the pen was lifted."""
        for key, times in ((" ", 1), ("ArrowRight", 16), (" ", 1)):
            self._keys(key, times)

    def select(self, layer: str) -> None:
        """Walk over the layers, cell by cell, to one of this one."""
        self.page.evaluate(f"{INSIDE}.querySelector('canvas.view').focus()")
        order = self.page.evaluate(f"{VIEW}.plan.networks[0].stages.map(({{ name }}) => name)")
        self.page.keyboard.press("ArrowRight")
        for _ in range(150):
            here = self.page.evaluate(POINTED)
            if here == layer:
                break
            self.page.keyboard.press("ArrowRight" if order.index(here) < order.index(layer) else "ArrowLeft")
        self.page.keyboard.press("Enter")

    def _keys(self, key: str, times: int) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)


class Finger:
    """Whoever holds a phone."""

    def __init__(self, page):
        self.page = page

    def press(self, button) -> None:
        button.tap()

    def turn_to_the_end(self, slider) -> None:
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        slider.tap(position={"x": box["width"] - 3, "y": box["height"] / 2})

    def draw_a_seven(self) -> None:
        board(self.page).scroll_into_view_if_needed()
        finger(self.page, SEVEN)

    def add_a_foot(self) -> None:
        finger(self.page, FOOT)

    def select(self, layer: str) -> None:
        self.page.locator(".st-key-inside-view canvas.view").tap(position=self.page.evaluate(PLACE, layer))


def perform(hand: Keyboard | Finger, number: int) -> None:
    """Do what the step asks for; the card must not have said before that it was done, and must say so then."""
    page, step = hand.page, STEPS[number - 1]
    card = page.locator(".st-key-lesson-view")
    card.get_by_text(f"Your turn: {step.task}").wait_for(timeout=60_000)
    what, of = step.done
    if what == "guess":
        assert step.guess
        hand.press(page.locator("[class*=st-key-lesson-guess] button").nth(step.guess.right))
        page.locator(".st-key-lesson", has_text="Right.").wait_for()
    elif what == "cell":
        ready = f"{INSIDE}?.querySelector('.network')?.state?.plan?.networks[0].stages.length > 3"
        page.wait_for_function(ready, timeout=60_000)
        hand.select(of)
    elif what == "misreads" and step.page == "draw":
        hand.draw_a_seven()
        card.get_by_text("It still says 7.").wait_for()
        hand.add_a_foot()
    elif what == "misreads":
        page.locator(".stress[data-swept=true]").wait_for(timeout=60_000)
        way = "Rotate" if of == "3" else "Shift"
        hand.turn_to_the_end(page.get_by_label(way).locator("visible=true").and_(page.locator("input")))
    elif what == "see":
        settled(page)
        button = page.locator(f".st-key-{BUTTONS[f'{what} {of}']} button:enabled")
        hand.press(button)
    else:
        hand.draw_a_seven()
    done(page)


def begin(server: Server, hand: Keyboard | Finger) -> None:
    """From the page Lesson to the first step."""
    hand.page.goto(f"{server.url}/lesson")
    settled(hand.page)
    hand.press(hand.page.locator(".st-key-begin-first button"))


@pytest.mark.timeout(600)
def test_the_whole_lesson_with_the_keyboard_alone(server: Server, new_page):
    page = new_page(reduced_motion="reduce")
    hand = Keyboard(page)
    page.goto(f"{server.url}/lesson")
    settled(page)
    page.locator(".st-key-begin-first button").wait_for()
    while not page.evaluate("document.activeElement.closest('.st-key-begin-first') !== null"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for number, step in enumerate(STEPS, start=1):
        at(page, number)
        assert page.get_by_test_id("stException").count() == 0
        part = page.locator(f".st-key-{step.highlight}").first
        part.wait_for(timeout=60_000)
        assert part.evaluate("e => getComputedStyle(e).outlineWidth") == "3px"
        if number == 1:  # the arrow keys draw, where the board has the focus
            page.get_by_role("application", name="The board").focus()  # it takes the focus once it has its name
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(300)
            at(page, 1)
        if number == 2:  # they move among the answers, too
            page.locator("[class*=st-key-lesson-guess] button").first.focus()
            page.keyboard.press("ArrowRight")
            at(page, 2)
        perform(hand, number)
        if number < len(STEPS):
            press_on_nothing(page, "PageDown" if number % 2 else "ArrowRight")
    press_on_nothing(page, "PageDown")  # there is no step after the last
    press_on_nothing(page, "PageUp")
    at(page, len(STEPS) - 1)
    press_on_nothing(page, "ArrowLeft")
    at(page, len(STEPS) - 2)


@pytest.mark.timeout(600)
def test_the_whole_lesson_on_a_phone_left_and_found_again(server: Server, new_page):
    page = new_page(device="phone")
    hand = Finger(page)
    begin(server, hand)
    for number in range(1, len(STEPS) + 1):
        at(page, number)
        perform(hand, number)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        if number == 3:
            page.reload()
            at(page, number)
        if number == 5:  # free play, and back
            hand.press(page.locator(".st-key-lesson-leave button"))
            page.locator(".st-key-lesson").wait_for(state="detached")
            page.goto(f"{server.url}/lesson")  # another visit: the browser knows the step
            hand.press(page.get_by_role("button", name="Go on at step 5"))
            at(page, number)
        if number < len(STEPS):
            hand.press(page.locator(".st-key-lesson-next button"))


def test_next_works_at_once_after_a_stroke(fresh_server: Server, new_page):
    """While the server has no time, too."""
    page = new_page()
    sent = messages(page)
    button = page.locator(".st-key-lesson-next button")
    ways = (lambda: press_on_nothing(page, "PageDown"), lambda: button.press("Enter"), button.click)
    for busy, way in product((False, True), ways):
        page.goto(f"{fresh_server.url}/?lesson=first&step=1&networks=best")
        at(page, 1)
        quiet(page, sent)
        before = len(sent)
        if busy:
            fresh_server.process.send_signal(signal.SIGSTOP)
        stroke(page, SEVEN)
        assert len(sent) == before
        way()
        page.wait_for_timeout(300)
        if busy:
            fresh_server.process.send_signal(signal.SIGCONT)
        at(page, 2)


def test_what_is_no_7_is_not_taken_for_one_and_the_card_says_why(server: Server, new_page):
    page = new_page()
    card = page.locator(".st-key-lesson-view")
    page.goto(f"{server.url}/?lesson=first&step=1&networks=best&digit=0")  # the first test digit, a 7
    at(page, 1)
    page.locator(".st-key-answer").get_by_text("right, sure").wait_for(timeout=60_000)
    card.get_by_text("Your turn").wait_for()
    page.wait_for_timeout(1000)  # longer than the card's looks
    assert card.locator(".lesson-task").inner_text() == f"Your turn: {STEPS[0].task}"  # nobody drew it
    stroke(page, ONE)
    card.get_by_text("It says 1, not 7").wait_for()
    page.locator(".st-key-clear button").click()
    stroke(page, SEVEN)
    done(page)

    page.goto(f"{server.url}/?lesson=first&step=15&networks=best")
    at(page, 15)
    card.get_by_text("Your turn").wait_for()  # the pen is followed from now on
    stroke(page, ONE)
    card.get_by_text("It says 1, not 7").wait_for()
    page.locator(".st-key-clear button").click()
    stroke(page, SEVEN)
    card.get_by_text("It still says 7.").wait_for()
    page.locator(".st-key-clear button").click()
    stroke(page, ONE)  # another digit is not a 7 that is misread
    card.get_by_text("It says 1, not 7").wait_for()


def test_a_test_digit_that_is_no_3_is_not_a_3_that_is_misread(server: Server, new_page):
    page = new_page()
    page.goto(f"{server.url}/stress?lesson=first&step=8&networks=best&digit=0&rotate=0&shift=0")
    at(page, 8)
    page.locator(".st-key-lesson-view").get_by_text("This is no 3: choose one.").wait_for(timeout=60_000)


def test_a_cell_counts_once_somebody_has_selected_it(server: Server, new_page):
    """Look inside opens on a cell of conv1 by itself, which is what step 3 asks for."""
    page = new_page(1280, 900)
    page.goto(f"{server.url}/inside?lesson=first&step=3&network=best&digit=7")
    at(page, 3)
    canvas = page.locator(".st-key-inside-view canvas").first
    canvas.wait_for(timeout=60_000)
    page.locator(".st-key-inside-view", has_text="conv1 · map").wait_for(timeout=60_000)
    page.wait_for_timeout(1000)  # longer than the card's looks
    assert page.locator(".st-key-lesson-view", has_text="Your turn").count() == 1
    canvas.click(position={"x": 150, "y": 60})  # a map of conv1, second from the left
    done(page)
