"""The first page in a real browser: digits drawn on the real canvas, with the mouse and with a finger."""

import io
import signal
from itertools import combinations

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from benchmarks.app.browser import board, stroke
from lenet.strokes import Stroke, encode
from lenet.ui.shared.frame import PAGES
from tests.server import Server, finger, messages, quiet, settled

pytestmark = pytest.mark.browser

# Strokes as shares of the board's width and height.
DIGITS = {
    0: [
        [
            (0.5, 0.15),
            (0.35, 0.25),
            (0.28, 0.5),
            (0.35, 0.77),
            (0.5, 0.87),
            (0.65, 0.77),
            (0.72, 0.5),
            (0.65, 0.25),
            (0.5, 0.15),
        ]
    ],
    1: [[(0.5, 0.15), (0.5, 0.85)]],
    2: [[(0.3, 0.3), (0.4, 0.17), (0.6, 0.17), (0.68, 0.32), (0.6, 0.5), (0.3, 0.83), (0.72, 0.83)]],
    3: [
        [
            (0.3, 0.2),
            (0.5, 0.14),
            (0.67, 0.25),
            (0.63, 0.4),
            (0.48, 0.48),
            (0.66, 0.56),
            (0.7, 0.72),
            (0.52, 0.86),
            (0.3, 0.8),
        ]
    ],
    4: [[(0.35, 0.15), (0.3, 0.5), (0.7, 0.5)], [(0.65, 0.2), (0.62, 0.88)]],
    5: [[(0.68, 0.16), (0.38, 0.16), (0.36, 0.45), (0.58, 0.44), (0.68, 0.6), (0.62, 0.8), (0.45, 0.87), (0.3, 0.8)]],
    7: [[(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]],
}
# It begins where the canvas has its own toolbar, and ends with a tap there.
HIGH_FIVE = [
    [(0.75, 0.06), (0.38, 0.06), (0.36, 0.4), (0.6, 0.4), (0.72, 0.58), (0.66, 0.8), (0.48, 0.9), (0.3, 0.82)],
    [(0.95, 0.04), (0.95, 0.05)],
]


@pytest.fixture
def page(server: Server, new_page):
    """The first page, with the board on it."""
    opened = new_page()
    opened.goto(server.url)
    board(opened)
    return opened


# What the board shows: how many of its 320 × 320 pixels are light, and the middle of them.
INK = """() => {
    const shown = document.querySelector(".st-key-canvas [data-testid=stBidiComponentIsolated]")
        ?.shadowRoot.querySelector(".lenet-shown")
    const found = { count: 0, sum: [0, 0], at: null }
    if (!shown || shown.hidden) return found
    const { data } = shown.getContext("2d").getImageData(0, 0, 320, 320)
    for (let at = 0; at < data.length; at += 4) {
        if (data[at] < 120) continue
        found.count++
        found.sum[0] += (at / 4) % 320
        found.sum[1] += Math.floor(at / 4 / 320)
    }
    if (found.count) found.at = found.sum.map((sum) => sum / found.count)
    return found
}"""


def expect_answers(page, *answers: str) -> None:
    """Wait until these are the large digits on the page."""
    page.wait_for_function(
        """(wanted) => {
            const shown = document.querySelector(".st-key-answer [data-testid=stBidiComponentIsolated]")
                ?.shadowRoot.querySelectorAll(".big") ?? []
            return wanted.join() === [...shown].map((big) => big.textContent).join()
        }""",
        arg=list(answers),
        timeout=60_000,
    )


def draw(page, digit: int) -> None:
    for points in DIGITS[digit]:
        stroke(page, points)


def draw_small(page, digit: int, left: float) -> None:
    """Half as wide as the board, from this share of its width on."""
    for path in DIGITS[digit]:
        stroke(page, [(left + (x - 0.25) * 0.8, 0.2 + 0.6 * y) for x, y in path])


def test_digits_drawn_with_the_mouse_are_read(page):
    for digit in DIGITS:
        draw(page, digit)
        expect_answers(page, str(digit))
        page.locator(".st-key-clear button").click()
        expect_answers(page, "?")


def test_two_digits_are_cut_apart_and_read_in_their_order(page):
    """Each can be looked at by keyboard, and the drawing be read as one digit; nothing on the page moves."""
    answer = page.locator(".st-key-answer")
    places = (
        "() => [...document.querySelectorAll('.st-key-time, .st-key-view')].map((e) => e.getBoundingClientRect().top)"
    )
    draw_small(page, 4, 0.02)
    expect_answers(page, "4")
    before = page.evaluate(places)
    draw_small(page, 2, 0.5)
    expect_answers(page, "42")
    first, second = answer.locator(".big button").all()
    assert second.get_attribute("aria-pressed") == "true" and answer.locator(".bars .first b").inner_text() == "2"
    assert "%" in answer.locator(".verdict").inner_text()
    cut = """(wanted) => {
        const canvas = document.querySelector(".st-key-canvas [data-testid=stBidiComponentIsolated]")
            .shadowRoot.querySelector(".lenet-shown")
        if (!canvas) return false
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
        let count = 0
        for (let at = 0; at < data.length; at += 4) count += data[at] < 120 && data[at + 2] > 200
        return count > 100 === wanted
    }"""
    page.wait_for_function(cut, arg=True)  # a blue line on the board
    first.focus()
    page.evaluate("document.querySelector('.st-key-eraser input').click()")  # the server answers
    page.wait_for_function("document.querySelector('.st-key-eraser input').checked")
    settled(page)
    page.keyboard.press("Enter")
    page.evaluate("document.querySelector('.st-key-eraser input').click()")
    assert first.get_attribute("aria-pressed") == "true" and answer.locator(".bars .first b").inner_text() == "4"
    answer.get_by_role("button", name="Read as one digit").click()
    page.wait_for_function(
        """() => document.querySelector(".st-key-answer [data-testid=stBidiComponentIsolated]")
            .shadowRoot.querySelector(".big").textContent.length === 1"""
    )
    page.wait_for_function(cut, arg=False)
    answer.get_by_role("button", name="Cut it into two").click()
    expect_answers(page, "42")
    assert page.evaluate(places) == before
    slides = page.locator(".st-key-slides")
    size = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(
        """() => {
            const section = document.querySelector(".st-key-slides [data-testid=stBidiComponentIsolated]")
                ?.shadowRoot.querySelector("section")
            const { scrollWidth, clientWidth, parentElement } = section ?? {}
            return innerWidth === 390 && clientWidth > 0 && scrollWidth <= parentElement.clientWidth
        }"""
    )
    page.set_viewport_size(size)
    expect(slides).to_contain_text("Sliding along the whole drawing, best reads 42.")
    assert slides.locator("canvas").count() == 2
    page.locator(".st-key-undo button").click()  # the 4 alone
    expect_answers(page, "4")
    expect(slides.locator("section")).to_be_hidden()


def test_an_answer_has_ten_bars_a_network_view_and_the_way_to_28_by_28(page):
    draw(page, 7)
    expect_answers(page, "7")
    page.locator(".st-key-answer .message", has_text="Draw a digit").wait_for(state="detached")  # it has been done
    widths = page.locator(".st-key-answer ol .bar").evaluate_all("bars => bars.map((bar) => bar.clientWidth)")
    assert len(widths) == 10 and widths.index(max(widths)) == 7
    page.locator(".st-key-view canvas.view").wait_for()
    assert page.locator(".st-key-view canvas.view").get_attribute("aria-label")
    assert page.locator(".st-key-view canvas.view").bounding_box()["height"] >= 200
    steps = page.locator(".st-key-answer .steps figure")
    assert steps.count() == 4 and all("7" in text or "1" in text for text in steps.all_inner_texts())


def test_the_first_minute_needs_no_scrolling(page):
    draw(page, 7)
    expect_answers(page, "7")
    for part in (
        ".st-key-canvas",
        ".st-key-answer ol",
        ".st-key-answer .steps",
        ".st-key-networks",
        ".st-key-time canvas",
        ".st-key-view canvas.view",
    ):
        page.locator(part).first.wait_for()
        box = page.locator(part).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 720, part


def test_a_large_screen_has_a_large_board_that_draws_as_well(server: Server, new_page):
    page = new_page(1920, 1080)
    page.goto(server.url)
    assert board(page).bounding_box()["width"] > 400
    draw(page, 3)
    expect_answers(page, "3")
    page.locator(".st-key-clear button").click()
    stroke(page, [(0.95, 0.95), (0.96, 0.95)])
    page.wait_for_function(f"({INK})().at?.every((at) => Math.abs(at - 0.955 * 320) < 3)")  # it lies under the pointer


def test_undo_takes_back_a_stroke_and_clear_all_of_them(page):
    draw(page, 1)
    expect_answers(page, "1")
    stroke(page, [(0.5, 0.15), (0.75, 0.2), (0.75, 0.45), (0.5, 0.5)])  # with a belly it is no 1 any more
    page.wait_for_function(
        """document.querySelector(".st-key-answer [data-testid=stBidiComponentIsolated]").shadowRoot
            .querySelector(".big").textContent !== "1" """
    )
    page.locator(".st-key-undo button").press("Enter")  # the keyboard does
    expect_answers(page, "1")
    page.locator(".st-key-clear button").click()
    expect_answers(page, "?")
    draw(page, 7)
    expect_answers(page, "7")


def test_three_networks_from_a_link_and_one_less_by_a_click(server: Server, new_page):
    page = new_page()
    page.goto(f"{server.url}/?networks=best&networks=original&networks=tanh")
    board(page)
    draw(page, 7)
    expect_answers(page, "7", "7", "7")
    look = """() => [["[data-testid=stMainBlockContainer]", "paddingLeft"], ["h1", "fontFamily"]]
        .map(([part, what]) => getComputedStyle(document.querySelector(part))[what])"""
    before = page.evaluate(look)
    page.get_by_role("button", name="sigmoid").click()  # a fourth takes the place of one
    page.wait_for_url(lambda url: "sigmoid" in url)
    page.locator('button[aria-pressed=false]:has(:text-is("best"))').wait_for()  # the server has answered
    settled(page)
    assert page.evaluate(look) == before
    page.get_by_role("button", name="tanh").click()
    page.wait_for_url(lambda url: "tanh" not in url and "sigmoid" in url)
    expect(page.locator(".st-key-answer .card")).to_have_count(2)


def test_the_drawing_survives_a_change_of_page(page):
    draw(page, 3)
    expect_answers(page, "3")
    other = next(
        other
        for key, other in PAGES.items()
        if key != "draw" and page.locator(".st-key-frame a", has_text=other.title).count()
    )
    page.locator(".st-key-frame a", has_text=other.title).click()
    page.locator("h1", has_text=other.title).wait_for()
    settled(page)
    page.locator(".st-key-frame a", has_text="Draw").first.click()
    board(page)
    expect_answers(page, "3")
    ink = (
        "document.querySelector('.st-key-canvas [data-testid=stBidiComponentIsolated]').shadowRoot"
        ".querySelector('canvas.dc-canvas').getContext('2d').getImageData(0, 0, 320, 320).data"
        ".filter((value, index) => index % 4 === 0 && value > 200).length"
    )
    page.wait_for_function(f"{ink} > 1000")
    drawn = page.evaluate(ink)
    stroke(page, [(0.1, 0.9), (0.9, 0.9)])  # it can be gone on with
    page.wait_for_function(f"{ink} > {drawn + 1000}")
    page.locator(".st-key-undo button").click()
    expect_answers(page, "3")


def as_png(sheet: Image.Image) -> bytes:
    png = io.BytesIO()
    sheet.save(png, "PNG")
    return png.getvalue()


def a_two() -> bytes:
    """A picture of a blue 2 on white paper."""
    sheet = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(sheet).line([(300 * x, 300 * y) for x, y in DIGITS[2][0]], (0, 0, 120), 22, "curve")
    return as_png(sheet)


def upload(page, picture: bytes):
    """Hand a file to the open pop-over. Returns its field."""
    field = page.locator(".st-key-digit_upload input[type=file]")
    field.set_input_files({"name": "picture.png", "mimeType": "image/png", "buffer": picture})
    return field


def test_a_test_digit_an_upload_and_back(page):
    draw(page, 3)
    expect_answers(page, "3")
    chooser = page.get_by_role("button", name="Test digit or picture")
    chooser.click()
    page.get_by_label("Or its number in the test set").fill("0")
    page.keyboard.press("Enter")
    expect_answers(page, "7")
    page.wait_for_url("**/?digit=0")
    field = upload(page, a_two())
    expect_answers(page, "2")
    field.wait_for(state="detached")  # the pop-over has made room for the answer
    expect(page.get_by_role("heading", name="How your picture became 28 × 28")).to_be_visible()
    assert "drawn" not in page.locator(".st-key-answer .steps").inner_text()
    chooser.click()
    upload(page, b"no picture at all")
    page.locator(".st-key-answer .message", has_text="not a picture").wait_for()
    expect_answers(page, "2")
    page.get_by_role("button", name="Back to my drawing").click()
    expect_answers(page, "3")


def test_an_uploaded_picture_leaves_the_network_on_the_first_screen(page):
    page.get_by_role("button", name="Test digit or picture").click()
    upload(page, a_two())
    expect_answers(page, "2")
    page.get_by_text("Pink: what was taken for ink.").wait_for()
    box = page.locator(".st-key-view canvas.view").bounding_box()
    assert box["y"] + box["height"] <= 720


def test_an_uploaded_picture_of_two_digits_is_cut(page):
    """The picture lies on the board with the cut, and can be read as one digit."""
    sheet = Image.new("L", (600, 300), 255)
    for left, digit in ((0, 4), (270, 2)):
        for path in DIGITS[digit]:
            ImageDraw.Draw(sheet).line([(left + 300 * x, 300 * y) for x, y in path], 40, 20, "curve")
    page.get_by_role("button", name="Test digit or picture").click()
    upload(page, as_png(sheet))
    expect_answers(page, "42")
    message = page.locator(".st-key-answer .message")
    expect(message).to_contain_text("Read as two digits, cut at the dashed line.")
    blue = """() => {
        const find = (root) => root.querySelector?.(".lenet-shown")
            ?? [...root.querySelectorAll("*")].map(({ shadowRoot }) => shadowRoot && find(shadowRoot)).find(Boolean)
        const shown = find(document)
        if (!shown) return null  // the board is being mounted
        const { data } = shown.getContext("2d").getImageData(0, 0, 320, 320)
        let count = 0
        for (let at = 0; at < data.length; at += 4) count += data[at] === 86 && data[at + 2] === 233
        return count
    }"""
    page.wait_for_function(f"({blue})() > 100")
    message.get_by_role("button", name="Read as one digit").click()
    page.wait_for_function(f"({blue})() === 0")
    expect(message).to_contain_text("Read as one digit.")
    message.get_by_role("button", name="Cut it into two").click()
    expect_answers(page, "42")
    stroke(page, [(0.5, 0.15), (0.5, 0.85)])  # the board is one's own again
    expect_answers(page, "1")


def test_a_test_digit_is_drawn_over(server: Server, new_page):
    page = new_page()
    page.goto(f"{server.url}/?digit=2")  # a slim 1
    board(page)
    expect_answers(page, "1")
    page.wait_for_function(f"({INK})().count > 2000")  # it lies on the board
    page.get_by_role("button", name="Draw over it").click()
    page.wait_for_function("location.search.includes('drawing=')")
    expect_answers(page, "1")
    stroke(page, [(0.2, 0.15), (0.65, 0.15)])  # a bar makes it a 7
    expect_answers(page, "7")
    page.locator(".st-key-undo button").click()
    expect_answers(page, "1")


def test_an_example_is_one_click_away(page):
    page.get_by_role("button", name="Try a test digit").click()
    page.locator(".st-key-answer .verdict", has_text="right").or_(
        page.locator(".st-key-answer .verdict", has_text="wrong")
    ).wait_for()
    page.get_by_role("button", name="Try a test digit").wait_for(state="detached")


def test_digits_drawn_with_a_finger_are_read_and_the_page_stays_where_it_is(server: Server, new_page):
    page = new_page(device="phone")
    page.goto(server.url)
    box = board(page).bounding_box()
    settled(page)
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop + window.scrollY"
    for digit, strokes in ((2, DIGITS[2]), (4, DIGITS[4]), (7, DIGITS[7]), (5, HIGH_FIVE)):
        for points in strokes:
            finger(page, points)
        expect_answers(page, str(digit))
        assert page.evaluate(scrolled) == 0
        page.locator(".st-key-clear button").tap()
        expect_answers(page, "?")


def shown(page) -> str:
    """The large digit now."""
    return page.locator(".st-key-answer .big").first.inner_text()


def test_a_digit_writes_itself_until_somebody_draws(page):
    expect_answers(page, "3")
    box = board(page).bounding_box()
    page.mouse.move(box["x"] + 160, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 280, steps=5)
    expect_answers(page, "1")  # the pen is still down: what wrote itself is gone
    page.mouse.up()
    page.locator(".st-key-clear button").click()
    expect_answers(page, "?")


@pytest.mark.alone
def test_it_is_read_while_the_pen_moves_and_nothing_moves_on_the_page(page):
    expect_answers(page, "3")
    parts = (".st-key-answer", ".st-key-time", ".st-key-view")
    for part in parts:
        page.locator(part).first.wait_for()
    settled(page)
    before = [page.locator(part).bounding_box() for part in parts]
    box = board(page).bounding_box()
    answers = set()
    (points,) = DIGITS[2]
    for at, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if at == 0:
            page.mouse.down()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        answers.add(shown(page))
    assert len(answers) > 1 and "2" in answers, answers
    page.mouse.up()
    assert [page.locator(part).bounding_box() for part in parts] == before


def test_dragging_along_pen_time_brings_an_earlier_moment_back(page):
    draw(page, 2)
    expect_answers(page, "2")
    strip = page.locator(".st-key-time canvas").bounding_box()
    page.mouse.move(strip["x"] + strip["width"] * 0.97, strip["y"] + 10)
    page.mouse.down()
    seen = set()
    for share in range(9, 0, -1):
        page.mouse.move(strip["x"] + strip["width"] * share / 10, strip["y"] + 10)
        page.wait_for_timeout(50)
        seen.add(shown(page))
    assert len(seen) > 1, seen
    page.mouse.move(strip["x"] + strip["width"] - 1, strip["y"] + 10)
    page.mouse.up()
    expect_answers(page, "2")


def test_a_cell_opens_its_arithmetic_and_escape_closes_it(page):
    draw(page, 7)
    expect_answers(page, "7")
    view = page.locator(".st-key-view canvas.view")
    box = view.bounding_box()
    view.hover(position={"x": box["width"] - 60, "y": 16 + 18.4 * 7.5})
    page.locator(".st-key-view .readout", has_text="softmax · digit 7").wait_for()
    view.click(position={"x": box["width"] - 60, "y": 16 + 18.4 * 7.5})
    page.locator(".st-key-view .panel h3", has_text="softmax · digit 7").wait_for()
    page.locator(".st-key-view .panel button", has_text="fc3 7").first.click()
    page.locator(".st-key-view .panel h3", has_text="fc3 · digit 7").wait_for()
    view.click(position={"x": 0.13 * box["width"], "y": 60})
    page.locator(".st-key-view .panel h3", has_text="conv1").wait_for()
    pictures = page.locator(".st-key-view .panel .pictures canvas")
    expect(pictures).to_have_count(3)
    assert all(picture.evaluate("e => e.clientWidth") > 40 for picture in pictures.all())
    page.keyboard.press("Escape")
    page.locator(".st-key-view .panel").wait_for(state="hidden")
    view.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".st-key-view .panel").wait_for(state="visible")


def test_softmax_in_the_network_view_says_what_the_answer_makes_of_it(page):
    """`best` is sure of an R; its share is calibrated in the answer, not in the arithmetic."""
    stroke(page, [(0.35, 0.9), (0.35, 0.15), (0.7, 0.2), (0.7, 0.45), (0.35, 0.5), (0.7, 0.9)])
    first = page.locator(".st-key-answer .bars .first")
    expect(first.locator(".share")).to_have_text("98.9 %", timeout=60_000)  # the most that a strange drawing gets
    digit = int(first.locator("b").inner_text())
    view = page.locator(".st-key-view canvas.view")
    view.hover(position={"x": view.bounding_box()["width"] - 60, "y": 16 + 18.4 * (digit + 0.5)})
    readout = page.locator(".st-key-view .readout", has_text=f"softmax · digit {digit}")
    expect(readout).to_contain_text("by softmax alone; the answer above shows 98.9 %")


def test_a_stroke_that_leaves_the_board_and_comes_back_is_one(page):
    stroke(page, [(0.5, 0.2), (1.3, 0.5), (0.5, 0.8)])
    page.wait_for_function(f"({INK})().count > 500")
    page.locator(".st-key-undo button").click()
    expect_answers(page, "?")


def test_a_hand_that_lies_on_the_board_draws_nothing_beside_the_pen(page):
    """A second finger is left out, and what touched the board before a pen goes again."""
    send = """([kind, pointer, type, x, y, primary]) => {
        const canvas = document.querySelector(".st-key-canvas [data-testid=stBidiComponentIsolated]")
            .shadowRoot.querySelector("canvas.upper-canvas")
        const { left, top, width, height } = canvas.getBoundingClientRect()
        canvas.dispatchEvent(new PointerEvent(kind, { pointerId: pointer, pointerType: type, isPrimary: primary,
            clientX: left + x * width, clientY: top + y * height, bubbles: true, composed: true }))
    }"""
    for event in (
        ["pointerdown", 5, "touch", 0.9, 0.9, True],  # the palm
        ["pointerdown", 6, "touch", 0.1, 0.9, False],  # a finger beside it
        ["pointerdown", 7, "pen", 0.5, 0.15, True],
        ["pointermove", 6, "touch", 0.2, 0.5, False],
        ["pointermove", 7, "pen", 0.5, 0.5, True],
        ["pointermove", 5, "touch", 0.8, 0.8, True],
        ["pointermove", 7, "pen", 0.5, 0.85, True],
        ["pointerup", 5, "touch", 0.8, 0.8, True],
        ["pointerup", 7, "pen", 0.5, 0.85, True],
    ):
        page.evaluate(send, event)
    expect_answers(page, "1")
    page.locator(".st-key-undo button").click()
    expect_answers(page, "?")
    for event in (
        ["pointerdown", 8, "pen", 0.5, 0.15, True],
        ["pointerdown", 9, "touch", 0.9, 0.9, True],  # the palm comes later
        ["pointermove", 9, "touch", 0.8, 0.8, True],
        ["pointermove", 8, "pen", 0.5, 0.85, True],
        ["pointerup", 9, "touch", 0.8, 0.8, True],
        ["pointerup", 8, "pen", 0.5, 0.85, True],
    ):
        page.evaluate(send, event)
    expect_answers(page, "1")


def test_a_browser_that_translates_the_page_breaks_nothing(page):
    """Chrome puts each piece of text into an element of its own."""
    page.evaluate(
        """() => {
            const wrap = (root) => {
                const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), texts = []
                while (walker.nextNode()) texts.push(walker.currentNode)
                for (const text of texts) {
                    if (!text.data.trim() || text.parentElement?.closest("script, style, [translate=no]")) continue
                    const font = document.createElement("font")
                    text.replaceWith(font)
                    font.append(text)
                }
            }
            wrap(document.body)
            for (const element of document.querySelectorAll("*")) if (element.shadowRoot) wrap(element.shadowRoot)
        }"""
    )
    draw(page, 7)
    expect_answers(page, "7")
    widths = page.locator(".st-key-answer ol .bar").evaluate_all("bars => bars.map((bar) => bar.clientWidth)")
    assert widths.index(max(widths)) == 7
    page.locator(".st-key-clear button").click()
    draw(page, 1)
    expect_answers(page, "1")


def test_maps_are_told_apart_in_the_dark(server: Server, new_page):
    page = new_page(color_scheme="dark")
    page.goto(server.url)
    board(page)
    draw(page, 7)
    expect_answers(page, "7")
    page.locator(".st-key-clear button").click()  # the maps alone are of one shade
    expect_answers(page, "?")
    across = """() => {
        const { shadowRoot } = document.querySelector(".st-key-view [data-testid=stBidiComponentIsolated]")
        const { plan } = shadowRoot.querySelector(".network").state, canvas = shadowRoot.querySelector("canvas.view")
        const block = plan.blocks.find(({ places }) => places.length > 3), [x, y] = block.places[1]
        const scale = canvas.width / plan.width
        const { data } = canvas.getContext("2d").getImageData(scale * x - 4, scale * (y + 4), 8, 1)
        return new Set(Array.from({ length: 8 }, (_, at) => data.slice(4 * at, 4 * at + 3).join())).size
    }"""
    page.wait_for_function(f"({across})() > 1")


def test_a_drawing_survives_a_reload_and_travels_in_a_link(page, new_page):
    draw(page, 4)
    expect_answers(page, "4")
    text = encode([Stroke(tuple((320 * x, 320 * y) for x, y in points)) for points in DIGITS[4]])
    page.wait_for_function("length => location.search.length > length", arg=len(text))  # of both strokes
    address = page.url
    page.reload()
    board(page)
    expect_answers(page, "4")
    other = new_page()
    other.goto(address)
    board(other)
    expect_answers(other, "4")
    # Its pen time is there too: at the beginning of the drawing there is nothing to read, or another answer.
    time = other.get_by_role("slider", name="Pen time")
    other.wait_for_function("time => time.getAttribute('aria-valuemax') > 5", arg=time.element_handle())
    time.press("Home")
    expect_answers(other, "?")
    time.press("End")
    expect_answers(other, "4")
    other.locator(".st-key-undo button").click()  # the second stroke of a 4
    other.wait_for_url(lambda url: url != address)


@pytest.mark.alone
def test_strokes_send_the_server_nothing_until_it_is_asked_for_something(server: Server, new_page):
    """Neither do Undo and Clear. The first stroke sends one message: it wakes PyTorch."""
    page = new_page()
    sent = messages(page)
    page.goto(server.url)
    board(page)
    quiet(page, sent)
    before = len(sent)
    draw(page, 1)
    page.locator(".st-key-clear button").click()
    draw(page, 4)
    page.locator(".st-key-undo button").click()
    stroke(page, DIGITS[4][1])
    expect_answers(page, "4")
    page.wait_for_timeout(500)
    assert len(sent) == before
    page.locator(".st-key-frame a", has_text="Look inside").click()
    page.locator("h1", has_text="Look inside").wait_for()
    page.locator(".st-key-digit-chooser", has_text="your drawing").wait_for()
    assert len(sent) - before == 2  # the drawing and the page
    page.go_back()
    board(page)
    expect_answers(page, "4")
    before = len(sent)
    draw(page, 7)
    page.wait_for_timeout(6000)  # a rest
    assert len(sent) - before == 1


@pytest.mark.parametrize("busy", [False, True])
def test_the_first_press_after_a_stroke_does_what_it_is_for(busy: bool, fresh_server: Server, new_page):
    """By mouse and by keyboard, and while the server has no time: the strokes, which go first, do not swallow it."""
    page = new_page()
    sent = messages(page)
    page.goto(fresh_server.url)
    board(page)
    quiet(page, sent)
    pressed = 'button:is([aria-checked=true], [aria-pressed=true]):has(:text-is("{}"))'

    def after_a_stroke(press) -> None:
        before = len(sent)
        if busy:
            fresh_server.process.send_signal(signal.SIGSTOP)
        draw(page, 7)
        assert len(sent) == before  # it is this press that sends the strokes
        press()
        page.wait_for_timeout(300)
        if busy:
            fresh_server.process.send_signal(signal.SIGCONT)

    after_a_stroke(page.get_by_role("button", name="tanh").click)  # a button
    page.locator(pressed.format("tanh")).wait_for()
    expect(page.locator(".st-key-answer .card")).to_have_count(2)
    after_a_stroke(lambda: page.get_by_role("button", name="sigmoid").press("Enter"))
    page.locator(pressed.format("sigmoid")).wait_for()
    expect(page.locator(".st-key-answer .card")).to_have_count(3)
    after_a_stroke(lambda: page.get_by_role("button", name="sigmoid").press(" "))
    expect(page.locator(".st-key-answer .card")).to_have_count(2)
    settled(page)
    after_a_stroke(page.get_by_role("button", name="Test digit or picture").click)
    page.get_by_label("Or its number in the test set").wait_for()
    page.keyboard.press("Escape")
    settled(page)
    eraser = page.locator(".st-key-eraser")
    after_a_stroke(eraser.locator("label").first.click)  # a toggle
    settled(page)
    assert eraser.locator("input").is_checked()
    eraser.locator("label").first.click()
    settled(page)
    page.locator(".st-key-clear button").click()
    page.get_by_role("button", name="tanh").press("Shift")
    settled(page)
    time = page.get_by_role("slider", name="Pen time")
    after_a_stroke(lambda: time.press("Home"))
    expect(time).to_have_attribute("aria-valuenow", "0")
    time.press("End")
    page.get_by_role("button", name="tanh").press("Shift")
    settled(page)
    after_a_stroke(page.locator(".st-key-pixels summary").click)
    page.locator(".st-key-pixels [data-testid=stBidiComponentIsolated]").wait_for()
    page.locator(".st-key-pixels summary").click()
    settled(page)
    page.locator(".st-key-clear button").click()
    page.get_by_role("button", name="tanh").press("Shift")
    settled(page)
    after_a_stroke(page.locator(".st-key-frame a", has_text="Look inside").click)  # a link
    page.locator("h1", has_text="Look inside").wait_for()
    page.locator(".st-key-digit-chooser", has_text="your drawing").wait_for()


def test_the_first_tap_after_a_stroke_does_what_it_is_for(server: Server, new_page):
    page = new_page(device="phone")
    sent = messages(page)
    page.goto(server.url)
    board(page)
    quiet(page, sent)
    for points in DIGITS[7]:
        finger(page, points)
    page.get_by_role("button", name="tanh").tap()
    expect_answers(page, "7", "7")


def test_networks_from_a_link_read_the_drawing_from_it_and_the_next(server: Server, new_page):
    page = new_page()
    sent = messages(page)
    text = encode([Stroke(tuple((320 * x, 320 * y) for x, y in DIGITS[7][0]))])
    page.goto(f"{server.url}/?networks=original&networks=tanh&drawing={text}")
    expect_answers(page, "7", "7")
    quiet(page, sent)
    draw(page, 1)
    expect_answers(page, "1", "1")


def test_a_drawing_is_not_lost_on_a_busy_server(fresh_server: Server, new_page):
    """A link that is followed at once waits until the server has the drawing."""
    page = new_page()
    page.goto(fresh_server.url)
    board(page)
    settled(page)
    fresh_server.process.send_signal(signal.SIGSTOP)
    draw(page, 1)
    page.locator(".st-key-frame a", has_text="Look inside").click()
    page.wait_for_timeout(300)
    fresh_server.process.send_signal(signal.SIGCONT)
    page.locator("h1", has_text="Look inside").wait_for()
    page.locator(".st-key-digit-chooser", has_text="your drawing").wait_for()


def test_a_reload_at_once_loses_no_stroke(page):
    draw(page, 4)
    page.reload()
    board(page)
    expect_answers(page, "4")


def test_a_reload_loses_no_stroke_where_the_server_writes_the_address(server: Server, new_page):
    """As a lesson does at every step. It does not know of the drawing in it."""
    page = new_page()
    sent = messages(page)
    page.goto(f"{server.url}/?lesson=first&step=1&networks=best")
    board(page)
    quiet(page, sent)
    draw(page, 4)
    page.locator(".st-key-lesson-fold button").click()
    page.get_by_role("button", name="Open", exact=True).wait_for()
    settled(page)
    assert "lesson=first" in page.url
    page.reload()
    board(page)
    expect_answers(page, "4")


def test_a_cleared_board_is_black(page):
    draw(page, 7)
    page.locator(".st-key-clear button").click()
    expect_answers(page, "?")
    shot = Image.open(io.BytesIO(board(page).screenshot()))
    assert shot.convert("L").crop((5, 5, shot.width - 5, shot.height - 5)).getextrema()[1] < 50


@pytest.mark.parametrize("width", [390, 768, 1024, 1280, 1440, 1920])
def test_nothing_overlaps_or_is_cut(server: Server, new_page, width: int):
    page = new_page(width, 800 if width < 1500 else 1080)
    page.goto(f"{server.url}/?networks=best&networks=original-dead&networks=sigmoid")
    board(page)
    draw(page, 7)
    page.wait_for_function(
        """document.querySelector(".st-key-answer [data-testid=stBidiComponentIsolated]").shadowRoot
            .querySelectorAll(".card.disagrees, .big").length >= 3"""
    )
    settled(page)
    parts = [".st-key-canvas", ".st-key-board-buttons", ".st-key-answer .cards", ".st-key-answer .pictures"]
    parts += [".st-key-time canvas", ".st-key-view canvas.view", ".st-key-pickers"]
    for part in parts:
        page.locator(part).first.wait_for()
    boxes = {part: page.locator(part).first.bounding_box() for part in parts}
    for part, box in boxes.items():
        assert box["x"] >= 0 and box["x"] + box["width"] <= width + 1, (part, box)
    for (one, a), (other, b) in combinations(boxes.items(), 2):
        apart = (
            a["x"] + a["width"] <= b["x"] + 1
            or b["x"] + b["width"] <= a["x"] + 1
            or a["y"] + a["height"] <= b["y"] + 1
            or b["y"] + b["height"] <= a["y"] + 1
        )
        assert apart, (one, a, other, b)
    tracks = page.locator(".st-key-answer .track").evaluate_all("all => all.map((one) => one.clientWidth)")
    assert min(tracks) >= 20
    cards = page.locator(".st-key-answer .card")
    rows = {round(card.bounding_box()["y"]) for card in cards.all()}
    if len(rows) == 1:  # side by side no column stays empty
        wide = page.locator(".st-key-answer .cards").bounding_box()["width"]
        assert sum(card.bounding_box()["width"] for card in cards.all()) > wide - 40
    assert cards.locator(".share").evaluate_all(
        """all => all.every((one) => one.scrollWidth <= one.clientWidth + 1
            && one.getBoundingClientRect().right <= one.closest(".card").getBoundingClientRect().right)"""
    )


def test_the_right_button_erases(page):
    draw(page, 7)
    expect_answers(page, "7")
    box = board(page).bounding_box()
    for x in range(60, 280, 25):
        page.mouse.move(box["x"] + x, box["y"] + 20)
        page.mouse.down(button="right")
        page.mouse.move(box["x"] + x, box["y"] + 310, steps=3)
        page.mouse.up(button="right")
    expect_answers(page, "?")
    page.locator(".st-key-clear button").click()
    draw(page, 7)
    expect_answers(page, "7")


def test_a_digit_is_drawn_with_the_keyboard(page):
    expect_answers(page, "3")
    page.evaluate(
        """document.querySelector(".st-key-canvas [data-testid=stBidiComponentIsolated]").shadowRoot
            .querySelector("canvas.upper-canvas").focus()"""
    )
    for _ in range(12):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    for _ in range(25):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect_answers(page, "1")
    page.wait_for_url("**drawing=1*")
    assert page.get_by_role("navigation", name="Pages").count() == 1


def test_a_canvas_that_has_changed_inside_is_read_after_the_stroke(server: Server, new_page):
    """The page cannot follow the pen then, and the canvas itself sends the drawing."""
    page = new_page()
    page.add_init_script(
        """const query = ShadowRoot.prototype.querySelector
        ShadowRoot.prototype.querySelector = function (asked) {
            return asked === "canvas.upper-canvas" ? null : query.call(this, asked)
        }"""
    )
    page.goto(server.url)
    board(page)
    page.wait_for_timeout(9000)  # the page gives the canvas some seconds to show what it is made of
    draw(page, 3)
    expect_answers(page, "3")


def test_what_is_no_digit_gets_a_remark_where_nothing_moves(page):
    """And on request the ten training digits most like it, and the reliability diagram."""
    remark = page.get_by_text("It has to choose one of ten. It has never seen anything like this.")
    stroke(page, [(0.15, 0.2), (0.85, 0.2), (0.15, 0.4), (0.85, 0.55), (0.15, 0.7), (0.85, 0.85)])
    below = page.locator(".st-key-time canvas")
    before = below.bounding_box()["y"]
    remark.wait_for(timeout=30_000)
    assert below.bounding_box()["y"] == before
    expect(page.locator(".st-key-answer .verdict")).to_contain_text("but like no digit it knows")
    page.get_by_role("button", name="Has it seen this before?").click()
    page.locator(".familiar .alike figure").nth(9).wait_for()
    labels = page.locator(".familiar .alike figcaption").all_inner_texts()
    assert labels == [page.locator(".st-key-answer .big").inner_text()] * 10
    assert page.locator(".familiar svg circle").count() >= 1
    page.locator(".st-key-clear button").click()
    draw(page, 7)
    expect_answers(page, "7")
    remark.wait_for(state="detached")
