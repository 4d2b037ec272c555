"""Recording, keeping and reading training tapes."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes

from lenet import tape_story
from lenet.data import Digits
from lenet.evaluation import evaluate
from lenet.recipe import Recipe, RecipeError
from lenet.tape import CHECKPOINTS, load, record, save, schedule, shipped_run
from lenet.tape_story import TAPES, TapeError, shipped, story
from lenet.training import new_model, train
from lenet.variant import VARIANTS
from tests import javascript

RECIPE = Recipe(batch_size=20, epochs=2, train_size=200, seed=3)


def digits(count: int = 200) -> Digits:
    random = torch.Generator().manual_seed(0)
    return Digits(
        torch.randint(0, 256, (count, 1, 28, 28), generator=random, dtype=torch.uint8), torch.arange(count) % 10
    )


@pytest.fixture(scope="module")
def recorded():
    return record(VARIANTS["original"], RECIPE, digits(), digits(100))


@given(st.integers(1, 100_000), st.integers(2, 60))
def test_checkpoints_begin_at_nothing_and_end_at_the_end(total, count):
    kept = schedule(total, count)
    assert kept[0] == 0 and kept[1] == 1 and kept[-1] == total
    assert kept == sorted(set(kept)) and len(kept) <= count + 1


def test_checkpoints_lie_at_equal_ratios():
    kept = schedule(4700)
    assert 18 <= len(kept) <= CHECKPOINTS + 1
    ratios = [b / a for a, b in pairwise(kept[10:])]
    assert max(ratios) / min(ratios) < 1.2


def test_the_tape_holds_the_run(recorded):
    assert recorded.steps == tuple(schedule(20))
    model = new_model(VARIANTS["original"], RECIPE.seed)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    for _ in train(model, RECIPE, digits()):
        pass
    for checkpoint, expected in [(0, start), (len(recorded) - 1, model.state_dict())]:
        for name, value in recorded.model(checkpoint).state_dict().items():
            torch.testing.assert_close(value, expected[name], rtol=1e-3, atol=1e-6)  # float16 has eleven bits


def test_a_tape_ends_with_its_run_where_drawings_are_added():
    recipe = replace(RECIPE, epochs=1, drawings=60)
    tape = record(VARIANTS["original"], recipe, digits(), digits(20))
    assert tape.steps[-1] == recipe.steps_per_epoch == 13


@pytest.mark.parametrize(("wrong", "said"), [({"batch_size": 0}, "batch size"), ({"train_size": 201}, "there are 200")])
def test_a_run_that_cannot_be_is_refused(wrong, said):
    with pytest.raises(RecipeError, match=said):
        record(VARIANTS["original"], replace(RECIPE, **wrong), digits(), digits(20))


def test_the_accuracies_are_those_of_the_weights_on_the_tape(recorded):
    for checkpoint in (0, len(recorded) - 1):
        result = evaluate(recorded.model(checkpoint), digits(100))
        assert recorded.test_accuracy[checkpoint] == result.accuracy
        assert list(recorded.class_accuracy[checkpoint]) == result.class_accuracy
        assert set(recorded.lost(checkpoint)) == set(range(10)) - set(result.predictions.tolist())


def test_a_tape_comes_back_as_it_was(recorded, tmp_path):
    path = tmp_path / "one.safetensors"
    save(recorded, path)
    back = load(path)
    assert replace(back, weights={}) == replace(recorded, weights={})
    assert all(torch.equal(back.weights[name], value) for name, value in recorded.weights.items())


def rewritten(recorded, tmp_path, change):
    """The file of a tape after change(tensors, description)."""
    path = tmp_path / "one.safetensors"
    save(recorded, path)
    tensors = from_bytes(path.read_bytes())
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["tape"])
    change(tensors, about)
    path.write_bytes(to_bytes(tensors, {"tape": json.dumps(about)}))
    return path


@pytest.mark.parametrize(
    "change,reason",
    [
        (lambda t, a: a.update(format="other"), "no training tape"),
        (lambda t, a: t.pop("fc1.weight"), "do not fit"),
        (lambda t, a: a.update(steps=a["steps"][:-1]), "cannot be read"),
        (lambda t, a: a.update(test_accuracy=a["test_accuracy"][:2]), "every checkpoint"),
        (lambda t, a: a["predicted"].__setitem__(1, [1, 2]), "every checkpoint"),
        (lambda t, a: t.update({"fc1.bias": t["fc1.bias"].bfloat16()}), "do not fit"),
        (lambda t, a: t.update({"fc1.bias": t["fc1.bias"][:-1]}), "do not fit"),
        (lambda t, a: a["variant"].update(activation="exp"), "impossible network"),
        (lambda t, a: a.pop("recipe"), "cannot be read"),
        (lambda t, a: a.update(steps=["first"] * len(a["steps"])), "cannot be read"),
        (lambda t, a: a["variant"].update(pools=7), "cannot be read"),
        (lambda t, a: a["steps"].__setitem__(1, float("inf")), "cannot be read"),
        (lambda t, a: t["fc1.weight"].view(-1).__setitem__(3, 0.5), "checksum"),
        (lambda t, a: a.pop("checksum"), "checksum"),
    ],
)
def test_what_is_no_tape_is_refused_with_a_reason(recorded, tmp_path, change, reason):
    with pytest.raises(TapeError, match=reason):
        load(rewritten(recorded, tmp_path, change))


def test_missing_and_damaged_tapes(tmp_path):
    with pytest.raises(TapeError, match="python -m lenet tape"):
        load(tmp_path / "original-1.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"no tape")
    with pytest.raises(TapeError, match="damaged"):
        load(tmp_path / "bad.safetensors")
    with pytest.raises(TapeError, match="There are: original-1"):
        shipped_run("nothing")


def test_every_tape_of_the_table_is_shipped_and_is_the_run_it_says():
    assert shipped() == list(TAPES)
    for name in TAPES:
        one = load(name)
        assert (one.variant, one.recipe) == shipped_run(name)
        assert one.steps == tuple(schedule(one.recipe.epochs * one.recipe.steps_per_epoch))


def test_one_seed_learns_and_the_other_loses_digits():
    learns, loses = load("original-1"), load("original-0")
    assert learns.test_accuracy[-1] > 0.95 and not learns.lost(len(learns) - 1)
    assert loses.lost(len(loses) - 1)


def test_a_tape_says_what_happens_and_where_it_begins():
    loses = load("original-0")
    assert 0 < loses.awakening < len(loses) - 1
    assert loses.test_accuracy[loses.awakening] <= 0.2 < loses.test_accuracy[loses.awakening + 1]
    last = len(loses) - 1
    assert loses.said(last).endswith(f"still never says {', '.join(map(str, loses.lost(last)))}.")
    assert "all ten digits" in load("original-1").said(last) and "whatever it sees" in loses.said(0)


def test_the_browser_reads_halves_as_torch_does():
    halves = torch.arange(0, 1 << 16, 7, dtype=torch.int32).to(torch.int16).view(torch.float16)
    halves = halves[halves.isfinite()]
    bits = (halves.view(torch.int16).int() & 0xFFFF).tolist()
    script = 'import { halfOf } from "@network/inside/tape-file.js"\n'
    found = javascript.run(f"{script}console.log(JSON.stringify({bits}.map(halfOf)))")
    assert found == halves.double().tolist()


def test_a_tape_tells_its_story_without_its_weights(tmp_path, monkeypatch):
    for name in TAPES:
        whole, told = load(name), story(name)
        assert told.steps == whole.steps and told.predicted == whole.predicted
        assert [told.said(at) for at in range(len(told))] == [whole.said(at) for at in range(len(whole))]
    monkeypatch.setattr(tape_story, "FOLDER", tmp_path)
    with pytest.raises(TapeError, match="python -m lenet tape original-1"):
        story("original-1")
    for content in (b"no tape", bytes(8), b"\x02" + bytes(7) + b"{}"):
        (tmp_path / "original-1.safetensors").write_bytes(content)
        with pytest.raises(TapeError, match="damaged"):
            story("original-1")
