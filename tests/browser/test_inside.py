"""Look inside in a real browser: what is pointed at is taken apart, weights are edited, and the network follows."""

import math
import random
import re

import pytest
import torch

from benchmarks.app.browser import board
from benchmarks.app.inside import HOVER, INSIDE, TAPE_FRAMES, ready
from lenet.explain import cell
from lenet.pretrained import create_model, load
from lenet.ui.shared.digit import test_digit as digit_number
from tests.server import settled

pytestmark = pytest.mark.browser
DIGIT = 7  # the page's own choice while nothing is drawn
HANDED_ON = ("input", "flatten", "pad", "sequence", "last", "dropout")
PANEL = ".st-key-inside-view .panel"


@pytest.fixture(scope="module")
def page(server, devices):
    """The page with `original` on the page's own digit."""
    page = opened(devices["computer"].new_page, f"{server.url}/inside?network=original&digit={DIGIT}")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert not errors
    page.close()


def opened(new_page, url: str, height: int = 720):
    page = new_page()
    page.set_viewport_size({"width": 1280, "height": height})
    page.goto(url)
    ready(page)
    settled(page)
    return page


def pin(page, number: int, at: int, exact: bool = True) -> dict:
    """Take a cell apart, and read what the panel prints."""
    return page.evaluate(
        f"""async ([stage, cell, exact]) => {{
            const root = {INSIDE}, panel = root.querySelector(".panel"), looking = root.looking
            const next = () => new Promise(requestAnimationFrame)
            root.querySelector(".network").state.pin({{ network: 0, stage, cell }})
            Object.assign(looking, {{ all: true, exact, dirty: true }})
            await next(); await next()
            const texts = (query) => [...panel.querySelectorAll(query)].map((e) => e.innerText)
            return {{ shown: root.dataset.shown, text: panel.innerText, ours: texts(".ours")[0],
                check: texts(".check")[0],
                grids: texts(".grid > *"), terms: texts("tr.one .number"), bias: texts("tr.bias .number"),
                winner: texts(".grid .mark") }}
        }}""",
        [number, at, exact],
    )


def figure(text: str) -> float:
    return float(text.replace("−", "-"))


def test_it_opens_on_an_edge_and_the_panel_follows_the_pointer_in_the_next_frame(page):
    heading, number = page.locator(f"{PANEL} h2"), page.evaluate(f"{INSIDE}.dataset.shown")
    assert heading.inner_text().startswith("conv1")
    assert page.locator(f"{PANEL} .grid").count() == 3  # patch, kernel, products
    assert page.locator(".st-key-inside-view .legend").bounding_box()["height"] < 30  # one line
    shown = page.evaluate(f"({HOVER})([4, 70])")
    assert shown["shown"] == "4 70" and "conv2" in shown["title"]
    assert page.locator(f"{PANEL} .grid").count() == 18
    page.mouse.move(5, 5)
    page.evaluate(f"{INSIDE}.querySelector('canvas.view').dispatchEvent(new PointerEvent('pointerleave'))")
    page.wait_for_function(f"(before) => {INSIDE}.dataset.shown === before", arg=number)


def test_the_numbers_in_the_panel_add_up_to_pytorchs_number(page):
    model = create_model("original", pretrained=True)
    trace = model.trace(digit_number(DIGIT).image[None])
    chance = random.Random(0)
    for number, stage in enumerate(trace):
        at = chance.randrange(stage.output[0].numel())
        index = tuple(int(i) for i in torch.unravel_index(torch.tensor(at), stage.output[0].shape))
        expected, printed = cell(model, trace, stage.name, index), pin(page, number, at)
        assert printed["shown"] == f"{number} {at}"
        assert not re.search(r"-\d", printed["text"])  # but real minus signs
        if stage.kind in HANDED_ON:  # nothing is worked out
            assert printed["check"] is None
            assert ("Nothing comes before it" if stage.kind == "input" else "The same number as") in printed["text"]
            continue
        assert figure(printed["ours"]) == pytest.approx(expected.torch, rel=1e-4, abs=1e-5)
        assert "✓" in printed["check"]
        if stage.kind == "conv":  # patch, kernel and their products as printed, in 75 numbers a map
            numbers = [figure(text) for text in printed["grids"]]
            assert len(numbers) == 3 * len(expected.terms)
            total = expected.bias
            for start in range(0, len(numbers), 75):
                patch, kernel, products = (numbers[start + skip : start + skip + 25] for skip in (0, 25, 50))
                assert products == pytest.approx([a * b for a, b in zip(patch, kernel)], rel=1e-5, abs=1e-7)
                total += math.fsum(products)
            assert total == pytest.approx(expected.torch, rel=1e-4, abs=1e-5)
        if stage.kind == "linear":
            terms = [figure(text) for text in printed["terms"]]
            assert len(terms) == len(expected.terms)
            total = math.fsum([*terms, figure(printed["bias"][0])])
            assert total == pytest.approx(expected.torch, rel=1e-4, abs=1e-5)
        if stage.kind == "pool":
            assert figure(printed["winner"][0]) == pytest.approx(expected.torch, rel=1e-4)
    page.evaluate(f"Object.assign({INSIDE}.looking, {{ all: false, exact: false, dirty: true }})")


def test_the_pictures_of_a_map_are_the_same_for_its_cells_until_a_weight_changes(page):
    def pictures(cell: int) -> list[str]:
        pin(page, 4, cell)
        return page.evaluate(f"[...{INSIDE}.querySelectorAll('.panel .pictures canvas')].map((e) => e.toDataURL())")

    before = pictures(0)
    assert len(set(before)) == len(before) == 8  # six products, the bias, their sum
    assert pictures(1) == before
    assert pictures(64) != before  # of the next map
    assert pictures(0) == before
    page.evaluate(f"{INSIDE}.querySelector('[data-do=off]').click()")
    off = pictures(0)
    assert len(set(off)) == 1  # all zero
    page.evaluate(f"{INSIDE}.querySelector('[data-do=undo]').click()")
    assert pictures(0) == before


def test_a_walk_back_from_the_probability_to_the_pixels(page):
    panel = page.locator(PANEL)
    pin(page, len(create_model("original").layers) - 1, 9, exact=False)
    assert " %" in panel.locator(".value").inner_text()
    seen = []
    for _ in range(20):
        name = panel.locator("h2").inner_text().split(" ")[0]
        seen.append(name)
        if name == "input":
            break
        panel.locator("tr.own .go, .grid button.mark[data-stage], tr.one .go, .line .go").first.click()
        page.wait_for_function(f"(before) => {INSIDE}.querySelector('h2').innerText.split(' ')[0] !== before", arg=name)
    assert seen[0] == "softmax" and seen[-1] == "input"
    assert {"relu5", "fc3", "flatten", "pool2", "conv2", "conv1"} <= set(seen)
    assert panel.locator(".trail button").count() == len(seen) - 1
    panel.locator(".trail button").first.click()
    page.wait_for_function(f"{INSIDE}.querySelector('h2').innerText.startsWith('softmax')")


def test_a_kernel_moves_steps_and_pauses(page):
    pin(page, 1, 100)
    page.locator(f"{PANEL} [data-do=step]").click()
    page.wait_for_function(f"{INSIDE}.dataset.shown === '1 101'")
    page.locator(f"{PANEL} [data-do=play]").click()
    page.wait_for_function(f"Number({INSIDE}.dataset.shown.split(' ')[1]) > 3")
    page.locator(f"{PANEL} [data-do=play]").click()
    stopped = page.evaluate(f"{INSIDE}.dataset.shown")
    page.wait_for_timeout(250)
    assert page.evaluate(f"{INSIDE}.dataset.shown") == stopped
    assert page.locator(f"{PANEL} .pictures figure").count() == 3  # what the kernel makes, the bias, their sum


def test_keyboard_alone_a_weight_is_edited_undone_and_the_network_kept(server, new_page, tmp_path):
    page = opened(new_page, f"{server.url}/inside?network=original&digit={DIGIT}")
    tab_to(page, "canvas.view")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    shown = page.evaluate(f"{INSIDE}.dataset.shown")
    assert shown.startswith("1 ")
    answers = f"Array.from({INSIDE}.querySelector('.network').state.plan.networks[0].probabilities).join()"
    before = page.evaluate(answers)
    tab_to(page, ".grid [data-weight]")
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("ArrowUp")
    assert page.evaluate(answers) != before  # at once
    page.keyboard.press("Enter")
    edited = page.locator(".st-key-inside-view .edited")
    assert edited.inner_text() == "original, edited: 1 number"
    page.keyboard.press("Control+z")
    assert edited.inner_text() == "Not edited"
    assert page.evaluate(answers) == before
    page.keyboard.press("Enter")
    page.keyboard.type("2.5")
    page.keyboard.press("Enter")
    page.wait_for_function(f"{INSIDE}.querySelector('.accuracy').dataset.accuracy !== undefined")
    tab_to(page, "[data-do=keep]", "Shift+Tab")
    page.keyboard.press("Enter")
    page.locator(".st-key-kept").get_by_text("is in the pickers of all pages").wait_for()
    assert page.evaluate("new URL(location.href).searchParams.get('network')") == "original-edited"
    with page.expect_download() as download:
        tab_to(page, ".st-key-download-kept button")
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "kept.safetensors")
    model, card = load(tmp_path / "kept.safetensors")
    changed = (model.conv1.weight != create_model("original", pretrained=True).conv1.weight).sum()
    assert int(changed) == 1 and model.conv1.weight.flatten().tolist().count(2.5) == 1
    assert card.edits and card.edits[0].startswith("conv1") and "2.5" in card.edits[0]
    tab_to(page, ".st-key-frame a", "Shift+Tab", "Draw")
    page.keyboard.press("Enter")
    board(page)
    page.get_by_role("button", name="original-edited").wait_for()
    settled(page)
    tab_to(page, "[role=application]")
    for key in ("ArrowUp", "ArrowUp", "Space", *["ArrowDown"] * 8, "Space"):
        page.keyboard.press(key)
    page.locator(".st-key-answer .big:not(.none)").first.wait_for()


def tab_to(page, selector: str, key: str = "Tab", text: str = "") -> None:
    """Press a key until what matches, and ends with the text, has the focus."""
    for _ in range(120):
        page.keyboard.press(key)
        if page.evaluate(
            """([selector, text]) => {
                let active = document.activeElement
                while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement
                return active?.matches(selector) && active.innerText.trim().endsWith(text)
            }""",
            [selector, text],
        ):
            return
    raise AssertionError(f"The keyboard does not reach {selector}.")


def spot(page, stage: str, at: int) -> tuple[float, float]:
    """Where a cell lies on the screen."""
    return page.evaluate(
        f"""([name, cell]) => {{
            const root = {INSIDE}, {{ plan }} = root.querySelector(".network").state
            const {{ number, shape: [, rows, columns] }} = plan.networks[0].stages.find((one) => one.name === name)
            const block = plan.blocks.find((one) => one.stage === number)
            const [x, y] = block.places[Math.floor(cell / (rows * columns))]
            const box = root.querySelector("canvas.view").getBoundingClientRect()
            const wide = block.ten ? block.cellWidth : block.zoom
            return [box.x + x + (cell % columns + 0.5) * wide,
                box.y + y + (Math.floor(cell / columns) % rows + 0.5) * block.zoom]
        }}""",
        [stage, at],
    )


def test_the_products_fly_into_their_sum_and_can_be_stopped(server, new_page):
    page = opened(new_page, f"{server.url}/inside?network=original&digit={DIGIT}")
    page.mouse.click(*spot(page, "conv2", 30))
    page.wait_for_function(f"{INSIDE}.dataset.shown === '4 30'")
    flying, total = page.locator(f"{PANEL} .flying"), page.locator(f"{PANEL} .equation .total")
    whole, add = total.inner_text(), page.locator(f"{PANEL} [data-do=add]")
    add.click()
    flying.first.wait_for()
    assert total.inner_text() != whole  # only the bias has arrived
    stopped = page.evaluate(  # within the page: on a busy machine it would be over before a click arrives
        f"""() => new Promise((resolve) => {{
            const look = () => {{
                if ({INSIDE}.querySelectorAll(".added").length <= 6 * 3) return requestAnimationFrame(look)
                {INSIDE}.querySelector("[data-do=add]").click()
                resolve([...{INSIDE}.querySelectorAll(".flying, .added")].length)
            }}
            look()
        }})"""
    )
    assert stopped == 0 and total.inner_text() == whole and add.inner_text() == "Add it up"
    page.emulate_media(reduced_motion="reduce")
    add.click()
    page.wait_for_function(f"{INSIDE}.querySelectorAll('.added').length > 6 * 3")
    assert flying.count() == 0
    page.wait_for_function(f"{INSIDE}.querySelectorAll('.added').length === 0")  # it ends by itself
    assert total.inner_text() == whole


def test_a_seven_is_broken_by_dragging_one_weight(server, new_page):
    page = opened(new_page, f"{server.url}/inside", height=1000)
    page.get_by_role("button", name="Break the 7 with one weight").click()
    page.wait_for_function(f"{INSIDE}?.dataset.ready === 'original' && {INSIDE}.querySelector('.challenges.on')")
    settled(page)
    page.mouse.click(*spot(page, "fc3", 7))
    page.wait_for_function(f"{INSIDE}.querySelector('h2').innerText === 'fc3 · digit 7'")
    weight = page.locator(f"{PANEL} tr.one [data-weight]").first
    box = weight.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = figure(weight.inner_text())
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 50, steps=5)
    followed = f"""() => new Promise((resolve) => requestAnimationFrame(() => {{
        const net = {INSIDE}.querySelector(".network").state.plan.networks[0]
        const {{ at }} = {INSIDE}.querySelector(".panel .chosen").dataset
        resolve([net.stages.find((one) => one.name === "fc3").weights.weight[at],
            {INSIDE}.querySelector(".panel .value").innerText])
    }}))"""
    now, score = page.evaluate(followed)
    assert now == pytest.approx(before - 0.5, abs=0.002)  # while the button is down
    page.mouse.move(x, y + 350, steps=5)
    later, other = page.evaluate(followed)
    assert later == pytest.approx(before - 3.5, abs=0.002) and figure(other) < figure(score)
    page.mouse.up()
    page.locator(".st-key-inside-view .challenges.done").wait_for()
    assert "with one number changed it says" in page.locator(".st-key-inside-view .challenges").inner_text()
    page.locator(".st-key-inside-view [data-do=undo]").click()  # one drag is one step
    assert page.locator(".st-key-inside-view .edited").inner_text() == "Not edited"


def test_original_dead_is_repaired_by_one_bias(server, new_page):
    page = opened(new_page, f"{server.url}/inside")
    page.get_by_role("button", name="Repair original-dead by one bias").click()
    page.wait_for_function(f"{INSIDE}?.dataset.ready === 'original-dead' && {INSIDE}.querySelector('.challenges.on')")
    settled(page)
    page.mouse.click(*spot(page, "fc3", 6))  # the score of the 6
    page.wait_for_function(f"{INSIDE}.querySelector('h2').innerText === 'fc3 · digit 6'")
    page.locator(f"{PANEL} tr.bias [data-weight]").click()
    page.locator(f"{PANEL} .editor input[type=number]").fill("5")
    page.keyboard.press("Enter")
    page.locator(".st-key-inside-view .challenges.done").wait_for()
    assert "98." in page.locator(".st-key-inside-view .accuracy").inner_text()
    six = page.locator(".st-key-inside-view .scores li").nth(6)
    assert "more" in six.get_attribute("class")
    page.locator(".st-key-inside-view [data-do=reset]").click()
    page.wait_for_function(f"Math.abs({INSIDE}.querySelector('.accuracy').dataset.accuracy - 0.9) < 0.001")


def test_on_a_phone_what_a_cell_looks_at_and_its_arithmetic_share_the_screen(server, new_page):
    page = new_page(device="phone")
    page.goto(f"{server.url}/inside?network=original&digit={DIGIT}")
    ready(page)
    settled(page)
    first = page.locator(".st-key-inside-view canvas.view").bounding_box()
    assert first["y"] < 310  # the choosers leave it the first screen
    page.locator(".st-key-inside-view canvas.view").tap(position={"x": 130, "y": 40})
    page.wait_for_function(
        f"{INSIDE}.querySelector('.panel .value')?.getBoundingClientRect().bottom < 844"
    )  # it scrolls
    view, heading = (
        page.locator(query).bounding_box() for query in (".st-key-inside-view canvas.view", f"{PANEL} .value")
    )
    assert view["y"] >= 0 and heading["y"] + heading["height"] < 844
    total = page.locator(f"{PANEL} .equation .total").bounding_box()
    assert total["y"] + total["height"] < 844
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for at in ((1, 100), (4, 30)):
        pin(page, *at, exact=False)
        for products in page.locator(f"{PANEL} .products").all():  # their sum stands beside them
            grid, term = products.locator(".grid").bounding_box(), products.locator("output.term").bounding_box()
            assert grid["y"] <= term["y"] and term["y"] + term["height"] <= grid["y"] + grid["height"]
        together = page.evaluate(f"""() => {{
            const total = {INSIDE}.querySelector(".panel .equation .total")
            const before = document.createRange()
            before.selectNode(total.previousSibling) // "(bias) ="
            return [...before.getClientRects()].every((line) => line.bottom > total.getBoundingClientRect().top)
        }}""")
        assert together, "the total stands on a line of its own"


@pytest.mark.parametrize("name", ["depth-4", "lstm-steps", "lstm"])
def test_every_layer_of_every_form_of_network_is_taken_apart(server, new_page, name):
    page = opened(new_page, f"{server.url}/inside?network={name}")
    model = create_model(name, pretrained=True)
    chance = random.Random(1)
    assert page.evaluate(f"({HOVER})([1, 200])")["shown"] == "1 200"  # in the next frame, as with a small network
    page.evaluate(f"{INSIDE}.querySelector('canvas.view').dispatchEvent(new PointerEvent('pointerleave'))")
    for number, layer in enumerate(model.layers):
        printed = pin(page, number, at := chance.randrange(math.prod(layer.output_shape)))
        assert printed["shown"] == f"{number} {at}"
        assert printed["check"] is None if layer.kind in HANDED_ON else "✓" in printed["check"], layer.name


@pytest.mark.alone
def test_the_tape_plays_smoothly_and_says_what_happens(server, new_page):
    page = new_page()
    page.goto(f"{server.url}/inside?section=tape&digit={DIGIT}")
    root = INSIDE.replace("inside-view", "tape")
    page.wait_for_function(f"{root}?.dataset.ready", timeout=60_000)
    said = page.locator(".st-key-tape .said")
    before = said.all_inner_texts()
    sizes = f"JSON.stringify([...{root}.querySelectorAll('canvas')].map((one) => one.clientHeight))"
    heights = page.evaluate(sizes)
    page.locator(".st-key-tape [data-do=play]").click()
    page.wait_for_function(f"Number({root}.dataset.frames) > 20 && {root}.winding.at > {root}.winding.names.length + 3")
    page.locator(".st-key-tape [data-do=play]").click()
    assert said.all_inner_texts() != before and page.evaluate(sizes) == heights
    found = page.evaluate(f"({TAPE_FRAMES})(300)")
    assert found["small"] == [] and found["painted"] > 30, found
    page.locator(".st-key-tape input[type=range]").press("End")
    page.wait_for_function(f"{root}.querySelectorAll('.said')[1].innerText.includes('still never says')")
    curve = page.locator(".st-key-tape svg").bounding_box()
    assert curve["y"] + curve["height"] <= 720  # bars, kernels and curve on one screen


def test_a_kernel_is_chosen_by_its_picture(server, new_page, tmp_path):
    page = new_page()
    page.goto(f"{server.url}/inside?section=kernels&network=original&digit={DIGIT}")
    root = INSIDE.replace("inside-view", "kernels-view")
    view = page.locator(".st-key-kernels-view")
    page.wait_for_function(f"{root}?.dataset.chosen === 'conv1 0'", timeout=60_000)
    view.get_by_role("button", name="conv2", exact=True).click()
    view.get_by_role("button", name="Kernel 9 of conv2").click()
    page.wait_for_function(f"{root}.dataset.patches === 'conv2 9'", timeout=60_000)
    row = view.locator(".row > figure")
    assert row.count() == 4 and len({round(one["y"]) for one in boxes(row)}) == 1  # kernel, digit, map, patches
    assert row.locator(".patches canvas").count() == 9
    assert view.locator(".legend").bounding_box()["height"] < 30  # one line
    last = view.get_by_role("button", name="Kernel 3 of conv2").bounding_box()
    assert last["x"] + last["width"] > 1200  # the width is used
    first = view.locator(".grid > span").first
    weight = create_model("original", pretrained=True).conv2.weight[9, 0, 0, 0].item()
    assert figure(first.get_attribute("title")) == pytest.approx(weight, rel=1e-6)
    with page.expect_download() as download:
        view.get_by_role("button", name="All weights (CSV)").click()
    download.value.save_as(tmp_path / "kernels.csv")
    assert len((tmp_path / "kernels.csv").read_text().splitlines()) == 1 + 6 * 25 + 16 * 6 * 25


def test_kernels_are_those_of_the_edited_network_and_what_each_does_is_measured(server, new_page):
    page = opened(new_page, f"{server.url}/inside?network=original&digit={DIGIT}")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.mouse.click(*spot(page, "conv1", 24 * 24 * 3 + 100))
    page.locator(f"{PANEL} [data-do=off]").click()
    changed = 26  # 5 × 5 weights and the bias
    page.get_by_text(f"original, edited: {changed} numbers").wait_for()
    section = page.locator(".st-key-section")
    section.get_by_text("Kernels", exact=True).click()
    view = page.locator(".st-key-kernels-view")
    view.get_by_text(f"original, edited: {changed} numbers").wait_for()
    view.get_by_role("button", name="Kernel 3 of conv1").click()
    assert {figure(one) for one in view.locator(".weights .grid > span").all_inner_texts()} == {0.0}
    section.get_by_text("What a kernel does", exact=True).click()
    does = page.locator(".st-key-does-view")
    assert does.locator(".waiting").bounding_box()["height"] > 150  # it keeps the height of what comes
    does.get_by_role("button", name="Kernel 3 of conv1").click()
    does.get_by_text("Nothing depends on this kernel").wait_for(timeout=90_000)
    assert does.locator("svg").count() == 1  # no empty chart
    does.get_by_role("button", name="Kernel 5 of conv1").click()
    does.locator("[data-measured='conv1 5']").wait_for(timeout=90_000)
    assert "Points lost by each digit: 0:" in does.locator("svg").nth(1).get_attribute("aria-label")
    assert not errors


@pytest.mark.parametrize("section", ["network", "kernels", "evidence", "tape"])
def test_every_picture_has_a_name_and_every_minus_is_one(server, new_page, section):
    page = new_page()
    page.goto(f"{server.url}/inside?network=original&digit={DIGIT}&section={section}")
    key = {"network": "inside-view", "kernels": "kernels-view", "evidence": "does-view", "tape": "tape"}[section]
    page.locator(f".st-key-{key} canvas").first.wait_for(timeout=60_000)
    settled(page)
    if section == "kernels":
        page.wait_for_function(f"{INSIDE.replace('inside-view', key)}.dataset.patches", timeout=90_000)
    assert (
        page.evaluate("""() => {
            const roots = [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)]
            const named = (e) => e.closest("[aria-hidden=true]") || e.getAttribute("alt") || e.querySelector?.("title")
                || e.getAttribute("aria-label")
            return roots.flatMap((root) => [...root.querySelectorAll("canvas, img, svg[role=img], [role=img]")])
                .filter((e) => !named(e)).map((e) => e.outerHTML.slice(0, 120))
        }""")
        == []
    )
    text = page.evaluate(f"{INSIDE.replace('inside-view', key)}.innerText")
    assert not re.search(r"(?<![\w–])-\d", text)


def boxes(locator) -> list[dict]:
    return [one.bounding_box() for one in locator.all()]
