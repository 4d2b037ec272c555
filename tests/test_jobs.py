"""The training service: fair, stoppable, and alive whatever happens to a worker."""

import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from lenet import jobs
from lenet.jobs import TEN, Job, Service
from lenet.pretrained import load
from lenet.recipe import Recipe, RecipeError
from lenet.variant import VARIANTS, Pool, Variant, VariantError

TINY = Recipe(epochs=1, train_size=512)
LONG = Recipe(epochs=500, train_size=6000)


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(workers=1)


def until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def test_a_run_to_its_end(service, tmp_path):
    drawing = np.zeros((1, 28, 28), np.float32)
    job = service.submit(VARIANTS["best"], TINY, "ann", drawing)
    until(lambda: job.ended)
    assert job.state == jobs.DONE and not job.reason
    assert [epoch.epoch for epoch in job.history] == [0, 1]
    assert job.progress.step == job.progress.steps == 2
    assert job.progress.answers.shape == (11, 10) and job.progress.kernels.shape == (6, 5, 5)
    (tmp_path / "w.safetensors").write_bytes(job.weights)
    model, card = load(tmp_path / "w.safetensors")
    assert card.recipe == TINY and np.allclose(model.state_dict()["conv1.weight"][:, 0], job.progress.kernels)


def test_the_ten_digits_are_one_of_each():
    from lenet.data import mnist

    assert mnist("test").labels[list(TEN)].tolist() == list(range(10))


def test_the_same_run_is_answered_from_the_first(service):
    first = service.submit(VARIANTS["best"], TINY, "ann")
    assert service.submit(VARIANTS["best"], TINY, "bob") is first
    assert service.submit(VARIANTS["best"], replace(TINY, seed=1), "bob") is not first


def test_stop_pause_step_and_resume(service):
    job = service.submit(VARIANTS["original"], LONG, "ann")
    until(lambda: job.progress)
    service.command(job, "pause")
    until(lambda: job.state == jobs.PAUSED, 5)
    at = job.progress.step
    service.command(job, "step")
    until(lambda: job.state == jobs.PAUSED and job.progress.step == at + 1, 5)
    service.command(job, "resume")
    until(lambda: job.progress.step > at + 3, 10)
    begun = time.monotonic()
    service.command(job, "stop")
    until(lambda: job.ended, 5)
    assert job.state == jobs.STOPPED and job.weights and time.monotonic() - begun < 3


def test_ten_people_at_once_finish_in_order_and_nobody_fills_the_queue(service):
    blocker = service.submit(VARIANTS["original"], LONG, "zoe")
    until(lambda: blocker.state == jobs.RUNNING)
    greedy = [service.submit(VARIANTS["original"], replace(TINY, seed=100 + n), "kim") for n in range(3)]
    others = [service.submit(VARIANTS["original"], replace(TINY, seed=n), f"p{n}") for n in range(10, 19)]
    order = service.queue()
    assert order[:10] == [greedy[0], *others] and order[10:] == greedy[1:]
    assert service.wait_for(others[4])[0] == 5
    service.command(blocker, "stop")
    finished: list[Job] = []

    def all_done() -> bool:
        finished.extend(job for job in (*greedy, *others) if job.ended and job not in finished)
        return len(finished) == 12

    until(all_done, 120)
    assert all(job.state == jobs.DONE for job in finished)
    begun = sorted(finished, key=lambda job: job.begun)
    assert begun == order


def test_a_waiting_run_can_be_stopped(service):
    blocker = service.submit(VARIANTS["original"], LONG, "zoe")
    waiting = service.submit(VARIANTS["tanh"], LONG, "ann")
    service.command(waiting, "stop")
    assert waiting.state == jobs.STOPPED and waiting not in service.queue()
    service.command(blocker, "stop")
    until(lambda: blocker.ended)


def test_a_killed_worker_fails_its_run_alone(service):
    job = service.submit(VARIANTS["tanh"], replace(LONG, seed=5), "ann")
    until(lambda: job.progress)
    os.kill(service.processes[0], signal.SIGKILL)
    until(lambda: job.ended, 10)
    assert job.state == jobs.FAILED and "died" in job.reason
    after = service.submit(VARIANTS["tanh"], replace(TINY, seed=6), "bob")
    until(lambda: after.ended)
    assert after.state == jobs.DONE


def test_a_run_ends_when_nobody_asks_any_more():
    service = Service(workers=1, abandoned_after=0.5)
    job = service.submit(VARIANTS["original"], LONG, "gone")
    until(lambda: job.ended, 60)
    assert job.state == jobs.STOPPED and "nobody" in job.reason


def test_a_run_of_somebody_who_is_here_goes_on_on_another_page():
    service = Service(workers=1, abandoned_after=0.2, here=lambda owner: owner == "ann")
    job = service.submit(VARIANTS["original"], LONG, "ann")
    until(lambda: job.progress and job.progress.step > 5)
    assert time.monotonic() - job.seen > 0.2 and not job.ended
    service.command(job, "stop")
    until(lambda: job.ended)


def test_not_a_number_and_one_image_are_survived(service):
    wild = service.submit(VARIANTS["best"], replace(TINY, lr=100.0, epochs=3), "ann")
    one = service.submit(VARIANTS["best"], Recipe(epochs=1, train_size=1, batch_size=1), "ann")
    until(lambda: wild.ended and one.ended)
    assert wild.state == one.state == jobs.DONE


def test_what_cannot_be_is_refused_at_once(service):
    with pytest.raises(RecipeError):
        service.submit(VARIANTS["best"], replace(TINY, lr=1e9), "ann")
    with pytest.raises(RecipeError):
        service.submit(VARIANTS["best"], replace(TINY, epochs=0), "ann")
    with pytest.raises(VariantError):
        service.submit(Variant(pools=(Pool(),) * 4), TINY, "ann")
