"""What every page owes its visitors, read from its source."""

import pytest

from lenet.paths import ROOT
from tests.sources import SOURCES, calls

SEEN = ("image", "dataframe", "data_editor", "table", "pyplot")  # and all that ends in _chart


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if "import streamlit as st" in path.read_text(encoding="utf-8")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_pictures_charts_and_tables_have_words_for_a_screen_reader(path):
    for name, call in calls(path):
        what = name.rpartition(".")[2]
        if name.startswith("st.") and (what in SEEN or what.endswith("_chart")):
            assert "alt" in {keyword.arg for keyword in call.keywords}, f"{name} in line {call.lineno} has no alt"
