"""What is sent to the browser about a network of this session."""

import pytest
import streamlit as st
import torch

from lenet.model import LeNet
from lenet.pretrained import load, make_card
from lenet.recipe import Recipe
from lenet.training import Epoch
from lenet.ui.shared import described, networks
from lenet.variant import VARIANTS

EPOCH = Epoch(0, 2.3, 0.1, [0.1] * 10, 1, {}, {}, 0.0)


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})


def test_a_network_of_this_session_sends_its_weights_once(session):
    model = LeNet(VARIANTS["tanh"]).eval()
    name = networks.add_session_network("mine", model, make_card("mine", VARIANTS["tanh"], Recipe(), [EPOCH]))
    told = described.message(name, "#000000")
    assert not told["url"] and not told["problem"] and told["highest"] < 0.5
    packed = described.packed(name)
    length = int.from_bytes(packed[:4], "little")
    assert packed[4 : 4 + length].decode() == told["mark"]
    same, card = load(packed[4 + length :])
    assert torch.equal(same.fc1.weight, model.fc1.weight) and card.name == "mine"


def test_shipped_networks_are_files(session):
    assert described.packed("best") is None
