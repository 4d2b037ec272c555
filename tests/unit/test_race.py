"""A race: whose run is which, what is kept of one, and what all of them say."""

from dataclasses import asdict, replace
from math import nan

import pytest

from lenet.classroom import race
from lenet.classroom.store import ClassError, Store
from lenet.study.measures import failed
from lenet.training import Epoch
from lenet.variant import VARIANTS

SOUND = race.Result(0.95, (), 0, False)
LOST = race.Result(0.85, (6,), 0, True)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def teacher(store: Store):
    return store.teacher(*store.open())


def test_every_pupil_has_a_seed_and_no_two_races_share_one(store, teacher):
    pupils = [store.pupil(teacher.code, store.join(teacher.code)) for _ in range(4)]
    assert pupils[0].race() is None
    teacher.begin_race("paper", 3)
    one = pupils[0].race()
    assert teacher.view().stage == "race" and [one.seed_of(pupil.view().number) for pupil in pupils] == [
        *one.seeds,
        one.first,
    ]
    teacher.begin_race("mended", 40)
    assert not set(one.seeds) & set(teacher.race().seeds) and teacher.race().results == {}
    assert race.variant(teacher.race()) == VARIANTS["best"] and race.recipe(one, 101).seed == 101


def test_a_run_is_kept_once_and_only_by_its_own_class(store, teacher):
    teacher.begin_race("paper", 3)
    one = teacher.race()
    teacher.finish(one.id, one.first, asdict(LOST))
    teacher.finish(one.id, one.first, asdict(SOUND))
    assert race.Result(**teacher.race().results[one.first]).lost
    other = store.teacher(*store.open())
    other.finish(one.id, one.first + 1, asdict(SOUND))
    other.stop_race()
    assert len(teacher.race().results) == 1 and not teacher.race().stopped and other.race() is None
    teacher.stop_race()
    assert teacher.race().stopped
    teacher.delete()
    assert store.race(one.kind) is None and store.rows("SELECT * FROM lane") == store.rows("SELECT * FROM race") == []


@pytest.mark.parametrize("runs", [0, 2, 41, 10**6])
def test_a_race_is_bounded(teacher, runs):
    with pytest.raises(ClassError, match="3 to 40"):
        teacher.begin_race("paper", runs)
    assert teacher.race() is None


EPOCH = Epoch(2, 0.1, 0.9, [0.9] * 10, 10, {"relu1": 0.0, "relu5": 0.0}, {}, 1.0)


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("original", {}, race.Result(0.9, (), 0, False)),
        ("original", {"class_accuracy": [0.9] * 9 + [0.0], "classes_predicted": 9}, race.Result(0.9, (9,), 0, True)),
        ("original", {"dead_units": {"relu5": 0.1}}, race.Result(0.9, (), 1, True)),  # the first of ten equal logits
        ("original", {"train_loss": nan}, race.Result(0.9, (), None, True)),
        ("best", {"dead_units": {"relu4": 0.1}}, race.Result(0.9, (), None, False)),
    ],
)
def test_a_class_is_lost_as_in_the_study(name, changes, expected):
    from types import SimpleNamespace

    last = replace(EPOCH, **changes)
    assert race.result(VARIANTS[name], last) == expected
    history = SimpleNamespace(
        network=VARIANTS[name],
        classes_predicted=[last.classes_predicted],
        dead_units=[last.dead_units],
        train_loss=[last.train_loss],
    )
    assert failed(history) == expected.lost


def test_the_message_says_what_three_repetitions_would_have_said():
    said = " ".join(race.message([SOUND] * 4 + [LOST] * 2))
    assert "2 of 6 runs lost a class: 33 %" in said and "6 (2×)" in said
    assert "20 % show no lost class" in said and "in 0 % all three" in said  # 4 of 20 triples
    assert "no run lost a class" in race.message([SOUND] * 3)[-1]
    assert "every run lost one" in race.message([LOST] * 3)[-1]
    assert race.message([SOUND, LOST]) == []
