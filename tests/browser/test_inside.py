"""The inspector in a real browser: what it prints adds up, and it is reached in two clicks and by keyboard alone."""

import json
import math
import random
import re

import pytest
import torch

from benchmarks.app.browser import board, stroke
from benchmarks.app.inspector import APP, INSPECTOR, ready
from lenet.explain import cell, receptive_field, used_by
from lenet.pretrained import create_model
from lenet.training import new_model
from lenet.ui.shared.digit import test_digit as digit_number
from lenet.variant import VARIANTS
from tests.server import settled

pytestmark = pytest.mark.browser
DIGIT = 7  # the page's own choice while nothing is drawn


@pytest.fixture(scope="module")
def inspector(server, browser):
    """The page with `original` on the page's own digit."""
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{server.url}/inside?network=original&digit={DIGIT}")
    ready(page)
    settled(page)
    yield page
    assert not errors
    page.close()


def pin(page, number: int, at: int) -> dict:
    """Take a cell apart by a click on it, and read what the panel prints."""
    found = page.evaluate(
        f"""([number, at]) => {{
            const root = {INSPECTOR}, state = root.state, stage = state.net.stages[number]
            const canvas = root.querySelector(`canvas[data-number="${{number}}"]`)
            const [, rows, columns] = stage.shape, map = Math.floor(at / (rows * columns))
            const over = map % stage.across, down = Math.floor(map / stage.across), zoom = state.zoom[number]
            const place = {{ x: (over * (columns + 1) + at % columns + 0.5) * zoom,
                             y: (down * (rows + 1) + Math.floor(at / columns) % rows + 0.5) * zoom }}
            const box = canvas.getBoundingClientRect()
            canvas.dispatchEvent(new MouseEvent("click", {{ bubbles: true, composed: true,
                clientX: box.x + place.x, clientY: box.y + place.y }}))
            const panel = root.querySelector(".panel"), all = panel.querySelector("[data-all]")
            if (all) all.click()
            const exact = panel.querySelector("[name=exact]")
            if (!exact.checked) exact.click()
            const texts = (query) => [...panel.querySelectorAll(query)].map((e) => e.innerText)
            return JSON.stringify({{
                pinned: state.pinned,
                text: panel.innerText, ours: texts(".ours")[0], torch: texts(".torch")[0], check: texts(".check")[0],
                grids: texts(".grid > *"),
                terms: texts("tr.one .number"), bias: texts(".number.bias, tr.bias .number"),
                from: texts("tr.one .go"), winner: texts(".grid .mark"),
            }})
        }}""",
        [number, at],
    )
    return json.loads(found)


def figure(text: str) -> float:
    return float(text.replace("−", "-"))


def test_the_numbers_in_the_panel_add_up_to_pytorchs_number(inspector):
    model = create_model("original", pretrained=True)
    trace = model.trace(digit_number(DIGIT).image[None])
    chance = random.Random(0)
    for number, stage in enumerate(trace):
        for _ in range(2):
            at = chance.randrange(stage.output[0].numel())
            index = tuple(int(i) for i in torch.unravel_index(torch.tensor(at), stage.output[0].shape))
            expected, printed = cell(model, trace, stage.name, index), pin(inspector, number, at)
            assert printed["pinned"] == {"stage": number, "cell": at}
            assert "-" not in printed["text"]
            if stage.kind == "input":  # nothing is added up
                assert "check" not in printed and "Nothing comes before it" in printed["text"]
                continue
            assert figure(printed["torch"]) == pytest.approx(expected.torch, rel=1e-8, abs=1e-12)
            assert figure(printed["ours"]) == pytest.approx(expected.value, rel=1e-6, abs=1e-9)
            assert "✓" in printed["check"]
            if stage.kind == "conv":  # patch × kernel as printed, in 50 numbers a map
                numbers = [figure(text) for text in printed["grids"]]
                assert len(numbers) == 2 * len(expected.terms)
                total = figure(printed["bias"][-1])
                for start in range(0, len(numbers), 50):
                    patch, kernel = numbers[start : start + 25], numbers[start + 25 : start + 50]
                    total += math.fsum(a * b for a, b in zip(patch, kernel))
                assert total == pytest.approx(expected.torch, rel=1e-4, abs=1e-6)
            if stage.kind == "linear":
                terms = [figure(text) for text in printed["terms"]]
                assert len(terms) == len(expected.terms)
                assert [abs(term) for term in terms] == sorted(map(abs, terms), reverse=True)
                total = math.fsum([*terms, figure(printed["bias"][0])])
                assert total == pytest.approx(expected.torch, rel=1e-4, abs=1e-6)
            if stage.kind == "pool":
                assert figure(printed["winner"][0]) == pytest.approx(expected.torch, rel=1e-6)


def test_a_walk_back_from_the_probability_to_the_pixels(inspector):
    panel = inspector.locator(".inspector .panel")
    panel.evaluate("() => 0")
    pin(inspector, len(create_model("original").layers) - 1, 9)
    seen = []
    for _ in range(20):
        name = panel.locator("h3").inner_text().split(" ")[0]
        seen.append(name)
        if name == "input":
            break
        strongest = panel.locator("tr.own .go, .grid button.mark, tr.one .go, .line .go").first
        strongest.click()
    assert seen[0] == "softmax" and seen[-1] == "input"
    assert {"relu5", "fc3", "flatten", "pool2", "conv2", "conv1"} <= set(seen)
    trail = panel.locator(".trail button")
    assert trail.count() == len(seen) - 1
    trail.first.click()
    assert panel.locator("h3").inner_text().startswith("softmax")


def test_keyboard_alone(inspector):
    inspector.evaluate(f"{INSPECTOR}.querySelector('canvas[data-number=\"1\"]').focus({{focusVisible: true}})")
    readout, panel = inspector.locator(".inspector .readout"), inspector.locator(".inspector .panel")
    for _ in range(3):
        inspector.keyboard.press("ArrowRight")
    inspector.keyboard.press("ArrowDown")
    inspector.keyboard.press("Enter")
    assert re.match(r"conv1 · map \d · row \d+, column \d+", panel.locator("h3").inner_text())
    inspector.keyboard.press("Tab")
    inspector.keyboard.press("ArrowRight")
    inspector.wait_for_function(f"{INSPECTOR}.querySelector('.readout').innerText.startsWith('relu1')")
    assert "looks at 25 of 784 pixels" in readout.inner_text()
    inspector.keyboard.press("Escape")
    assert "No cell selected" in panel.inner_text()


def test_bars_are_as_long_as_their_numbers(inspector):
    """Of the terms, the rest, the bias and the sum: the sum may be longer than every term."""
    model = create_model("original", pretrained=True)
    number = [layer.name for layer in model.layers].index("fc1")
    for at in (0, 60, 119):
        pin(inspector, number, at)
        rows = inspector.locator(".inspector .panel .listing tbody tr").evaluate_all(
            """rows => rows.map((row) => [Math.abs(row.querySelector("[data-value]").dataset.value),
                                          parseFloat(row.querySelector(".bars i").style.width)])"""
        )
        most = max(value for value, _ in rows)
        assert [width for _, width in rows] == pytest.approx([50 * value / most for value, _ in rows], abs=1e-3)


def test_a_tap_pins(server, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{server.url}/inside?network=original&digit={DIGIT}")
    ready(page)
    page.locator(".inspector canvas[data-number='1']").tap(position={"x": 40, "y": 40})
    assert page.locator(".inspector .panel h3").inner_text().startswith("conv1")
    page.wait_for_function(f"{INSPECTOR}.querySelector('.panel').getBoundingClientRect().top < innerHeight / 4")
    assert "rounded to two decimals" in page.locator(".inspector .panel .note").inner_text()
    before = page.locator(".inspector .panel h3").inner_text()
    page.locator(".inspector [data-move='1,0']").tap()
    assert page.locator(".inspector .panel h3").inner_text() != before
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


def test_from_the_drawing_to_a_convolution_in_two_clicks(fresh_server, browser):
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.goto(fresh_server.url)
    board(page)
    root = """document.querySelector(".st-key-answer [data-testid=stBidiComponentIsolated]").shadowRoot
        .querySelector(".lenet")"""
    page.wait_for_function(f"{root}?.dataset.mark !== undefined")
    before = page.evaluate(f"{root}.dataset.mark")
    stroke(page, [(0.5, 0.2), (0.5, 0.8)])
    page.wait_for_function(f"(before) => {root}.dataset.mark !== before", arg=before)  # the server has the drawing
    settled(page)
    page.get_by_role("link", name="Look inside").click()
    ready(page)
    page.get_by_text("your drawing").wait_for()
    page.locator(".inspector canvas[data-number='4']").click(position={"x": 20, "y": 20})
    panel = page.locator(".inspector .panel")
    assert panel.locator("h3").inner_text().startswith("conv2")
    assert panel.locator(".grid").count() == 12
    page.close()


def test_rounding_where_large_terms_cancel_is_not_called_wrong(server, browser):
    model = create_model("original", pretrained=True)
    trace = model.trace(digit_number(8).image[None])
    conv = model.conv2.double()
    with torch.no_grad():
        exact = conv(trace["pool1"].output.double())
    apart = (exact - trace["conv2"].output).abs()
    at = int((apart / exact.abs()).argmax())
    assert apart.flatten()[at] > 1e-6 and apart.flatten()[at] > 1e-4 * exact.abs().flatten()[at]
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    page.goto(f"{server.url}/inside?network=original&digit=8")
    ready(page)
    settled(page)
    printed = pin(page, [stage.name for stage in trace].index("conv2"), at)
    assert "large terms cancel" in printed["check"]
    page.close()


@pytest.mark.parametrize("name", ["depth-4", "pool-stride-3", "pool-kernel-3-stride-3-padded", "lstm-steps", "rnn"])
def test_every_form_of_network_has_the_right_outlines_and_sums(bare, browser, name):
    """Against lenet.explain: what is seen and fed, counted, and every number's arithmetic."""
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    page.goto(f"{bare.url}/?network={name}")
    ready(page)
    model = new_model(VARIANTS[name], 0)
    trace = model.trace(digit_number(DIGIT).image[None])
    chance = random.Random(1)
    for number, stage in enumerate(trace):
        at = chance.randrange(stage.output[0].numel())
        index = tuple(int(i) for i in torch.unravel_index(torch.tensor(at), stage.output[0].shape))
        printed = pin(page, number, at)
        assert printed["pinned"] == {"stage": number, "cell": at}
        if number:
            expected = cell(model, trace, stage.name, index).value
            assert figure(printed["ours"]) == pytest.approx(expected, rel=1e-6, abs=1e-9)
            assert "✓" in printed["check"], (stage.name, printed["check"])
        pixels = int(receptive_field(model, stage.name, index)["input"].sum())
        fed = int(next(iter(used_by(model, stage.name, index).values())).sum()) if stage.kind != "softmax" else None
        page.wait_for_timeout(60)
        said = page.locator(".inspector .readout").inner_text()
        if number:
            assert f"looks at {pixels} of 784 pixels" in said, stage.name
        if fed:
            assert f"is used by {fed} of" in said, (stage.name, said)
    page.close()


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """An app with nothing but the inspector, for untrained networks of any variant."""
    from benchmarks.app.browser import ROOT, Server

    script = tmp_path_factory.mktemp("bare") / "bare.py"
    script.write_text(APP.format(digit=DIGIT), encoding="utf-8")
    running = Server(script, ROOT, {"PYTHONPATH": str(ROOT)})
    yield running
    running.stop()
