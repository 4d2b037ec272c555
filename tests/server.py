"""What tests of the running app share: a real server, and waiting for its pages."""

from benchmarks.app.browser import ROOT, Server

__all__ = ["ROOT", "Server", "settled"]


def settled(page) -> None:
    """Wait until the script of the page has run to its end."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)
