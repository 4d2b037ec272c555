"""Lessons: a folder each, with one Markdown file for each step, in the order of their names.

A step begins with a header, then its text, then, where it asks something, the guess and what is said to it:

    title: Draw a 7
    page: draw
    query: networks=best
    highlight: canvas
    task: Draw a 7 on the board.
    done: reads 7
    ---
    Two or three sentences.

    ## Guess: How many numbers does the network get?
    - [ ] ten
    - [x] 784
    ## Reveal
    28 rows of 28.

page: where it plays, a key of frame.PAGES; query: the state of that page, as in its address; highlight: the key of the
part of the page that is outlined; task: what to do; done: how the page knows that it is (DONE). All but title, page and
text may be left out. A lesson of one's own is another folder, below the one that the environment variable LENET_LESSONS
names. A folder may hold a `title.txt`.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from lenet.paths import ROOT

SHIPPED = ROOT / "lessons"
VARIABLE = "LENET_LESSONS"
PAGES = ("draw", "inside", "train", "experiments", "stress", "class")
FIELDS = ("title", "page", "query", "highlight", "task", "done")
DONE = {
    "drawn": r"",  # something is on the board, whatever it is
    "reads": r"\d",  # some network reads a drawing as this class
    "misreads": r"\d",  # some network reads a digit of this class as it, and then, changed, as another
    "cell": r"[a-z]+\d?",  # a cell of this layer is selected
    "see": r"[a-z][a-z0-9-]*",  # the page shows a part whose key begins so
    "address": r"[a-z][a-z0-9-]*(=[\w.-]+)?",  # the page's address has this parameter, or this value of it
    "guess": r"",  # the question is answered
}
MOST_STEPS = 60
LONGEST = 20_000  # characters of a step
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
GUESS, REVEAL = "## Guess:", "## Reveal"


class LessonError(ValueError):
    """A lesson that cannot be used; the message names the file and the line."""


@dataclass(frozen=True)
class Guess:
    """right: the place of the right answer in `answers`; reveal: Markdown that is shown after the guess."""

    question: str
    answers: tuple[str, ...]
    right: int
    reveal: str


@dataclass(frozen=True)
class Step:
    """One step. text: Markdown; query: parameter -> values; done: (what, of which), empty if the page cannot know."""

    title: str
    page: str
    text: str
    query: dict[str, list[str]]
    highlight: str = ""
    task: str = ""
    done: tuple[str, str] = ("", "")
    guess: Guess | None = None


@dataclass(frozen=True)
class Lesson:
    """name: of its folder, and in the address."""

    name: str
    title: str
    steps: tuple[Step, ...]


def folders() -> dict[str, Path]:
    """Folders of lessons by name: the shipped ones first, then a teacher's own (LENET_LESSONS)."""
    own = os.environ.get(VARIABLE)
    roots = [SHIPPED, *([Path(own)] if own else [])]
    return {
        path.name: path
        for root in roots
        if root.is_dir()
        for path in sorted(root.iterdir())
        if path.is_dir() and NAME.fullmatch(path.name)
    }


def load(name: str) -> Lesson:
    """The lesson of that name. Raises LessonError."""
    there = folders()
    if name not in there:
        raise LessonError(f"There is no lesson called {name[:40]!r} here. There are: {', '.join(there)}.")
    return read(there[name])


def read(folder: Path) -> Lesson:
    """The lesson in a folder. Raises LessonError."""
    files = sorted(folder.glob("*.md"))
    if not files:
        raise LessonError(f"{folder}: holds no steps. A step is a file such as 01-draw.md.")
    if len(files) > MOST_STEPS:
        raise LessonError(f"{folder}: {len(files)} steps are too many; a lesson has {MOST_STEPS} at most.")
    try:
        heading = folder / "title.txt"
        title = heading.read_text(encoding="utf-8").strip() if heading.exists() else folder.name
        return Lesson(folder.name, title, tuple(step(file.read_text(encoding="utf-8"), f"{file}") for file in files))
    except (OSError, UnicodeDecodeError) as error:
        raise LessonError(f"{folder}: {error}") from error


def step(text: str, file: str) -> Step:
    """A step from the text of its file. Raises LessonError, which names `file` and the line."""

    def refuse(line: int, why: str) -> LessonError:
        return LessonError(f"{file}:{line + 1}: {why}")

    if len(text) > LONGEST:
        raise refuse(0, f"a step has {LONGEST:,} characters at most; this one has {len(text):,}.")
    lines = text.splitlines()
    if "---" not in lines:
        raise refuse(max(0, len(lines) - 1), "no line of three hyphens ends the header.")
    end = lines.index("---")
    fields: dict[str, str] = {}
    at: dict[str, int] = {}
    for number, line in enumerate(lines[:end]):
        name, colon, value = line.partition(":")
        if not colon or name not in FIELDS:
            raise refuse(number, f"a header has lines such as “title: Draw a 7”, with one of {', '.join(FIELDS)}.")
        if name in fields:
            raise refuse(number, f"{name} is there twice.")
        fields[name], at[name] = value.strip(), number
    for name in ("title", "page"):
        if not fields.get(name):
            raise refuse(at.get(name, end), f"the header needs a {name}.")
    if fields["page"] not in PAGES:
        raise refuse(at["page"], f"there is no page {fields['page']!r}. There are: {', '.join(PAGES)}.")
    if not re.fullmatch(r"([a-z][a-zA-Z0-9_-]*)?", fields.get("highlight", "")):
        raise refuse(at["highlight"], "highlight is the key of a part of the page, such as board.")
    query = fields.get("query", "")
    if query and not parse_qs(query, strict_parsing=False):
        raise refuse(at["query"], "query is written as in an address: network=best&digit=7.")
    done = _done(fields.get("done", ""))
    if done is None:
        raise refuse(at["done"], f"done is one of {', '.join(DONE)}, where needed with what, as in: reads 7.")
    if done[0] and not fields.get("task"):
        raise refuse(at["done"], "what can be done needs a task that says so.")
    words, guess = _body(lines, end + 1, refuse)
    if done[0] == "guess" and guess is None:
        raise refuse(at["done"], "the step asks nothing that could be guessed.")
    return Step(
        fields["title"],
        fields["page"],
        words,
        parse_qs(query),
        fields.get("highlight", ""),
        fields.get("task", ""),
        done,
        guess,
    )


def _done(text: str) -> tuple[str, str] | None:
    """What `done` says, ("", "") if it says nothing, None if it is none of DONE."""
    if not text:
        return "", ""
    what, _, of = text.partition(" ")
    return (what, of) if what in DONE and re.fullmatch(DONE[what], of) else None


def _body(lines: list[str], start: int, refuse) -> tuple[str, Guess | None]:
    """Text and question. refuse: makes an error of a line and a reason."""
    heads = [number for number in range(start, len(lines)) if lines[number].startswith("## ")]
    first = heads[0] if heads else len(lines)
    words = "\n".join(lines[start:first]).strip()
    if not words:
        raise refuse(start, "the step has no text.")
    if not heads:
        return words, None
    if not lines[first].startswith(GUESS) or not lines[first].removeprefix(GUESS).strip():
        raise refuse(first, f"after the text only “{GUESS} a question” can stand.")
    if len(heads) != 2 or lines[heads[1]].strip() != REVEAL:
        raise refuse(heads[-1], f"a question and its answers are followed by one “{REVEAL}”.")
    answers: list[str] = []
    right: list[int] = []
    for number in range(first + 1, heads[1]):
        line = lines[number].strip()
        if not line:
            continue
        found = re.fullmatch(r"- \[([ x])\] (.+)", line)
        if not found:
            raise refuse(number, "an answer is written “- [ ] ten”, the right one “- [x] 784”.")
        if found[1] == "x":
            right.append(len(answers))
        answers.append(found[2])
    if len(answers) < 2 or len(right) != 1 or len(set(answers)) < len(answers):
        raise refuse(first, "a question has two answers or more, all different, one of them right.")
    reveal = "\n".join(lines[heads[1] + 1 :]).strip()
    if not reveal:
        raise refuse(heads[1], "nothing is said to the guess.")
    return words, Guess(lines[first].removeprefix(GUESS).strip(), tuple(answers), right[0], reveal)
