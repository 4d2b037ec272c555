"""Shared fixtures: the app as a real server process, and a real Chromium to drive it with."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from benchmarks.app.browser import Server, chromium

os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch's threads cost more than they save on pictures this small
settings.register_profile("project", deadline=None, derandomize=True)  # the same examples every time
settings.load_profile("project")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for all browser tests that do not need a fresh one."""
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def fresh_server() -> Iterator[Server]:
    """A server that nobody has visited yet."""
    running = Server()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser():
    """Chromium. Missing is a failure, not a skip: the browser tests must run."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def devices(browser) -> dict[str, object]:
    """A computer and a phone whose caches last: in a new one each page fetches and compiles all of Streamlit's scripts
    again, which costs more than most tests."""
    return {
        "computer": browser.new_context(),
        "phone": browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True),
    }


@pytest.fixture
def new_page(devices) -> Iterator:
    """Opens pages, each a session of its own: new_page(width, height, device, media …). Afterwards they are closed and
    their cookies forgotten, and no script in them may have failed."""
    opened, errors = [], []

    def open_page(width: int = 1280, height: int = 720, device: str = "computer", **media):
        page = devices[device].new_page()
        opened.append(page)
        if device == "computer":
            page.set_viewport_size({"width": width, "height": height})
        if media:
            page.emulate_media(**media)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_page
    for page in opened:
        page.close()
    for context in devices.values():
        context.clear_cookies()
    assert not errors
