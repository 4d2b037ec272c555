"""The network of the page in the browser, where it is pointed at and edited, and what becomes of an edited one."""

import re
import zlib
from math import ceil
from typing import TYPE_CHECKING, Any

import streamlit as st

from lenet.formatting import percent
from lenet.mnist_files import pictures
from lenet.recipe import MNIST, DataSet
from lenet.ui.shared import described, digit, modules, networks
from lenet.ui.train.service import own_pictures

if TYPE_CHECKING:  # the page is on the screen before torch is loaded
    from lenet.ui.shared.digit import Digit

GONE = "The pictures of {} are not here any more: load them again on the page Train, and this is measured on them."
KEY = "inside-view"
HEIGHT = 200  # pixels of the view of the layers
TESTED = 1000  # test pictures that are sent to the browser
EVERY = 10_000 // TESTED  # of MNIST's
MARK = "test-digits"  # of the message with MNIST's
CHALLENGE = "challenge"  # in the address
BROKEN = 7  # the digit of the first challenge
# What each sets up: its name, the network, the number of a test digit. The browser knows when it is done.
CHALLENGES = {
    "break": ("Break the 7 with one weight", "original", 0),
    "repair": ("Repair original-dead by one bias", "original-dead", 11),
}
_TESTS, _KEPT, _PROBLEM = "inside_tests", "inside_kept", "inside_problem"


def show(about: dict[str, Any], shown: "Digit") -> None:
    """The network view with the panel and the editor. about: of the network, as the browser is told."""
    name = about["name"]
    challenge = fitting(st.query_params.get(CHALLENGE, ""), name, shown)
    modules.view(
        KEY,
        {
            "view": "inside",
            "height": HEIGHT,
            "network": about,
            "digit": {
                "mark": shown.mark,
                "image": modules.numbers(shown.pixels),
                "label": shown.label,
                "source": shown.source,
            },
            "challenge": challenge,
            "challenges": {key: words for key, (words, _, _) in CHALLENGES.items()},
        },
        on_digits_change=send_digits,
        on_keep_change=lambda: _keep(name),
        on_challenge_change=_begin,
    )
    if weights := described.packed(name):
        modules.view(f"weights-{name}", weights)
    send(about)
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(problem)
    _kept(name)


def tests(data: DataSet) -> dict[str, Any]:
    """What the browser is told of the pictures that a network is tested on: those of what it learnt from. mark: of the
    message that brings them; every: one in so many is sent; problem: why there are none."""
    if data == MNIST:
        return {"mark": MARK, "what": "test digits", "one": "test digit", "every": EVERY, "problem": ""}
    kept = own_pictures(data)
    return {
        "mark": f"{MARK}-{data.checksum}",
        "what": f"test pictures of {data.name}",
        "one": f"test picture of {data.name}",
        "every": ceil(len(kept.test) / TESTED) if kept else 1,
        "problem": "" if kept else GONE.format(data.name),
    }


@st.cache_data(show_spinner=False, max_entries=4)
def digits(mark: str = MARK, every: int = EVERY, _data: DataSet = MNIST) -> bytes:
    """Test pictures as the browser takes them: four bytes with the length of the mark (little-endian), the mark, and,
    compressed, the labels and then the pictures of 784 bytes each."""
    kept = own_pictures(_data)
    images, labels = (kept.test.images, kept.test.labels) if kept else pictures("test")
    sent = mark.encode()
    content = labels[::every].astype("u1").tobytes() + images[::every].tobytes()
    return len(sent).to_bytes(4, "little") + sent + zlib.compress(content, 9)


def send_digits() -> None:
    """From now on the browser gets the test pictures. For callbacks."""
    st.session_state[_TESTS] = True


def send(about: dict[str, Any]) -> None:
    """The test pictures, if the browser asked for them. about: of the network."""
    told = about["tests"]
    if st.session_state.get(_TESTS) and not told["problem"]:
        with networks.sentences():
            modules.view(told["mark"], digits(told["mark"], told["every"], _learnt(about["name"])))


def described_network(name: str) -> dict[str, Any]:
    """What the browser is told of a network, and of the pictures that it is tested on."""
    return described.message(name, networks.colours([name])[0]) | {"tests": tests(_learnt(name))}


def _learnt(name: str) -> DataSet:
    own = networks.of_session(name)
    return own[1].recipe.data if own else MNIST


def fitting(asked: str, name: str, shown: "Digit") -> str:
    """The challenge that the address asks for; none where another network, or none of its digits, is looked at."""
    if asked not in CHALLENGES or name != CHALLENGES[asked][1]:
        return ""
    return "" if asked == "break" and shown.label != BROKEN else asked


def _begin() -> None:
    """Set up the challenge that was chosen, or end the one that goes on."""
    asked = st.session_state[KEY].get("challenge")
    if asked not in CHALLENGES:
        st.query_params.pop(CHALLENGE, None)
        return
    _, name, number = CHALLENGES[asked]
    st.query_params[CHALLENGE] = asked
    st.session_state["network"] = name
    digit.show_number(number)


def _keep(name: str) -> None:
    """Make the edited network one of this session's, and look at it."""
    from lenet.data import DataError, mnist, own
    from lenet.edits import edited
    from lenet.pretrained import WeightsError

    sent: dict[str, Any] = st.session_state[KEY].get("keep") or {}
    if sent.get("name") != name:
        return
    data = _learnt(name)
    kept = own_pictures(data)
    if data != MNIST and not kept:
        st.session_state[_PROBLEM] = GONE.format(networks.plain(data.name))
        return
    try:
        test = own(kept, "test") if kept else mnist("test")
        model, card = edited(*networks.load(name), sent["changes"], sent["words"], test)
        called = networks.add_session_network(f"{re.sub('-edited(-[0-9]+)?$', '', name)}-edited", model, card)
    except (WeightsError, DataError) as error:
        st.session_state[_PROBLEM] = str(error)
        return
    st.session_state["network"] = st.session_state[_KEPT] = called
    st.query_params.pop(CHALLENGE, None)


def _kept(name: str) -> None:
    """An edited network: what was edited, and its file."""
    own = networks.of_session(name)
    if not own or not own[1].edits:
        return
    from lenet.pretrained import weights_bytes

    model, card = own
    with st.container(horizontal=True, vertical_alignment="center", key="kept"):
        st.markdown(
            f"**{name}** is in the pickers of all pages now. Accuracy {percent(card.test_accuracy)} of the test set. "
            f"Edited: {'; '.join(map(networks.plain, card.edits[-3:]))}"
            + (f" and {len(card.edits) - 3} more." if len(card.edits) > 3 else "."),
            width="content",
        )
        st.download_button(
            "Weights with their card",
            weights_bytes(model, card),
            f"{name}.safetensors",
            "application/octet-stream",
            icon=":material/download:",
            key="download-kept",
        )
