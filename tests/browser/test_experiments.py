"""The Experiments page in Chromium: first visit, charts, selection, and a telephone."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from lenet.study.experiments import EXPERIMENTS
from tests.server import settled

pytestmark = pytest.mark.browser

TWO = {"experiment": "nonlinearities", "guess-nonlinearities": "look"}
AROUND = ".st-key-chart-nonlinearities"
CHART = f"{AROUND} svg.marks"


@pytest.fixture
def visit(browser) -> Iterator:
    """Open the page at an address; the contexts are closed afterwards."""
    contexts = []

    def at(server, query: dict[str, str], width: int = 1366, height: int = 900):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}))
        page = contexts[-1].new_page()
        page.goto(f"{server.url}/experiments?{urlencode(query)}")
        settled(page)
        return page

    yield at
    for context in contexts:
        context.close()


def test_opened_first_on_a_fresh_server_it_is_whole(fresh_server, visit) -> None:
    page = visit(fresh_server, {})
    page.get_by_role("heading", name="Experiments").wait_for()
    for e in EXPERIMENTS:
        page.get_by_role("tab", name=f"{e.number} {e.title}").wait_for()
    page.locator(".st-key-frame").get_by_role("link", name="Draw").wait_for()


def test_a_guess_reveals_the_curves_and_goes_into_the_address(server, visit) -> None:
    page = visit(server, {"experiment": "nonlinearities"})
    assert page.locator(CHART).count() == 0
    page.get_by_role("button", name="Tanh").or_(page.get_by_role("radio", name="Tanh")).first.click()
    page.locator(CHART).first.wait_for()
    settled(page)
    assert "guess-nonlinearities=tanh" in page.url
    page.get_by_text("What the paper claims, and what came out").wait_for()


def test_a_tab_opens_from_the_keyboard_and_goes_into_the_address(server, visit) -> None:
    page = visit(server, TWO)
    page.get_by_role("tab", name="2 Nonlinearities").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_text(EXPERIMENTS[2].question).wait_for()
    page.wait_for_function("location.search.includes('experiment=pooling')")


def test_a_click_in_the_legend_marks_the_table_and_the_values_show(server, visit) -> None:
    page = visit(server, TWO)
    page.locator(f"{CHART} .role-legend-label text", has_text="ReLU").first.wait_for()
    page.locator(f"{CHART} .role-legend-label text", has_text="ReLU").first.click()
    page.locator("td", has_text="●").first.wait_for(state="attached")
    settled(page)
    value = page.get_by_text("95 % interval from")
    for step in range(40):  # the chart may still be drawing itself anew
        box = page.locator(CHART).first.bounding_box()
        page.mouse.move(box["x"] + box["width"] * (0.4 + step / 200), box["y"] + box["height"] * 0.3)
        page.wait_for_timeout(250)
        if value.is_visible():
            break
    value.wait_for()


def test_a_claim_opens_with_its_numbers_and_mechanism(server, visit) -> None:
    page = visit(server, TWO)
    assert page.get_by_text("Mechanism.").count() == 0
    page.get_by_text("Sigmoid hardly learns at any learning rate").click()
    page.get_by_text("The slope of a sigmoid is at most 1/4").wait_for()
    page.get_by_text("How a verdict is reached").click()
    page.get_by_text("Failures come first").wait_for()


def test_on_a_telephone_nothing_is_wider_than_the_screen(server, visit) -> None:
    for e in EXPERIMENTS:
        query = {"experiment": e.id, f"guess-{e.id}": "look"}
        page = visit(server, query, width=390, height=844)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
