"""What the chosen networks make of a digit: the answers and the film strip, each one component, painted in the browser.

A stroke costs one forward pass for each network and two small messages: one byte a cell, coloured over there.
"""

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from lenet.formatting import probability
from lenet.ui.shared import palette, stages
from lenet.ui.shared.digit import Digit, at_random
from lenet.variant import INPUT_SIZE, highest_probability

if TYPE_CHECKING:  # the page shows the empty answer before torch is loaded
    from lenet.model import LeNet, Stage

HERE = Path(__file__).parent
SURE, UNSURE = 0.9, 0.5  # from the one on an answer is called sure, below the other unsure: of the highest probability
# What centring does to a drawing before the last step; the names of the stages of lenet.ink.
STAGES = [
    ("as drawn", "the whole board, shrunk to 28 × 28"),
    ("cropped", "only the part with ink, its longer side 28 cells"),
    ("scaled", "its longer side 20 cells, in the middle"),
]

_SHARED = f"""const SEQUENTIAL = {palette.SEQUENTIAL.ravel().tolist()}
const DIVERGING = {palette.DIVERGING.ravel().tolist()}
{(HERE.parent / "shared" / "cells.js").read_text(encoding="utf-8")}
"""
_STYLE = (
    (HERE / "style.css").read_text(encoding="utf-8")
    + f"""
.sequential {{ background: {palette.gradient(signed=False)}; }}
.diverging {{ background: {palette.gradient(signed=True)}; }}
"""
)
_ANSWER = st.components.v2.component(
    "lenet_answer",
    html='<div class="answer"></div><div class="spoken" aria-live="polite"></div>\n',
    css=_STYLE,
    js=_SHARED + (HERE / "answer.js").read_text(encoding="utf-8"),
)
_FILM = st.components.v2.component(
    "lenet_film",
    html='<div class="film"></div>\n',
    css=_STYLE,
    js=_SHARED + (HERE / "film.js").read_text(encoding="utf-8"),
)


def read(digit: Digit, models: "dict[str, LeNet]") -> tuple[list[dict], list[dict]]:
    """One forward pass of each network on the digit and on the stages it went through.

    Returns what the two components take for each network: the answers, and the layers of the film.
    """
    import torch

    from lenet.evaluation import outputs
    from lenet.evaluation import read as answers_of

    # The digit goes first: a network that reads along the batch then reads it, and it only, as if it were alone.
    pictures = torch.stack([digit.image, *digit.stages])
    answers, films = [], []
    for (name, model), colour in zip(models.items(), palette.VARIANT_COLOURS):
        with torch.inference_mode():
            trace = model.trace(pictures)
            one_by_one = len(pictures) > 1 and any(layer.along_batch for layer in model.layers)
            shares = outputs(model, pictures).softmax(1) if one_by_one else trace.probabilities
        shares = shares.nan_to_num()
        read, most = answers_of(shares), shares.amax(1).tolist()
        answers.append(
            {
                "name": name,
                "colour": colour,
                "probabilities": shares[0].tolist(),
                "answer": read[0],
                "stages": [[read[place], most[place]] for place in (*range(1, len(read)), 0)],
                "verdict": _verdict(read[0], most[0], digit.label, highest_probability(model.variant)),
            }
        )
        films.append({"name": name, "colour": colour, "layers": [_frame(s) for s in trace if s.layer.computes]})
    return mark_disagreement(answers), films


def mark_disagreement(answers: list[dict]) -> list[dict]:
    """Mark every network that reads something else than most of them (or than the first, if there is no majority)."""
    read = [answer["answer"] for answer in answers]
    usual = max(read, key=read.count, default=None)
    for answer in answers:
        answer["disagrees"] = answer["answer"] != usual
        if answer["disagrees"]:
            answer["verdict"] = f"disagrees: {answer['verdict']}"
    return answers


def _verdict(answer: int | None, most: float, label: int | None, highest: float) -> str:
    """highest: the probability that this network cannot exceed."""
    if answer is None:
        return "cannot tell: all ten outputs are equal"
    share = most / highest
    sure = f"{'sure' if share >= SURE else 'fairly sure' if share >= UNSURE else 'unsure'}, {probability(most)}"
    if highest < 1:
        sure += f" of at most {probability(highest)}"
    if label is None:
        return sure
    return f"right, {sure}" if answer == label else f"wrong, it is a {label}: {sure}"


def _frame(stage: "Stage") -> dict[str, Any]:
    """One layer of the first picture of the batch for the film."""
    output = stage.output[0].numpy()
    signed, scale = stages.look(stage.layer, output)
    levels = palette.levels(output, signed, scale)
    return {
        "name": stage.name,
        "words": stage.layer.words,
        "count": " × ".join(map(str, output.shape)),
        "shape": stages.rectangle(output.shape),
        "across": stages.across(output.shape),
        "signed": signed,
        "scale": scale,
        "digits": output.shape == (10,),
        "levels": b64encode(levels.tobytes()).decode(),
    }


def show_answers(
    names: list[str], answers: list[dict], digit: Digit | None, message: str = "", wrong: bool = False, waking: str = ""
) -> bool:
    """The answers, or empty bars for the networks of these names and a message that says why.

    wrong: the message says what went wrong, not what to do.
    waking: what to say after a stroke for which torch must be loaded first. With it, the browser is asked to say when
    the page is on the screen; True in the run in which it says so.
    """
    empty = {"probabilities": None, "answer": None, "stages": None, "verdict": "", "disagrees": False}
    blank = [{"name": name, "colour": colour, **empty} for name, colour in zip(names, palette.VARIANT_COLOURS)]
    result = _ANSWER(
        key="answer",
        data={
            "networks": answers or blank,
            "stages": _pictures(digit) if digit else [],
            "source": digit.source if digit else "",
            "message": message,
            "wrong": wrong,
            "mark": digit.mark if digit else "",
            "waking": waking,
        },
        on_painted_change=lambda: None,
        on_example_change=at_random,
    )
    return bool(result.painted)


def show_film(films: list[dict]) -> None:
    """The film strip of each network."""
    _FILM(key="film", data={"networks": films})


def _pictures(digit: Digit) -> list[dict[str, Any]]:
    """The stages of the drawing, the image that the network sees last."""
    last = "centred" if digit.stages else "test digit"
    names = [*STAGES, (last, "its centre of mass in the middle: this is what the network sees")][
        -len(digit.stages) - 1 :
    ]
    return [
        {
            "name": name,
            "about": about,
            "levels": b64encode(palette.levels(image.numpy(), False, 1.0).tobytes()).decode(),
            "shape": [1, INPUT_SIZE, INPUT_SIZE],
            "across": 1,
            "signed": False,
        }
        for (name, about), image in zip(names, [*digit.stages, digit.image])
    ]
