"""A class: who may see and do what, what is kept when the process is killed, and that everything is there once."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lenet.classroom import codes, lessons
from lenet.classroom import store as store_module
from lenet.classroom.store import DRAWINGS, FILE, PUPILS, ClassError, Store, Teacher
from lenet.strokes import encode, from_message
from tests.server import ROOT

SEVEN = [{"points": [90, 80, 230, 80, 150, 260], "width": 20, "erase": False}]


def ask(teacher: Teacher, **more) -> int:
    return teacher.ask("What will it read?", ["a 7", "a 1"], truth=0, note="It is a 7.", **more)


@pytest.fixture(params=["memory", "folder"])
def store(request, tmp_path):
    made = Store(tmp_path / "data" if request.param == "folder" else None)
    yield made
    made.close()


def joined(store: Store, pupils: int = 1):
    """A class with its teacher and so many pupils."""
    code, secret = store.open()
    return store.teacher(code, secret), [store.pupil(code, store.join(code)) for _ in range(pupils)]


def test_pupils_get_numbers_one_after_another_and_digits_to_write(store):
    teacher, pupils = joined(store, 3)
    assert [pupil.view().number for pupil in pupils] == [1, 2, 3]
    assert list(teacher.view().pupils) == [1, 2, 3]
    assert [pupil.view().wanted for pupil in pupils] == [0, 1, 2]
    pupils[1].draw("a", 1, SEVEN)
    assert pupils[1].view().wanted == 2


def test_a_vote_is_seen_by_nobody_before_the_reveal_and_counts_once(store):
    teacher, (one, two) = joined(store, 2)
    question = ask(teacher)
    assert one.view().stage == "vote"
    one.vote(question, 1)
    one.vote(question, 0)
    one.vote(question, 0)
    for asked in (teacher.view().question, two.view().question):
        assert asked and asked.voted == 1
        assert (asked.counts, asked.truth, asked.note, asked.mine) == (None, None, "", None)
    assert one.view().question.mine == 0
    teacher.reveal()
    for asked in (teacher.view().question, two.view().question):
        assert (asked.counts, asked.truth, asked.note) == ((1, 0), 0, "It is a 7.")
    with pytest.raises(ClassError, match="over"):
        two.vote(question, 1)


def test_the_vote_on_an_earlier_question_or_another_class_is_refused(store):
    teacher, (one,) = joined(store)
    other, _ = joined(store)
    before, foreign = ask(teacher), ask(other)
    now = ask(teacher)
    for question, choice in ((before, 0), (foreign, 0), (now, 2), (now, -1), (now + 99, 0)):
        with pytest.raises(ClassError):
            one.vote(question, choice)
    assert teacher.view().question.voted == other.view().question.voted == 0


@pytest.mark.parametrize(
    "question",
    [("", ["a", "b"]), ("?" * 201, ["a", "b"]), ("?", ["a"]), ("?", ["a", " a "]), ("?", ["a", ""]), ("?", ["a"] * 11)],
)
def test_questions_that_nobody_could_answer_are_refused(store, question):
    teacher, _ = joined(store)
    with pytest.raises(ClassError):
        teacher.ask(*question)


def test_every_guess_of_the_lessons_can_be_asked(store):
    teacher, _ = joined(store)
    guesses = [step.guess for name in lessons.folders() for step in lessons.load(name).steps if step.guess]
    assert guesses
    for guess in guesses:
        teacher.ask(guess.question, guess.answers, truth=guess.right, note=guess.reveal)
        assert teacher.view().question.choices == guess.answers


def test_drawings_come_once_and_hidden_ones_leave_the_wall(store):
    teacher, (one,) = joined(store)
    for _ in range(3):
        one.draw("first", 7, SEVEN)
    one.draw("second", 1, SEVEN)
    first = teacher.wall()[1]
    assert [(drawing.pupil, drawing.label) for drawing in teacher.wall()] == [(1, 1), (1, 7)]
    assert first.strokes == encode(from_message(SEVEN))
    teacher.hide(first.id)
    assert [drawing.label for drawing in teacher.wall()] == [1]
    assert [drawing.hidden for drawing in teacher.wall(hidden=True)] == [False, True]
    assert one.view().saved == ("first", "second")
    other, _ = joined(store)
    other.hide(teacher.wall()[0].id)
    assert len(teacher.wall()) == 1


def test_a_locked_wall_a_dot_and_what_is_no_drawing_are_refused(store):
    teacher, (one,) = joined(store)
    for mark, label, message in (
        ("dot", 1, [{"points": [100, 100]}]),
        ("blank", 1, []),
        ("", 1, SEVEN),
        ("x", 10, SEVEN),
        ("x", "1", SEVEN),
        ("x", 1, "<b>"),
        ("x", 1, [{"points": ["<b>", 2]}]),
    ):
        with pytest.raises(ClassError):
            one.draw(mark, label, message)
    teacher.lock(True)
    with pytest.raises(ClassError, match="locked"):
        one.draw("late", 1, SEVEN)
    assert not teacher.wall()
    teacher.lock(False)
    one.draw("late", 1, SEVEN)
    teacher.lock(True)
    one.draw("late", 1, SEVEN)  # sent again, because the answer was lost
    assert len(teacher.wall()) == 1


def test_a_pupil_and_a_class_have_their_limits(store, monkeypatch):
    teacher, (one,) = joined(store)
    monkeypatch.setattr(store, "may_send", lambda pupil: None)
    for at in range(DRAWINGS):
        one.draw(str(at), 1, SEVEN)
    with pytest.raises(ClassError, match="all that fit"):
        one.draw("more", 1, SEVEN)
    for _ in range(PUPILS - 1):
        store.join(teacher.code)
    with pytest.raises(ClassError, match="full"):
        store.join(teacher.code)


def test_a_class_and_a_server_have_their_limits(store, monkeypatch):
    monkeypatch.setattr(store_module, "QUESTIONS", 3)
    monkeypatch.setattr(store_module, "CLASSES_AT_ONCE", 2)
    teacher, _ = joined(store)
    for _ in range(3):
        ask(teacher)
    with pytest.raises(ClassError, match="at most 3 questions"):
        ask(teacher)
    with pytest.raises(ClassError, match="cannot be shown"):
        teacher.ask("?", ["a", "b"], shown={"picture": "x" * 30_000})
    unused, _ = store.open()
    other, _ = joined(store)  # takes the place of the class that nobody joined
    assert not store.has(unused) and store.has(teacher.code) and store.has(other.code)
    with pytest.raises(ClassError, match="full of classes"):
        store.open()


def test_the_teacher_closes_the_door_and_sends_away(store):
    teacher, (one, two) = joined(store, 2)
    question = ask(teacher)
    for pupil in (one, two):
        pupil.vote(question, 0)
        pupil.draw("a", 7, SEVEN)
    teacher.close(True)
    with pytest.raises(ClassError, match="Nobody else"):
        store.join(teacher.code)
    two.draw("b", 7, SEVEN)  # those who are in notice nothing
    teacher.send_away(1)
    assert list(teacher.view().pupils) == [2] and teacher.view().question.voted == 1
    assert {drawing.pupil for drawing in teacher.wall()} == {2}
    for gone in (one.view, lambda: one.draw("c", 7, SEVEN), lambda: one.vote(question, 1)):
        with pytest.raises(ClassError):
            gone()
    with pytest.raises(ClassError, match="not in this class any more"):
        one.view()
    teacher.close(False)
    assert store.pupil(teacher.code, store.join(teacher.code)).view().number == 3


def test_one_pupil_cannot_flood_the_server(store):
    _, (one, two) = joined(store, 2)
    with pytest.raises(ClassError, match="fast"):
        for at in range(100):
            one.draw("same", at % 10, SEVEN)
    two.draw("mine", 1, SEVEN)


def test_without_the_secret_nobody_is_teacher_and_no_token_opens_another_class(store):
    code, secret = store.open()
    other, other_secret = store.open()
    token = store.join(code)
    for key in ("", token, other_secret, secret[:-1], secret + "=", secret.swapcase()):
        with pytest.raises(ClassError):
            store.teacher(code, key)
    for key in ("", secret, "x" * 1000):
        with pytest.raises(ClassError):
            store.pupil(code, key)
    with pytest.raises(ClassError):
        store.pupil(other, token)
    assert not {"reveal", "delete", "hide", "ask", "wall", "lock"} & set(dir(store.pupil(code, token)))


def test_a_secret_is_compared_in_constant_time(store, monkeypatch):
    """By hmac.compare_digest, on digests of one length, whatever somebody sends."""
    code, secret = store.open()
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(codes.hmac, "compare_digest", compare)
    assert store.teacher(code, secret)
    for wrong in ("", secret[:-1], "x" * 10_000):
        with pytest.raises(ClassError):
            store.teacher(code, wrong)
    assert len(compared) == 4 and {len(part) for pair in compared for part in pair} == {32}


def test_no_secret_lies_in_the_file_and_nobody_else_may_read_it(tmp_path):
    store = Store(tmp_path)
    code, secret = store.open()
    token = store.join(code)
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert code.encode() in content
    assert secret.encode() not in content and token.encode() not in content
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_codes_cannot_be_guessed_in_bulk(store):
    code, _ = store.open()
    with pytest.raises(ClassError, match="wrong codes"):
        for _ in range(100):
            store.has("222222", who="10.0.0.7")
    with pytest.raises(ClassError, match="wrong codes"):
        store.join(code, who="10.0.0.7")  # else the limit would tell which code is right
    assert store.join(code, who="10.0.0.8")


def test_a_code_is_taken_once_and_read_as_it_is_typed(store):
    code, _ = store.open()
    with pytest.raises(ClassError, match="already"):
        store.open(code)
    assert codes.as_code(f" {code[:3].lower()}-{code[3:]} ") == code
    assert codes.as_code("ABC") == codes.as_code("ABCDE0") == codes.as_code("<b>abc") == ""


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("<b>Tom</b>", "bTomb"),
        ("a" * 99, "a" * 16),
        ("Jörg-Øyvind", "Jörg-Øyvind"),
        ("sh1t", ""),
        ("F U C K", ""),
        ("🙂", ""),
        ("*_[x](y)`$", "xy"),
    ],
)
def test_nicknames_are_filtered(typed, kept):
    assert codes.as_nickname(typed) == kept


def test_nicknames_are_kept_only_where_the_teacher_allows_them(store):
    teacher, (one,) = joined(store)
    assert one.name("Ada") == "" == one.view().nickname
    teacher.allow_nicknames(True)
    assert one.name("Ada") == "Ada" == one.view().nickname == teacher.view().pupils[1]
    teacher.allow_nicknames(False)
    assert one.view().nickname == "" == teacher.view().pupils[1]


def test_pupils_follow_until_they_leave(store):
    teacher, (one,) = joined(store)
    teacher.lead("inside", "digit=7")
    moves = one.view().lead.moves
    assert (one.view().lead.path, one.view().lead.query) == ("inside", "digit=7")
    teacher.lead("inside", "digit=7")
    assert one.view().lead.moves == moves
    one.follow(False)
    assert not one.view().follows
    teacher.lead("")
    assert one.view().lead.path == ""


def test_what_the_class_taught_a_network_is_kept_with_it_and_deleted_with_it(store):
    teacher, _ = joined(store)
    other, _ = joined(store)
    assert teacher.tuned() == ("", {})
    teacher.keep_tuned("first", {"mended": 3})
    teacher.keep_tuned("second", {"mended": 4})
    assert teacher.tuned() == ("second", {"mended": 4})
    assert other.tuned() == ("", {})
    teacher.delete()
    teacher.keep_tuned("late", {"mended": 5})  # the run ended after its class
    assert teacher.tuned() == ("", {}) and store.rows("SELECT * FROM tuned") == []


def test_deleting_leaves_nothing_on_the_disk(tmp_path):
    store = Store(tmp_path)
    teacher, (one,) = joined(store)
    other, (two,) = joined(store)
    ask(teacher)
    one.draw("mark-of-one", 7, SEVEN)
    two.draw("mark-of-two", 7, SEVEN)
    teacher.delete()
    for gone in (teacher.view, one.view, lambda: one.draw("x", 1, SEVEN), lambda: store.join(teacher.code)):
        with pytest.raises(ClassError):
            gone()
    assert len(other.wall()) == 1
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"mark-of-one" not in content and b"It is a 7." not in content and teacher.code.encode() not in content
    assert b"mark-of-two" in content


def test_several_processes_share_a_folder(tmp_path):
    here, there = Store(tmp_path), Store(tmp_path)
    code, secret = here.open()
    there.pupil(code, there.join(code)).draw("a", 7, SEVEN)
    assert len(here.teacher(code, secret).wall()) == 1


def test_what_is_no_folder_of_classes_is_refused_in_a_sentence(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database" * 999)
    with pytest.raises(ClassError, match="cannot be kept"):
        Store(tmp_path)
    with pytest.raises(ClassError, match="cannot be kept"):
        Store(tmp_path / FILE)


def test_150_vote_and_draw_at_once_and_everything_is_there_once(tmp_path):
    store = Store(tmp_path)
    teacher, pupils = joined(store, 150)
    question = ask(teacher)

    def take_part(at: int) -> None:
        pupils[at].vote(question, at % 2)
        pupils[at].draw("mine", at % 10, SEVEN)
        pupils[at].draw("mine", at % 10, SEVEN)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(take_part, range(150)))
    teacher.reveal()
    assert teacher.view().question.counts == (75, 75)
    assert sorted(drawing.pupil for drawing in teacher.wall()) == list(range(1, 151))


WRITER = """
import sys
from lenet.classroom.store import Store
store = Store(sys.argv[1])
code, secret = store.open()
pupils = [store.pupil(code, store.join(code)) for _ in range(20)]
print(code, secret, flush=True)
for at in range(40):
    for pupil in pupils:
        pupil.draw(f"drawing-{at}", at % 10, [{"points": [90, 80, 230, 80, 150, 260 - at], "width": 20}])
        print(f"drawing-{at}", flush=True)  # the pupil is told that it is saved
"""


def test_what_was_saved_survives_kill_9(tmp_path):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert writer.stdout
    code, secret = writer.stdout.readline().split()
    told = [writer.stdout.readline() for _ in range(60)]
    time.sleep(0.05)
    writer.send_signal(signal.SIGKILL)
    told += writer.stdout.readlines()
    writer.wait()
    store = Store(tmp_path)
    wall = store.teacher(code, secret).wall()
    assert len(told) <= len(wall) <= len(told) + 1
    assert sqlite3.connect(tmp_path / FILE).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(Path(tmp_path).glob("*.partial"))
