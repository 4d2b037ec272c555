"""The page Stress in a real browser: first visit, keyboard, light and dark, and a telephone."""

from urllib.parse import urlencode

import pytest

from tests.server import Server, settled

pytestmark = pytest.mark.browser
CHART = ".st-key-sweep [data-testid=stVegaLiteChart] svg"
THREE = [("networks", "best"), ("networks", "original"), ("networks", "tanh"), ("digit", "0")]


@pytest.fixture
def visit(browser):
    """Open the page; afterwards no script in it may have failed."""
    contexts, errors = [], []

    def at(server: Server, query=(), width: int = 1366, height: int = 768, scheme: str = "light"):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(error))
        page.goto(f"{server.url}/stress?{urlencode(query)}")
        page.locator(CHART).first.wait_for(timeout=60_000)
        settled(page)
        return page

    yield at
    for context in contexts:
        context.close()
    assert not errors


def test_opened_first_on_a_fresh_server_the_first_minute_needs_no_scrolling(fresh_server, visit):
    page = visit(fresh_server)
    page.get_by_role("heading", name="Stress").wait_for()
    for thing in (
        page.get_by_role("slider").first,
        page.get_by_role("slider").last,
        page.locator(CHART).first,
        page.locator(".st-key-answers"),
    ):
        box = thing.bounding_box()
        assert box and box["y"] + box["height"] <= 768
    assert page.get_by_test_id("stException").count() == 0


def test_a_slider_moved_by_keyboard_changes_picture_sweep_and_address(server, visit):
    page = visit(server, THREE)
    before = page.locator(".st-key-answers").inner_text()
    slider = page.locator(".st-key-noise").get_by_role("slider")
    slider.focus()
    slider.press("End")
    page.wait_for_function("location.search.includes('noise=1')", timeout=20_000)
    page.locator(CHART).get_by_text("Noise, of the ink").first.wait_for()
    settled(page)
    assert page.locator(".st-key-answers").inner_text() != before
    assert "curve=Noise" in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_three_curves_with_their_legend_and_values_on_hover(server, visit, scheme):
    page = visit(server, [*THREE, ("curve", "Rotate")], scheme=scheme)
    dark = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert (sum(map(int, dark[4:-1].split(","))) < 200) == (scheme == "dark")
    names = page.locator(f"{CHART} .role-legend-label text").all_text_contents()
    assert names == ["best", "original", "tanh"]
    box = page.locator(CHART).first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.2)
    page.locator("#vg-tooltip-element.visible", has_text="Probability").wait_for()


@pytest.mark.parametrize("more", ["Break points", "Two ways at once", "What the pixels contribute"])
def test_on_a_telephone_nothing_is_wider_than_the_screen(server, visit, more):
    page = visit(server, [*THREE, ("more", more)], width=390, height=844)
    last = {
        "Break points": "A break point is",
        "Two ways at once": "tanh, probability of 7",
        "What the pixels contribute": "Integrated gradients. ",
    }[more]
    page.get_by_text(last).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    wide = page.evaluate("""[...document.querySelectorAll("[data-testid=stMain] *")].filter((e) =>
        e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).position !== "fixed"
        && !e.closest("table") && !e.closest("svg") && !e.closest("canvas")).length""")
    assert wide == 0
