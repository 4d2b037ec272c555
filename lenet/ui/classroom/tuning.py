"""Train on us: the class's digits as what a network learns from, and what that was good for."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from lenet.classroom.files import by_writer, name_of
from lenet.classroom.store import ClassError, Teacher
from lenet.formatting import percent
from lenet.own_data import OwnDataError
from lenet.service.queue import Job
from lenet.service.worker import Command
from lenet.ui.classroom.results import result
from lenet.ui.shared import membership, networks, palette
from lenet.ui.train import live, own, service

if TYPE_CHECKING:  # torch
    from lenet.classroom.tuning import Test

EVERY = 1  # seconds
WAYS = {"tune": "from the weights of best", "anew": "from random weights"}  # as in lenet.classroom.tuning
_COMPARED = "tuning_compared"  # by the run's key


def page(me: Teacher) -> None:
    """Begin a run, follow it, and compare."""
    wall = me.wall()
    if not wall:
        st.info("The wall is empty: let the class write digits first. A network can then learn from them.")
        return
    learn, test = (len({drawing.pupil for drawing in part}) for part in by_writer(wall))
    st.markdown(
        f"**A network learns from the digits of {learn} of you.** The other {test} only test it, so that it has seen "
        "nothing of their handwriting."
    )
    job = _newest(me)
    going = job is not None and not job.settled
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.segmented_control(
            "It begins", list(WAYS), format_func=WAYS.__getitem__, default="tune", required=True, key="tuning_way"
        )
        st.button(
            "Train on us",
            type="primary",
            icon=":material/model_training:",
            on_click=_begin,
            args=(me, way or "tune"),
            disabled=going,
            key="tune",
        )
        other = st.button("Other recipes", icon=":material/tune:", type="tertiary", key="train-on-us", disabled=going)
    if other and _keep(me):
        st.switch_page("pages/train.py")
    if said := st.session_state.pop("tuning_problem", ""):
        st.error(networks.plain(said))
    if job:
        _follow(me, going)


def _newest(me: Teacher) -> Job | None:
    """The last run of this session that learns from this class."""
    runs = [job for job in service.known() if job.recipe.data.name == name_of(me.code)]
    return runs[-1] if runs else None


def _keep(me: Teacher) -> Any:
    """The class's digits where runs and the page Train find them; None, with the reason on the page, if that fails."""
    try:
        return own.keep_class(me)
    except (OwnDataError, ClassError) as error:
        st.session_state["tuning_problem"] = str(error)
        return None


def _begin(me: Teacher, way: str) -> None:
    """Ask the training service for it; each run has another order of the digits, or other first weights."""
    from lenet.classroom import tuning

    if data := _keep(me):
        service.begin(tuning.VARIANT, tuning.recipe(way, data, service.mine().seed + len(service.mine().runs)))


def _follow(me: Teacher, going: bool) -> None:
    """Ask again while the run goes on."""

    @st.fragment(run_every=EVERY if going else None)
    def watch() -> None:
        job = _newest(me)
        if job is None:
            return
        if going and job.settled:
            st.rerun()  # the whole page, which then asks no more
        service.service().touch(job)
        live.status(job, *service.service().wait_for(job))
        if not job.ended:
            st.button("Stop", icon=":material/stop:", on_click=service.command, args=(job, Command.STOP), key="stop")
        service.collect(job)
        if why := service.mine().unreadable.get(job.key):
            st.warning(why)
        if job.key in service.mine().networks:
            _compare(job)

    watch()


def _compare(job: Job) -> None:
    """Before and after, on the other writers and on MNIST."""
    called = service.mine().networks[job.key]
    kept: dict[str, Any] = st.session_state.setdefault(_COMPARED, {})
    data = service.service().data(job.recipe.data.checksum)
    with networks.waking(), networks.sentences():
        if job.key not in kept and data:
            from lenet.classroom.tuning import compare

            with st.spinner("Comparing …"):
                kept[job.key] = compare(networks.load(called)[0], job.recipe, data)
        if job.key in kept:
            _show(called, job.recipe.start, *kept[job.key])


def _show(called: str, start: str, others: "Test", mnist: "Test") -> None:
    first = start or "untrained"
    pairs = (("before", first, palette.VARIANT_COLOURS[5]), ("after", called, palette.VARIANT_COLOURS[0]))
    shown = [
        {
            "name": f"{when}: {name}",
            "colour": colour,
            "results": [
                result("other writers", getattr(others, when), 1),
                result("MNIST's test", getattr(mnist, when), 2),
            ],
        }
        for when, name, colour in pairs
    ]
    least = min(getattr(test, when).low for test in (others, mnist) for when in ("before", "after"))
    membership.view("tuned", {"view": "score", "from": int(10 * min(least, 0.9)) / 10, "networks": shown})
    st.markdown(
        f"It now reads {others.mended} of the other writers' digits that it misread before, and misreads "
        f"{others.spoilt} that it read. Of MNIST it reads {percent(mnist.after.value, 2)} and {first} "
        f"{percent(mnist.before.value, 2)}. Lines are 95 % intervals: with few digits they are long. {called} is in "
        "the pickers of all pages."
    )
