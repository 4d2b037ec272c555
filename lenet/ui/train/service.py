"""The training service that all sessions share, this session's runs, and the words for what the service answers."""

from dataclasses import dataclass, field

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lenet.own_data import Loaded
from lenet.recipe import DataSet, Recipe, RecipeError
from lenet.service.queue import Job, Reason, Refusal, Service
from lenet.service.worker import Command
from lenet.ui.shared import digit, networks
from lenet.variant import Variant, VariantError

REFUSED = {
    Refusal.LEFT: "Somebody else is watching this run, so it goes on for them. You have left it.",
    Refusal.SHARED: "Somebody else is watching this run, so you can't hold it up. Stop takes it off your page alone.",
    Refusal.WAITED_FOR: "Others are waiting for their turn, so your run goes on now.",
}
ENDED_EARLY = {
    Reason.UNWATCHED: "Stopped: nobody was watching any more.",
    Reason.NOT_BEGUN: "Stopped before it began.",
    Reason.DIED: "The process that trained it died (killed, or out of memory). Start it again; other runs go on.",
    Reason.ERROR: "Training failed: {error}",
}
AGAIN = "You already trained exactly this. Here is that run. Change something, say the seed, to train another."
SHARED = (
    "A classmate already trained exactly this. Here is that run. Change something, say the seed, to train your own."
)
UNKNOWN = "The run of that link is not known here any more: start it again."
URL = "run"
RACE = "race "  # begins the name of who asks for the runs of a class's race
_MINE = "training"


@st.cache_resource(show_spinner=False)
def service() -> Service:
    """One for the whole server."""
    return Service(here=here)


def here(who: str) -> bool:
    """Whether the session of that name is connected. A race always is: nobody who watches one of its runs stops it."""
    return who.startswith(RACE) or (Runtime.exists() and Runtime.instance().is_active_session(who))


@dataclass
class Mine:
    """What this session has trained. seed: of its first run; data: pictures of one's own, by what they are called;
    runs: their keys, the newest last; numbers: what they are called here; networks: what they are called in the
    pickers; unreadable: why others are in none; said: what the service answered to the last button, until the next."""

    seed: int
    data: dict[str, DataSet] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    said: str = ""

    def add(self, key: str) -> None:
        """Make it the newest."""
        if key in self.runs:
            self.runs.remove(key)
        self.runs.append(key)
        self.numbers.setdefault(key, len(self.numbers) + 1)


def mine() -> Mine:
    """This session's runs."""
    if _MINE not in st.session_state:
        st.session_state[_MINE] = Mine(service().new_seed())
    return st.session_state[_MINE]


def own_pictures(data: DataSet) -> Loaded | None:
    """The pictures of other data than MNIST, as long as they are kept."""
    return service().data(data.checksum)


def known() -> list[Job]:
    """The runs of this session that the service still knows, the newest last."""
    return [job for key in mine().runs if (job := service().find(key))]


def settled() -> bool:
    """Whether nothing of this session's newest run is still to come."""
    runs = known()
    return not runs or runs[-1].settled


def number(job: Job) -> int:
    """Of a run in this session, from 1."""
    return mine().numbers[job.key]


def ended_early(job: Job) -> str:
    """Why a run ended before its last step, in words; empty if it did not."""
    return ENDED_EARLY[job.reason].format(error=networks.plain(job.error)) if job.reason else ""


def follow_link() -> None:
    """Join the run that the link asks for: the page was loaded anew, or somebody shared it."""
    asked = st.query_params.get(URL, "")
    if not asked or asked in mine().runs:
        return
    if service().join(asked, owner()):
        mine().add(asked)
    else:
        mine().said = UNKNOWN
        del st.query_params[URL]


def begin(variant: Variant, recipe: Recipe) -> None:
    """Ask for a run, with the digit that is being looked at. For callbacks."""
    shown = digit.current()
    try:
        job = service().submit(variant, recipe, owner(), None if shown is None else shown.pixels)
    except (RecipeError, VariantError) as error:
        mine().said = str(error)
        return
    mine().said = AGAIN if job.key in mine().runs else SHARED if job.owner != owner() else ""
    mine().add(job.key)
    st.query_params[URL] = job.key


def command(job: Job, what: Command) -> None:
    """Tell the service; a run that goes on for others is left. For callbacks."""
    refused = service().command(job, what, owner())
    mine().said = REFUSED[refused] if refused else ""
    if refused == Refusal.LEFT:
        mine().runs.remove(job.key)
        st.query_params.pop(URL, None)


def change_rate(job: Job, lr: float) -> None:
    """Another learning rate from the next step on. For callbacks."""
    refused = service().change_rate(job, lr, owner())
    mine().said = REFUSED[refused] if refused else ""


def collect(job: Job) -> None:
    """Put the network of a run that has ended into the pickers of all pages, once."""
    if job.weights is None or job.key in mine().networks or job.key in mine().unreadable:
        return
    from lenet.pretrained import WeightsError, load

    try:
        mine().networks[job.key] = networks.add_session_network(f"run-{number(job)}", *load(job.weights))
    except WeightsError as error:
        mine().unreadable[job.key] = str(error)


def owner() -> str:
    """Who asks: this session."""
    context = get_script_run_ctx()
    return context.session_id if context else ""
