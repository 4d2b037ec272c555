"""A real Streamlit server and a real Chromium, for the benches and the tests that need them."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lenet.paths import ROOT

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Server:
    """`streamlit run` of a script on a free port of the loopback; `url` is its root, `started` its perf_counter."""

    def __init__(
        self,
        script: Path = ROOT / "app.py",
        folder: Path = ROOT,
        environment: dict[str, str] | None = None,
        prefix: tuple[str, ...] = (),  # a command that starts the server's
        base: str = "",  # the path below which it serves, as in "/lenet"
        port: int = 0,  # a free one by default
    ):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}{base}"
        options = {"headless": "true", "address": "127.0.0.1", "port": self.port, "baseUrlPath": base}
        command = [*prefix, sys.executable, "-m", "streamlit", "run", str(script)]
        command += [f"--server.{name}={value}" for name, value in options.items()]
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5)
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.stop()
                    raise RuntimeError("The app did not start.") from None
                time.sleep(0.05)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def chromium() -> Iterator:
    """Chromium, driven by Playwright (requirements-dev.txt)."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def board(page):
    """The surface of the drawing canvas, once it is there."""
    surface = page.locator(".st-key-canvas canvas.upper-canvas")
    surface.wait_for(timeout=60_000)
    return surface


def stroke(page, points: list[tuple[float, float]], surface=None) -> None:
    """Draw one stroke with the mouse, on the board or another surface; points: shares of its width and height."""
    box = (surface or board(page)).bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()
