"""One-click unsubscribe (RFC 8058): the secret in the link says who wants no more of what; nothing has to be kept for it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from domain.ledger import Box
from notices.preferences import OPTIONAL

PLACE = ("unsubscribe", "link", "")
LONGEST = 1024


class Links:
    """Links of one exchange. `box`: of the purpose `unsubscribe`."""

    def __init__(self, box: Box):
        self._box = box

    def token(self, user_id: str, what: str) -> str:
        """The last part of the link by which a user unsubscribes from a class (`tip`, `announcement`). It names neither."""
        sealed = self._box.seal(*PLACE, f"{what}\0{user_id}".encode())
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def read(self, token: str) -> tuple[str, str] | None:
        """(user id, class); None for what we didn't make."""
        if not token.isascii() or len(token) > LONGEST:
            return None
        try:
            plain = self._box.open(*PLACE, urlsafe_b64decode(token + "=" * (-len(token) % 4))).decode()
        except ValueError:
            return None
        what, _, user_id = plain.partition("\0")
        return (user_id, what) if what in OPTIONAL and user_id else None
