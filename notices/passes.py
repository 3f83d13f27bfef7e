"""Passes: the last part of a link that opens one page for one user for a while. Sealed: it names nobody, and nothing is kept for it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta

import msgspec

from domain.ledger import Box

PASSES = "passes"
"""Purpose of the box that all parts of Vigil open and seal passes with."""
PLACE = ("passes", "link", "")
LONGEST = 2048
CHECK, HELPFUL = "check", "helpful"
"""What a pass is for: the page on which a user checks messages; the page that asks whether a notice helped."""


FEEDBACK_KEPT = timedelta(days=90)


class _Pass(msgspec.Struct, array_like=True):
    what: str
    until: int
    values: list[str]


class Passes:
    """Passes of one exchange. `box`: of the purpose `passes`."""

    def __init__(self, box: Box):
        self._box = box

    def give(self, what: str, values: list[str], until: datetime) -> str:
        """About a hundred characters of URL-safe base 64."""
        plain = msgspec.json.encode(_Pass(what, int(until.timestamp()), values))
        return urlsafe_b64encode(self._box.seal(*PLACE, plain)).rstrip(b"=").decode()

    def feedback(self, notice_id: str, user_id: str, now: datetime) -> str:
        """For the page that asks this user whether that notice helped."""
        return self.give(HELPFUL, [notice_id, user_id], now + FEEDBACK_KEPT)

    def read(self, what: str, token: str, now: datetime) -> list[str] | None:
        """Its values; None for one that we didn't give, that is for something else, or whose time is over."""
        if not token.isascii() or len(token) > LONGEST:
            return None
        try:
            found = msgspec.json.decode(self._box.open(*PLACE, urlsafe_b64decode(token + "=" * (-len(token) % 4))), type=_Pass)
        except ValueError:
            return None
        return found.values if found.what == what and now.timestamp() < found.until else None
