"""Train a variant live: press a story or choose network and recipe, watch, and read why it learns or fails."""

import streamlit as st

from lenet.service.worker import Command, State
from lenet.study import curves
from lenet.study.curves import CurvesError
from lenet.study.experiments import EXPERIMENTS
from lenet.ui.shared import frame, networks
from lenet.ui.train import backward, controls, live, own, recorded, service, stories, update

# Nothing of a recipe can be left empty.
STYLE = """<style>
[data-testid="stNumberInputClearButton"], [data-testid="stSelectbox"] [aria-label="Clear value"] { display: none; }
</style>"""
POLL = 0.5  # seconds

PUBLISHED = list(dict.fromkeys(name for e in EXPERIMENTS for name in e.variants))

frame.page("train")
st.html(STYLE)
service.service().expect()
service.follow_link()
advanced = st.session_state.setdefault("advanced_open", controls.linked())
controls.mend_url()


def begin() -> None:
    """Train what the controls describe."""
    assert wanted  # or the button is disabled
    service.begin(wanted, controls.another_seed(recipe) if service.mine().runs else recipe)


@st.cache_data(show_spinner=False, max_entries=4)
def published(chosen: tuple[str, ...]) -> list[dict]:
    """Mean test accuracy by epoch of published runs: the paper's recipe, learning rate 0.1."""
    table = curves.read().to_pandas()
    table = table[(table.lr == 0.1) & (table.recipe == "paper") & table.variant.isin(chosen)]
    mean = table.groupby(["variant", "epoch"], as_index=False).test_accuracy.mean()
    mean["of"] = "published: " + mean.variant
    return mean.rename(columns={"test_accuracy": "value"})[["of", "epoch", "value"]].to_dict("records")


happens = st.container()
with st.expander(
    "Advanced: your own pictures, network and recipe, for Start", icon=":material/tune:", expanded=advanced
):
    data = own.choose()
    st.header("The network", anchor=False)
    blocks = st.container()
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("All its layers", anchor=False)
        wanted = controls.network(data, blocks)
    with right:
        st.header("The recipe", anchor=False)
        recipe = controls.recipe(data)
        overlay = st.multiselect("Compare with published curves", PUBLISHED, key="overlay")
live_upload = st.expander("Load weights", on_change="rerun", key="load")
if live_upload.open:
    with live_upload:
        live.upload()

networks.warm_up()
asks = not service.settled() or not networks.warm()
for newest in service.known()[-1:]:
    st.query_params[service.URL] = newest.key  # gone where one comes back from another page


def transport(job) -> None:
    """The buttons. Where a run goes on, it is told; else one can be begun."""
    going = job is not None and not job.ended
    with st.container(horizontal=True, key="transport", gap="small"):
        stories.buttons(disabled=going)
        idle = wanted is None or going
        st.button("Start", icon=":material/play_arrow:", on_click=begin, disabled=idle, key="start")
        held = job is not None and job.state == State.PAUSED
        commands = {
            Command.RESUME if held else Command.PAUSE: "resume" if held else "pause",
            Command.STEP: "skip_next",
            Command.EPOCH: "skip_next",
            Command.STOP: "stop",
        }
        for what, icon in commands.items():
            label = {Command.STEP: "One step", Command.EPOCH: "One epoch"}.get(what, what.capitalize())
            icon = f":material/{icon}:"
            told = (job, what)
            st.button(label, icon=icon, on_click=service.command, args=told, disabled=not going, key=str(what))


@st.fragment(run_every=POLL if asks else None)
def watch() -> None:
    """The newest run; asks twice a second while it goes on, and keeps it alive by asking."""
    known = service.known()
    job = known[-1] if known else None
    if (service.settled() and networks.warm()) == asks:
        st.rerun()  # the whole page, so that it begins to ask, or stops
    transport(job)
    # Each part has a place of its own: one that appears must not push another out and in again, or it flashes.
    with st.container():
        if said := service.mine().said:
            st.info(said, icon=":material/info:")
    if job is None:
        if wanted is None:
            st.info("That network cannot be built: fix the settings under Advanced.")
        recorded.play()
        return
    service.service().touch(job)
    service.collect(job)
    changed = wanted is not None and (wanted, recipe) != (job.variant, job.recipe)
    story = stories.of(job.variant, job.recipe)
    st.markdown(
        f"**{live.name(job).capitalize()}**"
        + " (the settings under Advanced have changed since)" * changed
        + (f". {story.watch}" if story else "")
    )
    with st.container():
        live.status(job, *service.service().wait_for(job))
        if job.state == State.PAUSED:
            live.change_rate(job)
    with st.container():
        live.diagnosis(job)
        live.afterwards(job)
    try:
        behind = published(tuple(overlay)) if overlay else []
    except CurvesError as error:
        st.caption(str(error))
        behind = []
    with st.container():
        if job.state == State.QUEUED:
            recorded.play()
        else:
            if job.state == State.PAUSED:
                backward.show(job)
                update.show(job)
            live.panel(job, known[-4:-1], behind)


with happens:
    watch()
