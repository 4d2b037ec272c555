"""The Experiments page under AppTest: all tabs, missing and damaged curves, and no torch."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lenet import data
from lenet.data import DataError
from lenet.paths import ROOT
from lenet.pretrained import WeightsError
from lenet.study import curves, statistics
from lenet.study.experiments import EXPERIMENTS, Experiment, Run
from lenet.ui.experiments.tabs import ONLY_LOOK
from lenet.ui.shared import networks
from tests.curves import both


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """The caches of the app live as long as the process."""
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the page looks for its curves; nothing is there yet."""
    monkeypatch.setattr(curves, "CURVES", tmp_path / "curves.parquet")
    return tmp_path / "curves.parquet"


@pytest.fixture(scope="module")
def complete() -> bytes:
    """A curves file with three seeds of every run."""
    made_up = both(True, seeds=range(3))
    table = curves.SCHEMA.empty_table()
    rows = [
        {"experiment": e.number, **run.__dict__, **{name: made_up[run][name][epoch] for name in curves.RECORDS}}
        for e in EXPERIMENTS
        for run in e.runs()
        for epoch in range(21)
    ]
    table = table.from_pylist(rows, curves.SCHEMA)
    import io

    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def visit(e: Experiment, answer: str | None = ONLY_LOOK) -> AppTest:
    """The page with the tab of an experiment open."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.switch_page("pages/experiments.py")
    at.query_params["experiment"] = f"{e.number} {e.title}"
    if answer:
        at.query_params[f"guess{e.number}"] = answer
    at.run()
    assert not at.exception, [error.stack_trace for error in at.exception]
    return at


def charts(at: AppTest) -> int:
    return len(at.get("vega_lite_chart"))


def words(at: AppTest) -> str:
    return "\n".join(element.value for element in (*at.markdown, *at.caption, *at.info, *at.error))


@pytest.mark.parametrize("e", EXPERIMENTS, ids=lambda e: e.title)
def test_every_tab_with_every_run(e: Experiment, path: Path, complete: bytes) -> None:
    path.write_bytes(complete)
    at = visit(e)
    assert charts(at) == (0 if e.number == 1 else 3)
    assert len(at.expander) == len(e.claims)
    runs = statistics.load(curves.read(path))
    for expander, claim in zip(at.expander, e.claims):
        assert f"**{e.number}{claim.letter}** {claim.words}" in expander.label
        assert statistics.judge(claim, runs).verdict in expander.label
    if e.number > 1:
        assert "Not yet run" not in words(at)


@pytest.mark.parametrize("e", EXPERIMENTS[1::3], ids=lambda e: e.title)
def test_a_guess_comes_first(e: Experiment, path: Path, complete: bytes) -> None:
    path.write_bytes(complete)
    at = visit(e, None)
    assert charts(at) == 0 and not at.expander
    best = max(
        (found := statistics.answers(e.guess, statistics.load(curves.read(path)))),
        key=lambda text: statistics.interval(found[text].values()).mean,
    )
    for answer in (best, next(text for text in e.guess.answers if text != best)):
        shown = visit(e, answer).info[0].value
        assert f"Highest mean: **{best}**" in shown
        assert ("That is what was measured." in shown) == (answer == best)
        assert (f"You said **{answer}**" in shown) == (answer != best)


@pytest.mark.parametrize("e", EXPERIMENTS, ids=lambda e: e.title)
def test_without_runs_it_says_so(e: Experiment, path: Path) -> None:
    curves.write(curves.SCHEMA.empty_table(), path)
    at = visit(e)
    assert all("cannot tell" in expander.label for expander in at.expander)
    assert "Not yet" in words(at)


def test_some_runs_are_counted(path: Path) -> None:
    made_up = both(True, seeds=range(2))
    run = Run("original", True, 0.1, 0)
    records = [{name: made_up[run][name][epoch] for name in curves.RECORDS} for epoch in range(21)]
    curves.write(curves.add(curves.SCHEMA.empty_table(), run, records), path)
    at = visit(EXPERIMENTS[1])
    assert "Not yet run: 11 of 12 runs of this choice." in words(at)
    assert charts(at) == 3


@pytest.mark.parametrize("content", [None, b"PAR1 broken"])
def test_bad_curves_are_one_sentence(content: bytes | None, path: Path) -> None:
    if content:
        path.write_bytes(content)
    at = visit(EXPERIMENTS[1])
    assert len(at.error) == 1 and "curves.parquet" in at.error[0].value
    at.switch_page("app.py").run()
    assert not at.exception


def test_controls(path: Path, complete: bytes) -> None:
    path.write_bytes(complete)
    at = visit(EXPERIMENTS[1])
    for key, value in (("form-2", False), ("lr-2", 0.001)):
        at.button_group(key).set_value(value).run()
        assert not at.exception
    assert "Sigmoid, Adam 0.003" in list(at.dataframe[0].value["network"])
    at.toggle("seeds-2").set_value(True)
    for course in statistics.COURSES:
        at.selectbox("course-2").set_value(course).run()
        assert not at.exception and charts(at) == 3


def test_the_csv_has_every_row_of_the_experiment(path: Path, complete: bytes) -> None:
    from lenet.ui.experiments.tabs import _csv

    path.write_bytes(complete)
    lines = _csv(4).splitlines()
    assert lines[0].split(",") == curves.SCHEMA.names
    assert len(lines) == 1 + 21 * len(EXPERIMENTS[3].runs())


def test_the_whole_page_needs_no_torch() -> None:
    code = textwrap.dedent(f"""
        import sys
        from streamlit.testing.v1 import AppTest
        from lenet.study.experiments import EXPERIMENTS
        class NoTorch:
            def find_spec(self, name, path=None, target=None):
                assert name.partition(".")[0] != "torch", "torch was imported"
        sys.meta_path.insert(0, NoTorch())
        for e in EXPERIMENTS:
            at = AppTest.from_file({str(ROOT / "app.py")!r}, default_timeout=60)
            at.switch_page("pages/experiments.py")
            at.query_params["experiment"] = f"{{e.number}} {{e.title}}"
            at.query_params[f"guess{{e.number}}"] = {ONLY_LOOK!r}
            at.run()
            assert not at.exception, at.exception
            assert len(at.expander) == len(e.claims)
        assert "torch" not in sys.modules
    """)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(("place", "key"), [(2, "life"), (4, "recurrent-read")])
@pytest.mark.parametrize("missing", ["data", "weights"])
def test_what_cannot_be_read_is_a_sentence_in_its_place(monkeypatch, place: int, key: str, missing: str) -> None:
    def gone(*_: object) -> None:
        raise DataError("no data") if missing == "data" else WeightsError("no weights")

    at = visit(EXPERIMENTS[place])
    monkeypatch.setattr(*((data, "mnist") if missing == "data" else (networks, "load")), gone)
    at.button(key).click().run()
    assert not at.exception
    assert f"no {missing}" in words(at)
