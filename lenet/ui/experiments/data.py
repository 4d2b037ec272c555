"""What the Experiments page shows, read once for all sessions. Nothing here imports torch."""

import csv
import io
from pathlib import Path

import streamlit as st

from lenet.paths import PRETRAINED
from lenet.study import curves, judging, measures
from lenet.study.design import Experiment, Part
from lenet.study.experiments import EXPERIMENTS, experiment
from lenet.study.judging import Judgement
from lenet.study.kernels import kernels
from lenet.study.measures import Runs
from lenet.ui.experiments.claims import message as claims_message
from lenet.ui.experiments.three import message as three_message


def load() -> Runs:
    """All finished runs and shipped kernels; shared by all sessions, never changed. Raises CurvesError."""
    return _load(curves.CURVES, _changes())


def _changes() -> tuple:
    """When the files that the runs are made of were changed."""
    files = [curves.CURVES, *sorted(PRETRAINED.glob("*.safetensors"))]
    return tuple((file.name, file.stat().st_mtime_ns) for file in files if file.exists())


@st.cache_resource(max_entries=2, show_spinner=False)
def _load(path: Path, changes: tuple) -> Runs:
    return measures.load(curves.read(path), kernels())


@st.cache_resource(max_entries=2, show_spinner=False)
def _study(_runs: Runs, path: Path, changes: tuple) -> tuple[dict[str, list[Judgement]], dict[Part, float]]:
    """`path` and `changes` stand for the runs."""
    judgements = {e.id: [judging.judge(claim, _runs) for claim in e.claims] for e in EXPERIMENTS}
    return judgements, judging.corrected(one for each in judgements.values() for one in each)


def three(runs: Runs) -> bytes:
    """For the view `triples`."""
    return _three(runs, curves.CURVES, _changes())


@st.cache_resource(max_entries=2, show_spinner=False)
def _three(_runs: Runs, path: Path, changes: tuple) -> bytes:
    return three_message(_study(_runs, path, changes)[0], _runs)


def claims(e: Experiment, runs: Runs) -> bytes:
    """For the view `claims`."""
    return _claims(e.id, runs, curves.CURVES, _changes())


@st.cache_resource(max_entries=2 * len(EXPERIMENTS), show_spinner=False)
def _claims(name: str, _runs: Runs, path: Path, changes: tuple) -> bytes:
    judged, corrected = _study(_runs, path, changes)
    return claims_message(experiment(name), judged[name], corrected, _runs)


def curves_csv(e: Experiment) -> str:
    """The rows of the curves file that the experiment uses; lists as text with spaces between their numbers, maps with
    the layer before each number."""
    table = curves.of(curves.read(curves.CURVES), e.uses)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.column_names)
    for row in table.to_pylist(maps_as_pydicts="strict"):
        writer.writerow(map(_cell, row.values()))
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return " ".join(f"{layer}={number}" for layer, number in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else value
