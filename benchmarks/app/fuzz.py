"""Wrong input in bulk: uploads, links and websocket messages, each made from its number alone.

An upload must give a picture or a sentence, a link no exception on its page, and after any message the server must
still answer somebody else's drawing.
"""

import argparse
import asyncio
import random
import time
from io import BytesIO
from itertools import cycle
from urllib.parse import urlencode

from benchmarks.app.browser import Server
from benchmarks.app.visitor import Visitor, drawings, visit

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
NAMES = ("digit", "network", "networks", "experiment", "guess-kernels", "section", "lr", "epochs", "seed", "train_size",
         "depth", "activation", "pool1", "head", "output", "preset", "shuffle", "optimiser", "run", "rotate", "noise",
         "curve", "again", "more")  # fmt: skip
VALUES = ("", "-1", "7", "10000", "1e309", "-inf", "nan", "٣", "best", "original", "../../etc/passwd", "{{7*7}}",
          "A" * 5000, "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "'; DROP TABLE digits; --", "%00",
          "\x00", "\U0001f522", "True", "None")  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--links", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=1000)


def run(arguments: argparse.Namespace) -> None:
    """Send it all; what is wrong ends the run with its traceback."""
    read, slowest = uploads(range(arguments.uploads))
    print(f"{arguments.uploads} uploads: {read} read as digits, the others refused; slowest {slowest:.2f} s")
    server = Server()
    try:
        visit(links(server.url, range(arguments.links)))
        print(f"{arguments.links} links: no exception")
        closed = visit(messages(server.url, range(arguments.messages)))
        print(f"{arguments.messages} messages: {closed} connections closed by the server, which answers everybody else")
    finally:
        server.stop()


def uploads(numbers: range) -> tuple[int, float]:
    """How many damaged pictures were read all the same, and the seconds that the slowest of all took."""
    from lenet.ink import InkError, open_picture, to_mnist

    read, slowest = 0, 0.0
    for number in numbers:
        started = time.perf_counter()
        try:
            to_mnist(open_picture(BytesIO(upload(number))))
            read += 1
        except InkError:
            pass
        slowest = max(slowest, time.perf_counter() - started)
    return read, slowest


def upload(number: int) -> bytes:
    """A picture of a digit with some bytes changed, left out or doubled, or no picture at all."""
    chance = random.Random(number)
    if number % 20 == 0:
        return chance.randbytes(chance.randrange(4096))
    pictures = _pictures()
    content = bytearray(pictures[number % len(pictures)])
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(min(len(content), 200) if chance.random() < 0.5 else len(content))
        change = chance.randrange(3)
        if change == 0:
            content[at] = chance.randrange(256)
        elif change == 1:
            del content[at : at + chance.randrange(1, 40)]
        else:
            content[at:at] = chance.randbytes(chance.randrange(1, 40))
        if len(content) < 2:
            break
    return bytes(content)


_made: list[bytes] = []


def _pictures() -> list[bytes]:
    if not _made:
        from PIL import Image, ImageDraw

        picture = Image.new("L", (120, 90), 255)
        ImageDraw.Draw(picture).line([(40, 15), (80, 15), (55, 75)], fill=0, width=8)
        for name in FORMATS:
            file = BytesIO()
            picture.convert("RGB" if name in ("WEBP", "JPEG") else "L").save(file, name)
            _made.append(file.getvalue())
        exif = Image.Exif()
        exif[0x0112], exif[0x0100], exif[0x010F] = 6, 90, "camera"  # turned to its side
        file = BytesIO()
        picture.save(file, "JPEG", exif=exif)
        _made.append(file.getvalue())
    return _made


def link(number: int) -> str:
    """A query string that nobody should send."""
    chance = random.Random(number)
    count = chance.randrange(1, 5)
    pairs = [(chance.choice((*NAMES, chance.choice(VALUES))), chance.choice(VALUES)) for _ in range(count)]
    return urlencode(pairs) if chance.random() < 0.9 else chance.choice(("&&&==", "digit", "%ff=%fe", "?" * 100, "=="))


async def links(url: str, numbers: range) -> None:
    """Open a page with each of the links, as somebody new. Raises VisitError if one shows an exception."""
    async with Visitor(url) as first:
        await first.open()
        pages = list(first.pages)
    for number in numbers:
        async with Visitor(url) as visitor:
            try:
                await visitor.open(pages[number % len(pages)], link(number))
            except Exception as error:
                error.add_note(f"page {pages[number % len(pages)]!r}, link {number}: {link(number)[:500]}")
                raise


async def messages(url: str, numbers: range) -> int:
    """Send wrong frames over many connections while one visitor draws. How many connections the server closed."""
    from websockets.exceptions import ConnectionClosed

    closed = 0
    states = cycle(drawings(strokes=2))
    async with Visitor(url) as honest:
        await honest.open()
        await honest.draw(next(states))
        for number in numbers:
            async with Visitor(url) as fuzzer:
                try:
                    await fuzzer.send(frame(number))
                    await asyncio.wait_for(fuzzer.wait(), 0.05)
                except ConnectionClosed:
                    closed += 1
                except TimeoutError:
                    pass
            if number % 50 == 49:
                await honest.draw(next(states))
        await honest.draw(next(states))
    return closed


def frame(number: int) -> bytes | str:
    """A websocket frame that no page would send."""
    from streamlit.proto.BackMsg_pb2 import BackMsg

    chance = random.Random(number)
    right = BackMsg()
    right.rerun_script.page_name = "inside"
    right.rerun_script.widget_states.widgets.add(id="$$ID-0-canvas", json_value="{")
    right.rerun_script.fragment_id = "0" * 32
    whole = right.SerializeToString()
    return chance.choice([
        lambda: chance.randbytes(chance.randrange(200)),
        lambda: whole[: chance.randrange(len(whole))],
        lambda: bytes(byte ^ (chance.random() < 0.1) * chance.randrange(256) for byte in whole),
        lambda: "text, where only binary is spoken",
        lambda: b"",
        lambda: BackMsg(debug_shutdown_runtime=True).SerializeToString(),
        lambda: BackMsg(debug_disconnect_websocket=True).SerializeToString(),
        lambda: BackMsg(load_git_info=True).SerializeToString(),
        lambda: BackMsg(clear_cache=True).SerializeToString(),
    ])()  # fmt: skip
