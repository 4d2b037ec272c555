"""What the view `curves` is told: many networks on one chart."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from lenet.study import tables
from lenet.study.design import Setting
from lenet.study.measures import Runs
from lenet.ui.shared.palette import VARIANT_COLOURS

DASHES = ("", "7 3", "2 2")  # one more for each time that the colours are used up

WORDS = {name: course.words for name, course in tables.COURSES.items()}


def message(
    settings: Mapping[str, Setting],
    course: str,
    runs: Runs,
    *,
    places: list[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """settings: by label; course: a row of tables.COURSES; places: all labels that have a colour, in their order.

    more: by (epoch or seconds), bold (labels that stand out), yours (a curve of one's own), file (its name).
    """
    what = tables.COURSES[course]
    labels = places or list(settings)
    lines = [line for line in tables.lines(settings, course, runs) if line["seeds"]]
    for line in lines:
        at = labels.index(line["network"])
        line["colour"] = VARIANT_COLOURS[at % len(VARIANT_COLOURS)]
        line["dash"] = DASHES[at // len(VARIANT_COLOURS) % len(DASHES)]
    limits = what.limits if all(map(isfinite, what.limits)) else None
    names = ", ".join(line["network"] for line in lines)
    return {
        "view": "curves",
        "lines": lines,
        "y": {"words": what.words, "percent": what.percent, "log": what.log, "limits": limits},
        "course": course,
        "courses": WORDS,
        "by": "epoch",
        "description": f"{what.words} by epoch, a line for each run and a bold one for their mean: {names}. "
        "The numbers are in the CSV file.",
        "caption": "Thin: each run; bold: their mean. × marks where a run lost a digit for good; at the last epoch, "
        "one that never had all ten. Click a name to single it out.",
        "file": "curves",
        "bold": None,
        "yours": None,
        **more,
    }
