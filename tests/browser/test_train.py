"""The Train page in Chromium: start, watch, leave and come back, draw on the result, stop; and a telephone."""

import io
import zipfile
from collections.abc import Callable
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image, ImageDraw
from safetensors.torch import save_file

from benchmarks.app.browser import stroke
from lenet import create_model
from tests.server import settled

pytestmark = pytest.mark.browser

SHORT = {"preset": "adam", "epochs": 2, "train_size": 2000, "batch_size": 100, "lr": 0.002, "seed": 31}
LONG = {"preset": "paper", "epochs": 400, "train_size": 5000, "seed": 32}


@pytest.fixture
def visit(new_page) -> Callable:
    """Open the page at an address."""

    def at(server, query: dict, width: int = 1366, height: int = 900):
        page = new_page(width, height)
        page.goto(f"{server.url}/train?{urlencode(query)}")
        page.locator(".st-key-start button").wait_for(timeout=60_000)
        settled(page)
        return page

    return at


def test_start_watch_and_draw_on_the_trained_network(server, visit) -> None:
    page = visit(server, SHORT)
    page.locator(".st-key-start button").click()
    link = page.get_by_role("link", name="Try run-")
    link.wait_for(timeout=90_000)
    page.get_by_text("Step 40 of 40").wait_for()
    link.click()
    stroke(page, [(0.5, 0.15), (0.5, 0.85)])
    page.get_by_role("radio", name="run-").or_(page.get_by_role("button", name="run-")).first.wait_for(timeout=60_000)
    assert "networks=run-" in page.url


@pytest.mark.alone
def test_the_pictures_of_a_run_never_flash_or_move(server, visit) -> None:
    page = visit(server, LONG | {"seed": 34})
    page.locator(".st-key-start button").click()
    page.locator(".st-key-training-pictures canvas").nth(15).wait_for(timeout=90_000)
    page.evaluate("""() => {
        window.seen = new Set()
        window.looked = 0
        const look = () => {
            window.looked += 1
            const board = document.querySelector(".st-key-training-pictures [data-testid=stBidiComponentIsolated]")
            const pictures = board?.shadowRoot?.querySelector(".training")
            const high = pictures?.querySelector(".digits")?.offsetHeight
            window.seen.add(`${pictures?.querySelectorAll("canvas").length} pictures, ${high} high`)
            requestAnimationFrame(look)
        }
        look()
    }""")
    for _ in range(4):  # new pictures have come
        said = page.get_by_text("of 8,000").inner_text()
        page.wait_for_function("said => !document.body.innerText.includes(said)", arg=said)
    page.wait_for_function("window.looked >= 300", timeout=60_000)  # frames
    seen = page.evaluate("[...window.seen]")
    assert len(seen) == 1 and seen[0].startswith("16 pictures"), seen
    page.locator(".st-key-stop button").click()
    page.locator(".st-key-start button:enabled").wait_for(timeout=60_000)


def test_a_story_a_pause_and_another_learning_rate(server, visit) -> None:
    page = visit(server, {})
    page.locator(".st-key-stored-run canvas").nth(15).wait_for(
        timeout=60_000
    )  # something to watch before the first run
    page.locator(".st-key-story-killed button").click()
    page.get_by_text("too high: the loss shot up").wait_for(timeout=90_000)
    page.get_by_role("button", name="Pause").click()
    rate = page.get_by_label("Learning rate from here on")
    rate.wait_for(timeout=60_000)
    rate.fill("0.01")
    rate.press("Enter")
    page.get_by_role("button", name="Change it").click()
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("the learning rate was changed to 0.01").wait_for(timeout=60_000)
    page.locator(".st-key-training-pictures .confusion td").nth(100).wait_for(timeout=60_000)
    page.locator(".st-key-stop button").click()
    page.locator(".st-key-start button:enabled").wait_for(timeout=60_000)


def test_a_link_may_ask_for_the_least_number_and_the_first_word(server, visit) -> None:
    """Where the preset has others."""
    page = visit(server, {"preset": "quick", "epochs": 1, "optimiser": "sgd", "shuffle": "never"})
    assert page.get_by_label("Epochs", exact=True).input_value() == "1"
    page.get_by_text("More of the recipe").click()
    page.get_by_role("combobox", name="Optimiser").wait_for()
    assert page.get_by_role("combobox", name="Optimiser").input_value() == "sgd"
    assert page.get_by_role("combobox", name="Shuffle").input_value() == "never"
    assert not page.get_by_role("button", name="Clear").or_(page.get_by_role("button", name="Clear value")).count()
    assert all(choice in page.url for choice in ("epochs=1", "optimiser=sgd", "shuffle=never"))


def test_leave_come_back_and_stop(server, visit) -> None:
    page = visit(server, LONG)
    page.locator(".st-key-start button").click()
    page.get_by_text("of 8,000").wait_for(timeout=90_000)
    assert "run=" in page.url
    page.locator(".st-key-frame").get_by_role("link", name="Look inside").click()
    page.get_by_role("heading", name="Look inside").wait_for()
    page.locator(".st-key-frame").get_by_role("link", name="Train").click()
    page.get_by_text("of 8,000").wait_for(timeout=60_000)
    stop = page.locator(".st-key-stop button")
    stop.click()
    page.locator(".st-key-start button:enabled").wait_for(timeout=60_000)
    page.get_by_text("stopped").first.wait_for()


def test_after_a_change_of_page_the_link_still_leads_to_the_run(server, visit) -> None:
    page = visit(server, SHORT)
    page.locator(".st-key-start button").click()
    page.get_by_role("link", name="Try run-").wait_for(timeout=90_000)
    for name in ("Stress", "Train"):
        page.locator(".st-key-frame").get_by_role("link", name=name).click()
        page.get_by_role("heading", name=name, exact=True).wait_for()
    page.wait_for_url("**run=*")
    page.reload()
    page.get_by_text("Step 40 of 40").wait_for(timeout=60_000)


def test_pause_one_step_one_epoch_and_resume(server, visit) -> None:
    page = visit(server, LONG | {"seed": 33})
    page.locator(".st-key-start button").click()
    page.get_by_text("of 8,000").wait_for(timeout=90_000)
    page.get_by_role("button", name="Pause").click()
    said = page.get_by_text("of 8,000, paused")
    said.wait_for(timeout=60_000)

    def step() -> int:
        return int(said.inner_text().split()[1].replace(",", ""))

    at = step()
    page.get_by_role("button", name="One step").click()
    page.get_by_text(f"Step {at + 1:,} of 8,000, paused").wait_for(timeout=60_000)
    backward = page.locator(".st-key-backward")
    backward.get_by_role("slider", name="How far the error has come").fill("1")
    backward.get_by_text("It begins at the logits").wait_for(timeout=60_000)
    backward.get_by_role("button", name="Play").wait_for()  # whoever moves it holds it
    backward.get_by_role("button", name="One layer back").click()
    backward.get_by_text("Through ").wait_for()
    backward.locator("canvas").press("ArrowLeft")
    backward.get_by_text(": error ").wait_for()
    page.locator(".st-key-weight-update select").select_option("conv1.weight")
    page.locator(".st-key-weight-update canvas").first.click(position={"x": 5, "y": 5})
    opened = page.locator(".st-key-weight-update .opened")
    opened.get_by_text(f"conv1.weight [0, 0, 0, 0], step {at + 1:,}").wait_for(timeout=60_000)
    assert opened.get_by_text("✓ the same").count() == 2  # the gradient is autograd's, the new weight PyTorch's
    opened.get_by_text("New = old − learning rate × gradient").wait_for()
    page.get_by_role("button", name="One epoch").click()
    whole = (at + 1) // 20 * 20 + 20  # 5,000 pictures in batches of 256
    page.get_by_text(f"Step {whole:,} of 8,000, paused").wait_for(timeout=60_000)
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("of 8,000, about").wait_for(timeout=60_000)
    page.locator(".st-key-stop button").click()
    page.locator(".st-key-start button:enabled").wait_for(timeout=60_000)


def test_weights_go_out_and_come_back_and_other_files_do_not(server, visit, tmp_path) -> None:
    page = visit(server, SHORT)
    page.locator(".st-key-start button").click()
    page.get_by_role("link", name="Try run-").wait_for(timeout=90_000)
    with page.expect_download() as started:
        page.get_by_role("button", name="Weights", exact=True).click()
    started.value.save_as(tmp_path / "mine.safetensors")
    (tmp_path / "other.safetensors").write_bytes(b"no weights at all")
    page.get_by_text("Load weights").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "other.safetensors")
    page.get_by_text("is damaged or is no safetensors file").wait_for(timeout=60_000)
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.safetensors")
    page.get_by_text("Loaded as loaded").wait_for(timeout=60_000)
    assert not page.get_by_text("is damaged or is no safetensors file").count()
    save_file(create_model("d2l", pretrained=True).state_dict(), tmp_path / "d2l.safetensors")
    page.locator("input[type=file]").set_input_files(tmp_path / "d2l.safetensors")
    page.get_by_text("The file holds weights alone").wait_for(timeout=60_000)
    (tmp_path / "net.pth").write_bytes(b"PK")
    page.locator("input[type=file]").set_input_files(tmp_path / "net.pth")
    page.get_by_text("Turn it into safetensors at home").wait_for(timeout=15_000)


def shapes() -> bytes:
    """A ZIP of two folders, crosses and rings of every size."""
    file, random = io.BytesIO(), np.random.default_rng(0)
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(240):
            side = int(random.integers(60, 140))
            picture = Image.new("L", (side, side), 255)
            pen, edge = ImageDraw.Draw(picture), int(side * random.uniform(0.05, 0.2))
            if number % 2:
                pen.ellipse((edge, edge, side - edge, side - edge), outline=0, width=side // 9)
            else:
                pen.line((edge, edge, side - edge, side - edge), 0, side // 9)
                pen.line((edge, side - edge, side - edge, edge), 0, side // 9)
            content = io.BytesIO()
            picture.save(content, "PNG")
            archive.writestr(f"{('cross', 'ring')[number % 2]}/{number}.png", content.getvalue())
    return file.getvalue()


def test_from_ones_own_pictures_to_a_drawing_on_the_network_that_learnt_them(server, visit, tmp_path) -> None:
    page = visit(server, {"preset": "quick", "epochs": 12, "batch_size": 16, "lr": 0.003})
    page.get_by_role("button", name="Load your own pictures").click()
    upload = page.locator("[class*=st-key-own_files] input[type=file]")
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    upload.set_input_files(tmp_path / "bad.zip")
    page.locator(".st-key-own_load button:enabled").click()
    page.get_by_text("bad.zip is none of these").wait_for(timeout=60_000)
    page.get_by_role("button", name="Load your own pictures").click()
    (tmp_path / "shapes.zip").write_bytes(shapes())
    upload.set_input_files(tmp_path / "shapes.zip")
    page.get_by_text("shapes.zip").first.wait_for()
    page.locator(".st-key-own_load button:enabled").click()
    page.get_by_text("shapes is loaded: 200 pictures to learn from, 40 to test.").wait_for(timeout=60_000)
    page.locator(".st-key-start button:enabled").click()
    link = page.get_by_role("link", name="Try run-")
    link.wait_for(timeout=90_000)
    page.get_by_role("row", name="ring").first.wait_for()
    link.click()
    stroke(page, [(0.2, 0.2), (0.8, 0.8)])
    stroke(page, [(0.8, 0.2), (0.2, 0.8)])
    page.locator(".big", has_text="cross").wait_for(timeout=60_000)
    assert "networks=run-" in page.url


def test_on_a_telephone_nothing_is_wider_than_the_screen(server, visit) -> None:
    page = visit(server, {}, width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_any_lenet_is_built_in_blocks_that_follow_the_controls_at_once(server, visit) -> None:
    page = visit(server, {"preset": "adam", "epochs": 1, "train_size": 300, "batch_size": 100, "seed": 41})
    blocks = page.locator(".blocks")

    def layer(name: str):
        return blocks.locator(f'button[data-layer="{name}"]')

    def wide(name: str) -> int:
        return int(layer(name).locator("svg").get_attribute("width"))

    layer("conv1").wait_for(timeout=30_000)
    before = wide("conv1")
    blocks.get_by_role("spinbutton", name="Channels").fill("40")
    assert "40 × 24 × 24" in layer("conv1").inner_text() and wide("conv1") > before  # before the server knows
    blocks.get_by_role("spinbutton", name="Kernel").press("ArrowUp")
    assert "40 × 23 × 23" in layer("conv1").inner_text()
    layer("pool2").click()
    blocks.get_by_role("combobox", name="Pooling").select_option("none")
    assert "no pooling" in layer("pool2").inner_text()
    layer("fc1").press("Enter")
    blocks.get_by_role("button", name="Remove this layer").click()
    assert layer("fc3").count() == 0
    blocks.get_by_role("spinbutton", name="Dropout").fill("50")
    assert "drops 50 %" in layer("fc1").inner_text()
    page.wait_for_function("location.search.includes('fc1_drop=0.5') && location.search.includes('hidden=84')")
    assert "conv1=6%2F1%2F0%2F40" in page.url and "pool2=none" in page.url

    layer("conv1").click()
    blocks.get_by_role("spinbutton", name="Stride").fill("4")
    assert "does not fit" in layer("conv2").inner_text()
    page.get_by_text("conv2 needs a 5 × 5 input").wait_for()
    page.locator(".st-key-start button:disabled").wait_for()
    page.reload()  # the link keeps what was made, possible or not
    layer("conv2").wait_for(timeout=30_000)
    assert "does not fit" in layer("conv2").inner_text()
    blocks.get_by_role("spinbutton", name="Stride").fill("1")
    page.wait_for_function("location.search.includes('conv1=6%2F1%2F0%2F40')")
    settled(page)
    page.locator(".st-key-start button").click()
    page.get_by_role("link", name="Try run-").wait_for(timeout=90_000)
