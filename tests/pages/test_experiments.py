"""The Experiments page under AppTest: all tabs, missing and damaged curves, and no torch."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lenet import data
from lenet.data import DataError
from lenet.paths import ROOT
from lenet.pretrained import WeightsError
from lenet.study import curves, judging, measures, tables
from lenet.study.design import Experiment, Run
from lenet.study.experiments import EXPERIMENTS
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
def complete(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A curves file with three seeds of every run."""
    made_up = both(True, seeds=range(3))
    rows = [{**asdict(run), **record} for run, history in made_up.items() for record in history.records()]
    table = pa.Table.from_pylist(rows, curves.SCHEMA)
    path = tmp_path_factory.mktemp("complete") / "curves.parquet"
    curves.write(table, path)
    return path.read_bytes()


def visit(e: Experiment, answer: str | None = ONLY_LOOK) -> AppTest:
    """The page with the tab of an experiment open."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.switch_page("pages/experiments.py")
    at.query_params["experiment"] = e.id
    if answer:
        at.query_params[f"guess-{e.id}"] = answer
    at.run()
    assert not at.exception, [error.stack_trace for error in at.exception]
    return at


def charts(at: AppTest) -> int:
    return len(at.get("vega_lite_chart"))


def words(at: AppTest) -> str:
    return "\n".join(element.value for element in (*at.markdown, *at.caption, *at.info, *at.error))


@pytest.mark.parametrize("e", EXPERIMENTS, ids=lambda e: e.id)
def test_every_tab_with_every_run(e: Experiment, path: Path, complete: bytes) -> None:
    path.write_bytes(complete)
    at = visit(e)
    assert charts(at) == (0 if e.number == 1 else 3)
    assert len(at.expander) == len(e.claims)
    runs = measures.load(curves.read(path))
    for expander, claim in zip(at.expander, e.claims):
        assert f"**{e.number}{claim.letter}** {claim.words}" in expander.label
        assert judging.judge(claim, runs).verdict in expander.label
    if e.number > 1:
        assert "Not yet run" not in words(at)


@pytest.mark.parametrize("e", EXPERIMENTS[1::3], ids=lambda e: e.id)
def test_a_guess_comes_first(e: Experiment, path: Path, complete: bytes) -> None:
    path.write_bytes(complete)
    at = visit(e, None)
    assert charts(at) == 0 and not at.expander
    best = max(
        (found := judging.answers(e.guess, measures.load(curves.read(path)))),
        key=lambda text: measures.interval(found[text].values()).mean,
    )
    for answer in (best, next(text for text in e.guess.answers if text != best)):
        shown = visit(e, answer).info[0].value
        words = {name: answer.words for name, answer in e.guess.answers.items()}
        assert f"Highest mean: **{words[best]}**" in shown
        assert ("Right!" in shown) == (answer == best)
        assert (f"You said **{words[answer]}**" in shown) == (answer != best)


@pytest.mark.parametrize("e", EXPERIMENTS, ids=lambda e: e.id)
def test_without_runs_it_says_so(e: Experiment, path: Path) -> None:
    curves.write(curves.SCHEMA.empty_table(), path)
    at = visit(e)
    assert all("cannot tell" in expander.label for expander in at.expander)
    assert "Not yet" in words(at)


def test_some_runs_are_counted(path: Path) -> None:
    made_up = both(True, seeds=range(2))
    run = Run("original", "paper", 0.1, 0)
    curves.write(curves.add(curves.SCHEMA.empty_table(), run, made_up[run].records()), path)
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
    for key, value in (("form-nonlinearities", "linear"), ("lr-nonlinearities", "0.001")):
        at.button_group(key).set_value(value).run()
        assert not at.exception
    assert "Sigmoid, Adam 0.003" in list(at.dataframe[0].value["network"])
    at.toggle("seeds-nonlinearities").set_value(True)
    for course in tables.COURSES:
        at.selectbox("course-nonlinearities").set_value(course).run()
        assert not at.exception and charts(at) == 3


def test_the_csv_has_every_row_of_the_experiment(path: Path, complete: bytes) -> None:
    from lenet.ui.experiments.data import curves_csv

    path.write_bytes(complete)
    lines = curves_csv(EXPERIMENTS[3]).splitlines()
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
            at.query_params["experiment"] = e.id
            at.query_params[f"guess-{{e.id}}"] = {ONLY_LOOK!r}
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


@pytest.mark.parametrize(
    "query",
    [
        {"experiment": "3 Max-pool parameters", "guess3": "Just show me"},
        {"experiment": "3", "guess3": "Just show me", "form-3": "linear output"},
        {"experiment": "pooling", "guess-pooling": "look"},
    ],
)
def test_links_of_earlier_releases_still_open(query: dict[str, str]) -> None:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.switch_page("pages/experiments.py")
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    assert len(at.expander) == len(EXPERIMENTS[2].claims)
    assert at.button_group("form-pooling").value == ("linear" if "form-3" in query else "paper")


def test_a_link_that_asks_for_nothing_we_know_opens_the_first() -> None:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.switch_page("pages/experiments.py")
    at.query_params["experiment"] = "17"
    at.query_params["guess-kernels"] = "the ninth"
    at.run()
    assert not at.exception
    assert EXPERIMENTS[0].question in [heading.value for heading in at.subheader]
    assert not at.expander
