"""How a phone reaches this server: its address in the local network, and a QR code of a link."""

import socket
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import segno

LOOPBACK = ("localhost", "127.0.0.1", "::1")
ELSEWHERE = ("10.255.255.255", 1)  # nothing is sent there: the system only says from which address it would


def of_this_machine() -> str:
    """This machine's address in the local network; empty if it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
            found = probe.getsockname()[0]
        except OSError:
            return ""
    return "" if found.startswith(("127.", "0.")) else found


def for_others(seen: str, machine: str = "") -> str:
    """The address of a page as others reach it, without its query. seen: as the browser here has it.

    A browser on the server itself says localhost, which on a phone is the phone: then the machine's address takes its
    place.
    """
    parts = urlsplit(seen)
    if parts.hostname not in LOOPBACK:
        return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    host = machine or of_this_machine() or parts.hostname
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, f"{host}{port}", parts.path, "", ""))


@lru_cache(maxsize=64)
def qr_code(text: str) -> dict[str, Any]:
    """size: modules a side, without the quiet zone; path: the dark ones as an SVG path, a row of them at a time."""
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return {"size": len(rows), "path": path}
