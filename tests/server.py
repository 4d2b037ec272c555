"""What tests of the running app share: a real server, and waiting for its pages."""

from itertools import pairwise

from benchmarks.app.browser import ROOT, Server, board

__all__ = ["ROOT", "Server", "finger", "settled"]


def settled(page) -> None:
    """Wait until the script of the page has run to its end."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)


def finger(page, points: list[tuple[float, float]]) -> None:
    """Draw one stroke on the board with a finger; the points are shares of its width and height."""
    touch = page.context.new_cdp_session(page)
    box = board(page).bounding_box()
    places = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in points]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": places[:1]})
    for begin, end in pairwise(places):
        for part in range(1, 6):
            point = {axis: begin[axis] + (end[axis] - begin[axis]) * part / 5 for axis in "xy"}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    touch.detach()
