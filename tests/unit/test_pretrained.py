"""Weights with their cards: what is shipped, and what is refused."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from safetensors.torch import save as plain
from torch import nn

import lenet
from lenet.data import mnist, pixels
from lenet.evaluation import evaluate
from lenet.pretrained import (
    BROUGHT,
    FOLDER,
    SHIPPED,
    TEACHERS,
    Card,
    WeightsError,
    adopt,
    load,
    make_card,
    save,
    weights_bytes,
)
from lenet.recipe import Recipe, check
from lenet.training import epochs, new_model, train
from lenet.variant import NONE, VARIANTS, Convolution, Pool, Variant, parameter_count
from tests.unit.test_engine import some_variant


@pytest.mark.parametrize("name", lenet.__all__)
def test_every_public_name_can_be_reached(name):
    assert getattr(lenet, name) is not None


def test_everything_in_the_table_is_shipped_and_the_other_way_round():
    assert lenet.list_models(pretrained=True) == sorted(SHIPPED)


@pytest.mark.parametrize("name", TEACHERS)
def test_a_teacher_can_be_built_and_its_recipe_followed(name):
    variant, recipe = TEACHERS[name]
    assert new_model(variant, 0)(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    check(replace(recipe, teacher=name))
    assert not recipe.teacher  # it learns from labels


def test_every_shipped_teacher_is_in_the_table():
    assert {recipe.teacher for _, recipe in SHIPPED.values()} - {""} <= TEACHERS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_network_is_what_its_card_says(name):
    card, model = lenet.card(name), lenet.create_model(name, pretrained=True)
    assert (card.variant, card.recipe) == SHIPPED[name]
    assert card.name == name and model.variant == card.variant and not model.training
    assert len(card.history) == card.recipe.epochs + 1
    result = evaluate(model, mnist("test"))
    assert result.accuracy == pytest.approx(card.test_accuracy, abs=2e-4)  # another machine may round otherwise
    assert card.history[-1]["classes_predicted"] == result.classes_predicted


def test_best_is_the_base_network_without_its_last_relu_and_good():
    card = lenet.card("best")
    assert parameter_count(card.variant) == 44_426 and not card.variant.output_activation
    assert card.test_accuracy >= 0.994


def test_lenet_5_is_as_good_as_it_was_published():
    """LeCun and others 1998: 0.95 % of the test digits are misread."""
    assert 1 - lenet.card("lenet-5-1998").test_accuracy == pytest.approx(0.0095, abs=0.003)


def test_the_dead_network_has_lost_a_class():
    card = lenet.card("original-dead")
    assert card.history[-1]["classes_predicted"] < 10
    assert lenet.card("original").history[-1]["classes_predicted"] == 10


@pytest.fixture
def saved(tmp_path):
    """A network trained for a moment, as a file."""
    recipe = Recipe(epochs=1, train_size=256, seed=1)
    model = new_model(VARIANTS["lstm-steps"], 1)
    history = list(epochs(train(model, recipe, mnist("train"), mnist("test")[:200])))
    path = tmp_path / "mine.safetensors"
    save(model, make_card("mine", VARIANTS["lstm-steps"], recipe, history), path)
    return path, model


def test_saved_and_loaded_is_the_same_network(saved):
    path, model = saved
    again, card = load(path)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters()))
    assert card.variant == model.variant and card.seed == 1 and card.name == "mine"
    assert not any(p.requires_grad for p in again.parameters())
    assert all(path.read_bytes() == weights_bytes(again, card) for _ in range(20))


def refuse(path, *words: str) -> None:
    with pytest.raises(WeightsError) as refusal:
        load(path)
    assert all(word in str(refusal.value) for word in words), refusal.value


def test_a_missing_file(tmp_path):
    refuse(tmp_path / "none.safetensors", "no weights file")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"\x80\x04\x95 a pickle", b"\xff" * 64])
def test_a_file_of_another_kind(tmp_path, content):
    (tmp_path / "x.safetensors").write_bytes(content)
    refuse(tmp_path / "x.safetensors", "no safetensors file")


def test_a_truncated_file(saved):
    path, _ = saved
    path.write_bytes(path.read_bytes()[:-100])
    refuse(path, "damaged")


def test_a_flipped_bit(saved):
    path, _ = saved
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(bytes(content))
    refuse(path, "checksum")


def test_weights_of_another_project(tmp_path):
    save_file({"conv1.weight": np.zeros((6, 1, 5, 5), np.float32)}, str(tmp_path / "x.safetensors"))
    refuse(tmp_path / "x.safetensors", "no card")


def contents(path) -> tuple[dict, dict, dict]:
    """The tensors of a file, its metadata, and the card in them."""
    with safe_open(path, "np") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return tensors, file.metadata(), json.loads(file.metadata()["card"])


def with_card(path, change) -> None:
    """The same weights with another card: its text, or fields that are changed."""
    tensors, metadata, card = contents(path)
    assert list(metadata) == ["card"]  # with more, the bytes would depend on chance
    if not isinstance(change, str):
        change(card)
        change = json.dumps(card)
    save_file(tensors, str(path), {"card": change})


def test_a_file_that_names_its_kind_beside_the_card_is_read(saved):
    """As all files did before the card held its kind."""
    path, model = saved
    tensors, _, card = contents(path)
    kind = card.pop("format")
    save_file(tensors, str(path), {"format": kind, "card": json.dumps(card)})
    again, _ = load(path)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters()))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda card: card["variant"].update(head="linear"), "do not fit"),
        (lambda card: card["variant"].update(head="magic"), "impossible"),
        (lambda card: card["variant"].update(pools=[{"kernel": 1, "stride": 1, "padding": 0}] * 10**5), "impossible"),
        (lambda card: card["variant"].update(mean="much"), "impossible"),
        (lambda card: card["variant"].update(std=10**400), "impossible"),
        (lambda card: card["variant"]["pools"][1].update(stride=10**30), "impossible"),
        (lambda card: card["variant"]["pools"][1].update(stride=2.5), "whole number"),
        (lambda card: card.pop("recipe"), "cannot be read"),
        (lambda card: card["recipe"].update(magic=1), "cannot be read"),
        (lambda card: card["recipe"].update(lr=1e9), "impossible recipe"),
        (lambda card: card["recipe"].update(epochs="many"), "impossible recipe"),
        (lambda card: card["recipe"].update(epochs=10**400), "impossible recipe"),
        (lambda card: card["recipe"].update(epochs=1.5), "impossible recipe"),
        (lambda card: card.update(test_accuracy="all"), "cannot be read"),
        (lambda card: card.update(name=["mine"]), "cannot be read"),
        (lambda card: card.update(history=[{"epoch": 0}]), "cannot be read"),
        (lambda card: card.update(history=3), "cannot be read"),
        (lambda card: card.update(history=card["history"] * 1000), "more records than epochs"),
        (lambda card: card["recipe"].update(shuffle=[1]), "impossible recipe"),
        (lambda card: card["variant"].update(output_activation="no"), "impossible network"),
        (lambda card: card.update(checksum="0"), "checksum"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_a_card_that_does_not_fit(saved, change, word):
    path, _ = saved
    with_card(path, change)
    refuse(path, word)


@pytest.mark.parametrize(
    "header",
    [
        b'{"__metadata__":null}',
        b'{"a":{"dtype":"F32","shape":[0,9223372036854775808],"data_offsets":[0,0]}}',
        b"[]",
        b"null",
        b"7",
    ],
)
def test_a_crafted_header(header):
    with pytest.raises(WeightsError):
        load(len(header).to_bytes(8, "little") + header)


def test_loading_draws_no_random_number(saved):
    path, _ = saved
    before = torch.get_rng_state()
    load(path)
    assert torch.equal(torch.get_rng_state(), before)


def test_unknown_names_get_the_known_ones():
    for use in (lenet.card, lambda name: lenet.create_model(name, pretrained=True)):
        with pytest.raises(WeightsError, match="best"):
            use("alexnet")
        with pytest.raises(WeightsError, match="best"):
            use("../pretrained/best")
    with pytest.raises(WeightsError, match="by name"):
        lenet.create_model(replace(VARIANTS["best"]), pretrained=True)


def test_the_weights_folder_holds_nothing_that_runs_code():
    assert not [path for path in FOLDER.rglob("*") if path.suffix in (".pt", ".pth", ".pkl", ".ckpt")]


@pytest.mark.parametrize("name", ["tanh", "pool-kernel-3", "rnn-steps"])
def test_a_plain_state_dict_of_another_program_gets_a_card_on_the_spot(name):
    model = lenet.create_model(name, pretrained=True)
    modules = {module: number for number, module in enumerate(dict(model.named_children()))}
    elsewhere = {f"{9 + modules[k.split('.')[0]]}.{k.split('.')[1]}": v for k, v in model.state_dict().items()}
    found, card = adopt(plain(elsewhere), "net.safetensors", mnist("train"), mnist("test")[:500])
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), found.state_dict().values()))
    assert (card.variant.activation, card.variant.pools, card.variant.head) == (
        model.variant.activation,
        model.variant.pools,
        model.variant.head,
    )
    assert card.name == BROUGHT and card.test_accuracy > 0.95
    assert load(weights_bytes(found, card))[1].variant == card.variant


def test_the_networks_of_d2l_and_of_pytorchs_tutorial_come_from_their_own_state_dicts():
    d2l = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2, 2)),
        *(nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2, 2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10)),
    )
    tutorial = nn.Sequential(
        *(nn.ZeroPad2d(2), nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )
    x = pixels(mnist("test")[:50].images)
    for name, theirs in (("d2l", d2l), ("pytorch-tutorial", tutorial)):
        ours = lenet.create_model(name, pretrained=True)
        theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
        found, card = adopt(plain(theirs.state_dict()), "net.safetensors", mnist("train"), mnist("test")[:500])
        torch.testing.assert_close(found(x), theirs(x))
        assert card.test_accuracy == evaluate(ours, mnist("test")[:500]).accuracy > 0.95


BUILT = {
    "PyTorch's example": Variant(
        pools=(Pool(1, 1, 0, NONE), Pool()),
        convs=(Convolution(3, 1, 0, 8), Convolution(3, 1, 0, 12)),
        hidden=(40,),
        output_activation=False,
        mean=0.1307,
        std=0.3081,
    ),
    "means and tanh": Variant(
        "tanh",
        (Pool(kind="average"),) * 2,
        output_activation=False,
        convs=(Convolution(7, 1, 0, 5), Convolution(4, 1, 0, 9)),
        hidden=(60, 50, 50),
    ),
    "three with frames": Variant(
        pools=(Pool(),) * 3,
        convs=tuple(Convolution(3, 1, 1, channels) for channels in (8, 16, 24)),
        hidden=(),
        output_activation=False,
    ),
}


@pytest.mark.parametrize("name", BUILT)
def test_a_network_of_any_shape_is_recognised_from_its_weights(name):
    model = new_model(BUILT[name], 0)
    for _ in train(model, Recipe("adam", 0.003, batch_size=64, epochs=1, train_size=20_000), mnist("train")):
        pass
    elsewhere = {f"module.net.{key}": value for key, value in model.state_dict().items()}
    found, card = adopt(plain(elsewhere), "net.safetensors", mnist("train"), mnist("test")[:500])
    assert card.variant == BUILT[name]
    x = pixels(mnist("test")[:50].images)
    assert torch.equal(found(x), model.eval()(x))


@pytest.mark.parametrize(
    "shapes",
    [
        {"conv": (0, 1, 5, 5), "fc": (10, 256)},
        {"conv": (6, 1, 5, 5), "fc": (10, 0)},
        {f"conv{at}": (1, 1, 1, 1) for at in range(40)} | {"fc": (10, 784)},
        {f"fc{at}": (10, 10) for at in range(9)},
        {"conv1": (6, 3, 5, 5), "conv2": (16, 6, 5, 5), "fc1": (10, 400)},
    ],
)
def test_strange_shapes_get_a_sentence(shapes):
    weights = {f"{name}.weight": torch.zeros(shape) for name, shape in shapes.items()}
    biases = {f"{name}.bias": torch.zeros(shape[0]) for name, shape in shapes.items()}
    with pytest.raises(WeightsError, match="fits no LeNet here"):
        adopt(plain(weights | biases), "net.safetensors", mnist("train"), mnist("test")[:100])


def test_a_state_dict_that_does_not_fit_says_which_layers():
    other = {"features.0.weight": torch.zeros(6, 1, 5, 5), "classifier.0.weight": torch.zeros(120, 400)}
    with pytest.raises(WeightsError, match=r"fits no LeNet here.*conv1.bias would be 6, and the file has none"):
        adopt(plain(other), "net.safetensors", mnist("train"), mnist("test")[:100])
    almost = lenet.create_model("best", pretrained=True).state_dict() | {"fc1.weight": torch.zeros(120, 399)}
    with pytest.raises(WeightsError, match=r"fc1.weight would be 120 × 256.*nothing for fc1.weight \(120 × 399\)"):
        adopt(plain(almost), "net.safetensors", mnist("train"), mnist("test")[:100])
    with pytest.raises(WeightsError, match="is damaged or is no safetensors file"):
        adopt(b"PK and so on", "net.safetensors", mnist("train"), mnist("test")[:100])


def test_a_network_of_the_builder_comes_back_from_its_file():
    for at in range(12):
        model = new_model(some_variant(random.Random(at)), 0).eval()
        again, card = load(weights_bytes(model, Card("built", model.variant, Recipe(), 0.5)))
        x = torch.rand(3, 1, 28, 28)
        assert card.variant == model.variant
        torch.testing.assert_close(again(x), model(x))
