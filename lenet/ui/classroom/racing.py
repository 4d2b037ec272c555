"""The race: the queue trains one seed after another, and everybody sees who loses a class."""

from dataclasses import asdict
from math import inf
from typing import Any

import streamlit as st

from lenet.classroom import race as races
from lenet.classroom.race import FAIREST, KINDS, Result
from lenet.classroom.store import RUNS, ClassError, Pupil, Race, Teacher
from lenet.service.queue import Job
from lenet.service.worker import Command, State
from lenet.ui.shared import membership
from lenet.ui.train.service import RACE, ended_early, service
from lenet.variant import CLASSES

MANY = (10, 20, FAIREST, RUNS[-1])
_JOBS = "race_jobs"  # the runs that this session has asked for, by seed


def page(me: Teacher) -> None:
    """The race that goes on, or the way to begin one."""
    race = me.race()
    if race is None:
        st.markdown(
            "**Thirty networks of one recipe, one for each pupil.** Network, digits and recipe are the same. Only the "
            "seed differs, that is the first weights. Ask first: who will lose a class?"
        )
    else:
        _live(me)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Network", list(KINDS), format_func=_label, key="race_kind", width=260)
        runs = st.selectbox("Runs", MANY, index=MANY.index(FAIREST), key="race_runs", width=120)
        words = "Start the race" if race is None else "Another race, with other seeds"
        st.button(
            words,
            type="primary" if race is None else "secondary",
            icon=":material/flag:",
            on_click=_begin,
            args=(me, kind, runs),
            key="race-begin",
        )
    recipe = races.SHORT
    st.caption(
        f"{KINDS[kind or 'paper'].about} Each run goes {recipe.epochs} times over {recipe.train_size:,} digits: "
        "a few seconds of work. Others who train on this server meanwhile take turns with the race."
    )


def _label(kind: str) -> str:
    return KINDS[kind].label


def _begin(me: Teacher, kind: str, runs: int) -> None:
    stop(me)
    me.begin_race(kind, runs)


def stop(me: Teacher) -> None:
    """No other run begins, and those that go on end."""
    race = me.race()
    if race is None:
        return
    me.stop_race()
    for seed in race.seeds:
        job = service().known(races.variant(race), races.recipe(race, seed))
        if job and not job.ended:
            service().command(job, Command.STOP, _owner(race))


def _owner(race: Race) -> str:
    """Of all runs of a race: others' first run comes before its second."""
    return f"{RACE}{race.id}"


@st.fragment(run_every=membership.TEACHER_LOOKS)
def _live(me: Teacher) -> None:
    """Ask for what has not run yet, and show what there is; by asking, the race goes on."""
    try:
        race = me.race()
        if race is None:
            return
        jobs = _advance(me, race)
        race = me.race() or race
        seen = me.view()
    except ClassError as error:
        st.error(str(error))
        return
    membership.view("race", _message(race, jobs, list(seen.pupils)))
    if not race.stopped and len(race.results) < race.runs:
        st.button("Stop the race", icon=":material/stop:", on_click=stop, args=(me,), key="race-stop")


def _advance(me: Teacher, race: Race) -> dict[int, Job]:
    """Keep what has ended, and ask for the rest. Returns the runs that the service knows, by seed."""
    kept: dict[int, Job] = {}
    asked = st.session_state.setdefault(_JOBS, {})
    for seed in race.seeds:
        if seed in race.results:
            continue
        variant, recipe = races.variant(race), races.recipe(race, seed)
        job = asked.get(seed)
        if job is None or job.state in (State.STOPPED, State.FAILED):
            failed = job is not None and job.state == State.FAILED
            job = None if race.stopped or failed else service().submit(variant, recipe, _owner(race))
            if failed:
                me.finish(race.id, seed, {"error": ended_early(asked[seed])})
        if job is None:
            continue
        asked[seed] = kept[seed] = job
        service().touch(job)
        if job.settled and job.state == State.DONE and job.history:
            me.finish(race.id, seed, asdict(races.result(variant, job.history[-1])))
    for seed in set(asked) - set(race.seeds):
        del asked[seed]
    return kept


def of_pupil(me: Pupil, number: int) -> dict[str, Any] | None:
    """What a pupil's page shows of their own run; looking at it keeps it going."""
    race = me.race()
    if race is None:
        return None
    seed = race.seed_of(number)
    job = service().known(races.variant(race), races.recipe(race, seed))
    if job:
        service().touch(job)
    lane = _lane(race, seed, job, [number])
    before = service().wait_for(job)[0] if job and job.state == State.QUEUED else 0
    return {**lane, "before": before, "network": KINDS[race.kind].label, "stopped": race.stopped}


def _message(race: Race, jobs: dict[int, Job], pupils: list[int]) -> dict[str, Any]:
    """All lanes, how far the race is, and what it says."""
    who: dict[int, list[int]] = {}
    for pupil in pupils:
        who.setdefault(race.seed_of(pupil), []).append(pupil)
    done = [Result(**found) for found in race.results.values() if "error" not in found]
    over = len(race.results) == race.runs or race.stopped
    return {
        "view": "race",
        "network": KINDS[race.kind].label,
        "lanes": [_lane(race, seed, jobs.get(seed), who.get(seed, [])) for seed in race.seeds],
        "done": len(race.results),
        "lost": sum(one.lost for one in done),
        "over": over,
        "left": None if over else _left(list(jobs.values())),
        "said": races.message(done) if over else [],
    }


def _left(jobs: list[Job]) -> float | None:
    """Seconds until the last run ends, as far as those that have ended tell."""
    took = [job.took for job in jobs if job.settled and job.took]
    waiting = [job for job in service().queue() if job in jobs]
    running = [job.progress.seconds_left for job in jobs if job.progress and not job.ended]
    if not waiting:
        return max(running, default=0.0)
    own = sum(took) / len(took) if took else max(running, default=inf)
    left = service().wait_for(waiting[-1])[1] + own
    return left if left < inf else None


def _lane(race: Race, seed: int, job: Job | None, pupils: list[int]) -> dict[str, Any]:
    """One run. digits: of each whether it is said, 1; never said (so far), 0; not known yet, None."""
    lane: dict[str, Any] = {"seed": seed, "pupils": pupils, "state": "waits", "share": 0.0, "run": job and job.key}
    if found := race.results.get(seed):
        if "error" in found:
            return {**lane, "state": "failed", "error": found["error"]}
        digits = [0 if digit in found["never"] else 1 for digit in range(CLASSES)]
        return {**lane, **found, "state": "done", "share": 1.0, "digits": digits}
    if job and (at := job.progress):
        said = [None] * CLASSES if at.confusion is None else [int(many > 0) for many in at.confusion.sum(0).tolist()]
        accuracy = at.accuracies[-1][1] if at.accuracies else None
        return {**lane, "state": "runs", "share": at.step / at.steps, "accuracy": accuracy, "digits": said}
    return {**lane, "state": "stopped" if race.stopped else "waits"}
