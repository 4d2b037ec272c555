"""What the page Class trains: a race of seeds, and a network on the class's digits, through the real service."""

import time
from dataclasses import replace

import pytest

from lenet.classroom import race, tuning
from lenet.classroom.store import Store
from lenet.formatting import percent
from lenet.pretrained import card
from lenet.service.queue import Service
from lenet.strokes import Stroke, encode
from lenet.ui.classroom import racing
from lenet.ui.shared import membership
from lenet.ui.train import own
from lenet.ui.train import service as training
from tests.pages.test_class import page

LONGEST = 90  # seconds


@pytest.fixture
def store(monkeypatch) -> Store:
    made = Store()
    monkeypatch.setattr(membership, "store", lambda: made)
    return made


@pytest.fixture
def service(monkeypatch):
    """A service of its own, as nobody's session is connected in these tests."""
    made = Service(workers=1, here=training.here)
    for module in (training, racing, own):
        monkeypatch.setattr(module, "service", lambda: made)
    yield made
    for worker in made._workers:
        worker.end()


def until(at, done) -> None:
    """Run the page again, as its fragments do, until something is there."""
    end = time.monotonic() + LONGEST
    while not done():
        assert time.monotonic() < end
        time.sleep(0.3)
        at.run()
        assert not at.exception


def learnt(at) -> str:
    """What the page says of a network that learnt from the class; empty before that."""
    return next((text.value for text in at.markdown if text.value.startswith("It learnt from")), "")


def test_a_race_runs_one_seed_after_another_and_everybody_has_one(store, service, monkeypatch):
    monkeypatch.setattr(race, "SHORT", replace(race.SHORT, train_size=512, epochs=1))
    monkeypatch.setattr(racing, "MANY", (3, 30))
    code, secret = store.open()
    teacher = store.teacher(code, secret)
    pupils = [store.pupil(code, store.join(code)) for _ in range(3)]
    at = page(**{"class": code, "teacher": secret})
    at.segmented_control(key="class_section").set_value("race").run()
    at.selectbox(key="race_runs").set_value(3).run()
    at.button(key="race-begin").click().run()
    assert not at.exception and teacher.view().stage == "race"
    first = teacher.race()
    until(at, lambda: len(teacher.race().results) >= 1)
    told = racing.of_pupil(pupils[0], 1)
    assert told["seed"] == first.first and told["state"] == "done" and len(told["digits"]) == 10
    waits = racing.of_pupil(pupils[2], 3)
    assert {"seed": first.first + 2, "pupils": [3]}.items() <= waits.items()
    lanes = racing._message(teacher.race(), {}, [1, 2, 3])
    assert [lane["pupils"] for lane in lanes["lanes"]] == [[1], [2], [3]] and not lanes["said"]
    until(at, lambda: len(teacher.race().results) == 3)
    over = racing._message(teacher.race(), {}, [])
    assert over["over"] and f"{over['lost']} of 3 runs lost a class" in over["said"][0]
    results = teacher.race().results
    assert len({found["accuracy"] for found in results.values()}) > 1  # the seeds differ

    at.button(key="race-begin").click().run()  # another race, which is stopped
    until(at, lambda: any(job.progress for job in service._jobs if job.recipe.seed == teacher.race().first))
    at.button(key="race-stop").click().run()
    assert teacher.race().stopped and not service.queue()
    until(at, lambda: all(job.settled for job in service._jobs))
    assert len(teacher.race().results) < 3 and set(results) & set(teacher.race().seeds) == set()


def test_others_begin_before_the_race_goes_on(service):
    from lenet.recipe import RECIPES
    from lenet.variant import VARIANTS

    short = replace(RECIPES["quick"], train_size=64, epochs=1)
    lanes = [service.submit(VARIANTS["original"], replace(short, seed=seed), "race 1") for seed in range(8)]
    assert service.command(lanes[0], "pause", "a pupil") == service.command(lanes[0], "step", "a pupil") == "shared"
    assert service.command(lanes[7], "stop", "a pupil") == "left" and lanes[7] in service.queue()
    theirs = service.submit(VARIANTS["best"], short, "somebody")
    order = service.queue()
    assert theirs in order[:2] and sum(lane in order for lane in lanes) >= 6


def test_a_network_is_tuned_on_most_writers_and_compared_on_the_others(store, service, monkeypatch):
    monkeypatch.setitem(tuning.WAYS, "tune", replace(tuning.TUNE, epochs=1))
    code, secret = store.open()
    teacher = store.teacher(code, secret)
    strokes = [encode([Stroke(((100, 60), (100 + 10 * label, 260)))]) for label in range(10)]
    teacher.put([(writer, label, strokes[label]) for writer in range(4) for label in range(10)])
    at = page(**{"class": code, "teacher": secret})
    at.segmented_control(key="class_section").set_value("train").run()
    assert any("digits of 3 of you.** The other 1" in text.value for text in at.markdown)
    at.button(key="tune").click().run()
    assert not at.exception
    (job,) = service._jobs
    assert job.recipe.start == "best" and job.recipe.train_size == 30
    until(at, lambda: learnt(at))
    said = learnt(at)
    assert said.startswith("It learnt from 30 digits. Of the 10 by other writers")
    assert f"best {percent(card('best').test_accuracy, 2)}" in said
    assert any("run-1 is in the pickers" in text.value for text in at.caption)
    later = page(**{"class": code, "teacher": secret})  # another session: as after a restart, it knows no run
    later.segmented_control(key="class_section").set_value("train").run()
    assert not later.exception and learnt(later) == said
    assert not any("in the pickers" in text.value for text in later.caption)
    assert service.data(job.recipe.data.checksum) and job.samples is not None
    at.segmented_control(key="class_section").set_value("keep").run()
    at.button(key="delete").click().run()  # the pictures go, too
    assert not at.exception and not service._jobs
    assert service.data(job.recipe.data.checksum) is job.samples is None
    assert store.rows("SELECT * FROM tuned") == []
