"""Dragging a slider of the page Stress: frames a second, beside those of the page at rest.

In one Chromium, for one network and for three, with the view of every layer on the page: the slider Rotate is dragged
to and fro for some seconds. A repaint is a frame in which picture and bars are others than in the frame before. Also
from the page's first paint to the last of the six sweeps of all networks.
"""

import argparse
import itertools
import time
from statistics import median

from benchmarks.app.browser import Server, chromium

GOAL = 30  # repaints a second
NETWORKS = {"one": "best", "three": "best&networks=original&networks=tanh"}
ROOT = "document.querySelector('.st-key-stress [data-testid=stBidiComponentIsolated]').shadowRoot"
# Looks at every frame until it is told to end.
CLOCK = """() => {
    const root = ROOT, found = { frames: [], repaints: 0 }
    let before = ""
    window.ended = false
    window.measured = new Promise((resolve) => {
        const look = (now) => {
            found.frames.push(now)
            const picture = root.querySelector(".large").getContext("2d").getImageData(0, 0, 28, 28).data.join()
            const shown = picture + [...root.querySelectorAll(".result li i")].map((bar) => bar.style.transform).join()
            if (shown !== before && before) found.repaints += 1
            before = shown
            if (window.ended) resolve(found)
            else requestAnimationFrame(look)
        }
        requestAnimationFrame(look)
    })
}""".replace("ROOT", ROOT)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=4, help="of each drag (default 4)")
    parser.add_argument("--turns", type=int, default=5, help="counted drags with each number of networks (default 5)")


def run(options: argparse.Namespace) -> None:
    """Print the medians of all turns."""
    server = Server()
    try:
        with chromium() as browser:
            found = {}
            for name, query in NETWORKS.items():
                turns = [_turn(browser, server.url, query, options.seconds) for _ in range(options.turns + 1)]
                found[name] = turns[1:]  # the first warms everything up
    finally:
        server.stop()
    print(f"medians of {options.turns} drags of {options.seconds:g} s; goal {GOAL} repaints a second")
    for row in found["one"][0]:
        print(f"  {row:32}" + "".join(f"{name:>8} {median(one[row] for one in found[name]):7.1f}" for name in found))


def _turn(browser, url: str, query: str, seconds: float) -> dict[str, float]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.goto(f"{url}/stress?digit=0&networks={query}")
    page.locator(".stage").wait_for(timeout=60_000)
    start = time.perf_counter()
    page.locator(".stress[data-swept=true]").wait_for(timeout=120_000)
    swept = time.perf_counter() - start
    page.wait_for_timeout(1000)
    page.evaluate(f"({CLOCK})()")
    page.wait_for_timeout(1000)
    rest = _rate(_measured(page))
    box = page.locator("#way-rotate").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.evaluate(f"({CLOCK})()")
    end, step = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        step += 1
        share = abs(step % 160 / 80 - 1)  # to and fro
        page.mouse.move(box["x"] + box["width"] * (0.1 + 0.8 * share), y)
    dragged = _measured(page)
    page.mouse.up()
    page.close()
    frames = dragged["frames"]
    return {
        "frames a second at rest": rest,
        "repaints a second": 1000 * dragged["repaints"] / (frames[-1] - frames[0]),
        "longest frame, ms": max(after - before for before, after in itertools.pairwise(frames)),
        "first paint to all sweeps, s": swept,
    }


def _measured(page) -> dict:
    page.evaluate("window.ended = true")
    return page.evaluate("window.measured")


def _rate(measured: dict) -> float:
    frames = measured["frames"]
    return 1000 * (len(frames) - 1) / (frames[-1] - frames[0])
