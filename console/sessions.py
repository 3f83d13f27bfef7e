"""Who is signed in: a signed cookie that names a session, and one-time links for the one-machine stack. No secret is in either."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from datetime import UTC, datetime
from typing import Any, Protocol

from console.access import ROLES, Staff
from console.staff import StaffFile

LIFETIME = 8 * 3600
"""Seconds until one has to sign in again."""
LINK_LIFETIME = 900
"""Seconds that a one-time sign-in link can be used."""
OWNER = "owner"
"""Who comes by a one-time link: the person at the machine that runs the embedded stack."""


class Signer:
    """Signs and reads small values; a value signed for one purpose is nothing for another."""

    def __init__(self, secret_key: str):
        self._key = hmac.digest(secret_key.encode() or secrets.token_bytes(32), b"vigil console", "sha256")

    def sign(self, purpose: str, value: dict[str, Any]) -> str:
        body = _encode(json.dumps(value, separators=(",", ":")).encode())
        return f"{body}.{_encode(self.mac(purpose, body))}"

    def read(self, purpose: str, text: str, now: float) -> dict[str, Any] | None:
        """The value; None when it is forged, of another purpose, or past its `until`."""
        body, _, mac = text.partition(".")
        if not body.isascii() or not hmac.compare_digest(_encode(self.mac(purpose, body)).encode(), mac.encode()):
            return None
        value: dict[str, Any] = json.loads(_decode(body))
        return value if value.get("until", 0) > now else None

    def mac(self, purpose: str, text: str) -> bytes:
        return hmac.digest(self._key, f"{purpose}\0{text}".encode(), "sha256")


class Ended(Protocol):
    """Sessions that were ended before their time (stores.sql.signouts.SqlEnded). Blocks; raises Unavailable."""

    def add(self, session: str, until: datetime, now: datetime) -> None: ...

    def has(self, session: str) -> bool: ...


class EndedHere:
    """The same in this process alone: for tests, and where nobody signs in."""

    def __init__(self) -> None:
        self._ended: set[str] = set()

    def add(self, session: str, until: datetime, now: datetime) -> None:
        self._ended.add(session)

    def has(self, session: str) -> bool:
        return session in self._ended


class Sessions:
    """`start` makes a cookie's value, `who` reads it: roles are those of the staff file now, not of the day of signing in. Whether its
    owner signed out is asked by `ended`: that blocks."""

    def __init__(self, signer: Signer, staff: StaffFile, embedded: bool, signouts: Ended | None = None):
        self.signer, self.staff, self.embedded = signer, staff, embedded
        self._ended = EndedHere() if signouts is None else signouts

    def start(self, name: str, now: float | None = None) -> str:
        until = int((time.time() if now is None else now) + LIFETIME)
        return self.signer.sign("session", {"name": name, "id": secrets.token_urlsafe(16), "until": until, "of": self._of(name)})

    def who(self, cookie: str | None, now: float | None = None) -> Staff | None:
        """None when there is no session, its time is over, or the colleague left or changed the password since."""
        value = self.signer.read("session", cookie, time.time() if now is None else now) if cookie else None
        if value is None or value["of"] != self._of(value["name"]):
            return None
        roles = self._roles(value["name"])
        csrf = self.signer.mac("csrf", value["id"]).hex()
        return Staff(name=value["name"], roles=roles, csrf=csrf, session=value["id"]) if roles else None

    def end(self, staff: Staff, now: float | None = None) -> None:
        """Signs out: the cookie is worth nothing from now on, at no console, whoever kept a copy. Blocks; raises Unavailable."""
        moment = time.time() if now is None else now
        self._ended.add(staff.session, datetime.fromtimestamp(moment + LIFETIME, UTC), datetime.fromtimestamp(moment, UTC))

    def ended(self, staff: Staff) -> bool:
        """Whether the session was signed out of. Blocks; raises Unavailable."""
        return self._ended.has(staff.session)

    def one_time_link(self, public_url: str) -> str:
        """An address that signs its opener in once, within a quarter of an hour."""
        token = self.signer.sign("link", {"id": secrets.token_urlsafe(16), "until": time.time() + LINK_LIFETIME})
        return f"{public_url}/sign-in/once/{token}"

    def read_link(self, token: str, now: float | None = None) -> str | None:
        """The link's id, to be used up; None when it is not ours or too old."""
        value = self.signer.read("link", token, time.time() if now is None else now) if self.embedded else None
        return str(value["id"]) if value else None

    def _roles(self, name: str) -> frozenset[str]:
        return frozenset(ROLES) if self.embedded and name == OWNER else self.staff.roles(name)

    def _of(self, name: str) -> str:
        """Changes with the password, which ends all sessions begun before."""
        return hashlib.sha256((self.staff.hashed(name) or "").encode()).hexdigest()[:16]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
