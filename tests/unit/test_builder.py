"""What the builder's texts mean, and that the blocks in the browser are the layers of the network."""

import json
import random
import re
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings

from lenet.layers import Conv, Dropout
from lenet.model import LeNet
from lenet.ui.train import builder
from lenet.variant import NONE, VARIANTS, Convolution, Pool, Variant, VariantError, layers
from tests import javascript
from tests.unit.test_engine import some_variant
from tests.unit.test_variant import built

SOME = 120
SCRIPT = """
import { table } from "@network/train/shapes.js"
const told = JSON.parse(`@told`)
console.log(JSON.stringify(told.map(table)))
"""


def plain(v: Variant) -> Variant:
    """What the other controls of the page say."""
    return Variant(v.activation, (Pool(),) * v.depth, v.head, v.output_activation, v.mean, v.std, v.size)


@given(built())
@settings(max_examples=60)
def test_texts_make_the_network_again_and_what_they_make_is_built_or_names_its_layer(v):
    """Whatever the controls allow: it runs forward, or a sentence names the layer."""
    texts = builder.to_texts(v)
    for key, text in texts.items():
        assert builder.is_key(key) and builder.understood(key, text) == text, (key, text)
    again = builder.from_texts(texts, plain(v))
    pools = tuple(Pool(1, 1, 0, NONE) if pool.kind == NONE else pool for pool in v.pools)
    usual = {"table": False, "output": "linear", "initialisation": "pytorch"}
    assert again == replace(v, pools=pools, **usual)
    try:
        layers(again)
    except VariantError as error:
        assert (
            re.search(r"\b(conv\d|pool\d|fc\d|rnn|lstm)\b", str(error))
            and builder.told(again, texts, str(error))["problem"]
        )
    else:
        with torch.device("meta"):
            assert LeNet(again)(torch.rand(2, 1, 28, 28)).shape == (2, 10)


def test_the_usual_network_needs_no_words():
    for name in ("original", "best", "tanh", "sigmoid", "rnn", "lstm-steps"):
        assert builder.to_texts(VARIANTS[name]) == {}, name


@pytest.mark.parametrize(
    ("key", "text", "kept"),
    [
        ("pool1", "3/2/0", "3/2/0"),
        ("pool1", "largest of window 3, stride 2, padding 0", "3/2/0"),
        ("pool2", "mean of window 2, stride 2, padding 1", "2/2/1/average"),
        ("pool1", "trained sum of window 2, stride 2, padding 0", "2/2/0/subsample"),
        ("pool1", "none", "none"),
        ("pool1", "2/2", None),
        ("pool1", "2/2/0/magic", None),
        ("pool9", "2/2/0", None),
        ("conv1", "5/1/0/6", "5/1/0/6"),
        ("conv1", "5/1/0/6000", None),
        ("conv1", "٥/1/0/6", None),
        ("hidden", "none", "none"),
        ("hidden", "120/" * 900 + "1", None),
        ("fc1_act", "tanh", "tanh"),
        ("fc1_act", "magic", None),
        ("conv2_drop", "0.25", "0.25"),
        ("conv2_drop", "nan", None),
        ("conv2_drop", 0.25, None),
        ("seed", "3", None),
    ],
)
def test_a_text_of_a_link_is_understood_or_refused(key, text, kept):
    assert builder.understood(key, text) == kept


def test_the_blocks_have_the_sizes_and_costs_of_the_layers_and_the_same_one_is_wrong():
    source = random.Random(0)
    variants = [plain(v) for v in VARIANTS.values()] + [some_variant(source) for _ in range(SOME)]
    variants += [replace(v, convs=tuple(Convolution(11, 2) for _ in v.pools)) for v in variants if v.depth > 1]
    variants = [v for v in variants if (v.output, v.table) == ("linear", False)]
    told = [builder.told(v, builder.to_texts(v), "") for v in variants]
    blocks = javascript.run(SCRIPT.replace("@told", json.dumps(told)))
    wrong = 0
    for v, rows in zip(variants, blocks, strict=True):
        try:
            table = layers(v)
        except VariantError as error:
            assert str(error).startswith(rows[-1]["name"]) and rows[-1]["wrong"], error
            wrong += 1
            continue
        here = {layer.name: layer for layer in table}
        there = {row["name"]: row for row in rows if row["name"] != "input" and row.get("pool") != NONE}
        assert [*there] == [layer.name for layer in table if layer.name in there]
        assert {layer.name for layer in table if layer.parameters} <= there.keys()
        for name, row in there.items():
            layer = here[name]
            shape = layer.output_shape if isinstance(layer, Conv) or row["kind"] == "pool" else layer.output_shape[-1:]
            assert tuple(row["shape"]) == shape, (v, name)
            assert (row["parameters"], row["macs"]) == (layer.parameters, layer.macs), (v, name)
        assert [row["drop"] for row in rows if row.get("drop")] == [x.rate for x in table if isinstance(x, Dropout)]
    assert wrong > 5
