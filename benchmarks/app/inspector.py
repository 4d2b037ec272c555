"""The inspector in the browser: first paint after the data arrives, and from a move of the pointer to the outlines.

For each network: the time from the call with the data to the end of the first frame; then moves over random cells of
random layers, each followed to the frame in which its outlines are painted. A frame at 60 Hz has 16.7 ms; `work` is
what the inspector itself needs of it: handling the move and painting. Untrained networks: the values change nothing.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median, quantiles

from benchmarks.app.browser import ROOT, Server, chromium

APP = """
import streamlit as st
from lenet.training import new_model
from lenet.ui.shared import digit
from lenet.ui.inside.inspector import inspector
from lenet.variant import VARIANTS

st.set_page_config(layout="wide")
name = st.query_params["network"]
inspector(new_model(VARIANTS[name], 0), name, digit.test_digit({digit}))
"""
INSPECTOR = (
    "document.querySelector('.st-key-inspector [data-testid=stBidiComponentIsolated]')"
    ".shadowRoot.querySelector('.inspector')"
)
FRAME = 1000 / 60  # milliseconds
# Each move waits for the start of a frame, so that the next one is a whole frame away. The inspector asks for its paint
# first, so ours runs after it in the same frame. To ask for a pixel makes the canvas finish what was drawn.
MOVES = """async (count) => {
    const root = INSPECTOR, state = root.state, times = []
    const next = () => new Promise(requestAnimationFrame)
    let seed = 1
    const chance = (below) => (seed = (seed * 48271) % 2147483647) % below
    for (let turn = 0; turn < count; turn++) {
        const stage = state.net.stages[chance(state.net.stages.length)]
        const canvas = state.canvases[stage.number], box = canvas.getBoundingClientRect()
        await next()
        const moved = performance.now()
        canvas.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, composed: true, pointerType: "mouse",
            clientX: box.x + chance(Math.floor(box.width)), clientY: box.y + chance(Math.floor(box.height)) }))
        const handled = performance.now() - moved
        const frame = await next()
        const painted = performance.now()
        times.push(handled + Math.max(0, painted - Math.max(frame, moved)))
    }
    return times
}""".replace("INSPECTOR", INSPECTOR)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--networks",
        nargs="+",
        default=["original", "depth-4"],
        help="variants (default: the usual one and the one with the most cells)",
    )
    parser.add_argument("--moves", type=int, default=300, help="moves of the pointer for each (default 300)")


def run(arguments: argparse.Namespace) -> None:
    """Print median and 95th percentile for each network."""
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        script = Path(temporary, "bare.py")
        script.write_text(APP.format(digit=7), encoding="utf-8")
        server = Server(script, ROOT, {"PYTHONPATH": str(ROOT)})
        try:
            for name in arguments.networks:
                paints = []
                for _ in range(3):
                    page = browser.new_page(viewport={"width": 1920, "height": 1080})
                    page.goto(f"{server.url}/?network={name}")
                    ready(page)
                    paints.append(float(page.evaluate(f"{INSPECTOR}.dataset.painted")))
                    page.wait_for_timeout(1000)
                    work = page.evaluate(f"({MOVES})({arguments.moves})")
                    page.close()
                print(
                    f"{name}: first paint {median(paints):.0f} ms (worst {max(paints):.0f}); move to outlines: "
                    f"work median {median(work):.1f} ms, p95 {quantiles(work, n=20)[-1]:.1f} ms; "
                    f"{sum(value <= FRAME for value in work)} of {len(work)} within {FRAME:.1f} ms"
                )
        finally:
            server.stop()


def ready(page) -> None:
    """Wait for the first paint of the inspector."""
    page.wait_for_selector(".inspector[data-mark]", state="attached", timeout=90_000)
