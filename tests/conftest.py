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
