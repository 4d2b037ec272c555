"""How soon the page answers the pen, beside a bare page with the same canvas.

A stroke of 30 points in 600 ms, in one Chromium: from the pen's first move to the first other answer on the screen, how
often the answer is painted anew while the pen moves, the longest frame, frames a second beside those of the bare page,
and from pen-up to the last change. The strokes of both pages alternate, so that whatever else the machine does hits
both alike.
"""

import argparse
import itertools
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.app.browser import ROOT, Server, board, chromium

BARE = """
import streamlit as st
from streamlit_drawable_canvas import st_canvas

@st.fragment
def bare():
    canvas = st_canvas(stroke_width=20, stroke_color="#ffffff", background_color="#000000", width=320, height=320,
                       key="canvas")
    st.text(f"{len(canvas.json_data['objects'])} strokes")

bare()
"""
# What is on the screen: the lengths of the bars, or the bare page's text.
SEEN = {
    "best": "[...document.querySelector('.st-key-answer [data-testid=stBidiComponentIsolated]')"
    ".shadowRoot.querySelectorAll('.bars .bar')].map((bar) => bar.style.width).join()",
    "bare": "document.querySelector('[data-testid=stText]')?.innerText",
}
SEEN["depth-4"] = SEEN["best"]
# Looks at every frame from the first move to a second after pen-up.
CLOCK = """(seen) => {
    window.measured = new Promise((resolve) => {
        const found = { frames: [], first: null, paints: 0, last: null }
        let start = 0, released = 0, shown = null
        const look = (now) => {
            found.frames.push(now)
            const is = seen()
            if (is !== shown) {
                shown = is
                if (!released) found.paints += 1
                found.first ??= performance.now() - start
                if (released) found.last = performance.now() - released
            }
            if (released && now - released > 1000) resolve(found)
            else requestAnimationFrame(look)
        }
        addEventListener("pointermove", () => {
            if (start || !window.penDown) return
            start = performance.now()
            shown = seen()
            requestAnimationFrame(look)
        }, true)
        addEventListener("pointerdown", () => (window.penDown = true), true)
        addEventListener("pointerup", () => (released = performance.now()), { once: true, capture: true })
    })
}"""
PATH = [(0.3, 0.3), (0.4, 0.17), (0.6, 0.17), (0.68, 0.32), (0.6, 0.5), (0.3, 0.83), (0.72, 0.83)]  # of a 2
POINTS, SECONDS = 30, 0.6
FRAMES_KEPT = 0.6  # seconds of frames that are counted, those of the stroke


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--strokes", type=int, default=10, help="counted strokes on each page (default 10)")
    parser.add_argument("--starts", type=int, default=3, help="cold starts of each page (default 3)")


def run(arguments: argparse.Namespace) -> None:
    """Print the medians of each page."""
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        bare = Path(temporary, "bare.py")
        bare.write_text(BARE, encoding="utf-8")
        servers = {"app": Server(), "bare": Server(bare, Path(temporary))}
        try:
            found = _strokes(browser, servers, arguments.strokes)
        finally:
            for server in servers.values():
                server.stop()
        ready = _cold_starts(browser, bare, arguments.starts)
    rows = ("first answer, ms", "repaints", "longest frame, ms", "frames a second", "pen-up to last change, ms")
    print(f"medians of {arguments.strokes} strokes of {POINTS} points in {SECONDS:g} s")
    print(f"  {'':28}" + "".join(f"{name:>10}" for name in found))
    for row in rows:
        print(f"  {row:28}" + "".join(f"{median(one[row] for one in found[name]):10.1f}" for name in found))
    print(f"server started to board ready, {arguments.starts} cold starts each, in ms")
    app, alone = (median(ready[name]) for name in ("app", "bare"))
    print(f"  app {app:.0f}   bare {alone:.0f}   ratio {app / alone:.2f}")


def _strokes(browser, servers: dict[str, Server], count: int) -> dict[str, list[dict[str, float]]]:
    urls = {
        "best": servers["app"].url,
        "depth-4": f"{servers['app'].url}/?networks=depth-4",
        "bare": servers["bare"].url,
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in urls}
    for turn in range(count + 1):
        for name, url in urls.items():
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.goto(url)
            board(page)
            page.wait_for_timeout(3000)  # what writes itself has written itself
            page.evaluate(f"({CLOCK})(() => {SEEN[name]})")
            _pen(page)
            measured = page.evaluate("window.measured")
            page.close()
            if turn:  # the first warms everything up
                found[name].append(_figures(measured))
    return found


def _pen(page) -> None:
    """The stroke, its points evenly in time."""
    box = board(page).bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in PATH]
    page.mouse.move(*places[0])
    page.mouse.down()
    begun = time.perf_counter()
    for point in range(1, POINTS + 1):
        share = point / POINTS * (len(places) - 1)
        at = min(int(share), len(places) - 2)
        (x1, y1), (x2, y2) = places[at], places[at + 1]
        time.sleep(max(0.0, begun + SECONDS * point / POINTS - time.perf_counter()))
        page.mouse.move(x1 + (share - at) * (x2 - x1), y1 + (share - at) * (y2 - y1))
    page.mouse.up()


def _figures(measured: dict) -> dict[str, float]:
    frames = measured["frames"]
    during = [frame for frame in frames if frame - frames[0] <= 1000 * FRAMES_KEPT]
    gaps = [after - before for before, after in itertools.pairwise(during)]
    return {
        "first answer, ms": measured["first"] or float("nan"),
        "repaints": measured["paints"],
        "longest frame, ms": max(gaps),
        "frames a second": 1000 * len(gaps) / sum(gaps),
        "pen-up to last change, ms": measured["last"] or 0.0,
    }


def _cold_starts(browser, bare: Path, count: int) -> dict[str, list[float]]:
    """From the start of the server to the board on the screen."""
    times: dict[str, list[float]] = {"app": [], "bare": []}
    for _ in range(count):
        for name, places in {"app": (ROOT / "app.py", ROOT), "bare": (bare, bare.parent)}.items():
            server = Server(*places)
            page = browser.new_page()
            try:
                page.goto(server.url)
                board(page)
                times[name].append(1000 * (time.perf_counter() - server.started))
            finally:
                page.close()
                server.stop()
    return times
