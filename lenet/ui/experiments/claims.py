"""The claims of an experiment as the view `claims` shows them: verdict, evidence, numbers."""

import json
import re
from collections.abc import Mapping
from typing import Any

from lenet.study import judging, triples
from lenet.study.design import PAPERS, Experiment, Part
from lenet.study.evidence import strip
from lenet.study.judging import Finding, Judgement
from lenet.study.measures import Runs
from lenet.study.report import told
from lenet.ui.experiments.stories import STORIES
from lenet.ui.experiments.verdicts import TONES

EACH_SEED = re.compile(r"(.*): (seeds \d.*|.*\(seed \d+\))", re.DOTALL)  # numbers in words, and those of every seed


def message(e: Experiment, judged: list[Judgement], corrected: Mapping[Part, float], runs: Runs) -> bytes:
    """All claims. corrected: p values of the study after Holm's correction."""
    claims = [_claim(f"{e.number}{one.claim.letter}", one, corrected, runs) for one in judged]
    whose = "What the paper claims" if e.number <= PAPERS else "What one might expect"
    data = {"view": "claims", "title": f"{whose}, and what came out", "claims": claims}
    return json.dumps(data, separators=(",", ":")).encode()


def _claim(name: str, judgement: Judgement, corrected: Mapping[Part, float], runs: Runs) -> dict[str, Any]:
    said = triples.of(judgement)
    other: list[Finding | None] = [*judgement.linear] or [None] * len(judgement.paper)
    return {
        "id": name,
        "words": judgement.claim.words,
        "verdict": judgement.verdict,
        "tone": TONES[judgement.verdict],
        "note": judgement.note,
        "three": [(words, share, TONES[words]) for words, share in said.shares.items()] if len(said.seems) > 1 else [],
        "parts": [_part(finding, linear, corrected) for finding, linear in zip(judgement.paper, other)],
        "mechanism": judging.mechanism(judgement.claim, runs),
        "story": _story(name, runs),
    }


def _story(name: str, runs: Runs) -> dict[str, Any] | None:
    if name not in STORIES:
        return None
    story = STORIES[name]
    ways = [{"id": f"{name}/{id}", "words": way.words, "url": way.url} for id, way in story.ways.items()]
    return {"lead": story.lead(runs), "ways": ways}


def _part(finding: Finding, linear: Finding | None, corrected: Mapping[Part, float]) -> dict[str, Any]:
    details = [f"Measured: {told(finding, corrected)}", f"The rule: {judging.rule(finding.part)}."]
    if linear:
        details.append(f"With linear output: {linear.outcome}, {told(linear, corrected)}")
    return {
        "words": finding.part.words,
        "outcome": finding.outcome.capitalize(),
        "tone": TONES[finding.outcome],
        "strip": strip(finding),
        "short": short(judging.numbers(finding)),
        "details": details,
    }


def short(numbers: str) -> str:
    """Numbers in words without those of every seed, which the picture shows."""
    found = EACH_SEED.fullmatch(numbers)
    text = found[1] if found else numbers
    return text[:1].upper() + text[1:] + "."
