"""Wrong input in bulk: uploads, links and websocket messages, which Hypothesis makes and, when one does harm, shrinks.

An upload must give a picture or a sentence, a link no exception on its page, and after any messages the server must
still answer somebody else's drawing. The same counts make the same input every time.
"""

import argparse
import asyncio
import time
from functools import cache
from io import BytesIO
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed

from benchmarks.app.browser import Server
from benchmarks.app.visitor import Visitor, drawings, visit

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
NAMES = (
    *(
        "digit",
        "network",
        "networks",
        "experiment",
        "guess-kernels",
        "section",
        "curve",
        "again",
        "more",
        "run",
        "preset",
    ),
    *("lr", "epochs", "seed", "train_size", "shuffle", "optimiser", "rotate", "noise"),
    *("depth", "activation", "head", "output", "conv1", "pool1", "hidden", "fc1_act", "conv2_drop"),
)
VALUES = (
    *("", "-1", "7", "10000", "1e309", "-inf", "nan", "٣", "best", "original", "True", "None", "%00", "\x00"),
    *("../../etc/passwd", "{{7*7}}", "A" * 5000, "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))"),
    *("'; DROP TABLE digits; --", "\U0001f522"),
)
AT_ONCE = 10  # messages between two looks at somebody else's drawing


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--links", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=1000)


def run(arguments: argparse.Namespace) -> None:
    """Send it all; what is wrong ends the run with its traceback and the smallest input that does it."""
    read, slowest = uploads(arguments.uploads)
    print(f"{arguments.uploads} uploads: {read} read as digits, the others refused; slowest {slowest:.2f} s")
    server = Server()
    try:
        links(server.url, arguments.links)
        print(f"{arguments.links} links: no exception")
        closed = messages(server.url, arguments.messages)
        print(f"{arguments.messages} messages: {closed} connections closed by the server, which answers everybody else")
    finally:
        server.stop()


def _examples(count: int) -> settings:
    """So many, the same every time; each may take as long as the server does."""
    return settings(
        max_examples=count, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )


def uploads(count: int) -> tuple[int, float]:
    """How many damaged pictures were read all the same, and the seconds that the slowest of all took."""
    from lenet.ink import InkError, open_picture, to_mnist

    read, seconds = 0, [0.0]

    @_examples(count)
    @given(st.binary(max_size=4096) | damaged_pictures())
    def upload(content: bytes) -> None:
        nonlocal read
        started = time.perf_counter()
        try:
            to_mnist(open_picture(BytesIO(content)))
            read += 1
        except InkError:
            pass
        seconds.append(time.perf_counter() - started)

    upload()
    return read, max(seconds)


@st.composite
def damaged_pictures(draw: st.DrawFn) -> bytes:
    """A picture of a digit with some bytes changed, left out or added, often near the beginning."""
    content = bytearray(draw(st.sampled_from(_pictures())))
    for _ in range(draw(st.integers(1, 11))):
        at = draw(st.integers(0, min(len(content), 200)) | st.integers(0, len(content)))
        content[at : at + draw(st.integers(0, 39))] = draw(st.binary(max_size=39))
    return bytes(content)


@cache
def _pictures() -> list[bytes]:
    picture = Image.new("L", (120, 90), 255)
    ImageDraw.Draw(picture).line([(40, 15), (80, 15), (55, 75)], fill=0, width=8)
    turned = Image.Exif()
    turned[0x0112], turned[0x0100], turned[0x010F] = 6, 90, "camera"  # to its side
    files = {name: BytesIO() for name in (*FORMATS, "turned")}
    for name in FORMATS:
        picture.convert("RGB" if name in ("WEBP", "JPEG") else "L").save(files[name], name)
    picture.save(files["turned"], "JPEG", exif=turned)
    return [file.getvalue() for file in files.values()]


def queries() -> st.SearchStrategy[str]:
    """Query strings that nobody should send."""
    values = st.sampled_from(VALUES) | st.text(max_size=20)
    pairs = st.lists(st.tuples(st.sampled_from(NAMES) | values, values), min_size=1, max_size=4)
    return pairs.map(urlencode) | st.sampled_from(("&&&==", "digit", "%ff=%fe", "?" * 100, "=="))


def links(url: str, count: int) -> None:
    """Open pages with that many strange links, each as somebody new. Raises VisitError if one shows an exception."""

    async def pages() -> list[str]:
        async with Visitor(url) as visitor:
            await visitor.open()
            return list(visitor.pages)

    async def opened(page: str, query: str) -> None:
        async with Visitor(url) as visitor:
            await visitor.open(page, query)

    @_examples(count)
    @given(st.sampled_from(visit(pages())), queries())
    def link(page: str, query: str) -> None:
        visit(opened(page, query))

    link()


def messages(url: str, count: int) -> int:
    """Send wrong frames, each over a connection of its own, while one visitor draws.

    How many connections the server closed. Raises VisitError if the visitor gets no answer.
    """
    closed = 0

    async def disturb(some: list[bytes | str]) -> None:
        nonlocal closed
        before, after = drawings(strokes=2)
        async with Visitor(url) as honest:
            await honest.open()
            await honest.draw(before)
            for frame in some:
                async with Visitor(url) as fuzzer:
                    try:
                        await fuzzer.send(frame)
                        await asyncio.wait_for(fuzzer.wait(), 0.05)
                    except ConnectionClosed:
                        closed += 1
                    except TimeoutError:
                        pass
            await honest.draw(after)

    @_examples(max(1, count // AT_ONCE))
    @given(st.lists(frames(), min_size=AT_ONCE, max_size=AT_ONCE))
    def message(some: list[bytes | str]) -> None:
        visit(disturb(some))

    message()
    return closed


def frames() -> st.SearchStrategy[bytes | str]:
    """Websocket frames that no page would send."""
    right = BackMsg()
    right.rerun_script.page_name = "inside"
    right.rerun_script.widget_states.widgets.add(id="$$ID-0-canvas", json_value="{")
    right.rerun_script.fragment_id = "0" * 32
    whole = right.SerializeToString()
    places = st.integers(0, len(whole) - 1)
    return st.one_of(
        st.binary(max_size=200),
        places.map(lambda end: whole[:end]),
        st.dictionaries(places, st.integers(0, 255), min_size=1, max_size=len(whole) // 10).map(
            lambda changes: bytes(changes.get(at, byte) for at, byte in enumerate(whole))
        ),
        st.sampled_from(["text, where only binary is spoken", b""]),
        st.sampled_from(
            [
                BackMsg(debug_shutdown_runtime=True),
                BackMsg(debug_disconnect_websocket=True),
                BackMsg(load_git_info=True),
                BackMsg(clear_cache=True),
            ]
        ).map(BackMsg.SerializeToString),
    )
