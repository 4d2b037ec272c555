"""How long the Experiments page takes to draw each of its tabs, against a bare Streamlit page with one Altair chart.

From the start of the navigation until the script has ended and every chart is on the screen. Each load is a new visitor
(nothing cached in the browser); both servers run at once and the loads alternate. Goal: at most 1.4 times.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from benchmarks.app.browser import Server, chromium
from lenet.study.experiments import EXPERIMENTS

GOAL = 1.4
BARE_PAGE = "bare page, one chart"
BARE = """
import altair as alt
import pandas as pd
import streamlit as st

data = pd.DataFrame({"epoch": range(21), "accuracy": [1 - 0.9 / (epoch + 1) for epoch in range(21)]})
st.altair_chart(alt.Chart(data).mark_line().encode(x="epoch:Q", y="accuracy:Q"))
"""
# Views draw into a shadow root each; a chart of Streamlit's own has an svg or a canvas.
DRAWN = """(least) => {
    const app = document.querySelector("[data-testid=stApp]")
    const hosts = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
    const views = hosts.map((host) => host.shadowRoot?.querySelector(".study")).filter(Boolean)
    const charts = [...document.querySelectorAll("[data-testid=stVegaLiteChart]")]
    const all = [...views, ...charts]
    const drawn = all.filter((one) => one.querySelector("svg, canvas, .told, .claims")).length
    return app?.dataset.testScriptState === "notRunning" && drawn >= least && drawn === all.length
        ? performance.now() : false
}"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--loads", type=int, default=9, help="counted loads of each page (default 9)")


def run(arguments: argparse.Namespace) -> None:
    """Print the median of each tab and its ratio to the bare page."""
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        bare = Path(temporary, "bare.py")
        bare.write_text(BARE, encoding="utf-8")
        app, echo = Server(), Server(bare, Path(temporary))
        try:
            pages = {BARE_PAGE: (echo.url, 1)}
            for e in EXPERIMENTS:
                query = urlencode({"experiment": e.id, f"guess-{e.id}": "look"})
                # three repetitions, the guess and the claims; curves where there are runs
                pages[f"{e.number} {e.title}"] = (f"{app.url}/experiments?{query}", 3)
            pages["Compare"] = (f"{app.url}/experiments?experiment=compare", 1)
            tabs = pages.keys() - {BARE_PAGE}
            times: dict[str, list[float]] = {name: [] for name in pages}
            for load in range(-1, arguments.loads):  # the first round warms both up
                for name, (url, charts) in pages.items():
                    milliseconds = _load(browser, url, charts)
                    if load >= 0:
                        times[name].append(milliseconds)
        finally:
            app.stop()
            echo.stop()
    medians = {name: median(values) for name, values in times.items()}
    base = medians[BARE_PAGE]
    for name, value in medians.items():
        print(f"{name:<24} {value:6.0f} ms  ratio {value / base:.2f}")
    slowest = max(value for name, value in medians.items() if name in tabs) / base
    print(f"slowest tab: {slowest:.2f} times the bare page (goal: at most {GOAL}), {arguments.loads} loads each")


def _load(browser, url: str, charts: int) -> float:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.goto(url, wait_until="commit")
    milliseconds = page.wait_for_function(DRAWN, arg=charts, timeout=60_000).json_value()
    context.close()
    return milliseconds
