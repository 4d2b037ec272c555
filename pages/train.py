"""Train a variant live: choose the network and the recipe, start, watch, and read why it learns or fails."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lenet.recipe import RecipeError
from lenet.service import queue
from lenet.study import curves
from lenet.study.curves import CurvesError
from lenet.study.experiments import EXPERIMENTS
from lenet.ui.shared import digit, frame
from lenet.ui.train import controls, live
from lenet.variant import VariantError

# On a phone what happens comes before what one can choose. Nothing of a recipe can be left empty.
STYLE = """<style>
[data-testid="stNumberInputClearButton"], [data-testid="stSelectbox"] [aria-label="Clear value"] { display: none; }
@media (max-width: 640px) { [data-testid="stColumn"]:has(.st-key-transport) { order: -1; } }
</style>"""

SAID = "said_of_runs"  # key of what the service answered to the last button; it stays until the next
ANOTHER = "Change something, say the seed, to see one train from the start."
CACHED = list(dict.fromkeys(name for e in EXPERIMENTS for name in e.variants))

frame.page("train")
st.html(STYLE)
context = get_script_run_ctx()
owner = context.session_id if context else ""
runs: list[str] = st.session_state.setdefault("runs", [])  # keys of the runs of this session, the newest last
asked = st.query_params.get("run", "")
if asked and asked not in runs:
    if controls.service().find(asked, owner):
        runs.append(asked)  # the page was loaded anew, or a link was followed
    else:
        st.session_state[SAID] = "The run of that link is not known here any more: start it again."
        del st.query_params["run"]
controls.mend_url()


def begin() -> None:
    """Ask the service for the run that the controls describe."""
    st.session_state[SAID] = ""
    assert wanted  # or the button is disabled
    shown = digit.current()
    asked = controls.another_seed(recipe) if runs else recipe
    try:
        job = controls.service().submit(wanted, asked, owner, None if shown is None else shown.image.numpy())
    except (RecipeError, VariantError) as error:
        st.session_state[SAID] = str(error)
        return
    if job.key in runs:
        runs.remove(job.key)
        st.session_state[SAID] = f"You asked for this very run before, so here it is. {ANOTHER}"
    elif job.owner != owner:
        st.session_state[SAID] = f"Somebody asked for this very run before: here it is, yours as well. {ANOTHER}"
    runs.append(job.key)
    st.query_params["run"] = job.key


def command(job: queue.Job, what: str) -> None:
    """Tell the service; a run that goes on for others is left."""
    st.session_state[SAID] = refusal = controls.service().command(job, what, owner)
    if refusal and what == "stop":
        runs.remove(job.key)
        st.query_params.pop("run", None)


@st.cache_data(show_spinner=False, max_entries=4)
def published(chosen: tuple[str, ...]) -> list[dict]:
    """Mean test accuracy by epoch of cached runs: the paper's recipe, learning rate 0.1."""
    table = curves.read().to_pandas()
    table = table[(table.lr == 0.1) & (table.recipe == "paper") & table.variant.isin(chosen)]
    mean = table.groupby(["variant", "epoch"], as_index=False).test_accuracy.mean()
    mean["of"] = "cached: " + mean.variant
    return mean.rename(columns={"test_accuracy": "value"})[["of", "epoch", "value"]].to_dict("records")


left, right = st.columns([1, 2], gap="large")
with left:
    st.subheader("The network", anchor=False)
    wanted = controls.network()
    st.subheader("The recipe", anchor=False)
    recipe = controls.recipe()
    overlay = st.multiselect("Cached curves beside it", CACHED, key="overlay")
    live_upload = st.expander("Load weights", on_change="rerun", key="load")
    if live_upload.open:
        with live_upload:
            live.upload()


def known_runs() -> list[queue.Job]:
    """The runs of this session that the service still knows, the newest last."""
    return [job for key in runs if (job := controls.service().find(key, owner))]


asks = False
for newest in known_runs()[-1:]:
    asks = not newest.settled
    st.query_params["run"] = newest.key  # gone where one comes back from another page


@st.fragment(run_every=0.5 if asks else None)
def watch() -> None:
    """The newest run; asks twice a second while it goes on, and keeps it alive by asking."""
    known = known_runs()
    job = known[-1] if known else None
    if (job is None or job.settled) == asks:
        st.rerun()  # the whole page, so that it begins to ask, or stops
    going = job is not None and not job.ended
    with st.container(horizontal=True, key="transport"):
        st.button("Start", icon=":material/play_arrow:", type="primary", on_click=begin,
                  disabled=wanted is None or going, key="start")  # fmt: skip
        if job and going and job.state == queue.PAUSED:
            st.button("Resume", icon=":material/resume:", on_click=command, args=(job, "resume"), key="resume")
        else:
            st.button("Pause", icon=":material/pause:", on_click=command, args=(job, "pause"),
                      disabled=not going, key="pause")  # fmt: skip
        for what, label in (("step", "One step"), ("epoch", "One epoch")):
            st.button(label, icon=":material/skip_next:", on_click=command, args=(job, what),
                      disabled=not going, key=what)  # fmt: skip
        st.button("Stop", icon=":material/stop:", on_click=command, args=(job, "stop"), disabled=not going, key="stop")
    if said := st.session_state.get(SAID):
        st.info(said, icon=":material/info:")
    if job is None:
        if wanted:
            st.info("Choose a network and a recipe, then press **Start**. The quick recipe takes about a minute.")
            st.markdown("**What will be trained**")
            controls.shape_table(wanted)
        else:
            st.info("That network cannot be built: change it as is said beside it.")
        return
    other = wanted is not None and (wanted, recipe) != (job.variant, job.recipe)
    st.markdown(f"**{live.name(job).capitalize()}**" + ", not what is chosen now" * other)
    live.status(job, *controls.service().wait_for(job))
    live.diagnosis(job)
    live.afterwards(job)
    try:
        cached = published(tuple(overlay)) if overlay else []
    except CurvesError as error:
        st.caption(str(error))
        cached = []
    live.charts(job, known[-4:-1], cached)
    live.pictures(job)


with right:
    watch()
