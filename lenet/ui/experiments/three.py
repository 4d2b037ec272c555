"""What three repetitions would have said, at the top of the page: what the browser needs to let anybody pick three."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lenet.study import tables, triples
from lenet.study.design import FORMS, Claim, Experiment, Setting
from lenet.study.experiments import EXPERIMENTS
from lenet.study.judging import Judgement
from lenet.study.measures import Runs
from lenet.ui.experiments.verdicts import TONES
from lenet.ui.shared.palette import VARIANT_COLOURS


def message(judged: Mapping[str, list[Judgement]], runs: Runs) -> bytes:
    """Every claim with enough seeds: its panels, its seeds, and for each three of them what they would have said."""
    claims: list[dict[str, Any]] = []
    wanted: dict[str, Setting] = {}
    for e in EXPERIMENTS:
        for judgement in judged[e.id]:
            said = triples.of(judgement)
            if len(said.seems) < 2 or not e.variants:
                continue
            shown = _panels(e, judgement.claim)
            wanted |= {_name(setting): setting for _, lines in shown for _, setting in lines}
            claims.append(
                {
                    "id": f"{e.number}{judgement.claim.letter}",
                    "words": judgement.claim.words,
                    "verdict": judgement.verdict,
                    "tone": TONES[judgement.verdict],
                    "seeds": said.seeds,
                    "seems": "".join("01"[one] for one in said.seems),
                    "split": round(said.split, 3),
                    "panels": [
                        {
                            "title": title,
                            "lines": [
                                {"network": label, "colour": colour_of(e, setting), "run": _name(setting)}
                                for label, setting in lines
                            ],
                        }
                        for title, lines in shown
                    ],
                }
            )
    first = max(claims, key=lambda claim: claim["split"], default={"id": ""})["id"]
    data = {"view": "triples", "claims": claims, "first": first, "runs": _curves(wanted, runs)}
    return json.dumps(data, separators=(",", ":")).encode()


def _panels(e: Experiment, claim: Claim) -> list[tuple[str, list[tuple[str, Setting]]]]:
    """The settings of a claim as the paper shows them: a panel for each learning rate, or for each network."""
    settings = list(dict.fromkeys(setting for part in claim.parts for setting in part.settings()))
    rates = {setting.lr for setting in settings if setting not in e.beside}
    panels: dict[str, list[tuple[str, Setting]]] = {}
    for setting in settings:
        label = tables.full_label(e, setting)
        by_rate = len(rates) > 1 and setting not in e.beside
        title = f"learning rate {setting.lr:g}" if by_rate else label
        panels.setdefault(title, []).append((tables.label(e, setting) if by_rate else label, setting))
    return sorted(panels.items(), key=lambda panel: -panel[1][0][1].lr) if len(rates) > 1 else list(panels.items())


def colour_of(e: Experiment, setting: Setting) -> str:
    """By its place in the experiment; its twin has the same."""
    places = {one.form(form): tables.labels(e).index(tables.label(e, one)) for one in e.settings() for form in FORMS}
    return VARIANT_COLOURS[places.get(setting, 0) % len(VARIANT_COLOURS)]


def _name(setting: Setting) -> str:
    return f"{setting.variant}-{setting.recipe}-{setting.lr:g}"


def _curves(settings: Mapping[str, Setting], runs: Runs) -> dict[str, Any]:
    """By setting and seed the accuracies, and the epoch from which on the run fails to its end."""
    lines: Iterable[dict] = tables.lines(settings, "accuracy", runs)
    return {
        line["network"]: {seed["seed"]: {"y": seed["y"], "died": seed["died"]} for seed in line["seeds"]}
        for line in lines
    }
