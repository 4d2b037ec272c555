"""What lets people into a class: the join code that is read aloud, secrets that nobody reads, nicknames, and limits."""

import hashlib
import hmac
import re
import secrets
import threading
import time
import unicodedata
from collections import deque

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is mistaken for another when it is read from a projector
LENGTH = 6  # 30 ** 6 is 729 million codes
CODE = re.compile(f"[{LETTERS}]{{{LENGTH}}}")
NICKNAME = 16  # letters at most
# Parts of words that no projector should show, as they read once figures stand for letters again.
RUDE = re.compile(
    "anal|arsch|bitch|cock|cunt|dick|fag|fick|fuck|hitler|hure|nazi|nigg|penis|porn|puta|pussy|"
    "sex|shit|slut|tits|vagin|wank|whore"
)
FIGURES = str.maketrans("013457", "oieast")


def new_code() -> str:
    """A join code."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def as_code(typed: str) -> str:
    """What somebody typed as the code that it may mean; empty if it can be none."""
    code = "".join(typed.split()).replace("-", "").upper()
    return code if CODE.fullmatch(code) else ""


def new_secret() -> str:
    """128 bits for a link or a cookie."""
    return secrets.token_urlsafe(16)


def digest(secret: str) -> bytes:
    """What is kept of a secret: who reads the file of the classes cannot be teacher or pupil in them."""
    return hashlib.sha256(secret.encode()).digest()


def same(secret: str, kept: bytes) -> bool:
    """Whether that is the secret, in a time that does not tell how nearly."""
    return hmac.compare_digest(digest(secret), kept)


def as_nickname(typed: str) -> str:
    """Letters, figures and single spaces of what somebody typed; empty if it is rude or nothing is left."""
    letters = "".join(c for c in unicodedata.normalize("NFKC", typed[: 4 * NICKNAME]) if c.isalnum() or c in " -")
    name = " ".join(letters.split())[:NICKNAME].strip()
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.lower()).translate(FIGURES) if c.isalpha())
    return "" if RUDE.search(bare) else name


class Limiter:
    """At most so many of something in so many seconds, for each of those who do it."""

    def __init__(self, most: int, seconds: float):
        self.most, self.seconds = most, seconds
        self._times: dict[object, deque[float]] = {}
        self._lock = threading.Lock()

    def full(self, who: object) -> bool:
        """Whether they have had all that they may."""
        with self._lock:
            times = self._recent(who)
            return len(times) >= self.most

    def count(self, who: object) -> bool:
        """Note one more. False, and nothing noted, if that is too many."""
        with self._lock:
            times = self._recent(who)
            if len(times) >= self.most:
                return False
            times.append(time.monotonic())
            return True

    def _recent(self, who: object) -> deque[float]:
        since = time.monotonic() - self.seconds
        if len(self._times) > 10_000:
            self._times = {one: times for one, times in self._times.items() if times and times[-1] > since}
        times = self._times.setdefault(who, deque())
        while times and times[0] <= since:
            times.popleft()
        return times
