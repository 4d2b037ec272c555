"""What keeps a school's server safe: no HTML from people, limits, and closed doors.

That no code comes from files, ruff checks: see pyproject.toml.
"""

import ast
import http.client
import re
import tomllib
from io import BytesIO

import pytest
import streamlit.config
from PIL import Image

from lenet.ink import InkError, open_picture
from lenet.ui.shared import palette
from lenet.ui.train import own
from tests.server import ROOT
from tests.sources import SOURCES, calls

SCRIPTS = sorted((ROOT / "lenet" / "ui").rglob("*.js"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_html_is_written_only_by_us(path):
    for name, call in calls(path):
        assert "unsafe_allow_html" not in {keyword.arg for keyword in call.keywords}
        assert not name.startswith("components.v1") and name not in ("st.iframe", "st.components.v1.html")
        if name == "st.html" or name.endswith(".html"):
            (html,) = call.args
            constant = isinstance(html, ast.Constant) or (isinstance(html, ast.Name) and html.id.isupper())
            escaped = isinstance(html, ast.Call) and ast.unparse(html.func) == "palette.legend"
            assert constant or escaped, f"st.html takes constants only, not {ast.unparse(html)}"


def test_a_legend_escapes_its_words():
    assert "<b>" not in palette.legend(True, 1.0, "<b>bold</b>")


def test_components_write_text_never_html():
    assert SCRIPTS
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        for way in (
            r"\binnerHTML\b",
            r"\bouterHTML\b",
            "insertAdjacentHTML",
            r"document\.write",
            r"\beval\(",
            r"new Function",
            "srcdoc",
            r"https?://(?!www\.w3\.org/)",
        ):
            assert not re.search(way, text), f"{path.name}: {way}"


def test_the_server_is_shut_where_it_can_be():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["enableXsrfProtection"] is True
    assert config["server"]["enableCORS"] is True
    assert config["server"]["maxUploadSize"] == own.LARGEST <= 64
    assert config["server"]["disconnectedSessionTTL"] >= 1800  # a locked phone keeps its drawing and its runs
    assert config["client"]["showErrorDetails"] == "none"
    assert config["browser"]["gatherUsageStats"] is False
    assert not config["server"].get("enableStaticServing") and not config["server"].get("enableAgentApi")
    assert not (ROOT / ".streamlit" / "secrets.toml").exists()


def test_no_collection_of_rubbish_after_each_run(monkeypatch):
    """It would cost each stroke more than its forward pass, and more with every session. get_option knows its name."""
    monkeypatch.chdir(ROOT)
    assert streamlit.config.get_option("runner.postScriptGC") is False


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/app/static/../../etc/passwd", "/_stcore/agent/interact", "/media/../app.py"]
)
def test_nothing_but_the_app_is_served(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    assert b"root:" not in body and b"st.fragment" not in body
    connection.close()


def test_an_upload_without_the_token_is_refused(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("PUT", "/_stcore/upload_file/session/file", body=b"x", headers={"Content-Type": "image/png"})
    assert connection.getresponse().status == 403
    connection.close()


def test_the_websocket_of_another_site_is_refused(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(
        "GET",
        "/_stcore/stream",
        headers={
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Origin": "http://evil.example",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        },
    )
    assert connection.getresponse().status == 403
    connection.close()


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded():
    file = BytesIO()
    Image.new("1", (7_000, 7_000)).save(file, "PNG")  # 49 million pixels in few bytes
    assert len(file.getvalue()) < 100_000
    with pytest.raises(InkError, match="million"):
        open_picture(BytesIO(file.getvalue()))


@pytest.mark.browser
def test_what_a_link_says_is_never_html(server, new_page):
    page = new_page()
    alerts = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    page.goto(f"{server.url}/inside?network=<img src=x onerror=alert(1)>&digit=<script>alert(2)</script>")
    page.get_by_text("There is no network called").wait_for(timeout=60_000)
    assert page.locator("img[src=x]").count() == 0
    assert alerts == []
