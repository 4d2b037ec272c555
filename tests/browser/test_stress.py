"""The page Stress in a real browser: dragging, keyboard, links, Fool it, and every width."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from lenet.data import mnist, pixels
from lenet.pretrained import create_model
from lenet.probes.saliency import METHODS
from lenet.probes.stress import AMOUNTS, sweep
from tests.server import Server, settled

pytestmark = pytest.mark.browser
THREE = [("networks", "best"), ("networks", "original"), ("networks", "tanh"), ("digit", "0")]
ROOT = "document.querySelector('.st-key-stress [data-testid=stBidiComponentIsolated]').shadowRoot"
# In each of 300 frames or more, until a time is over: what is painted, and the size of everything that must never
# collapse.
WATCH = """(seconds) => {
    const root = ROOT, found = { pictures: new Set(), bars: new Set(), marks: new Set(), small: new Set(), frames: 0 }
    const parts = [".stage", ".large", ".results", ".result", ".ways", ".curve > svg", ".thumbnails canvas"]
    const end = performance.now() + 1000 * seconds
    return new Promise((resolve) => {
        const look = (now) => {
            found.frames++
            const canvas = root.querySelector(".large")
            found.pictures.add(canvas.getContext("2d").getImageData(0, 0, 28, 28).data.join())
            found.bars.add([...root.querySelectorAll(".result li i")].map((bar) => bar.style.transform).join())
            found.marks.add(root.querySelector(".curve line.here").getAttribute("x1"))
            for (const part of parts)
                for (const element of root.querySelectorAll(part)) {
                    const { width, height } = element.getBoundingClientRect()
                    if (width < 20 || height < 20) found.small.add(part)
                }
            if (now < end || found.frames < 300) requestAnimationFrame(look)
            else resolve({ pictures: found.pictures.size, bars: found.bars.size, marks: found.marks.size,
                small: [...found.small], frames: found.frames })
        }
        requestAnimationFrame(look)
    })
}""".replace("ROOT", ROOT)


@pytest.fixture
def visit(new_page):
    """Open the page at an address, and wait for its sweeps."""

    def at(server: Server, query=(), width: int = 1366, height: int = 768):
        page = new_page(width, height)
        page.goto(f"{server.url}/stress?{urlencode(query)}")
        page.locator(".stress[data-swept=true]").wait_for(timeout=60_000)
        settled(page)
        return page

    return at


def test_all_controls_are_above_the_fold(server, visit):
    page = visit(server, THREE, 1280, 720)
    page.get_by_role("heading", name="Stress").wait_for()
    for thing in (
        page.get_by_label("Stroke width"),
        page.get_by_label("Noise"),
        page.get_by_role("button", name="Reset"),
        page.get_by_label("Normalise again"),
        page.locator(".curve > svg"),
        page.locator(".results"),
        page.locator(".stage"),
    ):
        box = thing.bounding_box()
        assert box and box["y"] + box["height"] <= 720
    assert page.get_by_test_id("stException").count() == 0


@pytest.mark.alone
def test_while_a_slider_is_dragged_picture_bars_and_mark_follow_without_the_server(server, visit):
    """No element collapses meanwhile; nothing is sent; on release the link has the amount."""
    page = visit(server, [*THREE, ("more", "Every layer")])
    page.wait_for_timeout(500)
    slider = page.get_by_label("Rotate").locator("visible=true").and_(page.locator("input"))
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.evaluate(f"void (window.watched = ({WATCH})(3))")
    for step in range(60):
        page.mouse.move(box["x"] + box["width"] * (0.5 + 0.4 * step / 60), y)
        page.wait_for_timeout(20)
    found = page.evaluate("window.watched")
    page.mouse.up()
    assert min(found["pictures"], found["bars"], found["marks"]) >= 20, found
    assert found["small"] == []
    page.wait_for_function("Math.abs(new URLSearchParams(location.search).get('rotate') - 71) < 4")
    assert page.evaluate("document.querySelector('[data-testid=stApp]').dataset.testScriptState") == "notRunning"


def test_two_fingers_turn_and_scale(server, visit):
    page = visit(server, THREE)
    stage = page.locator(".stage").bounding_box()
    middle = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    touch = page.context.new_cdp_session(page)

    def put(kind: str, apart: float, up: float) -> None:
        points = [
            {"x": middle[0] + side * apart, "y": middle[1] - side * up, "id": number}
            for number, side in enumerate((-1, 1))
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if kind != "touchEnd" else []})

    put("touchStart", 60, 0)
    put("touchMove", 60, 30)
    put("touchMove", 60, 60)  # 45° anticlockwise, and √2 as far apart
    put("touchEnd", 60, 60)
    page.wait_for_function("location.search.includes('scale=')")
    found = page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
    assert float(found["rotate"]) == pytest.approx(45, abs=1)
    assert float(found["scale"]) == pytest.approx(1.41, abs=0.03)


def test_nothing_collapses_while_the_server_runs_again(server, visit):
    page = visit(server, THREE)
    page.evaluate(f"void (window.watched = ({WATCH})(3))")
    page.locator('button:has(:text-is("tanh"))').click()
    page.wait_for_function(f"{ROOT}.querySelectorAll('.result').length === 2")
    page.locator('button:has(:text-is("sigmoid"))').click()
    page.wait_for_function(f"{ROOT}.querySelectorAll('.result').length === 3")
    assert page.evaluate("window.watched")["small"] == []


def test_handles_drag_turn_and_obey_the_keyboard(server, visit):
    page = visit(server, THREE)
    turn = page.get_by_role("slider", name="Turn")
    box, stage = turn.bounding_box(), page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(stage["x"] + 0.2 * stage["width"], stage["y"] + stage["height"] / 2, steps=10)
    page.mouse.up()  # a quarter turn to the left
    page.wait_for_function("location.search.includes('rotate=')")
    assert float(turn.get_attribute("aria-valuenow")) == pytest.approx(90, abs=2)
    turn.press("End")
    expect(turn).to_have_attribute("aria-valuetext", "+90°")
    turn.press("Home")
    expect(turn).to_have_attribute("aria-valuetext", "−90°")
    for name, way in (("Size", "scale"), ("Squeeze", "squeeze"), ("Shift", "shift")):
        handle = page.get_by_role("slider", name=name, exact=True).and_(page.locator("button"))
        before = handle.get_attribute("aria-valuenow")
        handle.press("ArrowLeft")
        handle.press("PageDown")
        page.wait_for_function(f"location.search.includes('{way}=')")
        assert float(handle.get_attribute("aria-valuenow")) < float(before)
    maps = page.locator(".two canvas")
    assert maps.count() == 3
    maps.first.press("ArrowRight")
    page.wait_for_function("!location.search.includes('shift=-3')")
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("!/rotate|scale=|squeeze|shift=/.test(location.search)")
    expect(turn).to_have_attribute("aria-valuetext", "0°")


def test_links_old_and_new_and_what_is_out_of_limits(server, visit):
    page = visit(server, [("digit", "0"), ("rotate", "40.5"), ("curve", "Noise"), ("again", "true"), ("shift", "99")])
    assert page.get_by_label("Rotate").and_(page.locator("input")).input_value() == "40.5"
    assert page.get_by_label("Shift").and_(page.locator("input")).input_value() == "0"
    assert page.locator(".curve button[aria-pressed=true]").inner_text() == "Noise"
    assert page.get_by_label("Normalise again").is_checked()
    page.locator('button:has(:text-is("tanh"))').click()  # the server runs again, and the link stays
    page.locator(".result").nth(1).wait_for()
    page.wait_for_function("location.search.includes('rotate=40.5') && location.search.includes('tanh')")
    page.locator(".st-key-frame a", has_text="Draw").click()
    page.locator("h1", has_text="Draw").wait_for()
    page.locator(".answer[data-answers='7,7']").wait_for()  # there it is the digit itself again
    assert "rotate" not in page.url
    page.go_back()
    page.locator(".stress[data-swept=true]").wait_for()
    assert page.get_by_label("Rotate").and_(page.locator("input")).input_value() == "40.5"


def test_break_bars_are_green_up_to_the_break_and_say_the_wrong_digit(server, visit):
    """In words and in colours what the server's sweep finds."""
    image = pixels(mnist("test").images[:1]).float()
    swept = sweep({"best": create_model("best", pretrained=True)}, image[0], "rotate")
    answers, at = swept.read("best"), swept.at
    page = visit(server, THREE)
    bars = page.locator(".breaks")
    assert bars.count() == 18
    bar = bars.nth(9)  # rotate, best
    words = bar.get_attribute("aria-label")
    assert answers[at] == 7
    broken = [place for place in swept.break_points("best") if place is not None]
    assert broken, "a digit lying on its side is read as another one"
    for place in broken:
        assert f"from {'−' if place < at else '+'}{abs(swept.amounts[place]):g}°: reads {answers[place]}" in words
    box, green = bar.bounding_box(), [part.bounding_box() for part in bar.locator("i.right").all()]
    for place in broken:  # the green ends halfway to the first amount that is misread
        end = min(part["x"] for part in green) if place < at else max(part["x"] + part["width"] for part in green)
        share = (place + 0.5 if place < at else place - 0.5) / (AMOUNTS - 1)
        assert (end - box["x"]) / box["width"] == pytest.approx(share, abs=0.01)
    assert str(answers[broken[0]]) in bar.locator("i.wrong b").all_text_contents()


def test_every_minus_of_the_curves_is_one(server, visit):
    page = visit(server, THREE)
    curve = page.locator(".curve")
    assert "−" in curve.text_content()
    for tab in curve.locator("button").all():
        tab.click()
        expect(tab).to_have_attribute("aria-pressed", "true")
        labels = [part.get_attribute("aria-label") for part in curve.locator("[aria-label]").all()]
        assert not re.search(r"(?<![\w–])-\d", " ".join([curve.text_content(), *labels]))


def test_what_the_pixels_contribute_is_explained_before_it_is_shown(server, visit):
    page = visit(server, [*THREE, ("more", "What the pixels contribute")])
    view = page.locator(".st-key-saliency .saliency")
    view.locator("canvas").nth(5).wait_for(timeout=60_000)
    assert view.locator(".legend").count() == 1
    box = view.bounding_box()
    assert box["height"] < 900
    for method in METHODS.values():
        words = page.get_by_text(method.honest).bounding_box()
        assert words["y"] + words["height"] <= box["y"]


def test_a_network_is_fooled_by_hand_and_by_search(server, visit):
    page = visit(server, [("digit", "32"), ("mode", "fool")])
    big = page.locator(".large")
    box = big.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.1)
    page.get_by_text("1 pixel, 1.0 of ink moved").wait_for()
    big.press("ArrowRight")
    big.press(" ")
    page.get_by_text("2 pixels, 2.0 of ink moved").wait_for()
    page.get_by_label("into reading").select_option("8")
    page.get_by_text("What is the smallest change that turns this 3 into an 8", exact=False).wait_for()
    page.get_by_role("button", name="Search").click()
    page.get_by_text("fooled. Reads 8").wait_for(timeout=60_000)
    expect(page.locator(".result .digit")).to_have_text("8")
    page.get_by_text("You flipped 2.", exact=False).wait_for()
    same = page.get_by_role("radio", name="FGSM with as much ink as you")
    same.check()
    page.wait_for_function(f"{ROOT}.querySelector('.change.chosen .found').textContent.includes('2.0 of ink')")
    page.get_by_role("button", name="Change it").click()
    page.locator(".ways").wait_for()
    expect(page.locator(".result .digit")).to_have_text("3")


@pytest.mark.parametrize("height", [844, 1080])  # the page is enlarged where there is room
def test_the_mark_on_the_curve_goes_where_one_presses(server, visit, height):
    page = visit(server, THREE, width=1920, height=height)
    box = page.locator(".curve > svg").bounding_box()
    at = box["x"] + 0.8 * box["width"]
    page.mouse.click(at, box["y"] + box["height"] / 2)
    page.wait_for_function("location.search.includes('rotate=')")
    mark = page.locator(".curve line.here").bounding_box()
    assert mark["x"] + mark["width"] / 2 == pytest.approx(at, abs=5)  # the slider has steps


@pytest.mark.parametrize("width", [390, 768, 1024, 1920])
def test_nothing_is_wider_than_the_screen_or_covers_something_else(server, visit, width):
    page = visit(server, THREE, width=width, height=844)
    page.locator(".two .readout").last.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (
        page.evaluate("""() => {
        const roots = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")].map((e) => e.shadowRoot)
        return roots.flatMap((root) => [...root.querySelectorAll("*")]).filter((e) => {
            const { right, width } = e.getBoundingClientRect()
            return width && right > innerWidth + 1 && !e.closest("svg, .spoken, i.wrong")
        }).map((e) => e.outerHTML.slice(0, 80))
    }""")
        == []
    )
    boxes = [page.locator(part).bounding_box() for part in (".stage", ".results", ".ways", ".curve")]
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            apart = (
                one["x"] + one["width"] <= other["x"] + 1
                or other["x"] + other["width"] <= one["x"] + 1
                or one["y"] + one["height"] <= other["y"] + 1
                or other["y"] + other["height"] <= one["y"] + 1
            )
            assert apart, (one, other)


def test_the_digit_spoilt_in_fifteen_ways_is_read(server, visit):
    page = visit(server, [("networks", "best"), ("networks", "original"), ("digit", "0"), ("more", "Spoilt pictures")])
    lines = page.locator(".spoilt li")
    expect(lines).to_have_count(30)
    page.wait_for_function(
        """() => [...document.querySelector(".st-key-spoilt [data-testid=stBidiComponentIsolated]").shadowRoot
            .querySelectorAll("li b")].length === 30""",
        timeout=60_000,
    )
    answers = lines.locator("b").all_inner_texts()
    assert answers.count("7") > 15 and all("misreads" in text for text in lines.all_inner_texts())
    wrong = page.locator(".spoilt li.wrong b").all_inner_texts()
    assert len(wrong) == 30 - answers.count("7") and "7" not in wrong
