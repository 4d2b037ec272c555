"""The classes of this server: who joined, what was asked and voted, and every drawing on the wall.

    store = Store(folder)                            # or Store() in memory, gone with the process
    code, secret = store.open()
    teacher = store.teacher(code, secret)            # what the teacher may do
    pupil = store.pupil(code, store.join(code))      # what one pupil may do

One SQLite file in WAL mode: each call is one transaction, so a killed process leaves it whole, and several processes
on one machine may share it. (When the machine loses its power, the last second may be missing.) Of secrets only digests
are kept. Nothing here knows about Streamlit. Whatever is refused raises ClassError, whose message is for the person at
the screen.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes
from typing import Any

from lenet.classroom.codes import Limiter, as_nickname, digest, new_code, new_secret, same
from lenet.ink import InkError
from lenet.strokes import StrokesError, decode, encode, from_message, read_strokes
from lenet.variant import CLASSES

FOLDER_VARIABLE = "LENET_DATA"  # of the environment: where classes are kept; without it, in memory
FILE = "classes.sqlite"
CLASSES_AT_ONCE = 200
PUPILS = 200  # of a class
QUESTIONS = 300  # of a class
CHOICES = range(2, 11)  # answers that a question may have
LONGEST_TEXT, LONGEST_CHOICE, LONGEST_SHOWN = 200, 60, 20_000  # letters
DRAWINGS, LONGEST_DRAWING = 50, 6_000  # of a pupil; letters of one
STAGES = ("lobby", "vote", "wall", "look", "race")  # what a pupil's page shows: wait, vote, write, look up, own run
RUNS = range(3, 41)  # of a race
WAIT = 5.0  # seconds for another process that writes
DIGEST = 32  # bytes of a secret's digest

SCHEMA = """
CREATE TABLE IF NOT EXISTS class (
    code TEXT PRIMARY KEY, secret BLOB NOT NULL, nicknames INTEGER NOT NULL, locked INTEGER NOT NULL DEFAULT 0,
    closed INTEGER NOT NULL DEFAULT 0,
    stage TEXT NOT NULL DEFAULT 'lobby', lead TEXT NOT NULL DEFAULT '', moves INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS pupil (
    id INTEGER PRIMARY KEY, class TEXT NOT NULL REFERENCES class ON DELETE CASCADE, number INTEGER NOT NULL,
    token BLOB NOT NULL UNIQUE, nickname TEXT NOT NULL, follows INTEGER NOT NULL DEFAULT 1, UNIQUE (class, number));
CREATE TABLE IF NOT EXISTS question (
    id INTEGER PRIMARY KEY, class TEXT NOT NULL REFERENCES class ON DELETE CASCADE, text TEXT NOT NULL,
    choices TEXT NOT NULL, shown TEXT NOT NULL, truth INTEGER, note TEXT NOT NULL,
    revealed INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS question_class ON question (class);
CREATE TABLE IF NOT EXISTS vote (
    question INTEGER NOT NULL REFERENCES question ON DELETE CASCADE,
    pupil INTEGER NOT NULL REFERENCES pupil ON DELETE CASCADE,
    choice INTEGER NOT NULL, PRIMARY KEY (question, pupil)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS drawing (
    id INTEGER PRIMARY KEY, class TEXT NOT NULL REFERENCES class ON DELETE CASCADE,
    pupil INTEGER NOT NULL REFERENCES pupil ON DELETE CASCADE, mark TEXT NOT NULL, label INTEGER NOT NULL,
    strokes TEXT NOT NULL, hidden INTEGER NOT NULL DEFAULT 0, UNIQUE (pupil, mark));
CREATE INDEX IF NOT EXISTS drawing_class ON drawing (class);
CREATE TABLE IF NOT EXISTS race (
    id INTEGER PRIMARY KEY AUTOINCREMENT, class TEXT NOT NULL REFERENCES class ON DELETE CASCADE, kind TEXT NOT NULL,
    runs INTEGER NOT NULL, stopped INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS race_class ON race (class);
CREATE TABLE IF NOT EXISTS lane (
    race INTEGER NOT NULL REFERENCES race ON DELETE CASCADE, seed INTEGER NOT NULL, result TEXT NOT NULL,
    PRIMARY KEY (race, seed)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tuned (
    class TEXT PRIMARY KEY REFERENCES class ON DELETE CASCADE, run TEXT NOT NULL, result TEXT NOT NULL);
"""


class ClassError(ValueError):
    """This cannot be done; the message says why, and what to do."""


class TryAgainError(ClassError):
    """This could not be done just now; the same may be tried again soon."""


NO_CLASS = "There is no class with this code. Check the code on the screen."
TOO_MANY_CODES = "Too many wrong codes. Wait a minute, then type the code again."
NOT_TEACHER = "This link does not open the class: ask for the whole teacher's link."
OVER = "This class is over: its teacher has deleted it, with everything in it."
NOT_JOINED = "You are not in this class any more. Join it again."


@dataclass(frozen=True)
class Question:
    """shown: what stands beside the text, as lenet/ui/network/class/question.js paints it. mine: the pupil's own vote.

    counts, truth and note, which say what was voted, what is right and why, are None or empty before the reveal.
    """

    id: int
    text: str
    choices: tuple[str, ...]
    shown: dict[str, Any]
    revealed: bool
    voted: int
    counts: tuple[int, ...] | None = None
    truth: int | None = None
    note: str = ""
    mine: int | None = None


@dataclass(frozen=True)
class Drawing:
    """label: the digit that was asked for; strokes: as lenet.strokes.encode writes them; pupil: the writer's number."""

    id: int
    pupil: int
    label: int
    strokes: str
    hidden: bool


@dataclass(frozen=True)
class Race:
    """Runs of one recipe that differ in the seed alone: seeds first, first + 1, … kind: a row of race.KINDS; results:
    of the runs that have ended, by seed, as race.Result has them."""

    id: int
    kind: str
    runs: int
    stopped: bool
    results: dict[int, dict[str, Any]]

    @property
    def first(self) -> int:
        """Every race of a server has seeds of its own: nobody's run is answered from an earlier one."""
        return 100 * self.id

    @property
    def seeds(self) -> range:
        return range(self.first, self.first + self.runs)

    def seed_of(self, pupil: int) -> int:
        """Of the pupil of that number; where there are more pupils than runs, some share one."""
        return self.first + (pupil - 1) % self.runs


@dataclass(frozen=True)
class Lead:
    """Where the teacher is: the page's path and query, and how often that has changed. Empty path: nobody leads."""

    path: str = ""
    query: str = ""
    moves: int = 0


@dataclass(frozen=True)
class TeacherView:
    """What the teacher's page follows. locked: the wall; closed: the door; pupils: of those who are in, number ->
    nickname or nothing."""

    stage: str
    locked: bool
    closed: bool
    nicknames: bool
    pupils: dict[int, str]
    question: Question | None
    drawings: int
    lead: Lead


@dataclass(frozen=True)
class PupilView:
    """What a pupil's page follows. saved: the marks of their drawings; wanted: the digit to write next."""

    number: int
    nickname: str
    nicknames: bool
    stage: str
    locked: bool
    question: Question | None
    saved: tuple[str, ...] = field(default=())
    wanted: int = 0
    follows: bool = True
    lead: Lead = field(default=Lead())


class Store:
    """All classes. Every method may be called from any thread."""

    def __init__(self, folder: Path | str | None = None):
        self.folder = Path(folder) if folder else None
        self._lock = threading.RLock()
        self._wrong = Limiter(60, 60)  # codes a minute and address
        self._opened = Limiter(20, 60)  # classes a minute and address
        self._fast = Limiter(40, 20)  # votes and drawings of a pupil
        try:
            if self.folder:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                file = self.folder / FILE
                os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))  # nobody else's to read
                self._db = sqlite3.connect(file, WAIT, isolation_level=None, check_same_thread=False)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
            else:
                self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
            self._db.executescript(SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise ClassError(f"Classes cannot be kept in {self.folder} ({error}). Is that a folder of ours?") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing. Raises ClassError if the file cannot be written."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise TryAgainError(f"The class could not be saved ({error}). Try again.") from error
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def rows(self, query: str, *values: Any) -> list[tuple]:
        """The rows of one query. Raises ClassError if the file cannot be read."""
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise TryAgainError(f"The class could not be read ({error}). Try again.") from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def open(self, code: str = "", who: str = "") -> tuple[str, str]:
        """A new class: its join code (the one that is asked for, if nobody has it) and the teacher's secret."""
        if not self._opened.count(who):
            raise ClassError("Too many classes were opened just now. Wait a minute.")
        code, secret = code or new_code(), new_secret()
        with self.transaction() as db:
            if db.execute("SELECT 1 FROM class WHERE code = ?", (code,)).fetchone():
                raise ClassError("A class with this code is open already. Open another.")
            if db.execute("SELECT count(*) FROM class").fetchone()[0] >= CLASSES_AT_ONCE:
                unused = db.execute("SELECT code FROM class WHERE code NOT IN (SELECT class FROM pupil) LIMIT 1")
                if not (row := unused.fetchone()):
                    raise ClassError("This server is full of classes. Delete one that is over.")
                db.execute("DELETE FROM class WHERE code = ?", row)
            db.execute("INSERT INTO class (code, secret, nicknames) VALUES (?, ?, 0)", (code, digest(secret)))
        return code, secret

    def has(self, code: str, who: str = "") -> bool:
        """Whether there is such a class, for one who typed its code. Raises ClassError after too many wrong ones."""
        if self._wrong.full(who):
            raise ClassError(TOO_MANY_CODES)
        found = bool(self.rows("SELECT 1 FROM class WHERE code = ?", code))
        if not found:
            self._wrong.count(who)
        return found

    def nicknames(self, code: str) -> bool:
        """Whether those who join may give themselves a name."""
        return bool(self.rows("SELECT 1 FROM class WHERE code = ? AND nicknames", code))

    def join(self, code: str, nickname: str = "", who: str = "") -> str:
        """Another pupil. Returns the token by which the browser is known again; the next free number is theirs."""
        if not self.has(code, who):
            raise ClassError(NO_CLASS)
        token = new_secret()
        with self.transaction() as db:
            count, last = db.execute("SELECT count(*), max(number) FROM pupil WHERE class = ?", (code,)).fetchone()
            if db.execute("SELECT closed FROM class WHERE code = ?", (code,)).fetchone() != (0,):
                raise ClassError("Nobody else can join this class now: ask your teacher.")
            if count >= PUPILS:
                raise ClassError(f"This class is full: {PUPILS} have joined.")
            name = as_nickname(nickname) if self.nicknames(code) else ""
            db.execute(
                "INSERT INTO pupil (class, number, token, nickname) VALUES (?, ?, ?, ?)",
                (code, (last or 0) + 1, digest(token), name),
            )
        return token

    def teacher(self, code: str, secret: str) -> "Teacher":
        """What the teacher may do. Raises ClassError without the class's secret."""
        found = self.rows("SELECT secret FROM class WHERE code = ?", code)
        kept = found[0][0] if found else b""
        if not same(secret, kept):
            raise ClassError(NOT_TEACHER if found else NO_CLASS)
        return Teacher(self, code)

    def pupil(self, code: str, token: str) -> "Pupil":
        """What one pupil may do. Raises ClassError without a token of this class."""
        found = self.rows("SELECT id FROM pupil WHERE class = ? AND token = ?", code, digest(token))
        if not found:
            raise ClassError(NOT_JOINED if self.rows("SELECT 1 FROM class WHERE code = ?", code) else NO_CLASS)
        return Pupil(self, code, found[0][0])

    def may_send(self, pupil: int) -> None:
        """Raises ClassError if that is one too many in a short time."""
        if not self._fast.count(pupil):
            raise TryAgainError("That was fast. Wait a few seconds.")

    def question(self, code: str, pupil: int | None = None) -> Question | None:
        """The last question of a class, without what nobody may know before the reveal."""
        found = self.rows(
            "SELECT id, text, choices, shown, truth, note, revealed FROM question WHERE class = ? "
            "ORDER BY id DESC LIMIT 1",
            code,
        )
        if not found:
            return None
        number, text, choices, shown, truth, note, revealed = found[0]
        choices = tuple(json.loads(choices))
        asked = Question(
            number,
            text,
            choices,
            json.loads(shown),
            bool(revealed),
            voted=self.rows("SELECT count(*) FROM vote WHERE question = ?", number)[0][0],
            mine=_only(self.rows("SELECT choice FROM vote WHERE question = ? AND pupil = ?", number, pupil)),
        )
        if not revealed:
            return asked
        votes = dict(self.rows("SELECT choice, count(*) FROM vote WHERE question = ? GROUP BY choice", number))
        counts = tuple(votes.get(choice, 0) for choice in range(len(choices)))
        return Question(**{**asked.__dict__, "counts": counts, "truth": truth, "note": note})

    def race(self, code: str) -> Race | None:
        """The last race of a class."""
        found = self.rows("SELECT id, kind, runs, stopped FROM race WHERE class = ? ORDER BY id DESC LIMIT 1", code)
        if not found:
            return None
        number, kind, runs, stopped = found[0]
        lanes = self.rows("SELECT seed, result FROM lane WHERE race = ?", number)
        return Race(number, kind, runs, bool(stopped), {seed: json.loads(result) for seed, result in lanes})

    def lead(self, code: str) -> Lead:
        """Where the teacher of a class is."""
        (text, moves), *_ = self.rows("SELECT lead, moves FROM class WHERE code = ?", code) or [("", 0)]
        path, _, query = text.partition("?")
        return Lead(path, query, moves)


def _only(rows: list[tuple]) -> Any:
    """The only number of the only row; None without one."""
    return rows[0][0] if rows else None


class Teacher:
    """What the teacher of a class may do. Made by Store.teacher, which checks the secret."""

    def __init__(self, store: Store, code: str):
        self._store, self.code = store, code

    def view(self) -> TeacherView:
        """What the page follows. Raises ClassError if the class was deleted."""
        found = self._store.rows("SELECT stage, locked, closed, nicknames FROM class WHERE code = ?", self.code)
        if not found:
            raise ClassError(NO_CLASS)
        stage, locked, closed, nicknames = found[0]
        pupils = self._store.rows(
            "SELECT number, nickname FROM pupil WHERE class = ? AND length(token) = ? ORDER BY number",
            self.code,
            DIGEST,
        )
        drawings = self._store.rows("SELECT count(*) FROM drawing WHERE class = ? AND NOT hidden", self.code)
        return TeacherView(
            stage,
            bool(locked),
            bool(closed),
            bool(nicknames),
            {number: name if nicknames else "" for number, name in pupils},
            self._store.question(self.code),
            drawings[0][0],
            self._store.lead(self.code),
        )

    def show(self, stage: str) -> None:
        """What pupils' pages show from now on, one of STAGES."""
        if stage not in STAGES:
            raise ClassError(f"A class is in one of the stages {', '.join(STAGES)}.")
        self._set("stage", stage)

    def lock(self, locked: bool) -> None:
        """Whether drawings are refused."""
        self._set("locked", int(locked))

    def close(self, closed: bool) -> None:
        """Whether nobody else may join."""
        self._set("closed", int(closed))

    def send_away(self, number: int) -> None:
        """Take a pupil out of the class, with their votes and drawings."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM pupil WHERE class = ? AND number = ?", (self.code, number))

    def allow_nicknames(self, allowed: bool) -> None:
        """Whether nicknames are asked for and shown."""
        self._set("nicknames", int(allowed))

    def _set(self, column: str, value: Any) -> None:
        with self._store.transaction() as db:
            db.execute(f"UPDATE class SET {column} = ? WHERE code = ?", (value, self.code))

    def ask(
        self,
        text: str,
        choices: Sequence[str],
        shown: dict[str, Any] | None = None,
        truth: int | None = None,
        note: str = "",
    ) -> int:
        """Ask the class; what was asked before is over. truth: which choice is right; note: why. Returns its id."""
        text, choices = " ".join(text.split()), [" ".join(choice.split()) for choice in choices]
        if not text or len(text) > LONGEST_TEXT:
            raise ClassError(f"A question has 1 to {LONGEST_TEXT} letters.")
        if len(choices) not in CHOICES or not all(0 < len(choice) <= LONGEST_CHOICE for choice in choices):
            raise ClassError(f"Give {CHOICES[0]} to {CHOICES[-1]} answers, each of at most {LONGEST_CHOICE} letters.")
        if len(set(choices)) < len(choices):
            raise ClassError("Two answers are the same.")
        picture = json.dumps(shown or {})
        if len(picture) > LONGEST_SHOWN or (truth is not None and not 0 <= truth < len(choices)):
            raise ClassError("This question cannot be shown.")
        with self._store.transaction() as db:
            if db.execute("SELECT count(*) FROM question WHERE class = ?", (self.code,)).fetchone()[0] >= QUESTIONS:
                raise ClassError(f"A class has at most {QUESTIONS} questions.")
            asked = db.execute(
                "INSERT INTO question (class, text, choices, shown, truth, note) VALUES (?, ?, ?, ?, ?, ?)",
                (self.code, text, json.dumps(choices), picture, truth, note[: 3 * LONGEST_TEXT]),
            ).lastrowid
            db.execute("UPDATE class SET stage = 'vote' WHERE code = ?", (self.code,))
        assert asked is not None
        return asked

    def reveal(self) -> None:
        """Show what was voted, and what is right; nobody votes any more."""
        with self._store.transaction() as db:
            db.execute(
                "UPDATE question SET revealed = 1 WHERE id = (SELECT max(id) FROM question WHERE class = ?)",
                (self.code,),
            )

    def begin_race(self, kind: str, runs: int) -> None:
        """Let so many runs of one recipe begin; an earlier race is forgotten."""
        if runs not in RUNS:
            raise ClassError(f"A race has {RUNS[0]} to {RUNS[-1]} runs.")
        with self._store.transaction() as db:
            db.execute("DELETE FROM race WHERE class = ?", (self.code,))
            db.execute("INSERT INTO race (class, kind, runs) VALUES (?, ?, ?)", (self.code, kind, runs))
            db.execute("UPDATE class SET stage = 'race' WHERE code = ?", (self.code,))

    def race(self) -> Race | None:
        """The last race."""
        return self._store.race(self.code)

    def stop_race(self) -> None:
        """No other run of it begins."""
        with self._store.transaction() as db:
            db.execute("UPDATE race SET stopped = 1 WHERE class = ?", (self.code,))

    def finish(self, race: int, seed: int, result: dict[str, Any]) -> None:
        """Keep how a run of the race ended, once."""
        with self._store.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO lane SELECT id, ?, ? FROM race WHERE id = ? AND class = ?",
                (seed, json.dumps(result), race, self.code),
            )

    def keep_tuned(self, run: str, result: dict[str, Any]) -> None:
        """Keep what the class's digits were good for in training; an earlier run's result is forgotten."""
        with self._store.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO tuned SELECT code, ?, ? FROM class WHERE code = ?",
                (run, json.dumps(result), self.code),
            )

    def tuned(self) -> tuple[str, dict[str, Any]]:
        """The run that was compared last, and how; empty while there is none."""
        found = self._store.rows("SELECT run, result FROM tuned WHERE class = ?", self.code)
        return (found[0][0], json.loads(found[0][1])) if found else ("", {})

    def wall(self, hidden: bool = False) -> list[Drawing]:
        """Every drawing, digit by digit in the order of writing; with `hidden`, those too that were hidden."""
        found = self._store.rows(
            "SELECT drawing.id, number, label, strokes, hidden FROM drawing JOIN pupil ON pupil.id = drawing.pupil "
            "WHERE drawing.class = ? ORDER BY label, drawing.id",
            self.code,
        )
        drawings = (Drawing(at, pupil, label, strokes, bool(away)) for at, pupil, label, strokes, away in found)
        return [drawing for drawing in drawings if hidden or not drawing.hidden]

    def hide(self, drawing: int, hidden: bool = True) -> None:
        """Take a drawing of this class from the wall, or put it back."""
        with self._store.transaction() as db:
            db.execute("UPDATE drawing SET hidden = ? WHERE id = ? AND class = ?", (int(hidden), drawing, self.code))

    def lead(self, path: str, query: str = "") -> None:
        """Let the class follow to this page; an empty path ends it."""
        where = f"{path}?{query}"[:LONGEST_DRAWING] if path else ""
        if where == "?".join(filter(None, (self._store.lead(self.code).path, self._store.lead(self.code).query))):
            return
        with self._store.transaction() as db:
            db.execute(
                "UPDATE class SET lead = ?, moves = moves + 1 WHERE code = ? AND lead != ?", (where, self.code, where)
            )

    def put(self, drawings: Sequence[tuple[int, int, str]]) -> int:
        """Add drawings from a file: (writer, label, strokes) each. Every writer becomes a pupil whom nobody can be,
        whose token is too short for a digest, and who is not counted among those who are in.

        Returns how many. Raises ClassError, and adds none, if one of them is no drawing or they are too many.
        """
        writers = sorted({writer for writer, _, _ in drawings})
        if len(drawings) > DRAWINGS * PUPILS:
            raise ClassError(f"A wall has at most {DRAWINGS * PUPILS:,} drawings.")
        for _, label, strokes in drawings:
            _checked(label, strokes)
        with self._store.transaction() as db:
            count, last = db.execute("SELECT count(*), max(number) FROM pupil WHERE class = ?", (self.code,)).fetchone()
            if count + len(writers) > PUPILS:
                raise ClassError(f"A class has at most {PUPILS} pupils, and these drawings are from {len(writers)}.")
            ids = {}
            for place, writer in enumerate(writers, (last or 0) + 1):
                ids[writer] = db.execute(
                    "INSERT INTO pupil (class, number, token, nickname, follows) VALUES (?, ?, ?, '', 0)",
                    (self.code, place, token_bytes(DIGEST // 2)),
                ).lastrowid
            db.executemany(
                "INSERT INTO drawing (class, pupil, mark, label, strokes) VALUES (?, ?, ?, ?, ?)",
                [
                    (self.code, ids[writer], f"file-{at}", label, strokes)
                    for at, (writer, label, strokes) in enumerate(drawings)
                ],
            )
        return len(drawings)

    def delete(self) -> None:
        """Delete the class with everything in it, from the disk too."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM class WHERE code = ?", (self.code,))
        self._store.rows("PRAGMA wal_checkpoint(TRUNCATE)")


class Pupil:
    """What one pupil may do. Made by Store.pupil, which checks the token."""

    def __init__(self, store: Store, code: str, number: int):
        self._store, self.code, self._id = store, code, number

    def view(self) -> PupilView:
        """What the page follows. Raises ClassError if the class was deleted or the pupil sent away."""
        found = self._store.rows(
            "SELECT number, nickname, nicknames, stage, locked, follows FROM pupil "
            "JOIN class ON class.code = pupil.class WHERE pupil.id = ?",
            self._id,
        )
        if not found:
            there = self._store.rows("SELECT 1 FROM class WHERE code = ?", self.code)
            raise ClassError(NOT_JOINED if there else OVER)
        number, nickname, nicknames, stage, locked, follows = found[0]
        saved = self._store.rows("SELECT mark FROM drawing WHERE pupil = ? ORDER BY id", self._id)
        return PupilView(
            number,
            nickname if nicknames else "",
            bool(nicknames),
            stage,
            bool(locked),
            self._store.question(self.code, self._id) if stage == "vote" else None,
            tuple(mark for (mark,) in saved),
            (number - 1 + len(saved)) % CLASSES,  # everybody begins with another digit, so that the wall fills evenly
            bool(follows),
            self._store.lead(self.code),
        )

    def race(self) -> Race | None:
        """The race that goes on, or went on last."""
        return self._store.race(self.code)

    def vote(self, question: int, choice: int) -> None:
        """Vote, or change one's mind before the reveal. Sending the same vote again does nothing."""
        self._store.may_send(self._id)
        with self._store.transaction() as db:
            row = db.execute(
                "SELECT choices, revealed FROM question WHERE id = ? AND class = ? "
                "AND id = (SELECT max(id) FROM question WHERE class = question.class)",
                (question, self.code),
            ).fetchone()
            if row is None or row[1]:
                raise ClassError("The vote on this question is over.")
            if not 0 <= choice < len(json.loads(row[0])):
                raise ClassError("That is not one of the answers.")
            db.execute(
                "INSERT INTO vote VALUES (?, ?, ?) "
                "ON CONFLICT (question, pupil) DO UPDATE SET choice = excluded.choice",
                (question, self._id, choice),
            )

    def draw(self, mark: str, label: int, message: Any) -> None:
        """Put a drawing on the wall: strokes as the browser sends them. mark: the browser's own name for it, so that
        one that is sent twice is there once."""
        self._store.may_send(self._id)
        if not mark or len(mark) > 40:
            raise ClassError("This drawing has no name.")
        try:
            strokes = encode(from_message(message))
        except StrokesError as error:
            raise ClassError(str(error)) from error
        _checked(label, strokes)
        with self._store.transaction() as db:
            known, count, locked = db.execute(
                "SELECT EXISTS (SELECT 1 FROM drawing WHERE pupil = pupil_.id AND mark = ?), "
                "(SELECT count(*) FROM drawing WHERE pupil = pupil_.id), locked "
                "FROM pupil AS pupil_ JOIN class ON code = class WHERE pupil_.id = ?",
                (mark, self._id),
            ).fetchone() or (0, 0, 1)
            if known:
                return
            if locked:
                raise ClassError("The wall is locked. Your teacher can unlock it.")
            if count >= DRAWINGS:
                raise ClassError(f"You have written {DRAWINGS} digits: that is all that fit.")
            db.execute(
                "INSERT INTO drawing (class, pupil, mark, label, strokes) VALUES (?, ?, ?, ?, ?)",
                (self.code, self._id, mark, label, strokes),
            )

    def follow(self, follows: bool) -> None:
        """Whether this pupil's pages go where the teacher's goes."""
        with self._store.transaction() as db:
            db.execute("UPDATE pupil SET follows = ? WHERE id = ?", (int(follows), self._id))

    def name(self, nickname: str) -> str:
        """Take a nickname where the teacher allows it. Returns what is left of it."""
        name = as_nickname(nickname) if self._store.nicknames(self.code) else ""
        with self._store.transaction() as db:
            db.execute("UPDATE pupil SET nickname = ? WHERE id = ?", (name, self._id))
        return name


def _checked(label: int, strokes: str) -> None:
    """Raises ClassError unless that is a digit that a network can be shown."""
    if label not in range(CLASSES):
        raise ClassError("A digit is 0 to 9.")
    if len(strokes) > LONGEST_DRAWING:
        raise ClassError("That drawing has too many strokes for a digit. Clear it and write it again.")
    try:
        read_strokes(decode(strokes))
    except (InkError, StrokesError) as error:
        raise ClassError(str(error)) from error
