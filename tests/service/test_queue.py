"""The training service: fair, stoppable, and alive whatever happens to a worker."""

import os
import signal
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from lenet.data import mnist
from lenet.evaluation import evaluate
from lenet.pretrained import load
from lenet.recipe import Recipe, RecipeError
from lenet.service import queue, worker
from lenet.service.queue import Job, Reason, Refusal, Service, digest
from lenet.service.worker import NICENESS, TEN, Progress, State, extremes
from lenet.variant import VARIANTS, Pool, Variant, VariantError

pytestmark = pytest.mark.xdist_group("queue")  # they share a service, one after another
TINY = Recipe(epochs=1, train_size=512)
LONG = Recipe(epochs=500, train_size=6000)


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(workers=1, here=lambda owner: owner in ("ann", "bob"))


def until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def test_a_run_to_its_end(service, tmp_path):
    drawing = np.zeros((1, 28, 28), np.float32)
    job = service.submit(VARIANTS["best"], TINY, "ann", drawing)
    until(lambda: job.ended)
    assert job.state == State.DONE and not job.reason
    assert [epoch.epoch for epoch in job.history] == [0, 1]
    assert job.progress.step == job.progress.steps == 2
    assert job.progress.answers.shape == (11, 10) and job.progress.kernels.shape == (6, 5, 5)
    assert job.drawing is None and job.drawn == digest(drawing) != digest(drawing + 1)  # nobody's picture is kept
    (tmp_path / "w.safetensors").write_bytes(job.weights)
    model, card = load(tmp_path / "w.safetensors")
    assert card.recipe == TINY and np.allclose(model.state_dict()["conv1.weight"][:, 0], job.progress.kernels)


def test_the_ten_digits_are_one_of_each():
    assert mnist("test").labels[list(TEN)].tolist() == list(range(10))


def test_the_same_run_is_answered_from_the_first(service):
    first = service.submit(VARIANTS["best"], TINY, "ann")
    assert service.submit(VARIANTS["best"], TINY, "bob") is first
    assert service.submit(VARIANTS["best"], replace(TINY, seed=1), "bob") is not first


def test_nobody_stops_or_pauses_a_shared_run_for_the_others(service):
    job = service.submit(VARIANTS["original"], replace(LONG, seed=8), "ann")
    assert service.join(job.key, "bob") is job and service.join("guessed", "bob") is None
    until(lambda: job.progress)
    assert service.command(job, "pause", "ann") == Refusal.SHARED and not job.commands
    assert service.command(job, "stop", "ann") == Refusal.LEFT
    at = job.progress.step
    until(lambda: job.progress.step > at)
    assert job.state == State.RUNNING
    assert service.command(job, "pause", "bob") is None  # now it is his alone
    until(lambda: job.state == State.PAUSED)
    assert service.command(job, "stop", "bob") is None
    assert job.state == State.STOPPED
    until(lambda: job.settled)


def test_who_joins_a_paused_run_can_let_it_go_on(service):
    job = service.submit(VARIANTS["original"], replace(LONG, seed=9), "ann")
    until(lambda: job.progress)
    service.command(job, "pause", "ann")
    until(lambda: job.state == State.PAUSED)
    assert service.submit(VARIANTS["original"], replace(LONG, seed=9), "bob") is job
    assert service.command(job, "step", "bob") == Refusal.SHARED
    assert service.command(job, "resume", "bob") is None
    at = job.progress.step
    until(lambda: job.state == State.RUNNING and job.progress.step > at)
    service.command(job, "stop", "bob")
    service.command(job, "stop", "ann")
    until(lambda: job.settled)


def test_the_wait_is_what_runs_take_and_not_how_long_ago_they_were(monkeypatch):
    monkeypatch.setattr(Service, "_serve", lambda self, worker: None)
    service = Service(workers=1)
    done, running, *waiting = (
        service.submit(VARIANTS["best"], replace(TINY, seed=seed), f"p{seed}") for seed in range(5)
    )
    done.state = State.FAILED
    running.state, running.begun = State.RUNNING, time.monotonic() - 2
    running.progress = Progress(1, 2, 0.0, 4.0, None, None, [], [], [])
    assert service.wait_for(waiting[2]) == (2, pytest.approx(4 + 2 * (2 + 4), abs=0.5))
    done.state, done.settled, done.begun, done.took = State.DONE, True, time.monotonic() - 3600, 10.0
    assert service.wait_for(waiting[2]) == (2, pytest.approx(4 + 2 * 10))


@pytest.mark.alone
def test_who_looks_at_a_run_keeps_it_going_and_who_asks_for_its_key_does_not_share_it(monkeypatch):
    monkeypatch.setattr(queue, "ALONE", 1)
    service = Service(workers=1, abandoned_after=0.5, here=lambda owner: owner == "bob")
    job = service.submit(VARIANTS["original"], LONG, "ann")

    def step(at: int) -> bool:
        service.touch(job)
        return job.progress is not None and job.progress.step > at

    until(lambda: step(5))
    assert service.find(job.key) is job and service.find("guessed") is None
    assert job.owners == {"ann"} and not job.ended
    assert service.join(job.key, "bob") is job and job.owners == {"ann", "bob"}
    at = job.progress.step
    time.sleep(1)  # twice as long as it would go on alone
    until(lambda: job.progress.step > at)
    assert not job.ended and job.reason is None
    service.command(job, "stop", "bob")
    until(lambda: job.settled)


def test_everybody_new_gets_another_seed():
    service = Service(workers=0)
    assert [service.new_seed() for _ in range(3)] == [0, 100, 200]


def test_thinned_out_losses_keep_what_matters():
    points = [(1, 2.3), (2, 2.1), (3, 9e17), (4, 2.2)]
    assert extremes(points) == [(2, 2.1), (3, 9e17)]
    assert extremes([(1, 2.3), (2, float("nan")), (3, 7.0)])[-1][0] == 2
    assert extremes([(1, 2.3)]) == [(1, 2.3)] and extremes([]) == []


def test_the_accuracy_on_a_thousand_digits_comes_between_the_epochs(service):
    job = service.submit(VARIANTS["best"], replace(TINY, train_size=2000, batch_size=10, seed=60), "ann")
    until(lambda: job.settled)
    assert [step for step, _ in job.progress.accuracies] == [50, 100, 150, 200]
    assert job.progress.accuracies[-1][1] == pytest.approx(job.history[-1].test_accuracy, abs=0.05)


def test_a_peak_of_one_step_is_in_the_curve(service):
    recipe = replace(TINY, lr=10.0, optimiser="adam", train_size=6000, batch_size=10, seed=61)
    job = service.submit(VARIANTS["best"], recipe, "ann")
    until(lambda: job.settled)
    assert len(job.progress.losses) <= 2 * worker.CURVE_POINTS + worker.EARLY
    assert max(loss for _, loss in job.progress.losses) > job.history[-1].train_loss


def test_pause_is_answered_before_the_first_step(service):
    job = service.submit(VARIANTS["original"], replace(LONG, seed=62), "ann")
    service.command(job, "pause", "ann")
    assert job.awaited == "pause"
    until(lambda: job.state == State.PAUSED)
    until(lambda: job.awaited is None)
    service.command(job, "stop", "ann")
    until(lambda: job.settled)


def test_stop_while_the_worker_is_still_starting():
    service = Service(workers=1)
    job = service.submit(VARIANTS["original"], LONG, "ann")
    until(lambda: job.state == State.RUNNING)
    service.command(job, "stop", "ann")
    assert job.state == State.STOPPED
    until(lambda: job.settled)
    after = service.submit(VARIANTS["original"], replace(TINY, seed=3), "ann")
    until(lambda: after.settled)
    assert after.state == State.DONE


def no_thread(process, address, key) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize("what", [(sys, "executable", "/bin/false"), (worker, "_call_for_the_dead", no_thread)])
def test_a_worker_that_cannot_start_fails_its_run_alone(monkeypatch, what):
    service = Service(workers=1)
    with monkeypatch.context() as broken:
        broken.setattr(*what)
        if what[0] is worker:  # where a process may have no more threads
            broken.setattr(worker.threading, "Thread", lambda target, args, daemon: no_thread(*args))
        job = service.submit(VARIANTS["best"], replace(TINY, seed=30), "ann")
        until(lambda: job.settled)
    assert job.state == State.FAILED and job.reason == Reason.DIED and not service.processes
    after = service.submit(VARIANTS["best"], replace(TINY, seed=31), "ann")
    until(lambda: after.settled)
    assert after.state == State.DONE


def test_those_who_draw_come_before_a_worker(service):
    job = service.submit(VARIANTS["best"], replace(TINY, seed=32), "ann")
    until(lambda: job.settled)
    own, its = (os.getpriority(os.PRIO_PROCESS, pid) for pid in (0, service.processes[0]))
    assert its == min(own + NICENESS, 19)


def test_a_worker_that_does_not_answer_stop_is_replaced(service, monkeypatch):
    monkeypatch.setattr(queue, "LAST_WORDS", 0.5)
    job = service.submit(VARIANTS["original"], replace(LONG, seed=9), "ann")
    until(lambda: job.progress)
    os.kill(service.processes[0], signal.SIGSTOP)
    service.command(job, "stop", "ann")
    until(lambda: job.settled)
    assert job.state == State.STOPPED and job.weights is None
    after = service.submit(VARIANTS["original"], replace(TINY, seed=4), "bob")
    until(lambda: after.settled)
    assert after.state == State.DONE


def test_a_worker_with_nothing_to_do_gives_its_memory_back(monkeypatch):
    monkeypatch.setattr(queue, "IDLE", 0.2)
    service = Service(workers=1)
    for seed in (20, 21):
        job = service.submit(VARIANTS["best"], replace(TINY, seed=seed), "ann")
        until(lambda job=job: job.settled)
        assert job.state == State.DONE
        until(lambda: not service.processes)


def test_a_jump_of_the_clock_changes_nothing(service, monkeypatch):
    job = service.submit(VARIANTS["original"], replace(LONG, seed=10), "ann")
    until(lambda: job.progress)
    now = time.time()
    for jump in (1e7, -1e7):
        monkeypatch.setattr(time, "time", lambda jump=jump: now + jump)
        at = job.progress.step
        until(lambda at=at: job.progress.step > at)
        assert 0 <= job.progress.seconds_left < 1e5 and not job.ended
    service.command(job, "stop", "ann")
    until(lambda: job.settled)


@pytest.mark.alone
def test_stop_pause_step_and_resume(service, tmp_path):
    job = service.submit(VARIANTS["original"], LONG, "ann")
    until(lambda: job.progress)
    service.command(job, "pause", "ann")
    until(lambda: job.state == State.PAUSED)
    at = job.progress.step
    service.command(job, "step", "ann")
    until(lambda: job.state == State.PAUSED and job.progress.step == at + 1)
    service.command(job, "resume", "ann")
    until(lambda: job.progress.step > at + 3)
    begun = time.monotonic()
    service.command(job, "stop", "ann")
    assert job.state == State.STOPPED and time.monotonic() - begun < 1
    until(lambda: job.settled)
    steps = job.progress.step
    (tmp_path / "w.safetensors").write_bytes(job.weights)
    model, card = load(tmp_path / "w.safetensors")
    assert card.test_accuracy == evaluate(model, mnist("test")).accuracy  # of these weights
    last = job.interrupted or job.history[-1]  # it may have been stopped at the very end of an epoch
    assert card.test_accuracy == last.test_accuracy and last.epoch in (len(job.history), len(job.history) - 1)
    assert steps < job.progress.steps


def test_the_last_step_ends_a_run_that_goes_step_by_step(service):
    job = service.submit(VARIANTS["original"], replace(TINY, train_size=2048, seed=40), "ann")
    service.command(job, "pause", "ann")
    until(lambda: job.state == State.PAUSED)
    assert job.progress.step == 1
    service.command(job, "epoch", "ann")
    until(lambda: job.settled)
    assert job.state == State.DONE and job.progress.step == job.progress.steps == 8


def test_one_epoch_at_a_time(service):
    job = service.submit(VARIANTS["original"], replace(TINY, epochs=3, seed=41), "ann")
    service.command(job, "pause", "ann")
    for step in (1, 2, 4):
        until(lambda: job.state == State.PAUSED and job.progress.step == step)  # noqa: B023
        service.command(job, "epoch", "ann")
    until(lambda: job.settled)
    assert job.state == State.DONE and len(job.history) == 4


def test_single_steps_do_not_hold_the_others_up_for_ever(service, monkeypatch):
    monkeypatch.setattr(queue, "PATIENCE", 1.0)
    job = service.submit(VARIANTS["original"], replace(LONG, seed=42), "ann")
    service.command(job, "pause", "ann")
    until(lambda: job.state == State.PAUSED)
    waiting = service.submit(VARIANTS["original"], replace(TINY, seed=43), "bob")
    before, seconds = service.wait_for(waiting)
    assert before == 0 and seconds > 0  # a run that is held up takes the place all the same
    until(lambda: service.command(job, "step", "ann") == Refusal.WAITED_FOR)
    until(lambda: job.state == State.RUNNING)
    at = job.progress.step
    until(lambda: job.progress.step > at + 20)
    service.command(job, "stop", "ann")
    until(lambda: waiting.settled)
    assert waiting.state == State.DONE


def test_a_waiting_run_is_dropped_when_everybody_has_gone():
    service = Service(workers=1, abandoned_after=0.3, here=lambda owner: owner == "ann")
    blocker = service.submit(VARIANTS["original"], LONG, "ann")
    until(lambda: blocker.progress)
    left = service.submit(VARIANTS["original"], replace(TINY, seed=50), "gone", np.zeros((1, 28, 28), np.float32))
    waiting = service.submit(VARIANTS["original"], replace(TINY, seed=51), "ann")
    assert service.wait_for(waiting)[0] == 1
    until(lambda: service.queue() == [waiting])
    assert left.state == State.STOPPED and left.settled and left.reason == Reason.UNWATCHED and left.drawing is None
    service.command(blocker, "stop", "ann")
    until(lambda: waiting.settled)
    assert not left.history


def test_old_runs_are_forgotten_and_those_that_go_on_are_not(monkeypatch):
    monkeypatch.setattr(Service, "_serve", lambda self, worker: None)
    monkeypatch.setattr(queue, "KEPT", 3)
    service = Service(workers=1)
    first, *others = (service.submit(VARIANTS["best"], replace(TINY, seed=seed), "ann") for seed in range(5))
    for job in others:
        job.state, job.settled = State.DONE, True
    newest = service.submit(VARIANTS["best"], replace(TINY, seed=9), "ann")
    known = [service.find(job.key) for job in (first, *others, newest)]
    assert known == [first, None, None, *others[2:], newest]


def test_there_are_no_other_commands(service):
    job = service.submit(VARIANTS["best"], TINY, "ann")
    with pytest.raises(ValueError, match="halt"):
        service.command(job, "halt", "ann")


def test_ten_people_at_once_finish_in_order_and_nobody_fills_the_queue(service):
    blocker = service.submit(VARIANTS["original"], LONG, "zoe")
    until(lambda: blocker.state == State.RUNNING)
    greedy = [service.submit(VARIANTS["original"], replace(TINY, seed=100 + n), "kim") for n in range(3)]
    others = [service.submit(VARIANTS["original"], replace(TINY, seed=n), f"p{n}") for n in range(10, 19)]
    order = service.queue()
    assert order[:10] == [greedy[0], *others] and order[10:] == greedy[1:]
    assert service.wait_for(others[4])[0] == 5
    service.command(blocker, "stop", "zoe")
    finished: list[Job] = []

    def all_done() -> bool:
        for job in (*greedy, *others):
            service.touch(job)  # as their pages do
        finished.extend(job for job in (*greedy, *others) if job.ended and job not in finished)
        return len(finished) == 12

    until(all_done, 120)
    assert all(job.state == State.DONE for job in finished)
    begun = sorted(finished, key=lambda job: job.begun)
    assert begun == order


def test_a_waiting_run_can_be_stopped(service):
    blocker = service.submit(VARIANTS["original"], LONG, "zoe")
    waiting = service.submit(VARIANTS["tanh"], LONG, "ann")
    service.command(waiting, "stop", "ann")
    assert waiting.state == State.STOPPED and waiting not in service.queue()
    service.command(blocker, "stop", "zoe")
    until(lambda: blocker.ended)


def test_a_killed_worker_fails_its_run_alone(service):
    job = service.submit(VARIANTS["tanh"], replace(LONG, seed=5), "ann")
    until(lambda: job.progress)
    os.kill(service.processes[0], signal.SIGKILL)
    until(lambda: job.ended)
    assert job.state == State.FAILED and job.reason == Reason.DIED
    after = service.submit(VARIANTS["tanh"], replace(TINY, seed=6), "bob")
    until(lambda: after.ended)
    assert after.state == State.DONE


@pytest.mark.alone
@pytest.mark.parametrize(("alone", "waiting"), [(1, False), (10**6, True)])
def test_a_run_ends_when_nobody_asks_any_more_and_later_if_nobody_waits(monkeypatch, alone, waiting):
    monkeypatch.setattr(queue, "ALONE", alone)
    service = Service(workers=1, abandoned_after=0.5, here=lambda owner: owner == "ann")
    job = service.submit(VARIANTS["original"], LONG, "gone")
    if waiting:
        until(lambda: job.progress and time.monotonic() - job.seen > 1)
        assert not job.ended
        service.submit(VARIANTS["original"], replace(TINY, seed=70), "ann")
    until(lambda: job.ended, 60)
    assert job.state == State.STOPPED and job.reason == Reason.UNWATCHED


@pytest.mark.alone
def test_a_run_outlives_a_reload_and_a_closed_browser_frees_the_worker_in_seconds():
    here = {"ann", "bob"}
    service = Service(workers=1, abandoned_after=1.0, here=lambda owner: owner in here)
    job = service.submit(VARIANTS["original"], LONG, "ann")
    until(lambda: job.progress)
    waiting = service.submit(VARIANTS["original"], replace(TINY, seed=71), "bob")
    time.sleep(1.5)  # on another page all the while
    here.remove("ann")
    time.sleep(0.3)
    assert not job.ended  # since she left, not since she last looked
    here.add("ann again")
    service.join(job.key, "ann again")
    time.sleep(1.5)
    assert not job.ended and waiting.state == State.QUEUED
    here.remove("ann again")
    until(lambda: job.ended, 5)
    assert job.reason == Reason.UNWATCHED and queue.ABANDONED_AFTER < 10
    until(lambda: waiting.settled)
    assert waiting.state == State.DONE and job.weights


def test_not_a_number_and_one_image_are_survived(service):
    wild = service.submit(VARIANTS["best"], replace(TINY, lr=100.0, epochs=3), "ann")
    one = service.submit(VARIANTS["best"], Recipe(epochs=1, train_size=1, batch_size=1), "ann")
    until(lambda: wild.ended and one.ended)
    assert wild.state == one.state == State.DONE


def test_what_cannot_be_is_refused_at_once(service):
    with pytest.raises(RecipeError):
        service.submit(VARIANTS["best"], replace(TINY, lr=1e9), "ann")
    with pytest.raises(RecipeError):
        service.submit(VARIANTS["best"], replace(TINY, epochs=0), "ann")
    with pytest.raises(VariantError):
        service.submit(Variant(pools=(Pool(),) * 4), TINY, "ann")
