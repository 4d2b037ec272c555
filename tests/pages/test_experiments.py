"""The Experiments page under AppTest: all tabs, missing and damaged curves, and no torch."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lenet import data
from lenet.data import DataError
from lenet.paths import ROOT
from lenet.pretrained import WeightsError
from lenet.study import curves, judging, measures, tables
from lenet.study.design import Experiment, Run, Setting
from lenet.study.experiments import EXPERIMENTS
from lenet.ui.experiments import compare
from lenet.ui.experiments.links import ONLY_LOOK
from lenet.ui.experiments.stories import STORIES
from lenet.ui.shared import networks
from tests.curves import both

NONLINEARITIES, POOLING = EXPERIMENTS[1], EXPERIMENTS[2]


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


def file_of(made_up: dict) -> pa.Table:
    rows = [{**asdict(run), **record} for run, history in made_up.items() for record in history.records()]
    return pa.Table.from_pylist(rows, curves.SCHEMA)


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A curves file with four seeds of every run."""
    path = tmp_path_factory.mktemp("complete") / "curves.parquet"
    curves.write(file_of(both(True, seeds=range(4))), path)
    return path.read_bytes()


def visit(e: Experiment | str, answer: str | None = ONLY_LOOK, **query: str) -> AppTest:
    """The page with the tab of an experiment open."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.switch_page("pages/experiments.py")
    name = e if isinstance(e, str) else e.id
    at.query_params["experiment"] = name
    if answer:
        at.query_params[f"guess-{name}"] = answer
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, [error.stack_trace for error in at.exception]
    return at


def sent(at: AppTest, key: str) -> dict[str, Any] | None:
    """What the page sends to one of its views; None if it is not on the page."""
    for element in at.get("bidi_component"):
        if element.key == key:
            return json.loads(element.proto.bytes or element.proto.json)
    return None


def words(at: AppTest) -> str:
    return "\n".join(element.value for element in (*at.markdown, *at.caption, *at.info, *at.error))


@pytest.mark.parametrize("e", EXPERIMENTS, ids=lambda e: e.id)
def test_every_tab_with_every_run(e: Experiment, path: Path, complete: bytes) -> None:
    path.write_bytes(complete)
    at = visit(e)
    runs = measures.load(curves.read(path))
    shown = sent(at, f"claims-{e.id}")["claims"]
    assert [claim["id"] for claim in shown] == [f"{e.number}{claim.letter}" for claim in e.claims]
    for one, claim in zip(shown, e.claims):
        assert one["words"] == claim.words
        assert one["verdict"] == judging.judge(claim, runs).verdict
        assert len(one["parts"]) == len(claim.parts)
    if e.variants:
        lines = sent(at, f"curves-{e.id}")["lines"]
        assert {line["network"] for line in lines} == set(tables.labels(e))
        assert all(len(line["seeds"]) == 4 for line in lines)
        assert "Not yet run" not in words(at)


def test_other_curves_are_another_verdict_on_the_page(path: Path) -> None:
    """And other words about three repetitions, beside the claim and at the top."""
    runs = both(True, seeds=range(8), bad_seed=False)
    for changed in (False, True):
        for seed in range(8) if changed else ():
            run = Setting("pool-stride-1").run(seed)
            worse = [0.1, *[0.2] * 19, 0.5]
            runs[run] = replace(runs[run], classes_predicted=[9] * 21, test_accuracy=worse)
        curves.write(file_of(runs), path)
        st.cache_resource.clear()
        at = visit(POOLING)
        claim = sent(at, "claims-pooling")["claims"][3]
        said = next(one for one in sent(at, "three")["claims"] if one["id"] == "3d")
        verdict = judging.NOT_REPRODUCED if changed else judging.REPRODUCED
        assert claim["verdict"] == said["verdict"] == verdict
        assert [share[:2] for share in claim["three"]] == [[verdict, 1.0]]
        assert set(said["seems"]) == {"0" if changed else "1"}


@pytest.mark.parametrize("e", EXPERIMENTS[1::3], ids=lambda e: e.id)
def test_a_guess_comes_first(e: Experiment, path: Path, complete: bytes) -> None:
    path.write_bytes(complete)
    at = visit(e, None)
    asked = sent(at, f"guess-view-{e.id}")
    assert asked["answer"] is None and not asked["sentences"]
    assert sent(at, f"curves-{e.id}") is None and sent(at, f"claims-{e.id}") is None
    best = max(
        (found := judging.answers(e.guess, measures.load(curves.read(path)))),
        key=lambda text: measures.interval(found[text].values()).mean,
    )
    for answer in (best, next(text for text in e.guess.answers if text != best)):
        at = visit(e, answer)
        first, *rest = sent(at, f"guess-view-{e.id}")["sentences"]
        words = {name: answer.words for name, answer in e.guess.answers.items()}
        assert first.startswith(f"Right! {words[best]}" if answer == best else f"You said {words[answer]}.")
        assert any(f"Highest: {words[best]}, " in sentence for sentence in rest) == (answer != best)
        assert set(sent(at, f"curves-{e.id}")["bold"]) == {words[best], words[answer]}


def test_a_network_that_learns_nothing_is_said_to_guess(path: Path, complete: bytes) -> None:
    path.write_bytes(complete)
    sentences = sent(visit(NONLINEARITIES, "sigmoid"), "guess-view-nonlinearities")["sentences"]
    assert sentences[:2] == ["You said Sigmoid.", "It never got beyond guessing: 11 %."]


def test_just_the_curves_is_for_all_tabs(path: Path, complete: bytes) -> None:
    path.write_bytes(complete)
    for e in EXPERIMENTS[1:]:
        at = visit(e, None, curves="1")
        assert sent(at, f"guess-view-{e.id}")["answer"] == ONLY_LOOK
        assert sent(at, f"claims-{e.id}")


def test_just_the_curves_of_many_networks_have_one_bold_band(path: Path, complete: bytes) -> None:
    path.write_bytes(complete)
    shown = sent(visit(POOLING, None, curves="1"), "curves-pooling")
    assert len(shown["lines"]) == 7 and len(shown["bold"]) == 1


@pytest.mark.parametrize("e", EXPERIMENTS, ids=lambda e: e.id)
def test_without_runs_it_says_so(e: Experiment, path: Path) -> None:
    curves.write(curves.SCHEMA.empty_table(), path)
    at = visit(e)
    assert all(claim["verdict"] == "cannot tell" for claim in sent(at, f"claims-{e.id}")["claims"])
    assert "Not yet run" in " ".join(sent(at, f"guess-view-{e.id}")["sentences"])
    assert sent(at, "three")["claims"] == []


def test_some_runs_are_counted(path: Path) -> None:
    made_up = both(True, seeds=range(2))
    run = Run("original", "paper", 0.1, 0)
    curves.write(curves.add(curves.SCHEMA.empty_table(), run, made_up[run].records()), path)
    at = visit(NONLINEARITIES)
    assert "Not yet run: 11 of 12 runs of this choice." in words(at)
    assert [line["network"] for line in sent(at, "curves-nonlinearities")["lines"]] == ["ReLU"]


@pytest.mark.parametrize("content", [None, b"PAR1 broken"])
def test_bad_curves_are_one_sentence(content: bytes | None, path: Path) -> None:
    if content:
        path.write_bytes(content)
    at = visit(NONLINEARITIES)
    assert len(at.error) == 1 and "curves.parquet" in at.error[0].value
    at.switch_page("app.py").run()
    assert not at.exception


def test_controls(path: Path, complete: bytes) -> None:
    path.write_bytes(complete)
    at = visit(NONLINEARITIES)
    for key, value in (("form-nonlinearities", "linear"), ("lr-nonlinearities", "0.001")):
        at.button_group(key).set_value(value).run()
        assert not at.exception
    for course, what in tables.COURSES.items():
        shown = sent(visit(NONLINEARITIES, **{"course-nonlinearities": course}), "curves-nonlinearities")
        assert shown["course"] == course and shown["courses"].keys() == tables.COURSES.keys()
        assert shown["y"]["words"] == what.words and shown["y"]["log"] == what.log
        assert "Sigmoid, Adam 0.003" in [line["network"] for line in shown["lines"]]


@pytest.mark.parametrize("e", EXPERIMENTS, ids=lambda e: e.id)
def test_behind_the_disclosure_are_tables_rules_and_why(e: Experiment) -> None:
    at = visit(e)
    at.session_state[f"more-{e.id}"] = True
    at.run()
    assert not at.exception
    assert judging.FAILURE_RULE in words(at)
    if e.variants:
        assert words(at).count("| runs | fail | accuracy |") == len(e.lrs)
        assert ("| here, s an epoch |" in words(at)) == ("times" in e.why)
        runs = measures.load(curves.read())
        there = any(run in runs for run in e.runs())
        assert len(at.get("vega_lite_chart")) == len({"gradients", "outcomes"} & {*e.why}) * there


def test_any_settings_of_any_experiments_on_one_chart() -> None:
    there = compare.settings()
    settings = {setting.form(form) for e in EXPERIMENTS for setting in e.settings() for form in ("paper", "linear")}
    assert {setting for setting, _, _ in there.values()} == settings
    assert len({label for _, label, _ in there.values()}) == len({words for *_, words in there.values()}) == len(there)
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.switch_page("pages/experiments.py")
    at.query_params["experiment"] = "compare"
    at.query_params["of"] = ["depth-4@0.1", "lstm-linear@0.001", "sigmoid@0.003@adam", "nothing@9"]
    at.query_params["show"], at.query_params["by"] = "last gradient", "seconds"
    at.run()
    assert not at.exception
    shown = sent(at, "compare-view")
    assert shown["by"] == "seconds" and shown["y"]["words"] == "Gradient norm of the last layer"
    assert [line["network"] for line in shown["lines"]] == [
        "4 layers",
        "LSTM along the batch, learning rate 0.001, linear output",
        "Sigmoid, Adam 0.003",
    ]
    at.multiselect("compare-of").set_value([]).run()
    assert sent(at, "compare-view") is None and "at least one" in words(at)


def test_the_csv_has_every_row_of_the_experiment(path: Path, complete: bytes) -> None:
    from lenet.ui.experiments.data import curves_csv

    path.write_bytes(complete)
    lines = curves_csv(EXPERIMENTS[3]).splitlines()
    assert lines[0].split(",") == curves.SCHEMA.names
    assert len(lines) == 1 + 21 * len(EXPERIMENTS[3].runs(range(4)))


def test_the_whole_page_needs_no_torch() -> None:
    code = textwrap.dedent(f"""
        import sys
        from streamlit.testing.v1 import AppTest
        from lenet.study.experiments import EXPERIMENTS
        class NoTorch:
            def find_spec(self, name, path=None, target=None):
                assert name.partition(".")[0] != "torch", "torch was imported"
        sys.meta_path.insert(0, NoTorch())
        for name in [*(e.id for e in EXPERIMENTS), "compare"]:
            at = AppTest.from_file({str(ROOT / "app.py")!r}, default_timeout=60)
            at.switch_page("pages/experiments.py")
            at.query_params["experiment"] = name
            at.query_params["curves"] = "1"
            at.run()
            assert not at.exception, at.exception
            if name != "compare":
                at.session_state[f"more-{{name}}"] = True
                at.run()
                assert not at.exception, at.exception
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
    at.session_state[f"more-{EXPERIMENTS[place].id}"] = True
    at.run()
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
    assert len(sent(at, "claims-pooling")["claims"]) == len(POOLING.claims)
    assert at.button_group("form-pooling").value == ("linear" if "form-3" in query else "paper")


def test_a_link_that_asks_for_nothing_we_know_opens_the_first() -> None:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.switch_page("pages/experiments.py")
    at.query_params["experiment"] = "17"
    at.query_params["guess-nonlinearities"] = "the ninth"
    at.run()
    assert not at.exception
    assert NONLINEARITIES.question in [heading.value for heading in at.header]
    assert sent(at, "guess-view-nonlinearities")["answer"] is None


def test_a_story_belongs_to_a_claim_and_to_the_run_that_it_tells_of() -> None:
    claims = {f"{e.number}{claim.letter}" for e in EXPERIMENTS for claim in e.claims}
    assert STORIES.keys() <= claims
    assert data.mnist("test").labels[11] == 6, "the digit that it is shown"
    story = sent(visit(POOLING), "claims-pooling")["claims"][1]["story"]
    assert story["lead"] == "Seed 0 of the original ended at 89.1 % and has never said 6: see for yourself."
    assert [way["id"] for way in story["ways"]] == ["3b/tape", "3b/logit", "3b/draw"]
    assert STORIES["3b"].lead(measures.Runs()) == ""
