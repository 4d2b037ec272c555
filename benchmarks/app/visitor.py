"""A visitor without a browser: speaks the websocket protocol of Streamlit's own page, for the benches and the tests.

>>> async with Visitor(server.url) as visitor:
...     await visitor.open()
...     seconds = await visitor.draw(drawings()[0])

The messages are Streamlit's own protobuf classes, sent as its page sends them: the whole widget state with each rerun,
a fragment's identity with a fragment's rerun, and the hashes of the messages that need not come again.
"""

import asyncio
import itertools
import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from io import BytesIO
from math import cos, pi, sin
from typing import Any, TypeVar

from PIL import Image, ImageDraw
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from lenet.strokes import PEN, SIDE, StrokesError, from_canvas, to_message

LARGEST = 64 * 2**20  # bytes of one message
PATIENCE = 120  # seconds that one run of a page may take
Result = TypeVar("Result")
CACHED_FROM = 10_000  # bytes; Streamlit's page keeps messages that are larger


def visit(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run it to its end in a thread of its own: Playwright keeps an event loop running in the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


class VisitError(RuntimeError):
    """The page showed an exception, or not what was expected of it, or nothing in time."""


class Visitor:
    """One session. elements: what the page shows, by its place; pages: name -> hash.

    Whatever takes longer than `patience` seconds ends with a VisitError.
    """

    def __init__(self, url: str, headers: dict[str, str] | None = None, patience: float = PATIENCE):
        self.url, self.headers, self.patience = url, headers or {}, patience
        self.elements: dict[tuple[int, ...], Element] = {}
        self.pages: dict[str, str] = {}
        self.page = ""  # hash of the page that is open
        self.session = ""
        self._origin: dict[tuple[int, ...], tuple[str, str]] = {}  # place -> fragment and run that made the element
        self._cached: dict[str, ForwardMsg] = {}
        self._widgets: dict[str, WidgetState] = {}
        self._run = ""
        self._socket: ClientConnection

    async def __aenter__(self) -> "Visitor":
        self._socket = await connect(
            self.url.replace("http", "ws", 1) + "/_stcore/stream",
            max_size=LARGEST,
            origin=Origin(self.url),
            subprotocols=[Subprotocol("streamlit")],
            additional_headers=self.headers,
            open_timeout=60,
            proxy=None,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def open(self, page: str = "", query: str = "") -> None:
        """Load a page (by its file's name, the first page by default) as a link does, and wait until it has run."""
        self._widgets.clear()  # another page, other widgets
        if page in self.pages:
            await self.run(page_script_hash=self.pages[page], query_string=query)
        else:
            await self.run(page_name=page, query_string=query)

    async def press(self, key: str) -> None:
        """Press the button with this key."""
        await self.run(widget=(key, {"trigger_value": True}), fragment_id=self.fragment(key))

    async def trigger(self, key: str, event: str, value: Any) -> None:
        """Have the component with this key send an event, as its setTriggerValue does."""
        identity = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{self.widget_id(key)}__events"
        events = json.dumps([{"event": event, "value": value}])
        await self.run(trigger=WidgetState(id=identity, json_trigger_value=events), fragment_id=self.fragment(key))

    def data(self, key: str) -> dict[str, Any]:
        """What the component with this key shows."""
        found = self.find(key).bidi_component
        return json.loads(found.mixed.json or found.json)

    async def draw(self, drawing: dict[str, Any]) -> float:
        """Send a drawing as the page does before it asks for something else; one that is no drawing, as the canvas
        would. Seconds from sending to the server's reply: the browser has read the drawing, but a link waits for it."""
        before = self.answer()["digit"]["mark"]
        started = time.perf_counter()
        answered = None
        async with self._deadline():
            key, value = self._pen(drawing)
            await self._send(widget=(key, {"json_value": json.dumps(value)}), fragment_id=self.fragment(key))
            while not await self._receive():
                if answered is None and self._shows("answer") and self.answer()["digit"]["mark"] != before:
                    answered = time.perf_counter() - started
        self._check()
        if answered is None:
            raise VisitError(f"No new answer to a drawing: {self.answer()['problem'] or 'the same as before'}")
        return answered

    def _pen(self, drawing: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The component that sends the drawing, and what it sends."""
        try:
            strokes = from_canvas(drawing["raw"])
        except (StrokesError, TypeError, KeyError):
            return "canvas", {"drawing": drawing}
        board = self.answer()["board"]
        return "answer", {
            "drawing": {"strokes": to_message(strokes), "turn": board["turn"], "stroke": board["stroke"] + 1}
        }

    async def run(self, **fields: Any) -> None:
        """Ask for a run of the script, and wait for its end. Raises VisitError if the page then shows an exception."""
        async with self._deadline():
            await self._send(**fields)
        await self.wait()

    async def wait(self) -> None:
        """Read until the script has ended. Raises VisitError if the page then shows an exception."""
        async with self._deadline():
            while not await self._receive():
                pass
        self._check()

    async def send(self, frame: bytes | str) -> None:
        """Send any frame, right or wrong."""
        async with self._deadline():
            await self._socket.send(frame)

    @asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.patience):
                yield
        except TimeoutError:
            raise VisitError(f"The server at {self.url} did not answer within {self.patience:g} seconds.") from None

    def answer(self) -> dict[str, Any]:
        """What the component with the bars shows."""
        return self.data("answer")

    def find(self, key: str) -> Element:
        """The element of the widget with this key."""
        return self.elements[self._place(key)]

    def fragment(self, key: str) -> str:
        """The fragment that this widget is in; empty if it is in none."""
        return self._origin[self._place(key)][0]

    def shown(self, kind: str) -> list[Element]:
        """The elements of a kind (alert, exception, heading …), in the order of the page."""
        return [element for _, element in sorted(self.elements.items()) if element.WhichOneof("type") == kind]

    def widget_id(self, key: str) -> str:
        """Streamlit's identity of a widget."""
        return _id(self.find(key))

    def _shows(self, key: str) -> bool:
        return any(_id(element).endswith(f"-{key}") for element in self.elements.values())

    def _place(self, key: str) -> tuple[int, ...]:
        for place, element in self.elements.items():
            if _id(element).endswith(f"-{key}"):
                return place
        raise VisitError(f"The page shows no widget with the key {key!r}.")

    def _check(self) -> None:
        for element in self.shown("exception"):
            raise VisitError(f"{element.exception.type}: {element.exception.message}")

    async def _send(
        self, widget: tuple[str, dict[str, Any]] | None = None, trigger: WidgetState | None = None, **fields: Any
    ) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.cached_message_hashes.extend(self._cached)
        state.context_info.timezone, state.context_info.locale, state.context_info.url = "UTC", "en-GB", self.url
        if "page_name" not in fields:
            fields.setdefault("page_script_hash", self.page)
        for name, value in fields.items():
            setattr(state, name, value)
        states = dict(self._widgets)
        if widget is not None:
            identity = self.widget_id(widget[0])
            states[identity] = WidgetState(id=identity, **widget[1])
            if "trigger_value" not in widget[1]:
                self._widgets = states
        state.widget_states.widgets.extend([*states.values(), *([trigger] if trigger else [])])
        await self._socket.send(message.SerializeToString())

    async def _receive(self) -> bool:
        """Take one message; whether it says that the script has ended."""
        frame = await self._socket.recv()
        message = ForwardMsg()
        message.ParseFromString(frame if isinstance(frame, bytes) else frame.encode())
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            place = message.metadata.delta_path[:]
            message = self._cached[message.ref_hash]
            message.metadata.delta_path[:] = place
            kind = message.WhichOneof("type")
        elif len(frame) >= CACHED_FROM and message.hash:
            self._cached[message.hash] = message
        if kind == "delta":
            self._delta(message)
        elif kind == "new_session":
            self._run = message.metadata.run.script_run_id
            self.session = message.new_session.initialize.session_id
        elif kind == "navigation":
            self.pages = {
                page.url_pathname or page.page_name: page.page_script_hash for page in message.navigation.app_pages
            }
            self.page = message.navigation.page_script_hash
        elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            whole = message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            fragments = set(message.metadata.run.fragment_ids)
            for place, (fragment, run) in list(self._origin.items()):
                if run != self._run and (whole or fragment in fragments):
                    del self._origin[place], self.elements[place]
            return True
        return False

    def _delta(self, message: ForwardMsg) -> None:
        place = tuple(message.metadata.delta_path)
        if message.delta.WhichOneof("type") == "new_element":
            self.elements[place] = message.delta.new_element
            self._origin[place] = message.delta.fragment_id, self._run


def _id(element: Element) -> str:
    return getattr(getattr(element, element.WhichOneof("type") or "", None), "id", "")


def drawings(strokes: int = 5, points: int = 60) -> list[dict[str, Any]]:
    """A drawing that grows stroke by stroke, each state as the board sends it: the strokes and a PNG."""
    picture = Image.new("RGB", (SIDE, SIDE))
    pen = ImageDraw.Draw(picture)
    objects, states = [], []
    for stroke in range(strokes):
        turns = [2 * pi * (point / points + stroke / strokes) for point in range(points * 2 // 3)]
        path = [(SIDE / 2 + (50 + 12 * stroke) * cos(turn), SIDE / 2 + 110 * sin(turn)) for turn in turns]
        pen.line(path, fill="white", width=PEN, joint="curve")
        objects.append(
            {
                "type": "Path",
                "version": "7.4.0",
                "originX": "center",
                "originY": "center",
                "left": SIDE / 2,
                "top": SIDE / 2,
                "fill": None,
                "stroke": "#ffffff",
                "strokeWidth": PEN,
                "strokeLineCap": "round",
                "strokeLineJoin": "round",
                "path": [["M", *path[0]], *(["Q", *a, *b] for a, b in itertools.pairwise(path))],
            }
        )
        file = BytesIO()
        picture.save(file, "PNG")
        states.append(
            {
                "raw": {"version": "7.4.0", "objects": list(objects), "background": "#000000"},
                "data": f"data:image/png;base64,{b64encode(file.getvalue()).decode()}",
            }
        )
    return states
