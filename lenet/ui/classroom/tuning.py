"""Train on us: the class's digits as what a network learns from, and what that was good for."""

from dataclasses import asdict
from typing import Any

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

EVERY = 1  # seconds
WAYS = {"tune": "from the weights of best", "anew": "from random weights"}  # as in lenet.classroom.tuning


def page(me: Teacher) -> None:
    """Begin a run, follow it, and compare."""
    wall = me.wall()
    if not wall:
        st.info("The wall is empty: let the class write digits first. A network can then learn from them.")
        return
    learn, test = (len({drawing.pupil for drawing in part}) for part in by_writer(wall))
    tested = (
        f"The other {test} only test it, so that it has seen nothing of their handwriting."
        if test
        else "As soon as a second pupil has written, the digits of one of you only test it."
    )
    st.markdown(f"**A network learns from the digits of {learn} of you.** {tested}")
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
    elif found := me.tuned()[1]:
        _show(found)


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
            _compare(me, job)

    watch()


def _compare(me: Teacher, job: Job) -> None:
    """Before and after, on the other writers and on MNIST; kept with the class, as the run is gone with the server."""
    called = service.mine().networks[job.key]
    run, found = me.tuned()
    data = service.service().data(job.recipe.data.checksum)
    with networks.waking(), networks.sentences():
        if run != job.key and data:
            from lenet.classroom.tuning import compare

            with st.spinner("Comparing …"):
                others, mnist = compare(networks.load(called)[0], job.recipe, data)
            found = {"start": job.recipe.start, "learnt": len(data.train), "tested": len(data.test)}
            found |= {"others": asdict(others), "mnist": asdict(mnist)}
            me.keep_tuned(job.key, found)
            run = job.key
        if run == job.key:
            _show(found)
            st.caption(f"{called} is in the pickers of all pages.")


def _show(found: dict[str, Any]) -> None:
    """What `compare` found."""
    others, mnist = found["others"], found["mnist"]
    first = found["start"] or "untrained"
    titles = {"before": f"before: {first}", "after": "after learning from you"}
    colours = {"before": palette.VARIANT_COLOURS[5], "after": palette.VARIANT_COLOURS[0]}
    shown = [
        {
            "name": title,
            "colour": colours[when],
            "results": [result("other writers", others[when], 1), result("MNIST's test", mnist[when], 2)],
        }
        for when, title in titles.items()
    ]
    least = min(test[when][1] for test in (others, mnist) for when in titles)
    membership.view("tuned", {"view": "score", "from": int(10 * min(least, 0.9)) / 10, "networks": shown})
    st.markdown(
        f"It learnt from {found['learnt']} digits. Of the {found['tested']} by other writers it now reads "
        f"{others['mended']} that it misread before, and misreads {others['spoilt']} that it read. Of MNIST it reads "
        f"{percent(mnist['after'][0], 2)} and {first} {percent(mnist['before'][0], 2)}. Lines are 95 % intervals: with "
        "few digits they are long."
    )
