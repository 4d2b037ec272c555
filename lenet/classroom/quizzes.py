"""Questions whose answer a network knows: made here, asked by `Teacher.ask(**question)`."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from lenet.data import Digits, pixels
from lenet.evaluation import evaluate, outputs, read
from lenet.formatting import fixed, percent, probability
from lenet.model import LeNet
from lenet.variant import CLASSES

TESTED = 1000  # test digits on which a lost class is looked for
NAMES = ("A", "B")  # of two networks in a question, whose own names would tell
FIGURES = 3  # after the point, of a logit


@torch.inference_mode()
def what_will_it_read(image: np.ndarray, label: int | None, name: str, model: LeNet) -> dict[str, Any]:
    """image: float32 [28, 28]; label: what it is, if that is known."""
    probabilities = outputs(model, torch.from_numpy(np.asarray(image, np.float32))[None, None]).softmax(1)
    answer = read(probabilities)[0]
    said = "no digit at all" if answer is None else f"a {answer} ({probability(float(probabilities[0, answer]))})"
    should = "" if label is None else f" It is a {label}." if label == answer else f" It should be a {label}."
    return {
        "text": f"What will the network “{name}” read?",
        "choices": [str(digit) for digit in range(CLASSES)],
        "shown": {"picture": _picture(image)},
        "truth": answer,
        "note": f"{name} reads {said}.{should}",
    }


@torch.inference_mode()
def which_map_lights_up(image: np.ndarray, name: str, model: LeNet) -> dict[str, Any]:
    """Of conv1's maps after the nonlinearity, the one whose cells are brightest on average. image: float32 [28, 28]."""
    first = next(layer.name for layer in model.layers if layer.kind == "conv")
    activated = next(layer.name for layer in model.layers if layer.kind == model.variant.activation)
    stages = model.trace(torch.from_numpy(np.asarray(image, np.float32))[None, None])
    brightness = next(stage.output for stage in stages if stage.name == activated)[0].mean((1, 2))
    kernels = model.state_dict()[f"{first}.weight"][:, 0]
    largest = float(kernels.abs().max()) or 1.0
    order = brightness.argsort(descending=True).tolist()
    said = ", ".join(f"map {at} {fixed(brightness[at].item(), FIGURES)}" for at in order)
    return {
        "text": f"Which map of {first} in the network “{name}” will light up most?",
        "choices": [str(at) for at in range(len(kernels))],
        "shown": {
            "picture": _picture(image),
            "kernels": [[round(value / largest, 2) for value in kernel.flatten().tolist()] for kernel in kernels],
        },
        "truth": order[0],
        "note": f"Map {order[0]}. The means after {activated}, the brightest first: {said}.",
    }


@torch.inference_mode()
def which_lost_a_class(models: Sequence[tuple[str, LeNet]], digits: Digits) -> dict[str, Any]:
    """Two networks, by their names; digits: those on which they are tested. The picture is the first digit of a class
    that one of them lost, or else the first of all."""
    lost, words = [], []
    for letter, (name, model) in zip(NAMES, models):
        tested = evaluate(model, digits)
        never = sorted(set(range(CLASSES)) - set(tested.predictions.tolist()))
        lost.append(never)
        said = f"never says {' or '.join(map(str, never))}" if never else "says all ten digits"
        words.append(f"{letter} is {name}: it {said}, and classifies {percent(tested.accuracy)} correctly.")
    gone = next((digit for never in lost for digit in never), None)
    at = 0 if gone is None else digits.labels.tolist().index(gone)
    image = pixels(digits.images[at : at + 1])
    groups = [
        {
            "name": f"{letter}: its ten logits",
            "values": [round(value, FIGURES) for value in outputs(model, image)[0].tolist()],
        }
        for letter, (_, model) in zip(NAMES, models)
    ]
    return {
        "text": "Which of these two networks lost a class?",
        "choices": [*NAMES, "both", "neither"],
        "shown": {"picture": _picture(image[0, 0].numpy()), "groups": groups},
        "truth": {(True, False): 0, (False, True): 1, (True, True): 2, (False, False): 3}[bool(lost[0]), bool(lost[1])],
        "note": f"{' '.join(words)} Tested on {len(digits):,} digits of MNIST's test set.",
    }


def _picture(image: np.ndarray) -> str:
    """The picture [28, 28] in [0, 1] as base64 of bytes, as class-question.js paints it."""
    return b64encode((np.asarray(image) * 255).round().astype("u1").tobytes()).decode()
