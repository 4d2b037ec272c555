"""How long from pen-up to the bars on the screen, and from the start of the server to the board, against a bare echo.

The echo is the same canvas in a fragment and the number of strokes as text: what Streamlit itself costs. Both apps run
in one Chromium, and their strokes alternate, so that whatever else the machine does hits both alike.
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from benchmarks.app.browser import ROOT, Server, board, chromium, stroke

ECHO = """
import streamlit as st
from streamlit_drawable_canvas import st_canvas

@st.fragment
def echo():
    canvas = st_canvas(stroke_width=20, stroke_color="#ffffff", background_color="#000000", width=320, height=320,
                       key="canvas")
    st.text(f"{len(canvas.json_data['objects'])} strokes")

echo()
"""
# What changes on the screen when a stroke has been answered.
SEEN = {
    "app": "document.querySelector('.st-key-answer [data-testid=stBidiComponentIsolated]')"
    ".shadowRoot.querySelector('.answer').dataset.mark",
    "echo": "document.querySelector('[data-testid=stText]').innerText",
}
# From the release of the pen to the frame after the one in which the change was seen.
CLOCK = """(seen) => {
    window.answered = new Promise((resolve) => document.addEventListener("pointerup", () => {
        const released = performance.now(), before = seen()
        const look = () => seen() === before
            ? requestAnimationFrame(look)
            : requestAnimationFrame(() => resolve(performance.now() - released))
        look()
    }, { once: true, capture: true }))
}"""
SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]
WARM_UP = 2  # strokes on each page that are not counted


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--strokes", type=int, default=40, help="counted strokes on each app (default 40)")
    parser.add_argument("--starts", type=int, default=3, help="cold starts of each app (default 3)")


def run(arguments: argparse.Namespace) -> None:
    """Print median and 95th percentile of both apps, and the ratios."""
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        echo = Path(temporary, "echo.py")
        echo.write_text(ECHO, encoding="utf-8")
        apps = {"app": (ROOT / "app.py", ROOT), "echo": (echo, Path(temporary))}
        ready = _cold_starts(browser, apps, arguments.starts)
        answers = _strokes(browser, apps, arguments.strokes)
    print(f"pen-up to bars painted, {arguments.strokes} strokes each, in ms")
    _table(answers, {"median": median, "p95": lambda values: quantiles(values, n=20)[-1]})
    print(f"server started to board ready, {arguments.starts} cold starts each, in ms")
    _table(ready, {"median": median})


def _cold_starts(browser, apps: dict, count: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in apps}
    for turn in range(count):
        for name in sorted(apps, reverse=turn % 2 == 1):
            server = Server(*apps[name])
            page = browser.new_page()
            try:
                page.goto(server.url)
                board(page)
                times[name].append(1000 * (time.perf_counter() - server.started))
            finally:
                page.close()
                server.stop()
    return times


def _strokes(browser, apps: dict, count: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in apps}
    servers = {name: Server(*app) for name, app in apps.items()}
    try:
        pages = {name: browser.new_page(viewport={"width": 1366, "height": 768}) for name in apps}
        for name, page in pages.items():
            page.goto(servers[name].url)
            board(page)
        for turn in range(count + WARM_UP):
            if turn % 5 == 0:  # a digit is a few strokes: begin again
                for page in pages.values():
                    page.reload()
                    board(page)
                time.sleep(3 if turn == 0 else 1)  # torch is loaded in the background
            for name in sorted(apps, reverse=turn % 2 == 1):
                page = pages[name]
                page.bring_to_front()
                page.evaluate(f"({CLOCK})(() => {SEEN[name]})")
                stroke(page, [(x, y + 0.02 * (turn % 5)) for x, y in SEVEN])
                taken = page.evaluate("window.answered")
                if turn >= WARM_UP:
                    times[name].append(taken)
    finally:
        for server in servers.values():
            server.stop()
    return times


def _table(times: dict[str, list[float]], measures: dict) -> None:
    for name, measure in measures.items():
        app, echo = measure(times["app"]), measure(times["echo"])
        print(f"  {name:7} app {app:7.0f}   echo {echo:7.0f}   ratio {app / echo:.2f}")
