"""The networks a page can use: the shipped ones and those trained in this session."""

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING

import streamlit as st

from lenet.paths import PRETRAINED as FOLDER
from lenet.system import return_memory, share_memory
from lenet.ui.shared import palette
from lenet.variant import INPUT_SIZE, VARIANTS

if TYPE_CHECKING:  # a page shows the picker before torch is loaded
    from lenet.model import LeNet
    from lenet.pretrained import Card

DEFAULT = "best"
FIRST = (DEFAULT, "original", "original-dead", "tanh", "sigmoid")  # in every picker; the others on request
WAKING = "Loading PyTorch and the network: a few seconds, once …"
MOST_OF_A_SESSION = 20  # networks trained or loaded; the oldest makes room
TIDY = 20  # seconds
TURN = 0.001  # seconds that a thread may keep Python from others that wait: a stroke waits for it many times
_SESSION = "session_networks"
_UNKNOWN = "unknown_networks"  # what the link asked for in vain: the picker takes it out of the URL at once

_MORE = "more_networks"  # those asked for in this session
_REMOVED = "removed_network"
_COLOURS = "network_colours"
MOST_IN_WORDS = {2: "Two", 3: "Three"}
_PLACE = "picker_place"  # the page whose picker was shown last
_LAST = "last_networks"  # those chosen last, on whichever page

_lock = Lock()
_stroke = Lock()
_warming: Thread | None = None


def names() -> list[str]:
    """Shipped networks, `best` first, then the others in the registry's order, then those trained in this session."""
    files = {path.stem for path in FOLDER.glob("*.safetensors")}
    known = [DEFAULT, *(name for name in VARIANTS if name != DEFAULT)]
    shipped = [name for name in known if name in files] + sorted(files - set(known))
    return shipped + list(st.session_state.get(_SESSION, {}))


def load(name: str) -> "tuple[LeNet, Card]":
    """Network and card of that name. Shared by all sessions: never change it. Raises WeightsError."""
    session = st.session_state.get(_SESSION, {})
    return session[name] if name in session else _shipped(name)


def of_session(name: str) -> "tuple[LeNet, Card] | None":
    """Network and card of that name if it was trained or loaded in this session."""
    return st.session_state.get(_SESSION, {}).get(name)


def problem(name: str) -> str:
    """Why the network of that name cannot be used; empty if it can."""
    return " ".join(load_all([name])[1])


@st.cache_resource(max_entries=32, show_spinner=False)
def _shipped(name: str) -> "tuple[LeNet, Card]":
    import torch

    from lenet import pretrained

    torch.set_num_threads(1)  # thirty people share the machine; a second thread gains nothing on one digit
    return pretrained.load(FOLDER / f"{name}.safetensors")


def load_all(chosen: list[str]) -> "tuple[dict[str, LeNet], list[str]]":
    """The networks that can be loaded, and for each of the others a sentence that says why not."""
    from lenet.pretrained import WeightsError

    models, problems = {}, []
    for name in chosen:
        try:
            models[name] = load(name)[0]
        except WeightsError as error:
            problems.append(str(error))
    return models, problems


@contextmanager
def sentences() -> Iterator[None]:
    """If weights or data cannot be read, the page says why in place of what would have been made of them."""
    try:
        yield
    except Exception as error:
        from lenet.data import DataError  # only now: a page is on the screen before torch is loaded
        from lenet.pretrained import WeightsError

        if not isinstance(error, (DataError, WeightsError)):
            raise
        st.error(str(error))


def waking() -> AbstractContextManager:
    """Say that torch is being loaded, while it is."""
    return nullcontext() if warm() else st.spinner(WAKING)


def warm_up() -> None:
    """Load torch and the default network in the background, once, so that the first stroke need not wait for them."""
    global _warming
    with _lock:
        if _warming is None:
            _warming = Thread(target=_warm, daemon=True, name="warm-up")
            _warming.start()


def warm() -> bool:
    """Whether a digit can be read at once."""
    return _warming is not None and not _warming.is_alive()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """The drawings of all sessions one after another: at once, they would wait for one another at every step."""
    with _stroke:
        yield


def _warm() -> None:
    import torch

    from lenet import ink, pretrained  # noqa: F401, the stroke needs both

    torch.set_num_threads(1)
    sys.setswitchinterval(TURN)
    share_memory()
    with suppress(pretrained.WeightsError):  # the page says it when it needs the network
        pretrained.create_model(DEFAULT, pretrained=True)(torch.zeros(1, 1, INPUT_SIZE, INPUT_SIZE))
    # What torch brought is never rubbish: no collection need look through it.
    gc.collect()
    gc.freeze()
    Thread(target=_keep_tidy, daemon=True, name="tidy").start()


def _keep_tidy() -> None:
    while True:
        time.sleep(TIDY)
        tidy()


def tidy() -> None:
    """Give back the memory of those who have left. Streamlit would do the first half after every run of a script."""
    gc.collect()
    return_memory()


def add_session_network(name: str, model: "LeNet", card: "Card") -> str:
    """Make a network trained in this session known to the pickers of all pages.

    Returns the name it got: a number is added if the name is taken. Raises WeightsError if it cannot read.
    """
    import torch

    from lenet.pretrained import WeightsError

    if not all(parameter.isfinite().all() for parameter in model.parameters()):
        raise WeightsError(f"{name} can't be used: its weights contain NaN. Try a lower learning rate.")
    if not all(stage.output.isfinite().all() for stage in model.trace(torch.ones(1, 1, INPUT_SIZE, INPUT_SIZE))):
        raise WeightsError(
            f"{name} can't be used: its weights are so large that its answers are NaN. Try a lower learning rate."
        )
    taken, unique, number = set(names()), name, 2
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    mine = st.session_state.setdefault(_SESSION, {})
    mine[unique] = (model.eval().requires_grad_(False), card)
    for oldest in list(mine)[:-MOST_OF_A_SESSION]:
        del mine[oldest]
    return unique


def choose(key: str = "network", most: int = 1, label: str = "Network") -> list[str]:
    """The picker, bound to the URL as ?key=name (several: ?key=a&key=b). At least one, at most `most` names."""
    options = names()
    if not options:
        st.error(
            "No networks are shipped in pretrained/. Restore them from the repository: `git checkout -- pretrained`"
        )
        return []
    asked = [name for name in st.query_params.get_all(key) if name]
    unknown = [name for name in asked if name not in options]
    if unknown:
        st.session_state[_UNKNOWN] = unknown
    missing = st.session_state.get(_UNKNOWN, [] if DEFAULT in options else [DEFAULT])
    if gone := [name for name in missing if name in VARIANTS]:
        st.warning(f"The weights of {', '.join(gone)} are missing: `git checkout -- pretrained` brings them back.")
    if strange := [name for name in missing if name not in VARIANTS]:
        st.warning(
            f"There is no network called {', '.join(map(_quoted, strange))} here. One that somebody trained or loaded "
            f"stays with them until they send you its file. {options[0]} reads instead."
        )
    st.session_state.setdefault(_MORE, set()).update(asked)
    at_hand = {*FIRST, *st.session_state[_MORE], *st.session_state.get(_SESSION, {}), options[0]}
    others = [name for name in options if name not in at_hand]
    options = [name for name in options if name in at_hand]
    before = [name for name in st.session_state.get(_LAST, []) if name in options][:most]
    here = st.context.url
    arrived = key not in st.session_state or st.session_state.get(_PLACE) != here
    st.session_state[_PLACE] = here
    if arrived and not asked and before not in ([], [DEFAULT]):  # come from another page
        st.session_state.pop(key, None)
        st.query_params[key] = before
        st.rerun()  # a picker follows the address as it was when the run began
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = _pick(key, most, label, options)
        if others:
            with st.popover("More", icon=":material/add:", help="Networks of every other variant"):
                st.selectbox(
                    "Another network", others, index=None, key=f"{key}-another", on_change=_add, args=(key, most)
                )
    if most > 1 or chosen != before:
        st.session_state[_LAST] = chosen
    return chosen


def _pick(key: str, most: int, label: str, options: list[str]) -> list[str]:
    default = DEFAULT if DEFAULT in options else options[0]
    if most == 1:
        chosen = st.pills(
            label,
            options,
            default=default,
            key=key,
            bind="query-params",
            required=True,
            wrap=True,
            on_change=_picked,
            args=(key,),
        )
        return [chosen] if chosen in options else [default]
    several = st.pills(
        label,
        options,
        selection_mode="multi",
        default=[default],
        key=key,
        bind="query-params",
        wrap=True,
        on_change=_picked,
        args=(key, most, default),
    )
    return [name for name in several if name in options][:most] or [default]


def _add(key: str, most: int) -> None:
    """Put what was chosen under More beside the others, and choose it."""
    name = st.session_state[f"{key}-another"]
    if name is None:
        return
    st.session_state[f"{key}-another"] = None
    st.session_state[_MORE].add(name)
    st.session_state[key] = name if most == 1 else [*(st.session_state.get(key) or []), name]
    _picked(key, most)


def _picked(key: str, most: int = 1, default: str = DEFAULT) -> None:
    """Keep the last `most` of what was picked, or the default if nothing is left; what the link asked for is no longer
    of interest."""
    st.session_state.pop(_UNKNOWN, None)
    picked = st.session_state[key]
    if most > 1:
        if dropped := picked[:-most]:
            st.session_state[_REMOVED] = f"{MOST_IN_WORDS[most]} at most, so {', '.join(dropped)} was removed."
        st.session_state[key] = picked = picked[-most:] or [default]
    st.session_state[_LAST] = picked if most > 1 else [picked]  # at once: another page may be on its way already


def removed() -> str:
    """Which network had to make room for the one that was just chosen, in a sentence, once; else empty."""
    return st.session_state.pop(_REMOVED, "")


def colours(chosen: list[str]) -> list[str]:
    """A colour for each network, which it keeps as long as it is chosen, whatever others come and go."""
    kept: dict[str, int] = {n: at for n, at in st.session_state.get(_COLOURS, {}).items() if n in chosen}
    for name in chosen:
        free = (at for at in range(len(palette.VARIANT_COLOURS)) if at not in kept.values())
        kept.setdefault(name, next(free))
    st.session_state[_COLOURS] = kept
    return [palette.VARIANT_COLOURS[kept[name]] for name in chosen]


def plain(text: str) -> str:
    """A sentence with somebody's text in it, without anything that Markdown would act on."""
    return " ".join("".join(" " if c in "[]<>`*$\\~/#|" else c for c in text).split())


def _quoted(name: str) -> str:
    """Somebody's name for a network, cut short."""
    return "“" + "".join(c for c in name[:40] if c.isalnum() or c in " -_.") + "”"
