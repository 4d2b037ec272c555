"""What goes wrong in a school: full disks, damaged files, killed processes, wrong input, slow and vanished people.

Nothing crashes, nothing saved is lost, each refusal is a sentence. The same in bulk: python -m benchmarks fuzz.
"""

import asyncio
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.app import fuzz
from benchmarks.app.visitor import VisitError, Visitor, drawings, visit
from lenet.paths import write_atomically
from tests.server import ROOT, Server

TREE = (".streamlit", "app.py", "data", "lenet", "pages", "pretrained")


def checkout(folder: Path) -> Path:
    """A copy of what a server needs."""
    skip = shutil.ignore_patterns("__pycache__", "*.partial")
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=skip)
        else:
            shutil.copy(source, folder / name)
    return folder


# ---- saving ----


@pytest.mark.parametrize("call", ["fsync", "fdopen"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_full_disk_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch, call, number):
    path = tmp_path / "curves.parquet"
    write_atomically(path, b"old")

    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match=os.strerror(number)):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_server_killed_while_it_saves_leaves_a_whole_file(tmp_path):
    path = tmp_path / "curves.parquet"
    size = 200_000
    write_atomically(path, b"0" * size)
    program = f"""
from pathlib import Path
from lenet.paths import write_atomically
while True:
    for digit in b"123456789":
        write_atomically(Path({str(path)!r}), bytes([digit]) * {size})
"""
    for turn in range(8):
        before = path.stat().st_ino
        process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
        deadline = time.monotonic() + 30
        while path.stat().st_ino == before and time.monotonic() < deadline:
            time.sleep(0.001)  # until it has begun
        assert path.stat().st_ino != before
        time.sleep(0.003 * turn)
        process.send_signal(signal.SIGKILL)
        process.wait()
        content = path.read_bytes()
        assert len(content) == size and len(set(content)) == 1


# ---- the server ----


def alerts(visitor: Visitor) -> str:
    """What the page says in its red and yellow boxes."""
    return " ".join(element.alert.body for element in visitor.shown("alert"))


async def whole(url: str) -> None:
    """Every page runs, and a drawing is read. Raises VisitError."""
    async with Visitor(url) as visitor:
        await visitor.open()
        await visitor.draw(drawings()[0])
        for page in list(visitor.pages):
            await visitor.open(page)
            assert visitor.shown("heading"), page


def test_a_read_only_checkout_runs(tmp_path):
    folder = checkout(tmp_path)
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)
    # Root may write anywhere, unless it gives up the right to.
    prefix = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override") if os.geteuid() == 0 else ()
    probe = [*prefix, sys.executable, "-c", f"open({str(folder / 'probe')!r}, 'w')"]
    assert b"PermissionError" in subprocess.run(probe, capture_output=True, check=False).stderr
    server = Server(folder / "app.py", folder, {"PYTHONDONTWRITEBYTECODE": "1", "HOME": str(folder)}, prefix)
    try:
        visit(whole(server.url))
    finally:
        server.stop()
        for path in [folder, *folder.rglob("*")]:  # so that pytest can delete it
            if path.is_dir():
                path.chmod(0o755)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 255
    path.write_bytes(content)


def test_damaged_files_get_a_sentence_and_other_pages_work(tmp_path):
    """Weights that are cut, changed and gone, tapes changed and gone, curves cut."""
    folder = checkout(tmp_path)
    harmed = {"original": halve, "tanh": flip, "sigmoid": Path.unlink}
    for name, damage in harmed.items():
        damage(folder / "pretrained" / f"{name}.safetensors")
    tapes = {name: next((folder / "pretrained" / "tapes").glob(f"{name}*")) for name in ("original", "tanh")}
    flip(tapes["original"])
    tapes["tanh"].unlink()
    halve(folder / "pretrained" / "curves.parquet")
    server = Server(folder / "app.py", folder)

    async def people() -> None:
        for name in harmed:
            for page, key in (("", "networks"), ("inside", "network"), ("stress", "networks")):
                async with Visitor(server.url) as visitor:
                    await visitor.open(page, f"{key}={name}&digit=7")
                    said = alerts(visitor)
                    if not page:
                        answer = visitor.answer()
                        said += answer["problem"] + " ".join(network["problem"] for network in answer["networks"])
                    assert name in said and ("damaged" in said or "git checkout -- pretrained" in said), (page, said)
        async with Visitor(server.url) as visitor:
            await visitor.open("experiments", "guess2=Just+show+me")
            assert "curves.parquet" in alerts(visitor)
            await visitor.open("inside", "network=best&section=tape")
            assert tapes["original"].name in alerts(visitor)
            assert tapes["tanh"].name not in alerts(visitor)  # what is not there is not offered
            await visitor.open()
            await visitor.draw(drawings()[0])

    try:
        visit(people())
    finally:
        server.stop()


def test_damaged_data_gets_a_sentence_and_drawing_goes_on(tmp_path):
    folder = checkout(tmp_path)
    halve(folder / "data" / "mnist" / "t10k-images-idx3-ubyte.gz")
    server = Server(folder / "app.py", folder)

    async def people() -> None:
        async with Visitor(server.url) as visitor:
            await visitor.open(query="digit=7")
            assert "git checkout -- data/mnist" in visitor.answer()["problem"]
            await visitor.draw(drawings()[0])
            await visitor.open("inside")
            assert not visitor.shown("exception")

    try:
        visit(people())
    finally:
        server.stop()


# ---- people ----


def test_a_thousand_damaged_uploads_give_a_picture_or_a_sentence():
    read, slowest = fuzz.uploads(1000)
    assert 0 < read < 1000
    assert slowest < 5


def test_strange_links_show_no_exception(server):
    fuzz.links(server.url, 25)


def test_strange_messages_disturb_nobody(server):
    assert fuzz.messages(server.url, 60) > 10


@pytest.mark.parametrize("chatty", [False, True])
def test_a_visitor_does_not_wait_for_ever(chatty):
    """Neither for a server that says nothing nor for one that never comes to an end."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.typing import Subprotocol

    async def stuck(connection: ServerConnection) -> None:
        while chatty:
            await connection.send(ForwardMsg(hash="x").SerializeToString())
            await asyncio.sleep(0.05)
        await connection.wait_closed()

    async def people() -> None:
        async with serve(stuck, "127.0.0.1", 0, subprotocols=[Subprotocol("streamlit")]) as listening:
            port = next(iter(listening.sockets)).getsockname()[1]
            async with Visitor(f"http://127.0.0.1:{port}", patience=0.3) as visitor:
                with pytest.raises(VisitError, match=r"did not answer within 0\.3 seconds"):
                    await visitor.open()

    visit(people())


def test_a_drawing_that_is_none_harms_only_its_sender(server):
    async def people() -> None:
        async with Visitor(server.url) as honest:
            await honest.open()
            for value in (
                None,
                [],
                {"raw": None, "data": None},
                {"raw": {}, "data": "data:,"},
                {"raw": 7, "data": 7},
                {"raw": {"objects": 7}, "data": drawings()[0]["data"]},
                "text",
                float("nan"),
            ):
                async with Visitor(server.url) as liar:
                    await liar.open()
                    with pytest.raises(VisitError, match="No new answer"):  # and no exception on the page
                        await liar.draw(value)
                    await liar.open()
                    await liar.draw(drawings()[0])
            await honest.draw(drawings()[0])

    visit(people())


def test_somebody_who_reads_nothing_slows_nobody(server):
    async def people() -> None:
        async with Visitor(server.url) as slow, Visitor(server.url) as quick:
            await quick.open()
            await quick.draw(drawings()[0])
            for _ in range(30):
                await slow.send(_open_message())  # and never receives
            for drawing in drawings()[1:]:
                assert await quick.draw(drawing) < 20

    visit(people())


def _open_message() -> bytes:
    from streamlit.proto.BackMsg_pb2 import BackMsg

    message = BackMsg()
    message.rerun_script.page_name = ""
    return message.SerializeToString()


@pytest.mark.parametrize(
    "head",
    [
        "PUT /_stcore/upload_file/{session}/file HTTP/1.1\r\nHost: x\r\nCookie: _streamlit_xsrf={token}\r\n"
        "X-Xsrftoken: {token}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: 5000000\r\n\r\n--b\r\n",
        "GET / HTTP/1.1\r\nHo",
    ],
)
def test_somebody_who_vanishes_in_the_middle_of_a_request_leaves_nothing_behind(server, head):
    async def people() -> None:
        async with Visitor(server.url) as visitor:
            await visitor.open()
            for _ in range(5):
                with socket.create_connection(("127.0.0.1", server.port)) as connection:
                    connection.sendall(head.format(session=visitor.session, token="0" * 32).encode() + b"x" * 1000)
            await visitor.draw(drawings()[0])

    visit(people())
