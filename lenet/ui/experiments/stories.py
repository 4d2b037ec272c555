"""Where a claim leads to: the run that it speaks of, seen from inside. A story is one row of STORIES."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

import streamlit as st

from lenet.ui.shared.frame import PAGES


@dataclass(frozen=True)
class Story:
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


SIX = 11  # the first six among the test digits

# A network that has never learnt to say 6: seed 0 of the original, shipped as original-dead. Claim -> id -> where to.
STORIES: dict[str, dict[str, Story]] = {
    "3b": {
        "tape": Story(
            "▶ Watch the run that never says 6",
            "inside",
            {"network": "original-dead", "section": "Training tape", "digit": str(SIX)},
        ),
        "logit": Story("Open its dead logit", "inside", {"network": "original-dead", "digit": str(SIX)}),
        "draw": Story("Draw it a 6", "draw", {"networks": "original-dead"}),
    }
}
