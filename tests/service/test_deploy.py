"""deploy/: the nginx configuration run for real before two copies of the app, and what the other files promise."""

import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from benchmarks.app.visitor import Visitor, visit
from lenet.classroom.codes import new_code
from tests.server import ROOT, Server, settled

DEPLOY = ROOT / "deploy"
FIRST_VISIT = 1_600_000  # bytes that somebody with an empty cache fetches for the first page, at most
SECOND_VISIT = 20_000  # bytes that the same page takes again
TOGETHER = pytest.mark.xdist_group("nginx")  # the tests before one nginx run in one process, in their order
SECONDS = 20  # within which somebody whose copy has died must be on another


class Nginx:
    """The shipped configuration on a free port of the loopback, before two copies of the app."""

    def __init__(self, folder: Path):
        self.copies = [Server(), Server()]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
        changes = {
            "listen 8080;": f"listen 127.0.0.1:{port};",
            "/tmp/nginx": f"{folder}/nginx",
            "add_header Referrer-Policy": "add_header X-Copy $upstream_addr always; add_header Referrer-Policy",
        }
        for shipped, here in changes.items():
            assert shipped in text
            text = text.replace(shipped, here)
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        shipped = (DEPLOY / "replicas.conf").read_text(encoding="utf-8")
        parameters = re.findall(r"^server app\d:8501 (.*);$", shipped, re.MULTILINE)
        (folder / "replicas.conf").write_text(
            "".join(f"server 127.0.0.1:{copy.port} {how};\n" for copy, how in zip(self.copies, parameters)),
            encoding="utf-8",
        )
        program = shutil.which("nginx") or "/usr/sbin/nginx"  # missing is a failure, not a skip
        self.process = subprocess.Popen([program, "-c", str(folder / "nginx.conf"), "-g", "daemon off;"])
        deadline = time.monotonic() + 20
        while True:
            try:
                get(f"{self.url}/_stcore/health")
                return
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < deadline and self.process.poll() is None, "nginx did not start"
                time.sleep(0.1)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        for copy in self.copies:
            copy.stop()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory) -> Iterator[Nginx]:
    running = Nginx(tmp_path_factory.mktemp("nginx"))
    yield running
    running.stop()


def get(url: str, **headers: str) -> tuple[int, Message]:
    """Status and headers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def new_cookie(nginx: Nginx, **headers: str) -> str:
    """The cookie that a visitor is given; empty if they keep theirs."""
    cookies = get(f"{nginx.url}/_stcore/health", **headers)[1].get_all("Set-Cookie") or []
    return next((cookie for cookie in cookies if cookie.startswith("visitor=")), "")


@TOGETHER
def test_a_new_visitor_gets_a_cookie_and_an_old_one_keeps_theirs(nginx):
    cookie = re.fullmatch(r"(visitor=[0-9a-f]{32}); Path=/; HttpOnly; SameSite=Lax", new_cookie(nginx))
    assert cookie
    assert not new_cookie(nginx, Cookie=cookie[1])
    assert new_cookie(nginx, Cookie="visitor=anything else")


@TOGETHER
def test_all_of_a_class_come_to_one_copy_and_classes_spread_over_the_copies(nginx):
    def copy(query: str = "", **headers: str) -> str | None:
        return get(f"{nginx.url}/_stcore/health{query}", **headers)[1]["X-Copy"]

    codes = [new_code() for _ in range(12)]
    homes = {code: copy(f"?class={code}") for code in codes}
    assert len(set(homes.values())) == 2
    for code, home in homes.items():
        assert copy(f"?open={code}") == home
        for visitor in range(3):
            cookies = f"visitor={visitor:032x}; class={code}"
            assert copy(Cookie=cookies) == home
            assert copy(f"?class={code}", Cookie=f"visitor={visitor:032x}; class={codes[0]}") == home
    answer = get(f"{nginx.url}/class?class={codes[0]}")[1].get_all("Set-Cookie") or []
    assert f"class={codes[0]}; Path=/; SameSite=Lax; Max-Age=86400" in answer
    wrong = get(f"{nginx.url}/class?class=%3Cb%3E")[1].get_all("Set-Cookie") or []
    assert not [cookie for cookie in wrong if cookie.startswith("class=")]


@TOGETHER
def test_a_class_in_the_memory_of_one_copy_is_there_for_all_its_pupils(nginx):
    async def page(visitor: int, code: str, query: str) -> set[str]:
        """What is on the page Class for a visitor who has followed a link with this code."""
        async with Visitor(nginx.url, {"Cookie": f"visitor={visitor:032x}; class={code}"}) as somebody:
            await somebody.open("class", query)
            return {kind for kind in ("join", "lead") if somebody._shows(kind)}

    for code in [new_code() for _ in range(4)]:
        assert visit(page(0, code, f"open={code}")) == {"lead"}
        assert all(visit(page(pupil, code, f"class={code}")) == {"join"} for pupil in range(1, 4))


@pytest.mark.parametrize(
    ("origin", "status"), [("http://evil.example", 403), ("null", 403), ("", 200), ("{url}", 200), ("{url}.evil", 403)]
)
@TOGETHER
def test_pages_of_other_sites_are_refused(nginx, origin, status):
    headers = {"Origin": origin.format(url=nginx.url)} if origin else {}
    assert get(f"{nginx.url}/_stcore/health", **headers)[0] == status


@TOGETHER
def test_bodies_beyond_the_upload_limit_are_refused(nginx):
    with socket.create_connection(nginx.url.removeprefix("http://").split(":")) as connection:
        connection.sendall(b"PUT /_stcore/upload_file/x/y HTTP/1.1\r\nHost: x\r\nContent-Length: 80000000\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


@TOGETHER
def test_metrics_are_not_for_visitors(nginx):
    assert get(f"{nginx.url}/_stcore/metrics")[0] == 404


@TOGETHER
@pytest.mark.browser
def test_no_page_breaks_the_content_security_policy(nginx, new_page):
    page = new_page()
    complaints, foreign = [], []
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    page.on("request", lambda r: None if r.url.startswith((nginx.url, "data:", "blob:")) else foreign.append(r.url))
    page.goto(nginx.url)
    page.locator(".st-key-canvas canvas.upper-canvas").wait_for(timeout=60_000)
    page.locator(".st-key-answer [data-testid=stBidiComponentIsolated]").wait_for(timeout=60_000)
    for file in sorted((ROOT / "pages").glob("*.py")):
        page.goto(f"{nginx.url}/{file.stem}?digit=7&section=evidence")
        settled(page)
        assert not page.locator("[data-testid=stException]").count()
    assert complaints == []
    assert foreign == []


@TOGETHER
@pytest.mark.browser
def test_a_first_visit_fits_a_slow_school_line(nginx, browser):
    """What Chromium receives for the first page, packed, with headers. What has a hash in its name comes once."""
    context = browser.new_context()
    page = context.new_page()
    fetched, urls = received(page)
    page.goto(nginx.url)
    painted(page)
    largest = sorted(((size, urls[key]) for key, size in fetched.items()), reverse=True)[:10]
    first = sum(fetched.values())
    assert 500_000 < first <= FIRST_VISIT, largest
    assert not any("SourceSerif" in url for url in urls.values())

    fetched.clear()
    page.reload()
    painted(page)
    assert sum(fetched.values()) < SECOND_VISIT, [urls[key] for key in fetched]
    context.close()


def painted(page) -> None:
    """Wait until the first page is whole and asks for nothing more."""
    page.locator(".st-key-canvas canvas.upper-canvas").wait_for(timeout=60_000)
    settled(page)
    page.wait_for_load_state("networkidle")


def received(page) -> tuple[dict[str, int], dict[str, str]]:
    """Bytes on the line and address of each request that this page makes from now on, filled while it loads."""
    fetched: dict[str, int] = {}
    urls: dict[str, str] = {}
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.requestWillBeSent", lambda e: urls.update({e["requestId"]: e["request"]["url"]}))
    network.on("Network.loadingFinished", lambda e: fetched.update({e["requestId"]: int(e["encodedDataLength"])}))
    return fetched, urls


@pytest.mark.browser
def test_every_page_works_below_a_path(browser):
    """As a school's proxy may serve it: the links on a page stay below it, and what a page asks for is there."""
    server = Server(base="/lenet")
    page = browser.new_page()
    missing = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    try:
        page.goto(server.url)
        painted(page)
        links = page.locator("[data-testid=stPageLink-NavLink]").evaluate_all("links => links.map((link) => link.href)")
        assert len(links) > len(list((ROOT / "pages").glob("*.py")))
        for link in links:
            assert link.startswith(server.url), link
            page.goto(link)
            settled(page)
            assert page.get_by_role("heading", level=1).count() == 1, link
            assert not page.locator("[data-testid=stException]").count(), link
    finally:
        page.close()
        server.stop()
    # On a page that is not the first, Streamlit finds out by trying where its root is.
    assert [url for url in missing if not url.endswith(("/_stcore/health", "/_stcore/host-config"))] == []


@TOGETHER
def test_when_a_copy_dies_its_people_move_and_nobody_else_notices(nginx):
    """Last in this file: one copy is gone afterwards."""

    async def people() -> None:
        visitors = []
        for number in range(8):
            visitor = Visitor(nginx.url, {"Cookie": f"visitor={number:032x}"})
            await visitor.__aenter__()
            await visitor.open("inside", f"digit={number}&network=tanh")
            visitors.append(visitor)
        homes = [home(nginx, visitor) for visitor in visitors]
        assert set(homes) == {copy.port for copy in nginx.copies}, "all on one copy"
        assert homes == [home(nginx, visitor) for visitor in visitors], "a visitor does not stick"

        nginx.copies[0].stop()
        killed = time.monotonic()
        for number, (visitor, was) in enumerate(zip(visitors, homes)):
            if was == nginx.copies[1].port:
                await visitor.run(query_string=f"digit={number}&network=tanh")
                continue
            with pytest.raises(ConnectionClosed):
                await visitor.run()
            moved = Visitor(nginx.url, visitor.headers)  # as the page does by itself
            await moved.__aenter__()
            await moved.open("inside", f"digit={number}&network=tanh")
            assert any(f"test digit {number}" in element.markdown.body for element in moved.shown("markdown"))
            visitors[number] = moved
        assert time.monotonic() - killed < SECONDS
        for visitor in visitors:
            assert get(f"{nginx.url}/_stcore/health", **visitor.headers)[0] == 200
            await visitor.__aexit__()

    visit(people())


def home(nginx: Nginx, visitor: Visitor) -> int:
    """The port of the copy that this visitor's requests reach."""
    return int(get(f"{nginx.url}/_stcore/health", **visitor.headers)[1]["X-Copy"].rsplit(":", 1)[1])


def test_the_compose_file_and_the_list_of_replicas_agree():
    compose = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    services = re.findall(r"^  (app\d+): \*app$", compose, re.MULTILINE)
    listed = re.findall(r"^server (app\d+):8501 ", (DEPLOY / "replicas.conf").read_text(encoding="utf-8"), re.MULTILINE)
    assert services == listed and len(services) > 1
    assert services == re.findall(r"^      (app\d+): \{condition: service_healthy\}$", compose, re.MULTILINE)


def test_the_image_runs_without_rights_and_holds_what_is_needed():
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "USER lenet" in lines and lines.index("USER lenet") < next(
        number for number, line in enumerate(lines) if line.startswith("CMD")
    )
    assert any("/_stcore/health" in line for line in lines)
    copied = {source for line in lines if line.startswith("COPY") for source in line.split()[1:-1]}
    for source in copied:
        assert (ROOT / source).exists(), source
    assert {".streamlit", "data", "pretrained", "lenet", "pages", "app.py", "requirements.txt"} <= copied
