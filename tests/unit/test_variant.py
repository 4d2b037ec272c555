"""The shape table: what each variant is made of, and why an impossible one is impossible."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lenet.layers import BITMAP, Rbf
from lenet.model import LeNet
from lenet.paths import ROOT
from lenet.training import new_model
from lenet.ui.shared import stages
from lenet.variant import (
    ACTIVATIONS,
    CONVOLUTIONS,
    HEADS,
    LINEAR,
    NONE,
    OUTPUTS,
    POOL_KINDS,
    SIZES,
    VARIANTS,
    Convolution,
    Pool,
    Variant,
    VariantError,
    connections,
    from_fields,
    layers,
    linear_twin,
    nearest,
    parameter_count,
    to_fields,
    variant,
)

pools = st.builds(
    Pool,
    kernel=st.integers(1, 4),
    stride=st.integers(1, 4),
    padding=st.integers(0, 2),
    kind=st.sampled_from(list(POOL_KINDS)),
)
convolutions = st.builds(
    Convolution,
    kernel=st.integers(0, 12),
    stride=st.integers(1, 5),
    padding=st.integers(0, 3),
    channels=st.integers(1, 65),
)
variants = st.builds(
    Variant,
    activation=st.sampled_from(ACTIVATIONS),
    pools=st.lists(pools, min_size=1, max_size=4).map(tuple),
    head=st.sampled_from(list(HEADS)),
    output_activation=st.booleans(),
    mean=st.sampled_from([0.0, 0.1307]),
    std=st.sampled_from([1.0, 0.3081]),
    size=st.sampled_from(SIZES),
    table=st.booleans(),
    output=st.sampled_from(list(OUTPUTS)),
)


@st.composite
def built(draw) -> Variant:
    """What the builder of the Train page can ask for, possible or not."""
    v = draw(variants)
    v = replace(
        v,
        convs=tuple(draw(convolutions) for _ in v.pools),
        hidden=draw(st.lists(st.sampled_from([0, 1, 10, 84, 120, 512, 513]), max_size=5).map(tuple)),
    )
    return replace(
        v,
        activations=tuple(draw(st.sampled_from(ACTIVATIONS)) for _ in v.inner),
        dropout=tuple(draw(st.sampled_from([0.0, 0.5, 0.95])) for _ in v.inner),
    )


@pytest.mark.parametrize(("name", "count"), [("original", 44_426), ("best", 44_426), ("tanh", 44_426)])
def test_parameters_of_the_base_network(name, count):
    assert parameter_count(VARIANTS[name]) == count


@pytest.mark.parametrize("name", VARIANTS)
def test_shape_table_agrees_with_torch(name):
    model = new_model(VARIANTS[name], 0)
    trace = model.trace(torch.rand(2, 1, 28, 28))
    assert [stage.name for stage in trace] == [layer.name for layer in layers(VARIANTS[name])]
    for stage in trace:
        assert stage.output.shape[1:] == stage.layer.output_shape, stage.name
    for layer in model.layers:
        if layer.parameters:  # kernels of maps that are not connected are zero
            weights = model.get_submodule(layer.name).parameters()
            assert sum(int(p.count_nonzero()) for p in weights) == layer.parameters


def test_lenet_5_has_the_published_numbers_of_parameters_and_connections():
    """LeCun, Bottou, Bengio, Haffner 1998, section II.B; by what a gradient reaches as well as by the shape table."""
    v = VARIANTS["lenet-5-1998"]
    assert (parameter_count(v), connections(v)) == (60_000, 340_908)
    counts = {layer.name: (layer.parameters, layer.connections) for layer in layers(v) if layer.connections}
    assert counts == {
        "conv1": (156, 122_304),
        "pool1": (12, 5_880),
        "conv2": (1_516, 151_600),
        "pool2": (32, 2_000),
        "fc1": (48_120, 48_120),
        "fc2": (10_164, 10_164),
        "rbf": (0, 840),
    }
    model = new_model(v, 0)
    model(torch.rand(9, 1, 28, 28, generator=torch.Generator().manual_seed(0))).square().sum().backward()
    assert sum(int(p.grad.count_nonzero()) for p in model.parameters()) == 60_000


def test_each_picture_of_the_rbf_layer_is_at_distance_zero_from_itself_and_far_from_the_others():
    rbf = Rbf("rbf", (84,))
    pictures = torch.tensor(rbf.told["pictures"])
    assert stages.rectangle((84,)) == (1, *BITMAP)
    assert pictures.shape == (10, prod(BITMAP)) and set(pictures.unique().tolist()) == {-1.0, 1.0}
    distances = -rbf.forward(pictures)
    assert torch.equal(distances.diagonal(), torch.zeros(10))
    assert (distances + 999 * torch.eye(10)).min() >= 4 * 6  # six pixels apart at least


def test_the_steps_from_1998_to_today_change_one_thing_each():
    names = ["lenet-5-1998", "1998-max-pool", "1998-all-maps", "1998-relu", "1998-softmax", "best"]
    fields = [to_fields(VARIANTS[name]) for name in names]
    changed = [{key for key in a.keys() | b.keys() if a.get(key) != b.get(key)} for a, b in pairwise(fields)]
    assert changed == [
        {"pools"},
        {"table"},
        {"activation", "initialisation"},
        {"output"},
        {"size", "mean", "std"},
    ]


@given(variants | built())
def test_a_variant_is_built_or_refused_with_a_reason(v):
    """Whatever the fields: either the network runs with the shapes of its table, or a sentence says what would fit."""
    try:
        table = layers(v)
    except VariantError as error:
        assert any(word in str(error) for word in ("would fit", "at least", "choose one"))
        assert re.search(r"(conv|pool|fc|rnn|lstm)\d?|Distances", str(error)), error
        assert layers(nearest(v))
        with pytest.raises(VariantError):
            LeNet(v)
    else:
        with torch.device("meta"):  # shapes only, no arithmetic
            trace = LeNet(v).trace(torch.rand(1, 1, 28, 28))
        assert [tuple(s.output.shape[1:]) for s in trace] == [layer.output_shape for layer in table]


@given(variants | built())
def test_what_files_and_links_are_told_makes_the_same_network_again(v):
    assert from_fields(json.loads(json.dumps(to_fields(v)))) == v


def test_older_files_know_nothing_of_the_builders_fields():
    for v in VARIANTS.values():
        assert not {"convs", "hidden", "activations", "dropout"} & to_fields(v).keys()
    explicit = Variant(convs=CONVOLUTIONS[:2], activations=("relu",) * 4, dropout=(0.0,) * 4)
    assert explicit == Variant() and hash(explicit) == hash(Variant())


def test_whatever_the_builder_of_old_could_choose_is_not_too_large():
    """Pools of the experiments, any depth and head, framed: links to those still open."""
    pools = {pool for v in VARIANTS.values() for pool in v.pools} | {Pool(kind="average")}
    for pool in pools:
        for head in HEADS:
            for depth in range(1, 5):
                try:
                    layers(Variant(pools=(pool,) * depth, head=head, size=32))
                except VariantError as refusal:
                    assert "are the most" not in str(refusal)


def test_another_depth_leaves_every_layer_as_it_was():
    v = Variant(convs=(Convolution(3), Convolution(7, channels=9)), activations=("tanh", "relu", "relu", "sigmoid"))
    deeper = v.resized(3, (120, 84, 40))
    assert deeper.convs == (*v.convs, CONVOLUTIONS[2])
    assert deeper.activations == ("tanh", "relu", "relu", "relu", "sigmoid", "relu")
    assert deeper.resized(2, v.hidden) == v


@given(variants | built())
def test_names_of_layers_are_unique(v):
    try:
        names = [layer.name for layer in layers(v)]
    except VariantError:
        return
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("wrong", "layer", "remedy"),
    [
        (Variant(pools=(Pool(),) * 3), "conv3", "stride 1"),
        (Variant(pools=(Pool(2, 1), Pool(2, 1), Pool(9, 9), Pool())), "conv4", "at most 3"),
        (Variant(pools=(Pool(2, 2, 2), Pool())), "pool1", "at most 1"),
        (Variant(pools=(Pool(30, 1), Pool())), "pool1", "kernel"),
        (Variant(pools=(Pool(0, 1), Pool())), "pool1", "at least 1"),
        (Variant(pools=(Pool(2, 2), Pool(2, 1e308))), "pool2", "whole number"),  # type: ignore[arg-type]
        (Variant(pools=()), "0", "1 to 4"),
        (Variant(activation="swish"), "swish", "relu"),
        (Variant(head="transformer"), "transformer", "lstm"),
        (Variant(std=0.0), "0.0", "positive"),
        (Variant(mean=float("nan")), "nan", "positive"),
        (Variant(mean=1e300), "1e+300", "1000"),
        (Variant(std=10**400), "1000000", "1000"),
        (Variant(mean="much"), "much", "1000"),  # type: ignore[arg-type]
        (Variant(pools=(Pool(2, 10**30), Pool())), "pool1", "at most 28"),
        (Variant(size=30), "30", "28, 32"),
        (Variant(table=1), "1", "true or false"),  # type: ignore[arg-type]
        (Variant(output="softmax"), "softmax", "rbf"),
        (Variant(initialisation="magic"), "magic", "xavier"),
        (Variant(output="rbf"), "Distances", "would fit"),
        (Variant(convs=(Convolution(9), Convolution(11))), "conv2", "a kernel of at most 10"),
        (Variant(convs=(Convolution(9, 4), Convolution())), "conv2", "pooling with stride 1"),
        (Variant(convs=(Convolution(12), Convolution())), "conv1", "at most 11"),
        (Variant(convs=(Convolution(5, 1, 3), Convolution())), "conv1", "at most 2 would fit"),
        (Variant(convs=(Convolution(),)), "conv1", "one for each"),
        (Variant(convs=(Convolution(channels=8), Convolution()), table=True), "conv2", "6 maps with 16"),
        (Variant(hidden=(120, 0)), "fc2", "at least 1"),
        (Variant(hidden=(9,) * 5), "fc6", "at most 4"),
        (Variant(head="rnn", hidden=()), "fc1", "at least 1"),
        (Variant(hidden=(120, 90), output="rbf", output_activation=False), "fc2", "84"),
        (Variant(activations=("relu", "tanh", "relu", "magic")), "fc2", "tanh"),
        (Variant(dropout=(0.0, 0.0, 0.0, 1.0)), "fc2", "at most 0.9"),
        (Variant(dropout=(0.5,)), "conv1", "one for each"),
        (Variant(pools=(Pool(1, 1),), convs=(Convolution(3, 1, 1, 64),), hidden=(512,)), "fc1", "64 units would fit"),
        (
            Variant(convs=(Convolution(1, channels=64),) * 2, pools=(Pool(1, 1, 0, NONE),) * 2, hidden=(9,)),
            "conv1",
            "32",
        ),
        (Variant(convs=(Convolution(11, 1, 5, 64),) * 2, pools=(Pool(3, 1, 1),) * 2, hidden=()), "conv2", "fit"),
        (
            Variant(convs=(Convolution(1, channels=64),), pools=(Pool(),), head="lstm-steps", hidden=(512,)),
            "lstm",
            "units",
        ),
    ],
)
def test_an_impossible_variant_names_the_layer_and_what_would_fit(wrong, layer, remedy):
    with pytest.raises(VariantError) as refusal:
        layers(wrong)
    assert layer in str(refusal.value)
    assert remedy in str(refusal.value)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(VariantError, match="original"):
        variant("alexnet")


def test_multiply_adds_of_the_base_network():
    macs = {layer.name: layer.macs for layer in layers(VARIANTS["original"]) if layer.macs}
    assert macs == {
        "conv1": 6 * 25 * 24**2,
        "conv2": 16 * 150 * 8**2,
        "fc1": 256 * 120,
        "fc2": 120 * 84,
        "fc3": 84 * 10,
    }


@pytest.mark.parametrize("name", ["original", "pool-padded", "pool-kernel-3-stride-1", "pool-stride-3", "depth-3"])
def test_receptive_field_is_exactly_where_gradients_reach(name):
    """With positive weights and average-like gradients off, a pixel matters if and only if it is inside the field."""
    v = VARIANTS[name]
    model = LeNet(v).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_()
    for layer in (layer for layer in model.layers if layer.kind == "conv"):
        reached = torch.zeros(28, 28, dtype=torch.bool)
        random = torch.Generator().manual_seed(0)
        for _ in range(120):  # max-pooling passes one gradient at a time: many pictures reach every pixel
            x = torch.rand(1, 1, 28, 28, dtype=torch.float64, generator=random).requires_grad_()
            y = x
            for stage in model.layers:
                y = model.apply_layer(stage, y)
                if stage.name == layer.name:
                    break
            row, column = y.shape[2] // 2, y.shape[3] // 3
            y[0, 0, row, column].backward()
            reached |= x.grad[0, 0] != 0
        field = layer.receptive_field
        first = [field.start + index * field.step for index in (row, column)]
        rows, columns = ((max(at, 0), min(at + field.size, 28)) for at in first)
        expected = torch.zeros(28, 28, dtype=torch.bool)
        expected[slice(*rows), slice(*columns)] = True
        assert torch.equal(reached & expected, reached), f"{layer.name}: a pixel outside the field matters"
        touched = reached.nonzero()
        assert touched.amin(0).tolist() == [rows[0], columns[0]], layer.name
        assert (touched.amax(0) + 1).tolist() == [rows[1], columns[1]], layer.name


def test_variants_are_known_without_torch():
    code = (
        "import sys, lenet.variant, lenet.study.experiments; "
        "lenet.variant.layers(lenet.variant.VARIANTS['best']); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_linear_twin_differs_in_its_output_alone():
    for name in LINEAR:
        original = name.removesuffix("-linear")
        assert linear_twin(original) == linear_twin(name) == name
        assert replace(variant(name), output_activation=True) == variant(original)
        assert not variant(name).output_activation
    assert linear_twin("best") == "best"
