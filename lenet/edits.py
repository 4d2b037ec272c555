"""A network with some of its weights changed by hand, as a network of its own with a card that says so."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch

from lenet.data import Digits
from lenet.evaluation import evaluate
from lenet.model import LeNet, empty_model
from lenet.pretrained import Card, WeightsError

MOST_WORDS = 200  # changes that a card lists
LONGEST = 80  # characters of one


def edited(
    model: LeNet, card: Card, changes: Iterable[Mapping[str, Any]], words: Iterable[str], test: Digits
) -> tuple[LeNet, Card]:
    """A copy of the network with other weights, and its card: with the accuracy on `test`, and what was edited.

    changes: { name, at, values } for each parameter that differs: places in its flat list, and what stands there now.
    words: what was done, one sentence for each change. Raises WeightsError for what no editor sends.
    """
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        for change in changes:
            flat = weights[change["name"]].view(-1)
            places, values = [int(at) for at in change["at"]], [float(value) for value in change["values"]]
            if len(places) != len(values) or not all(0 <= at < len(flat) for at in places):
                raise ValueError("places and values do not fit")
            if not all(map(math.isfinite, values)):
                raise ValueError("a value is no number")
            flat[places] = torch.tensor(values)
        said = [str(one)[:LONGEST] for one in words][-MOST_WORDS:]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise WeightsError(f"The edited weights cannot be used ({error}): reload the page.") from error
    copy = empty_model(model.variant)
    copy.load_state_dict(weights)
    copy.eval().requires_grad_(False)
    accuracy = evaluate(copy, test).accuracy
    return copy, replace(
        card, name=f"{card.name}, edited", test_accuracy=accuracy, edits=card.edits + said, checksum=""
    )
