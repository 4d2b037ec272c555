"""Where a claim leads to: the run that it speaks of, seen from inside. A story is one row of STORIES."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

import streamlit as st

from lenet.formatting import percent
from lenet.study.design import ORIGINAL, Run
from lenet.study.measures import Runs, never_predicted
from lenet.ui.shared.frame import PAGES


@dataclass(frozen=True)
class Way:
    """words: of the link; page: a row of frame.PAGES; query: what opens there."""

    words: str
    page: str
    query: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Relative to this page."""
        path = "" if self.page == "draw" else self.page
        return f"./{path}?{urlencode(self.query)}"

    def open(self) -> None:
        """Go there without losing the session."""
        st.switch_page(PAGES[self.page].file, query_params=self.query)


@dataclass(frozen=True)
class Story:
    """run: the one that it tells of; ways: to see it from inside, by a short id."""

    run: Run
    ways: dict[str, Way]

    def lead(self, runs: Runs) -> str:
        """What became of the run, in a sentence; empty if it was not run."""
        if self.run not in runs:
            return ""
        history = runs[self.run]
        lost = " or ".join(map(str, never_predicted(history)))
        ended = f"Seed {self.run.seed} of the {self.run.variant} ended at {percent(history.test_accuracy[-1])}"
        return f"{ended} and has never said {lost}: see for yourself." if lost else f"{ended}."


SIX = str(11)  # the first six among the test digits

# A network that has never learnt to say 6, shipped as original-dead.
STORIES: dict[str, Story] = {
    "3b": Story(
        ORIGINAL.run(0),
        {
            "tape": Way(
                "▶ Watch it learn all but one",
                "inside",
                {"network": "original-dead", "section": "tape", "digit": SIX},
            ),
            "logit": Way(
                "Open its dead logit", "inside", {"network": "original-dead", "digit": SIX, "cell": "relu5:6"}
            ),
            "draw": Way("Draw it a 6", "draw", {"networks": "original-dead"}),
        },
    )
}
