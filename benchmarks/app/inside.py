"""Look inside in the browser: from a move of the pointer to the arithmetic of the cell under it, and the tape.

For each network: moves over random cells of random layers, each followed to the frame in which outlines and panel are
there. A frame at 60 Hz has 16.7 ms; `work` is what the page itself needs of it: handling the move, and painting.
The tape plays for 300 frames of the browser: how many of its own it paints a second, and whether a picture collapses.
"""

import argparse
from statistics import median, quantiles

from benchmarks.app.browser import Server, chromium

INSIDE = (
    "document.querySelector('.st-key-inside-view [data-testid=stBidiComponentIsolated]')"
    "?.shadowRoot?.querySelector('.lenet')"
)
FRAME = 1000 / 60  # milliseconds
# Points at a cell and waits for the next frame: ours is asked for after the view's own, so it runs after it.
HOVER = """async ([stage, cell]) => {
    const root = INSIDE, state = root.querySelector(".network").state
    const block = state.plan.blocks.find((one) => one.stage === stage)
    const [, rows, columns] = state.plan.networks[0].stages[stage].shape
    const [x, y] = block.places[Math.floor(cell / (rows * columns))], canvas = root.querySelector("canvas.view")
    const box = canvas.getBoundingClientRect()
    const wide = block.ten ? block.cellWidth : block.zoom
    canvas.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, composed: true, pointerType: "mouse",
        clientX: box.x + x + (cell % columns + 0.5) * wide,
        clientY: box.y + y + (Math.floor(cell / columns) % rows + 0.5) * block.zoom }))
    await new Promise(requestAnimationFrame)
    return { shown: root.dataset.shown, title: root.querySelector(".panel h2").innerText }
}""".replace("INSIDE", INSIDE)
MOVES = """async (count) => {
    const root = INSIDE, state = root.querySelector(".network").state, times = []
    const blocks = state.plan.blocks.filter(({ bars, ten }) => !bars && !ten)
    const next = () => new Promise(requestAnimationFrame)
    let seed = 1
    const chance = (below) => (seed = (seed * 48271) % 2147483647) % below
    for (let turn = 0; turn < count; turn++) {
        const { stage } = blocks[chance(blocks.length)]
        await next()
        const moved = performance.now()
        state.point({ network: 0, stage, cell: chance(state.plan.networks[0].stages[stage].values.length) })
        const handled = performance.now() - moved
        const frame = await next()
        times.push(handled + Math.max(0, performance.now() - Math.max(frame, moved)))
    }
    return times
}""".replace("INSIDE", INSIDE)
TAPE = INSIDE.replace("inside-view", "tape")
# Plays the tape for so many frames of the browser: frames of its own a second, how often it painted something else, and
# what collapsed meanwhile.
TAPE_FRAMES = """async (count) => {
    const root = TAPE, painted = new Set(), small = new Set()
    const parts = [".pair", ".answers", ".six canvas", ".curve svg", ".said"]
    root.winding.at = 0
    root.querySelector("[data-do=play]").click()
    const begun = { frames: root.winding.frames, at: performance.now() }
    for (let turn = 0; turn < count; turn++) {
        await new Promise(requestAnimationFrame)
        for (const part of parts)
            for (const one of root.querySelectorAll(part)) {
                const { width, height } = one.getBoundingClientRect()
                if (width < 20 || height < 14) small.add(part)
            }
        painted.add([...root.querySelectorAll(".answers em")].map((bar) => bar.style.height).join())
    }
    const seconds = (performance.now() - begun.at) / 1000
    const rate = (root.winding.frames - begun.frames) / seconds
    if (root.winding.playing) root.querySelector("[data-do=play]").click()
    return { rate, painted: painted.size, small: [...small] }
}""".replace("TAPE", TAPE)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--networks",
        nargs="+",
        default=["original", "depth-4"],
        help="networks (default: the usual one and the one with the most cells)",
    )
    parser.add_argument("--moves", type=int, default=300, help="moves of the pointer for each (default 300)")


def run(arguments: argparse.Namespace) -> None:
    """Print median and 95th percentile for each network, and the rate of the tape."""
    server = Server()
    try:
        with chromium() as browser:
            for name in arguments.networks:
                page = browser.new_page(viewport={"width": 1920, "height": 1080})
                page.goto(f"{server.url}/inside?network={name}")
                ready(page)
                page.wait_for_timeout(1000)
                work = page.evaluate(f"({MOVES})({arguments.moves})")
                page.close()
                print(
                    f"{name}: move to outlines and arithmetic: work median {median(work):.1f} ms, p95 "
                    f"{quantiles(work, n=20)[-1]:.1f} ms; {sum(value <= FRAME for value in work)} of {len(work)} "
                    f"within {FRAME:.1f} ms"
                )
            page = browser.new_page(viewport={"width": 1920, "height": 1080})
            page.goto(f"{server.url}/inside?section=tape")
            page.wait_for_function(f"{TAPE}?.dataset.ready", timeout=90_000)
            found = page.evaluate(f"({TAPE_FRAMES})(300)")
            print(
                f"tape: {found['rate']:.1f} frames a second (goal 10), {found['painted']} different pictures in 300 "
                f"frames; collapsed: {', '.join(found['small']) or 'nothing'}"
            )
    finally:
        server.stop()


def ready(page) -> None:
    """Wait until the first cell is taken apart."""
    page.wait_for_function(f"{INSIDE}?.dataset.shown !== undefined", timeout=90_000)
