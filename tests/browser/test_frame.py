"""The frame of every page in a real browser: whole on a first visit, on a phone too, and nothing leaves the machine."""

import re
from importlib.metadata import version
from itertools import pairwise
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from benchmarks.app.browser import board, stroke
from lenet.strokes import Stroke, encode
from lenet.ui.shared.frame import PAGES
from tests.server import ROOT, Server, settled

pytestmark = pytest.mark.browser


def address(server: Server, key: str) -> str:
    file = PAGES[key].file
    return f"{server.url}/" if file == "app.py" else f"{server.url}/{PurePosixPath(file).stem}"


@pytest.mark.parametrize("key", PAGES)
def test_a_first_visit_shows_the_whole_frame_and_asks_no_other_host(key: str, fresh_server: Server, new_page):
    page = new_page(1366, 768)
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).netloc))
    page.goto(address(fresh_server, key))
    settled(page)
    page.locator("h1").wait_for()
    assert page.locator("h1").inner_text() == PAGES[key].title
    assert page.get_by_text(PAGES[key].todo).is_visible()
    assert page.title().startswith(PAGES[key].title)
    links = page.locator(".st-key-frame").get_by_role("link")
    links.nth(len(PAGES) - 1).wait_for()
    assert links.count() == len(PAGES)
    for link, other in zip(links.all(), PAGES.values()):
        expect(link).to_have_accessible_name(other.title)
        assert link.is_visible()
    assert page.get_by_test_id("stSidebarNav").count() == 0
    assert page.get_by_test_id("stException").count() == 0
    page.wait_for_timeout(500)  # for what is fetched late
    assert hosts - {""} == {f"127.0.0.1:{fresh_server.port}"}  # "" is that of data: and blob: addresses


@pytest.mark.parametrize(("key", "scheme"), [("draw", "dark"), *((key, "light") for key in PAGES)])
def test_a_phone_never_scrolls_sideways_and_both_themes_are_there(key: str, scheme: str, server: Server, new_page):
    page = new_page(390, 844, color_scheme=scheme)
    page.goto(address(server, key))
    settled(page)
    page.locator("h1").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    lightness = sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    assert lightness > 700 if scheme == "light" else lightness < 100


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("/?drawing=" + encode([Stroke(((90, 80), (230, 80), (150, 260)))]), "What the network sees"),
        ("/inside", "conv1"),
        ("/inside?section=kernels", "Two kernels that the paper reads by eye"),
        ("/inside?section=evidence", "Answer of kernel 0 of conv1"),
        ("/inside?section=tape", "Look inside"),
        ("/train?epochs=1", "The recipe"),
        ("/experiments", "Learning rate 0.1, all nonlinearities replaced"),
        ("/experiments?experiment=kernels&guess-kernels=look", "1a"),
        ("/experiments?experiment=compare", "Any networks of any experiments"),
        ("/stress?more=What+the+pixels+contribute", "logit of"),
        ("/lesson", "Worksheet and exit ticket"),
        ("/class", "I am the teacher"),
    ],
)
def test_headings_go_down_one_level_at_a_time(path: str, last: str, server: Server, new_page):
    """So that a screen reader's list of them is the outline of the page. `last` is the heading to wait for."""
    page = new_page()
    page.goto(server.url + path)
    settled(page)
    page.get_by_role("heading", name=last).first.wait_for(timeout=60_000)
    settled(page)  # it may come before the page's last run has ended
    levels = page.evaluate("""() => {
        const heading = (e) => /^H[1-6]$/.test(e.tagName) && e.checkVisibility({ visibilityProperty: true })
        const below = (e) => [...(e.shadowRoot?.children ?? []), ...e.children].flatMap(walk)
        const walk = (e) => (heading(e) ? [Number(e.tagName[1])] : below(e))
        return walk(document.body)
    }""")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels


def test_the_links_lead_to_every_page(server: Server, new_page):
    page = new_page(1366, 768)
    page.goto(server.url)
    for other in [*PAGES.values(), PAGES["draw"]]:
        settled(page)
        page.locator(".st-key-frame a", has_text=other.title).click()
        page.locator("h1", has_text=other.title).wait_for()


def test_back_leads_through_the_pages_as_they_were_left(server: Server, new_page):
    page = new_page()

    def chosen(name: str, path: str, title: str) -> None:
        page.locator("h1", has_text=title).wait_for()
        page.wait_for_function("path => location.pathname.endsWith(path)", arg=path)
        page.locator(f'button:is([aria-checked=true], [aria-pressed=true]):has(:text-is("{name}"))').wait_for()

    page.goto(server.url)
    chosen("best", "/", "Draw")
    page.get_by_role("navigation", name="Pages").wait_for()  # our script is there, and replaces steps of Back
    page.locator(".st-key-frame a", has_text="Look inside").click()
    chosen("best", "/inside", "Look inside")
    page.locator('button:has(:text-is("tanh"))').click()
    page.wait_for_function("location.search.includes('network=tanh')")
    settled(page)  # the server knows, too
    page.locator(".st-key-frame a", has_text="Stress").click()
    chosen("tanh", "/stress", "Stress")  # the network goes along
    page.go_back()
    chosen("tanh", "/inside", "Look inside")
    page.go_back()
    chosen("tanh", "/", "Draw")  # nothing was asked for there: what was chosen last goes along


def test_a_drawing_survives_a_reload_of_the_pages_that_it_goes_along_to(server: Server, new_page):
    page = new_page()
    page.goto(server.url)
    stroke(page, [(0.3, 0.2), (0.7, 0.2), (0.45, 0.85)])
    page.wait_for_function("location.search.includes('drawing=')")
    scripted = page.get_by_role("navigation", name="Pages")  # our script is there, and replaces steps of Back
    for title in ("Stress", "Look inside"):
        scripted.wait_for()
        settled(page)
        page.locator(".st-key-frame a", has_text=title).click()
        page.locator("h1", has_text=title).wait_for()
        page.wait_for_function("location.search.includes('drawing=')")
        settled(page)
        page.reload()
        page.get_by_text("Looking at your drawing").wait_for()
        scripted.wait_for()
        settled(page)
    page.go_back()
    page.locator("h1", has_text="Stress").wait_for()
    page.get_by_text("Looking at your drawing").wait_for()


def test_networks_of_a_link_go_along_to_another_page(server: Server, new_page):
    page = new_page()
    page.goto(f"{server.url}/?networks=tanh&networks=sigmoid")
    board(page)
    page.locator(".st-key-frame a", has_text="Stress").click()
    page.locator("h1", has_text="Stress").wait_for()
    for name in ("tanh", "sigmoid"):
        page.locator(f'button[aria-pressed=true]:has(:text-is("{name}"))').wait_for()


def test_every_selector_that_reaches_into_streamlit_and_the_canvas_finds_something(server: Server, new_page):
    """When a new version moves what our style and scripts hold on to, this says what, and which version."""
    folder = ROOT / "lenet" / "ui"
    css = (folder / "shared" / "frame.css").read_text(encoding="utf-8")
    script = (folder / "network" / "streamlit.js").read_text(encoding="utf-8")
    wanted = {
        *re.findall(r"\.st-key-[\w-]+|\[data-testid=\"?\w+(?:-\w+)?\"?\]", css),
        *re.findall(r'= "(.+)" //', script),
    }
    page = new_page()
    found = set()
    for path in ("/", "/train", "/inside", "/experiments?experiment=compare"):  # a primary button is on the second
        page.goto(server.url + path)
        settled(page)
        page.locator("h1").wait_for()
        if path == "/":
            board(page)
        if path == "/train":
            page.locator(".st-key-start button").wait_for()
        page.wait_for_timeout(500)
        found |= set(
            page.evaluate(
                """wanted => {
                    const roots = [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot)]
                    return wanted.filter((one) => roots.some((root) => root?.querySelector(one)))
                }""",
                sorted(wanted),
            )
        )
    versions = ", ".join(f"{name} {version(name)}" for name in ("streamlit", "streamlit-drawable-canvas"))
    assert not wanted - found, f"{versions} have no {sorted(wanted - found)}"
