"""Each transformation against an independent implementation, sweeps, break points and the averages."""

import math
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage, stats

from lenet.data import mnist, pixels
from lenet.ink import InkError, read_cells
from lenet.probes import stress
from lenet.probes.stress import AMOUNTS, TRANSFORMATIONS, break_points, first_changes, sweep, transform
from lenet.training import new_model
from lenet.variant import VARIANTS

MIDDLE = 13.5


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    return pixels(mnist("test").images[:8])


def array(image: torch.Tensor) -> np.ndarray:
    return image[0].double().numpy()


def by_scipy(image: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """The 2 × 2 matrix takes (row, column) of the new picture to those of the old one, from the middle."""
    offset = np.array([MIDDLE, MIDDLE]) - inverse @ [MIDDLE, MIDDLE]
    return ndimage.affine_transform(image, inverse, offset, order=1, mode="grid-constant")


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_the_neutral_amount_changes_nothing_bit_for_bit(name, digits):
    assert torch.equal(transform(digits, {name: TRANSFORMATIONS[name].neutral}), digits)


def test_all_neutral_amounts_together_change_nothing_bit_for_bit(digits):
    assert torch.equal(transform(digits, {name: row.neutral for name, row in TRANSFORMATIONS.items()}), digits)


@pytest.mark.parametrize("right", range(-10, 11))
def test_a_shift_by_whole_pixels_is_a_roll_inside_the_frame(right, digits):
    rolled = digits.roll(right, 3)
    if right > 0:
        rolled[..., :right] = 0
    elif right < 0:
        rolled[..., right:] = 0
    assert torch.equal(transform(digits, {"shift": right}), rolled)


@pytest.mark.parametrize("right", [-3.5, 0.25, 1.75])
def test_a_shift_between_pixels_against_scipy(right, digits):
    for image in digits:
        expected = ndimage.shift(array(image), (0, right), order=1, mode="grid-constant")
        np.testing.assert_allclose(array(transform(image[None], {"shift": right})[0]), expected, atol=1e-6)


@pytest.mark.parametrize("times", [0.5, 0.83, 1.2, 1.5])
def test_scale_against_scipy(times, digits):
    for image in digits:
        expected = by_scipy(array(image), np.eye(2) / times)
        np.testing.assert_allclose(array(transform(image[None], {"scale": times})[0]), expected, atol=1e-6)


@pytest.mark.parametrize("degrees", [-90, -37.5, 12, 45, 90])
def test_rotation_against_pillow(degrees, digits):
    for image in digits:
        wide = np.pad(array(image), 8).astype(np.float32)  # Pillow takes no neighbours from beyond its frame
        turned = Image.fromarray(wide).rotate(degrees, Image.Resampling.BILINEAR)
        expected = np.asarray(turned)[8:-8, 8:-8]
        np.testing.assert_allclose(array(transform(image[None], {"rotate": degrees})[0]), expected, atol=2e-3)


@pytest.mark.parametrize("percent", [-50, -20, 25, 50])
def test_squeeze_against_scipy(percent, digits):
    for image in digits:
        expected = by_scipy(array(image), np.diag([1, 1 / (1 - percent / 100)]))
        np.testing.assert_allclose(array(transform(image[None], {"squeeze": percent})[0]), expected, atol=1e-6)


@pytest.mark.parametrize("added", [-2, -1, 0.5, 1, 3])
def test_stroke_width_against_scipys_morphology_on_a_finer_grid(added, digits):
    """The picture eight times as fine, and a round tip of that many fine pixels."""
    fine, radius = 8, abs(added) / 2
    axis = np.arange(-int(radius * fine), int(radius * fine) + 1)
    tip = axis[:, None] ** 2 + axis**2 <= (radius * fine) ** 2
    places = np.arange(28 * fine) / fine
    rows, columns = np.meshgrid(places, places, indexing="ij")
    for image in digits:
        picture = ndimage.map_coordinates(array(image), [rows, columns], order=1, mode="grid-constant")
        change = ndimage.grey_dilation if added > 0 else ndimage.grey_erosion
        expected = change(picture, footprint=tip, mode="constant", cval=0)[::fine, ::fine]
        got = array(transform(image[None], {"stroke": added})[0])
        assert np.abs(got - expected).max() < 0.08  # a circle of fine pixels is no circle
        assert np.abs(got - expected).mean() < 0.01


@given(st.floats(-2, 3), st.floats(-2, 3))
def test_a_wider_pen_leaves_no_less_ink(one, other):
    image = pixels(mnist("test").images[:1])
    narrow, wide = (transform(image, {"stroke": amount}) for amount in sorted([one, other]))
    # Sixteen directions stand for the circle, so a point may be missed by a little.
    assert (wide - narrow).min() > -0.05 and wide.sum() >= narrow.sum() - 1e-3


def test_noise_against_numpy_and_the_normal_law(digits):
    pattern = stress.noise_pattern(5)
    for image in digits:
        expected = np.clip(array(image) + 0.3 * pattern, 0, 1)
        np.testing.assert_allclose(array(transform(image[None], {"noise": 0.3}, seed=5)[0]), expected, atol=1e-6)
    values = np.concatenate([stress.noise_pattern(seed).ravel() for seed in range(5)])
    assert stats.kstest(values, "norm").pvalue > 0.01
    assert not np.array_equal(stress.noise_pattern(0), stress.noise_pattern(1))
    torchs = torch.randn(28, 28, generator=torch.Generator().manual_seed(5))  # the averages were measured with these
    np.testing.assert_allclose(pattern, torchs, atol=3e-6)


@given(st.fixed_dictionaries({name: st.floats(row.low, row.high) for name, row in TRANSFORMATIONS.items()}))
def test_pictures_stay_pictures(amounts):
    changed = transform(pixels(mnist("test").images[:2]), amounts)
    assert changed.shape == (2, 1, 28, 28) and changed.dtype == torch.float32
    assert changed.min() >= 0 and changed.max() <= 1


def test_two_ways_at_once_are_interpolated_once(digits):
    for image in digits:
        turn = math.radians(30)
        inverse = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]) / 0.8
        expected = by_scipy(array(image), inverse)
        np.testing.assert_allclose(array(transform(image[None], {"rotate": 30, "scale": 0.8})[0]), expected, atol=1e-6)


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_amounts_hold_the_ends_and_the_neutral_one_exactly(name):
    row = TRANSFORMATIONS[name]
    for count in (AMOUNTS, 21):  # of a sweep, and of a side of the maps
        amounts = row.amounts(count).tolist()
        assert len(amounts) == count and amounts == sorted(amounts)
        assert amounts[0] == pytest.approx(row.low) and amounts[-1] == pytest.approx(row.high)
        assert amounts[row.neutral_at(count)] == row.neutral


def test_amounts_in_words():
    assert TRANSFORMATIONS["shift"].show(-3.5) == "−3.5 pixels"
    assert TRANSFORMATIONS["rotate"].show(4.5) == "+4.5°"
    assert TRANSFORMATIONS["scale"].show(0.8) == "× 0.8"
    assert TRANSFORMATIONS["noise"].show(0.25) == "0.25 of the ink"


@pytest.mark.parametrize("name", TRANSFORMATIONS)
@pytest.mark.parametrize("normalise", [False, True])
def test_a_sweep_is_what_each_amount_gives_alone(name, normalise, digits):
    model = new_model(VARIANTS["best"], 0)
    swept = sweep({"new": model}, digits[0], name, normalise)
    for place in (0, swept.at, 13, AMOUNTS - 1):
        picture = transform(digits[:1], {name: float(swept.amounts[place])})
        if normalise:
            with suppress(InkError):
                picture = read_cells(picture[0, 0].numpy()).image()[None]
        assert torch.equal(swept.pictures[place], picture[0])
        expected = model(picture).softmax(1)[0].detach()
        assert torch.allclose(swept.probabilities["new"][place], expected, atol=1e-6)


def test_centring_hides_shifts(digits):
    """A shift that cuts nothing off is undone."""
    swept = sweep({}, digits[0], "shift", normalise=True)
    whole = [place for place, amount in enumerate(swept.amounts.tolist()) if amount in (-3, -1, 0, 2, 4)]
    assert len(whole) == 5
    assert all(torch.equal(swept.pictures[place], swept.pictures[swept.at]) for place in whole)


def test_a_picture_with_nothing_left_stays_as_it_is():
    empty = torch.zeros(2, 1, 28, 28)
    assert torch.equal(stress.normalised(empty), empty)


@pytest.mark.parametrize("name", ["rnn", "lstm", "rnn-steps", "best"])
def test_each_picture_is_read_as_if_it_were_alone(name, digits):
    model = new_model(VARIANTS[name], 0)
    with torch.inference_mode():
        alone = torch.cat([model(image[None]) for image in digits])
        assert torch.allclose(stress.outputs(model, digits), alone, atol=1e-6)


def test_a_dead_network_reads_nothing():
    assert stress.read(torch.full((2, 10), 0.1)) == [None, None]


@pytest.mark.parametrize(
    "answers,at,expected",
    [
        ([3, 3, 3, 3, 3], 2, (None, None)),
        ([8, 3, 3, 3, 9], 2, (0, 4)),
        ([3, 8, 3, 9, 3], 2, (None, None)),  # it came back
        ([8, 3, 8, 3, 9, 3, 1, 2], 3, (0, 6)),
        ([3, 3, 5], 0, (None, 2)),
        ([None, 3, None], 1, (0, 2)),
    ],
)
def test_break_points(answers, at, expected):
    assert break_points(answers, at) == expected


@pytest.mark.parametrize(
    ("answers", "at", "expected"),
    [
        ([3, 3, 3, 3, 3], 2, (None, None)),
        ([8, 3, 3, 3, 9], 2, (0, 4)),
        ([3, 8, 3, 9, 3], 2, (1, 3)),  # it came back
        ([8, 3, 8, 3, 9, 3, 1, 2], 3, (2, 4)),
        ([3, 3, 5], 0, (None, 2)),
        ([None, 3, None], 1, (0, 2)),
    ],
)
def test_first_changes(answers, at, expected):
    assert first_changes(answers, at) == expected


@given(st.lists(st.integers(0, 2), min_size=1, max_size=12), st.data())
def test_beyond_a_break_point_the_answer_never_comes_back(answers, data):
    at = data.draw(st.integers(0, len(answers) - 1))
    below, above = break_points(answers, at)
    if above is not None:
        assert above > at and answers[at] not in answers[above:] and answers[above - 1] == answers[at]
    elif at < len(answers) - 1:
        assert answers[-1] == answers[at]
    if below is not None:
        assert below < at and answers[at] not in answers[: below + 1] and answers[below + 1] == answers[at]
    elif at:
        assert answers[0] == answers[at]


def test_the_target_is_the_label_or_what_is_read_at_the_neutral_amount(digits):
    swept = sweep({"new": new_model(VARIANTS["best"], 0)}, digits[0], "rotate")
    assert swept.target("new", 4) == 4
    assert swept.target("new", None) == int(swept.probabilities["new"][swept.at].argmax())


@pytest.mark.parametrize("again", [False, True])
def test_averages_are_those_of_the_sweeps_and_survive_the_file(tmp_path, again):
    digits, model = mnist("test")[:3], new_model(VARIANTS["best"], 0)
    table = stress.average({"new": model}, {"new": "abc"}, digits)
    assert len(table) == len(TRANSFORMATIONS) * AMOUNTS * 2
    file = tmp_path / "stress.parquet"
    stress.write_averages(table, file)
    rows = stress.read_averages(file).to_pylist()
    rows = [row for row in rows if row["transformation"] == "scale" and row["normalised"] == again]
    alone = torch.stack(
        [
            sweep({"new": model}, image, "scale", again).probabilities["new"][:, label]
            for image, label in zip(pixels(digits.images), digits.labels.tolist())
        ]
    ).numpy()
    np.testing.assert_allclose([row["mean"] for row in rows], alone.mean(0), atol=1e-6)
    reach = 1.96 * stats.sem(alone)
    np.testing.assert_allclose([row["high"] - row["mean"] for row in rows], reach, atol=1e-6)
    assert {row["digits"] for row in rows} == {3} and {row["checksum"] for row in rows} == {"abc"}


def test_a_missing_or_damaged_file_of_averages_gets_a_sentence(tmp_path):
    with pytest.raises(stress.AveragesError, match="missing: python -m lenet stress makes it"):
        stress.read_averages(tmp_path / "stress.parquet")
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"not a table")
    with pytest.raises(stress.AveragesError, match="damaged"):
        stress.read_averages(bad)


def test_only_networks_with_other_weights_are_measured_again(tmp_path):
    digits, file = mnist("test")[:2], tmp_path / "stress.parquet"
    models = {name: new_model(VARIANTS["best"], seed) for seed, name in enumerate(["a", "b"])}
    assert stress.add_averages(models, {"a": "1", "b": "2"}, digits, file) == ["a", "b"]
    before = [row for row in stress.read_averages(file).to_pylist() if row["network"] == "a"]
    assert stress.add_averages(models, {"a": "1", "b": "3"}, digits, file) == ["b"]
    rows = stress.read_averages(file).to_pylist()
    assert [row for row in rows if row["network"] == "a"] == before
    assert {(row["network"], row["checksum"]) for row in rows} == {("a", "1"), ("b", "3")}
    assert stress.add_averages(models, {"a": "1", "b": "3"}, digits, file) == []


def test_what_cannot_be_done_gets_a_sentence(digits):
    models = {"best": new_model(VARIANTS["best"], 0)}
    with pytest.raises(ValueError, match=r"no transformation 'rotat'\. There are: stroke, squeeze"):
        transform(digits, {"rotat": 40})
    with pytest.raises(ValueError, match="no transformation 'spin'"):
        sweep(models, digits[0], "spin")
    for amount in (5.0, -5.0):
        with pytest.raises(ValueError, match="at most 4 pixels"):
            transform(digits, {"stroke": amount})
