"""The Experiments page in Chromium: first visit, charts, selection, and a telephone."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from lenet.study.experiments import EXPERIMENTS
from tests.server import settled

pytestmark = pytest.mark.browser

TWO = {"experiment": "nonlinearities", "guess-nonlinearities": "look"}
CHART = ".st-key-curves-nonlinearities .plot svg"


@pytest.fixture
def visit(new_page) -> Callable:
    """Open the page at an address."""

    def at(server, query: dict[str, str], width: int = 1366, height: int = 900):
        page = new_page(width, height)
        page.goto(f"{server.url}/experiments?{urlencode(query)}")
        settled(page)
        return page

    return at


def test_a_drawn_guess_is_held_against_what_was_measured(server, visit) -> None:
    page = visit(server, {"experiment": "nonlinearities"})
    assert page.locator(CHART).count() == 0
    page.get_by_role("radio", name="Sigmoid").click()
    pad = page.get_by_role("slider", name="The curve that you expect")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 70, box["y"] + 0.8 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 12, box["y"] + 20, steps=10)
    page.mouse.up()
    pad.focus()
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Show what happened").click()
    page.get_by_text("It never got beyond guessing: 11 %.").wait_for()
    page.get_by_text("points off on average").wait_for()
    page.locator(f"{CHART} path[stroke-dasharray='3 4']").wait_for()
    assert "guess-nonlinearities=sigmoid" in page.url
    standing = page.locator(".st-key-curves-nonlinearities .legend [aria-pressed=true]")
    assert standing.all_inner_texts() == ["Tanh", "Sigmoid"]
    page.get_by_text("Another guess").click()
    page.locator(".told").get_by_role("button", name="Sigmoid").click()  # the same answer again hides nothing
    settled(page)
    assert page.locator(CHART).is_visible()


def test_a_chart_shrinks_with_its_window(server, visit) -> None:
    page = visit(server, TWO)
    page.locator(CHART).wait_for()
    page.set_viewport_size({"width": 768, "height": 1024})
    page.wait_for_function(
        """() => [...document.querySelectorAll(".st-key-curves-nonlinearities [data-testid=stBidiComponentIsolated]")]
            .every((e) => e.shadowRoot.querySelector(".plot svg").getBoundingClientRect().right <= innerWidth)"""
    )


def test_on_a_large_screen_the_run_under_the_pointer_shows(server, visit) -> None:
    """The page is enlarged there, and what it shows lies where it is looked for."""
    page = visit(server, TWO, width=1920, height=1080)
    page.locator(CHART).scroll_into_view_if_needed()
    end = page.locator(f"{CHART} path[d^='M'][stroke]").last.bounding_box()
    page.mouse.move(end["x"] + end["width"], end["y"] + 3)
    page.locator(".st-key-curves-nonlinearities .tip", has_text="epoch 20").wait_for()


def test_three_seeds_change_the_figure_and_the_verdict_at_once(server, visit) -> None:
    page = visit(server, {"three": "4c:0-1-2"})
    three = page.locator(".three")
    three.locator("svg").first.wait_for()
    seen = set()
    pictures = set()
    for _ in range(40):
        three.get_by_role("button", name="Shuffle").click()
        seen.add(three.locator(".said .verdict").inner_text())
        pictures.add(three.locator("svg path").first.get_attribute("d"))
        if len(seen) == 2 and len(pictures) > 1:
            break
    assert seen == {"reproduced", "not reproduced"} and len(pictures) > 1
    pressed = [three.get_by_role("button", name=f"Seed {seed}", exact=True) for seed in (0, 3, 4)]
    for button in pressed * 2:  # each drops the one that was picked first
        button.click()
    assert "three=4c" in page.url
    page.reload()
    settled(page)
    for button in pressed:
        button.wait_for()
        assert button.get_attribute("aria-pressed") == "true"


def test_a_claim_goes_up_to_where_one_can_try_it(server, visit) -> None:
    page = visit(server, TWO)
    page.locator(".three svg").first.wait_for()
    page.locator("#claim-2b").get_by_role("button", name="Try it with three").click()
    assert page.get_by_role("combobox", name="Claim of the paper").input_value() == "2b"


def test_a_tab_opens_from_the_keyboard_and_goes_into_the_address(server, visit) -> None:
    page = visit(server, TWO)
    page.get_by_role("tab", name="2 Nonlinearities").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_text(EXPERIMENTS[0].question).wait_for()
    page.wait_for_function("location.search.includes('experiment=kernels')")


def test_a_name_singles_a_network_out_and_its_numbers_show(server, visit) -> None:
    page = visit(server, TWO)
    legend = page.locator(".st-key-curves-nonlinearities .legend")
    legend.get_by_role("button", name="ReLU").click()
    assert legend.locator("[aria-pressed=true]").all_inner_texts() == ["ReLU"]
    page.locator(CHART).scroll_into_view_if_needed()
    box = page.locator(CHART).bounding_box()
    tip = page.locator(".st-key-curves-nonlinearities .tip")
    for share in range(2, 40):
        page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + box["height"] * share / 40)
        if tip.is_visible():
            break
    assert "ReLU seed" in tip.inner_text() and "%" in tip.inner_text()
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    picture = saved.value.path().read_text()
    assert saved.value.suggested_filename == "experiment-nonlinearities-accuracy.svg"
    assert picture.startswith("<svg") and "var(" not in picture and picture.count("<path") > 15
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG").click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_claim_opens_with_its_numbers_rule_and_mechanism(server, visit) -> None:
    page = visit(server, TWO)
    claim = page.locator("#claim-2c")
    claim.locator("svg circle, svg .tone").first.wait_for()
    why = claim.get_by_text("The slope of a sigmoid is at most 1/4")
    assert not why.is_visible()
    claim.get_by_text("The numbers, the rule, and why").click()
    why.wait_for()
    assert claim.get_by_text("The rule: holds if").first.is_visible()


def test_from_the_claim_to_the_run_that_never_says_six(server, visit) -> None:
    page = visit(server, {"experiment": "pooling", "guess-pooling": "look"})
    page.get_by_role("link", name="Watch it learn all but one").click()
    page.get_by_role("heading", name="Look inside").wait_for()
    settled(page)
    page.get_by_text("Each tape has a network of its own").wait_for(timeout=60_000)
    assert "network=original-dead" in page.url


def test_from_the_claim_to_the_dead_logit(server, visit) -> None:
    page = visit(server, {"experiment": "pooling", "guess-pooling": "look"})
    page.get_by_role("link", name="Open its dead logit").click()
    page.get_by_role("heading", name="Look inside").wait_for()
    page.locator(".panel").get_by_text("relu5 · digit 6").filter(visible=True).first.wait_for()
    assert "cell=relu5" in page.url


def test_networks_are_compared_by_search_and_the_link_keeps_them(server, visit) -> None:
    page = visit(server, {"experiment": "compare", "of": "tanh@0.1"})
    page.get_by_role("combobox", name="Networks: type to search").fill("lstm step by step 0.01")
    page.get_by_role("option", name="LSTM step by step, learning rate 0.01 (lstm-steps)").click()
    page.keyboard.press("Escape")
    legend = page.locator(".st-key-compare-view .legend")
    legend.get_by_role("button", name="LSTM step by step").wait_for()
    page.get_by_role("radio", name="CPU seconds").or_(page.get_by_role("button", name="CPU seconds")).first.click()
    page.locator(".st-key-compare-view svg", has_text="CPU seconds of training").wait_for()
    page.wait_for_function("location.search.includes('by=seconds')")
    page.get_by_role("combobox", name="Show").select_option(label="Training loss")
    page.locator(".st-key-compare-view svg", has_text="Training loss").wait_for()
    page.wait_for_function("location.search.includes('show=loss')")
    page.reload()
    settled(page)
    page.locator(".st-key-compare-view svg", has_text="CPU seconds of training").wait_for()
    assert legend.locator("button").all_inner_texts() == [
        "Tanh, learning rate 0.1",
        "LSTM step by step, learning rate 0.01",
    ]
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    header, first, *_ = saved.value.path().read_text().splitlines()
    assert header == "network,seed,epoch,seconds,training loss"
    assert first.startswith('"Tanh, learning rate 0.1",0,0,0,2.')


@pytest.mark.parametrize("e", EXPERIMENTS, ids=lambda e: e.id)
def test_tables_fit_and_every_picture_says_what_it_shows(server, visit, e) -> None:
    page = visit(server, {"experiment": e.id, f"guess-{e.id}": "look"}, width=1280, height=720)
    page.locator(f".st-key-claims-{e.id} svg").first.wait_for()
    pictures = page.locator(".study svg[role=img]")
    assert pictures.count() >= len(e.claims)
    assert all(picture.get_attribute("aria-label") for picture in pictures.all())
    page.get_by_text("More: tables").click()
    page.get_by_text("How a verdict is reached.").wait_for()
    settled(page)
    edges = page.evaluate("[...document.querySelectorAll('table')].map((one) => one.getBoundingClientRect().right)")
    assert bool(edges) == bool(e.variants) and all(edge <= 1280 for edge in edges)
    cut = "[...document.querySelectorAll('table td, table th')].some((one) => one.scrollWidth > one.clientWidth + 1)"
    assert not page.evaluate(cut)
    assert page.get_by_test_id("stDataFrame").count() == 0  # a canvas, whose cells nobody can look at


def test_on_a_telephone_nothing_is_wider_than_the_screen(server, visit) -> None:
    for e in EXPERIMENTS:
        query = {"experiment": e.id, f"guess-{e.id}": "look"}
        page = visit(server, query, width=390, height=844)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
