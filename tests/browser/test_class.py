"""A teacher and three pupils, each in a browser of their own, and a server that dies in the middle."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.app.browser import board, stroke
from benchmarks.app.visitor import Visitor, visit
from lenet.classroom.files import read_back
from lenet.classroom.store import FOLDER_VARIABLE, ClassError, Store
from tests.server import Server, settled

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
ONE = [(0.5, 0.15), (0.5, 0.85)]
SEVEN = [(0.3, 0.2), (0.7, 0.2), (0.45, 0.85)]
WAIT = 20_000  # milliseconds until something that is followed every few seconds must be there


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def running(folder: Path) -> Iterator[Server]:
    server = Server(environment={FOLDER_VARIABLE: str(folder)})
    yield server
    server.stop()


@pytest.fixture
def people(browser):
    """Makes pages, each in a context of its own; fails if one of them met an error of JavaScript."""
    contexts, errors = [], []

    def new(**how):
        context = browser.new_context(**how)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield new
    for context in contexts:
        context.close()
    assert errors == []


def open_class(server: Server, people):
    """The teacher's page and the code."""
    teacher = people(viewport={"width": 1280, "height": 720})
    teacher.goto(f"{server.url}/class")
    teacher.get_by_role("button", name="Open a class").click()
    code = teacher.locator(".code").inner_text()
    return teacher, code


def join(server: Server, people, code: str):
    pupil = people(**PHONE)
    pupil.goto(f"{server.url}/class?class={code}")
    pupil.get_by_role("button", name="Join the class").click()
    pupil.locator(".me").wait_for()
    return pupil


def show(teacher, section: str) -> None:
    teacher.locator(".st-key-class_section").get_by_text(section, exact=True).click()
    settled(teacher)


def write(pupil, points) -> None:
    """Write with the pen on the pad, without handing it in."""
    pad = pupil.locator(".pad")
    pad.wait_for(timeout=WAIT)
    stroke(pupil, points, pad)


def hand_in(pupil) -> None:
    pupil.get_by_role("button", name="Put it on the wall").click()


def follow(server: Server, teacher, pupils, code: str) -> None:
    """Three pupils follow from page to page; one leaves with one tap; in the end all are back in the class."""
    *others, free = pupils
    teacher.get_by_text("Pupils follow me").click()
    teacher.locator(".st-key-frame").get_by_text("Stress").click()
    settled(teacher)
    for pupil in pupils:
        pupil.wait_for_url(re.compile("/stress"), timeout=WAIT)
        pupil.get_by_text("You follow your teacher.").wait_for(timeout=WAIT)
    free.get_by_role("button", name="Look around by myself").click()
    free.get_by_text("You look around by yourself.").wait_for(timeout=WAIT)
    teacher.goto(f"{server.url}/inside?digit=18&network=original")
    for pupil in others:
        pupil.wait_for_url(re.compile(r"/inside\?.*digit=18"), timeout=WAIT)
        pupil.get_by_text("test digit 18").wait_for()
    assert "/stress" in free.url
    teacher.get_by_role("button", name="Stop").click(timeout=WAIT)
    for pupil in others:
        pupil.get_by_text("You follow your teacher.").wait_for(state="hidden", timeout=WAIT)
    others[0].get_by_text("You are in a class.").wait_for(timeout=WAIT)
    others[0].get_by_role("link", name="Back to the class").tap()  # the way back is there after the teacher has stopped
    others[0].locator(".me").wait_for(timeout=WAIT)
    for person in (teacher, *pupils):
        person.goto(f"{server.url}/class?class={code}")
    teacher.get_by_text("3 pupils are in").wait_for(timeout=WAIT)


@pytest.mark.timeout(400)
def test_a_lesson_from_the_first_code_to_the_last_file(running, people, folder, tmp_path):
    teacher, code = open_class(running, people)
    assert re.search(rf"/class\?class={code}$", teacher.url)  # no secret in sight
    typing = people(**PHONE)
    typing.goto(f"{running.url}/class")
    typing.get_by_label("The code on the screen").fill(code.lower())
    typing.get_by_role("button", name="Join", exact=True).click()
    typing.get_by_role("button", name="Join the class").click()
    pupils = [typing, join(running, people, code), join(running, people, code)]
    teacher.get_by_text("3 pupils are in").wait_for(timeout=WAIT)
    assert [pupil.locator(".me .badge").inner_text() for pupil in pupils] == ["1", "2", "3"]
    assert all(pupil.evaluate("document.documentElement.scrollWidth") <= 390 for pupil in pupils)

    follow(running, teacher, pupils, code)
    show(teacher, "Vote")
    teacher.get_by_role("button", name="Ask the class").click()
    for pupil, choice in zip(pupils, (7, 7, 1)):
        pupil.locator(".answer-row").nth(choice).click(timeout=WAIT)
    teacher.get_by_text("3 of 3 voted").wait_for(timeout=WAIT)
    assert teacher.locator(".share").count() == 0
    assert pupils[2].locator(".share").count() == 0
    teacher.get_by_role("button", name="Reveal").click()
    teacher.locator(".number").nth(9).wait_for(timeout=WAIT)
    assert [int(n) for n in teacher.locator(".number").all_inner_texts()] == [0, 1, 0, 0, 0, 0, 0, 2, 0, 0]
    assert teacher.locator(".answer-row.right").count() == 1
    pupils[0].locator(".answer-row .number").nth(7).wait_for(timeout=WAIT)

    show(teacher, "Wall")
    for pupil in pupils:
        write(pupil, ONE)
        hand_in(pupil)
    write(pupils[1], SEVEN)  # where a 2 is asked for
    hand_in(pupils[1])
    teacher.locator(".tile").nth(3).wait_for(timeout=WAIT)
    rows = [row.locator(".tile").count() for row in teacher.locator(".wall-row").all()]
    assert rows == [1, 1, 2, 0, 0, 0, 0, 0, 0, 0]
    assert re.match(r"\./\?drawing=1\w+", teacher.locator(".tile a").first.get_attribute("href"))
    teacher.locator(".tile").first.hover()
    teacher.locator(".tile button").first.click()
    teacher.locator(".tile").nth(3).wait_for(state="detached", timeout=WAIT)
    teacher.get_by_text("Lock the wall").click()
    pupils[0].get_by_text("The wall is locked.").wait_for(timeout=WAIT)

    show(teacher, "Test set")
    teacher.locator(".score").wait_for()
    assert "3 digits by 2 writers" in teacher.locator(".stMain").inner_text()
    assert teacher.locator(".taken .right").all_inner_texts() == ["1"]  # the 1: a stroke is no 2, and neither is a 7
    assert teacher.locator(".misread figure").count() == 2

    show(teacher, "Race")
    teacher.get_by_role("button", name="Start the race").click()
    teacher.locator(".lane.done").first.wait_for(timeout=60_000)
    assert teacher.locator(".lane").count() == 30
    for number, pupil in enumerate(pupils):
        pupil.get_by_text(f"Your run: seed {100 + number}").wait_for(timeout=WAIT)
    pupils[0].get_by_text(re.compile(r"Seed 100 .*% correct")).first.wait_for(timeout=WAIT)
    teacher.get_by_role("button", name="Stop the race").click()
    teacher.get_by_text(re.compile(r"Stopped after \d+ of 30 runs")).wait_for(timeout=WAIT)

    show(teacher, "Keep or delete")
    for file in ("wall.png", "drawings.csv", "drawings.npz", "idx.zip"):
        with teacher.expect_download() as download:
            teacher.locator(f"[class*='st-key-export-{file.replace('.', '-')}'] button").click()
        download.value.save_as(tmp_path / file)
    for file in ("drawings.csv", "drawings.npz", "idx.zip"):
        assert [row[:2] for row in read_back((tmp_path / file).read_bytes())] == [(2, 1), (3, 2), (2, 2)]
    teacher.get_by_text("Bring back the digits of an earlier class").click()
    teacher.locator(".st-key-import input[type=file]").set_input_files(tmp_path / "drawings.npz")
    teacher.get_by_text("3 drawings are on the wall.").wait_for(timeout=WAIT)
    teacher.get_by_role("button", name="Delete everything").click()
    teacher.get_by_role("button", name="Delete it all now").click()
    teacher.get_by_text("The class is deleted").wait_for(timeout=WAIT)
    pupils[0].get_by_text("This class is over").wait_for(timeout=WAIT)
    assert not Store(folder).has(code)


def test_the_teachers_drawing_goes_along(running, people):
    """Every stroke of it, whoever else writes the address."""
    teacher, code = open_class(running, people)
    pupil = join(running, people, code)
    teacher.get_by_text("Pupils follow me").click()
    teacher.get_by_role("link", name="Draw").first.click()
    board(teacher)
    settled(teacher)
    teacher.locator(".st-key-networks").get_by_text("tanh").click()
    stroke(teacher, SEVEN)
    pupil.wait_for_url(re.compile("networks=tanh.*drawing="), timeout=WAIT)
    before = pupil.url
    stroke(teacher, [(0.35, 0.5), (0.75, 0.5)])
    pupil.wait_for_url(lambda url: "drawing=" in url and len(url) > len(before), timeout=WAIT)


def test_a_server_that_dies_loses_nothing_and_everybody_is_back_by_themselves(running, people, folder):
    teacher, code = open_class(running, people)
    pupil, other = join(running, people, code), join(running, people, code)
    show(teacher, "Wall")
    write(pupil, ONE)
    hand_in(pupil)
    teacher.locator(".tile").first.wait_for(timeout=WAIT)
    write(pupil, SEVEN)
    running.stop()  # kill -9
    hand_in(pupil)  # nobody hears it
    again = Server(environment={FOLDER_VARIABLE: str(folder)}, port=running.port)
    try:
        teacher.locator(".tile").nth(1).wait_for(timeout=60_000)
        write(other, ONE)
        hand_in(other)
        teacher.locator(".tile").nth(2).wait_for(timeout=60_000)
        assert pupil.locator(".me .badge").inner_text() == "1"
        other.reload()
        assert other.locator(".me .badge").inner_text() == "2"
        teacher.get_by_text("2 pupils are in").wait_for()
        assert teacher.locator(".tile").count() == 3
    finally:
        again.stop()


def test_a_nickname_is_never_html(running, people, folder):
    """Not even one that got past the filter."""
    name = "<img src=x onerror=document.title='hacked'>"
    store = Store(folder)
    code, secret = store.open()
    store.teacher(code, secret).allow_nicknames(True)
    token = store.join(code, name)
    with store.transaction() as db:
        (kept,) = db.execute("SELECT nickname FROM pupil").fetchone()
        assert not set("<>&\"'=") & set(kept)
        db.execute("UPDATE pupil SET nickname = ?", (name,))
    teacher, pupil = people(viewport={"width": 1280, "height": 720}), people(**PHONE)
    who = {"class": code, f"class-{code}": f"pupil.{token}"}
    pupil.context.add_cookies([{"name": key, "value": value, "url": running.url} for key, value in who.items()])
    teacher.goto(f"{running.url}/class?class={code}&teacher={secret}")
    pupil.goto(f"{running.url}/class?class={code}")
    for page in (teacher, pupil):
        assert page.locator(".badge").inner_text() == f"1 {name}"
        assert page.locator(".badge img").count() == 0 and page.title() != "hacked"


def test_an_outsider_sees_no_vote_and_no_secret_and_reaches_no_other_class(running, folder):
    store = Store(folder)
    code, secret = store.open()
    teacher = store.teacher(code, secret)
    token = store.join(code)
    other_code, _ = store.open()
    question = teacher.ask("Which?", ["first", "second"], truth=1, note="Because it is so.")
    store.pupil(code, token).vote(question, 1)

    async def page(query: str, cookie: str) -> str:
        """All that the page's connection carries, as one text."""
        async with Visitor(running.url, {"Cookie": cookie}) as visitor:
            await visitor.open("class", query)
            return "\n".join(str(element) for element in visitor.elements.values())

    def seen(query: str, cookie: str = "") -> str:
        return visit(page(query, cookie))

    outside = seen(f"class={code}")
    assert "Join the class" in outside and "Which?" not in outside and "class_section" not in outside
    for forged in (
        seen(f"class={code}&teacher={token}"),
        seen(f"class={code}", f"class={code}; class-{code}=teacher.{token}"),
        seen(f"class={other_code}", f"class={code}; class-{other_code}=teacher.{secret}"),
        seen(f"class={other_code}", f"class={other_code}; class-{other_code}=pupil.{token}"),
    ):
        assert "class_section" not in forged and "Which?" not in forged
    pupil = seen(f"class={code}", f"class={code}; class-{code}=pupil.{token}")
    assert "Which?" in pupil
    assert secret not in pupil and "Because" not in pupil and '"truth": 1' not in pupil.replace("\\", "")
    teacher.begin_race("paper", 30)
    store.join(code)
    outside = seen(f"class={code}", f"class={code}; class-{code}=pupil.{token[:-1]}x").replace("\\", "")
    assert '"seed"' not in outside and '"lanes"' not in outside
    mine = seen(f"class={code}", f"class={code}; class-{code}=pupil.{token}").replace("\\", "")
    assert '"seed": 100' in mine and '"lanes"' not in mine and "race-stop" not in mine
    with pytest.raises(ClassError):
        store.teacher(code, token)
    assert "class_section" in seen(f"class={code}&teacher={secret}")
