"""Training: recipes are checked, followed, and give the same numbers again."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lenet.data import mnist, pixels
from lenet.evaluation import NONE_OF_TEN, evaluate, gradient_norms, loss
from lenet.layers import C3
from lenet.paths import ROOT
from lenet.recipe import CHOICES, LIMITS, RECIPES, Recipe, RecipeError, between, check
from lenet.service.queue import Service
from lenet.training import (
    OPTIMISERS,
    SCHEDULES,
    Control,
    Epoch,
    Step,
    epochs,
    new_model,
    onednn_forward,
    train,
    training_set,
)
from lenet.variant import VARIANTS, Variant

SHORT = Recipe(epochs=2, train_size=512)


def test_words_of_a_recipe_have_a_meaning():
    assert tuple(OPTIMISERS) == CHOICES["optimiser"]
    assert tuple(SCHEDULES) == CHOICES["schedule"]


@pytest.mark.parametrize("name", RECIPES)
def test_named_recipes_can_be_followed(name):
    check(RECIPES[name])


def test_the_papers_recipe():
    r = RECIPES["paper"]
    assert (r.optimiser, r.lr, r.momentum, r.batch_size, r.epochs) == ("sgd", 0.1, 0.0, 256, 20)
    assert not r.shuffle and r.augmentation == "none" and r.schedule == "constant" and r.train_size == 60_000


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("wrong", ["below", "above", "nan"])
def test_a_number_out_of_range_gets_a_sentence(name, wrong):
    least, most = LIMITS[name]
    value = {"below": least - 1, "above": most * 2 + 1, "nan": float("nan")}[wrong]
    with pytest.raises(RecipeError, match=f"number {between(name)}, not {value!r}"):
        check(replace(Recipe(), **{name: value}))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"epochs": 1.5}, "epochs must be a whole number between 1 and 500, not 1.5"),
        ({"batch_size": 16.5}, "batch size must be a whole number"),
        ({"lr": "0.1"}, "lr must be a number between 1e-06 and 100, not '0.1'"),
        ({"epochs": 10**400}, "not 1000"),
        ({"seed": None}, "not None"),
    ],
)
def test_what_is_no_number_or_no_whole_one_gets_a_sentence(wrong, said):
    with pytest.raises(RecipeError, match=said):
        check(replace(Recipe(), **wrong))


def test_limits_are_printed_to_the_last_digit():
    assert between("seed") == "between 0 and 2,147,483,647"
    assert between("lr") == "between 1e-06 and 100"
    assert between("momentum") == "between 0 and 0.999"


def test_more_pictures_than_there_are_get_a_sentence():
    with pytest.raises(RecipeError, match="needs 60,000 training images, and there are 100"):
        next(train(new_model(VARIANTS["original"], 0), Recipe(), mnist("train")[:100], mnist("test")[:100]))


@pytest.mark.parametrize("name", CHOICES)
def test_an_unknown_word_gets_a_sentence_with_the_known_ones(name):
    with pytest.raises(RecipeError, match=next(iter(CHOICES[name]))):
        check(replace(Recipe(), **{name: "magic"}))


def test_the_papers_loop_is_plain_gradient_descent_in_the_files_order():
    """Against the loop written out by hand: the same weights, bit for bit."""
    data = mnist("train")
    ours, theirs = new_model(VARIANTS["original"], 4), new_model(VARIANTS["original"], 4)
    for _ in train(ours, SHORT, data):
        pass
    for _ in range(2):
        for start in (0, 256):
            x, y = pixels(data.images[start : start + 256]), data.labels[start : start + 256]
            theirs.zero_grad()
            F.cross_entropy(theirs(x), y).backward()
            with torch.no_grad():
                for parameter in theirs.parameters():
                    parameter.add_(parameter.grad, alpha=-0.1)
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters()))


@pytest.mark.parametrize("name", VARIANTS)
def test_the_layout_of_training_changes_no_output_and_no_gradient(name):
    """To the bit; where pooling windows overlap, gradients are added in another order and may be rounded otherwise."""
    model, data = new_model(VARIANTS[name], 2), mnist("train")[:64]
    results = []
    for outputs in (model, onednn_forward(model)):
        model.zero_grad()
        y = outputs(pixels(data.images))
        F.cross_entropy(y, data.labels).backward()
        results.append([y.detach(), *(parameter.grad.clone() for parameter in model.parameters())])
    overlapping = any(layer.kind == "pool" and layer.kernel > layer.stride for layer in model.layers)
    for plain, fast in zip(*results):
        if overlapping:
            assert torch.allclose(plain, fast, rtol=1e-4, atol=1e-6 * plain.abs().max().item())
        else:
            assert torch.equal(plain, fast)


def test_the_layout_of_training_does_not_hide_a_weight_that_is_no_number():
    model = new_model(VARIANTS["original"], 0)
    with torch.no_grad():
        model.conv1.weight[2] = torch.nan
    assert onednn_forward(model)(torch.rand(3, 1, 28, 28)).isnan().all()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_in_another_process_whatever_happens_to_memory():
    code = """
import sys
from dataclasses import replace
from lenet.data import mnist; from lenet.recipe import RECIPES; from lenet.variant import VARIANTS
from lenet.system import keep_memory
from lenet.training import new_model, prepare_process, train
prepare_process()
keep_memory(sys.argv[1] == "keep")
for name in ("paper", "best", "quick"):
    model = new_model(VARIANTS["best"], 5)
    recipe = replace(RECIPES[name], epochs=1, train_size=500, drawings=0, seed=5)
    for step in train(model, recipe, mnist("train")): pass
    print(name, [p.double().sum().item().hex() for p in model.parameters()], step.loss.hex())
"""
    running = [
        subprocess.Popen([sys.executable, "-c", code, memory], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for memory in ("keep", "give back")
    ]
    (once, _), (again, _) = [process.communicate() for process in running]
    assert once == again and len(once.splitlines()) == 3 and len(once) > 300


def test_an_epoch_records_what_the_curves_hold():
    history = list(epochs(train(new_model(VARIANTS["tanh"], 0), SHORT, mnist("train"), mnist("test")[:500])))
    assert [epoch.epoch for epoch in history] == [0, 1, 2]
    last = history[-1]
    assert list(last.gradient_norms) == ["conv1", "conv2", "fc1", "fc2", "fc3"]
    assert list(last.dead_units) == ["tanh1", "tanh2", "tanh3", "tanh4", "tanh5"]
    assert len(last.class_accuracy) == 10 and 1 <= last.classes_predicted <= 10
    assert 0 < history[1].train_seconds < last.train_seconds
    assert last.train_loss < history[0].train_loss


def test_one_stream_tells_each_step_and_after_the_last_of_an_epoch_what_it_came_to():
    events = list(train(new_model(VARIANTS["original"], 0), SHORT, mnist("train"), mnist("test")[:300]))
    assert [type(event) for event in events] == [Epoch, Step, Step, Epoch, Step, Step, Epoch]
    steps = [event for event in events if isinstance(event, Step)]
    assert [step.number for step in steps] == [1, 2, 3, 4]
    assert events[3].train_loss == (steps[0].loss + steps[1].loss) / 2
    assert events[3].train_seconds == steps[0].seconds + steps[1].seconds


def test_to_measure_changes_no_weight():
    measured, alone = new_model(VARIANTS["best"], 1), new_model(VARIANTS["best"], 1)
    assert all(isinstance(event, Step) for event in train(alone, SHORT, mnist("train")))
    list(train(measured, SHORT, mnist("train"), mnist("test")[:300]))
    assert all(torch.equal(a, b) for a, b in zip(measured.parameters(), alone.parameters()))


def test_a_run_that_is_stopped_is_measured_where_it_stands():
    control, seen = Control(), []
    for event in train(new_model(VARIANTS["original"], 0), SHORT, mnist("train"), mnist("test")[:300], control):
        seen.append(event)
        control.stop = isinstance(event, Step) and event.number == 3
    assert [type(event) for event in seen] == [Epoch, Step, Step, Epoch, Step, Epoch]
    assert (seen[-1].epoch, seen[-1].train_loss) == (2, seen[-2].loss)


@pytest.mark.parametrize("schedule", CHOICES["schedule"])
def test_the_learning_rate_can_be_changed_on_the_way(schedule):
    """At a rate of nothing the weights stay; back at the recipe's they are those of a run that did not learn before."""
    control, model = Control(lr_scale=0.0), new_model(VARIANTS["original"], 0)
    start = [parameter.clone() for parameter in model.parameters()]
    recipe = replace(SHORT, schedule=schedule)
    events = train(model, recipe, mnist("train"), control=control)
    for _ in range(2):
        next(events)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), start))
    control.lr_scale = 1.0
    next(events)
    assert not any(torch.equal(a, b) for a, b in zip(model.parameters(), start))


def test_drawings_are_added_to_the_training_images():
    assert len(training_set(replace(SHORT, drawings=30), mnist("train"))) == 542
    assert replace(SHORT, drawings=300).steps_per_epoch == 4
    assert len(list(train(new_model(VARIANTS["best"], 0), replace(SHORT, drawings=300), mnist("train")))) == 8


def test_one_picture_and_one_step_are_enough():
    recipe = Recipe(epochs=1, train_size=1, batch_size=1)
    assert len(list(train(new_model(VARIANTS["original"], 0), recipe, mnist("train")))) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9, 10])
def test_the_one_cycle_of_a_few_steps(count):
    recipe = Recipe(schedule="one-cycle", epochs=1, train_size=count, batch_size=1)
    assert len(list(train(new_model(VARIANTS["original"], 0), recipe, mnist("train")))) == count


def test_the_one_cycle_ends_near_nothing():
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    recipe = replace(SHORT, schedule="one-cycle", lr=0.5, train_size=6000)
    schedule = SCHEDULES["one-cycle"](optimiser, recipe)
    rates = []
    for _ in range(recipe.epochs * recipe.steps_per_epoch):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    assert max(rates) <= 0.5 and rates[-1] < 0.5 * max(rates)


def test_the_falling_rate_is_that_of_lenet_5():
    """LeCun and others 1998, section III.B: 0.0005 for two passes, then 0.0002, 0.0001, 0.00005 and 0.00001."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    recipe = replace(RECIPES["1998"], lr=0.0005, train_size=32)
    schedule = SCHEDULES["falling"](optimiser, recipe)
    rates = []
    for _ in range(20):
        rates.append(0.0005 * optimiser.param_groups[0]["lr"])
        for _ in range(recipe.steps_per_epoch):
            optimiser.step()
            schedule.step()
    assert rates == pytest.approx([5e-4] * 2 + [2e-4] * 3 + [1e-4] * 3 + [5e-5] * 4 + [1e-5] * 8)


def test_the_loss_of_distances_is_lenet_5s():
    """Equation 9, written out; a network without distances has cross entropy."""
    distances, labels = torch.rand(6, 10, generator=torch.Generator().manual_seed(0)) * 5, torch.arange(6)
    own = distances[torch.arange(6), labels]
    expected = (own + (math.exp(-NONE_OF_TEN) + (-distances).exp().sum(1)).log()).mean()
    assert loss(new_model(VARIANTS["lenet-5-1998"], 0), -distances, labels) == pytest.approx(expected.item(), rel=1e-5)
    usual = F.cross_entropy(-distances, labels)
    assert torch.equal(loss(new_model(VARIANTS["best"], 0), -distances, labels), usual)


def test_kernels_between_maps_that_are_not_connected_stay_zero():
    model = new_model(VARIANTS["lenet-5-1998"], 0)
    before = model.conv2.weight.clone()
    recipe = replace(SHORT, optimiser="adam", weight_decay=0.1, epochs=1)
    assert len(list(train(model, recipe, mnist("train")))) == 2
    for map, inputs in enumerate(C3):
        learnt = (model.conv2.weight[map] != before[map]).flatten(1).all(1)
        assert learnt.nonzero().flatten().tolist() == list(inputs)
        assert model.conv2.weight[map][~learnt].eq(0).all()


@pytest.mark.skipif("AVX" not in torch.backends.cpu.get_cpu_capability(), reason="without AVX2 it rounds otherwise")
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("size", [6, 10, 4096, 4099])
def test_adams_step_is_arithmetic_that_every_processor_does_alike(size, weight_decay):
    """The step again in NumPy, by sums, products, quotients and roots that IEEE 754 fixes to the bit: no library's own
    square root has a part in it. The kernel computes 8 or 16 weights at once, and the rest one by one."""
    random = torch.Generator().manual_seed(0)
    parameter = torch.nn.Parameter(torch.randn(size, generator=random))
    optimiser = OPTIMISERS["adam"]([parameter], Recipe(optimiser="adam", lr=0.003, weight_decay=weight_decay))

    def fused(a, b, c):  # a × b + c, as if rounded once: the sum keeps 64 bits
        return (np.longdouble(a) * np.longdouble(b) + np.longdouble(c)).astype(np.float32)

    one = np.float32
    weights = parameter.detach().numpy().copy()
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, 9):
        gradient = 10.0 ** (step % 5 - 3) * torch.randn(size, generator=random)
        parameter.grad = gradient.clone()
        optimiser.step()
        gradient = gradient.numpy()
        mean = fused(gradient - mean, one(1 - 0.9), mean)
        square = fused(one(1 - 0.999) * gradient, gradient, one(0.999) * square)
        root = np.sqrt(square) / one(math.sqrt(1 - 0.999**step)) + one(1e-8)
        weights = weights * one(1 - 0.003 * weight_decay) + -one(0.003 / (1 - 0.9**step)) * mean / root
        assert np.array_equal(parameter.detach().numpy(), weights), step


def three_or_five(pictures):
    """A teacher that never knows which of the two it is."""
    return torch.eye(10)[[3, 5]].mean(0).expand(len(pictures), 10)


def test_a_teachers_probabilities_take_the_place_of_the_labels():
    recipe = replace(SHORT, optimiser="adam", lr=0.003, epochs=20, teacher="wide")
    seen = []

    def teacher(pictures):
        seen.append(tuple(pictures.shape))
        return three_or_five(pictures)

    model = new_model(VARIANTS["best"], 0)
    steps = list(train(model, recipe, mnist("train"), teacher=teacher))
    assert seen == 40 * [(256, 1, 28, 28)]
    assert steps[-1].loss == pytest.approx(math.log(2), abs=0.01)  # the entropy of what the teacher says
    answers = model(pixels(mnist("test").images[:200])).softmax(1)
    assert torch.allclose(answers, three_or_five(answers), atol=0.1)


@pytest.mark.parametrize(
    ("name", "teacher", "variant", "said"),
    [
        ("wide", None, "best", "This recipe has a teacher: pass it."),
        ("", three_or_five, "best", "This recipe has no teacher"),
        ("wide", three_or_five, "lenet-5-1998", "ten classes, and an rbf output has eleven"),
    ],
)
def test_a_teacher_that_does_not_fit_gets_a_sentence(name, teacher, variant, said):
    recipe = replace(SHORT, teacher=name)
    with pytest.raises(RecipeError, match=said):
        next(train(new_model(VARIANTS[variant], 0), recipe, mnist("train"), teacher=teacher))


def test_a_step_that_learns_from_a_teacher_is_not_kept():
    control, model = Control(), new_model(VARIANTS["best"], 0)
    steps = train(model, replace(SHORT, teacher="wide"), mnist("train"), control=control, teacher=three_or_five)
    next(steps)
    control.keep = True
    with pytest.raises(RecipeError, match="can't be taken apart"):
        next(steps)


@pytest.mark.parametrize("teacher", ["../wide", "wide.safetensors", "W", 3, None, "x" * 41])
def test_a_teacher_is_the_name_of_a_network_and_nothing_else(teacher):
    with pytest.raises(RecipeError, match="such as wide, not"):
        check(Recipe(teacher=teacher))


def test_the_app_trains_no_teacher():
    with pytest.raises(RecipeError, match="The app can't train with a teacher"):
        Service(workers=0).submit(VARIANTS["best"], replace(SHORT, teacher="wide"), "somebody")


def test_dead_units_against_a_network_that_is_dead_by_hand():
    model = new_model(VARIANTS["original"], 0)
    with torch.no_grad():
        model.fc3.bias[:] = -1e6
        model.fc3.bias[3] = 1e6
        model.conv1.bias[0] = -1e6
    result = evaluate(model, mnist("test")[:300])
    assert result.dead_units["relu5"] == 0.9
    assert result.dead_units["relu1"] >= 1 / 6
    assert result.classes_predicted == 1 and result.class_accuracy[3] == 1.0


def test_gradient_norms_against_autograd():
    model = new_model(VARIANTS["best"], 1)
    data = mnist("train")[:1000]
    norms, loss = gradient_norms(model, mnist("train"))
    F.cross_entropy(model(pixels(data.images)), data.labels).backward()
    expected = torch.cat([p.grad.flatten() for p in model.conv2.parameters()]).norm().item()
    assert norms["conv2"] == pytest.approx(expected, rel=1e-5)
    assert loss == pytest.approx(2.3, abs=0.1)


def test_the_recurrent_head_is_evaluated_in_the_papers_batches():
    """Along the batch, the answer for the 257th digit does not depend on the first 256: it begins a new batch."""
    model, test = new_model(VARIANTS["rnn"], 0), mnist("test")
    both = evaluate(model, test[:512]).predictions
    assert torch.equal(both[256:], evaluate(model, test[256:512]).predictions)


def test_dropout_acts_in_training_only_and_a_seed_repeats_it():
    def losses(variant):
        model = new_model(variant, 0)
        digits = mnist("train")[:512]
        found = list(train(model, replace(SHORT, train_size=512), digits, digits))
        return [event.loss for event in found if isinstance(event, Step)], found[0].train_loss

    dropped, begin = losses(Variant(dropout=(0.0, 0.0, 0.5, 0.5)))
    usual, same = losses(Variant())
    assert losses(Variant(dropout=(0.0, 0.0, 0.5, 0.5))) == (dropped, begin)
    assert begin == same and dropped[0] != usual[0]
