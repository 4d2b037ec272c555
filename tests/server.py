"""What tests of the running app share: a real server, and waiting for its pages."""

from itertools import pairwise

from benchmarks.app.browser import ROOT, Server, board, stroke

__all__ = ["ROOT", "Server", "finger", "messages", "quiet", "settled"]


def settled(page) -> None:
    """Wait until the script of the page has run to its end."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)


def messages(page) -> list[int]:
    """Grows by one with every message that the page sends the server. Ask before the page is opened."""
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append(1)))
    return sent


def quiet(page, sent: list[int]) -> None:
    """Draw until strokes send the server nothing any more: the first one wakes PyTorch. Then the board is blank, and
    the server knows it. sent: `messages` of the page."""
    for _ in range(120):
        before = len(sent)
        stroke(page, [(0.3, 0.2), (0.5, 0.15)])
        page.wait_for_timeout(500)
        settled(page)
        if len(sent) == before:
            break
    page.locator(".st-key-clear button").click()
    page.keyboard.press("Shift")  # a key sends what is due
    page.wait_for_timeout(200)
    settled(page)


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
