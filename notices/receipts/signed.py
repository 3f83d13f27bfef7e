"""The generic callback: JSON, signed with a shared key, fresh.

POST /api/receipts/PROVIDER
X-Vigil-Timestamp: 1795428000
X-Vigil-Signature: v1=<hex of HMAC-SHA256(key, timestamp "." body)>
{"id": "<the provider's id>", "status": "delivered", "reason": "...", "code": "..."}      or a list of such objects
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime
from typing import Literal

import msgspec

from domain.callback import Callback, Came
from notices.deliver.outcome import scrub

FRESH_SECONDS = 300.0
MOST = 500
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class Unverified(ValueError):
    """Whoever sent it can't be known; nothing of it is believed."""


class Malformed(ValueError):
    """It is signed, and says nothing that can be understood."""


class Said(msgspec.Struct, frozen=True):
    """One object of the body; fields that aren't named here are left alone."""

    id: str | int
    status: Literal["queued", "accepted", "sent", "delivered", "bounced", "undelivered", "rejected", "failed"]
    reason: str | None = None
    dead: bool = False
    """There is no such mailbox or number, whatever is sent there."""


_BODY = msgspec.json.Decoder(Said | list[Said])
CAME: dict[str, Came] = {
    "delivered": "delivered",
    "bounced": "bounced",
    "undelivered": "bounced",
    "rejected": "bounced",
    "failed": "failed",
}
"""`queued`, `accepted` and `sent` say nothing that isn't known."""


def signature(key: str, timestamp: str, body: bytes) -> str:
    """What the provider puts into X-Vigil-Signature."""
    return "v1=" + hmac.digest(key.encode(), timestamp.encode() + b"." + body, "sha256").hex()


def verify(key: str, timestamp: str, given: str, body: bytes, now: datetime) -> None:
    """Raises Unverified. Compares in constant time; a signature older or newer than five minutes is worth nothing."""
    if not _TIMESTAMP.fullmatch(timestamp) or abs(now.timestamp() - int(timestamp)) > FRESH_SECONDS:
        raise Unverified("timestamp")
    if not key or not hmac.compare_digest(signature(key, timestamp, body).encode(), given.strip().encode()):
        raise Unverified("signature")


def read(provider: str, body: bytes) -> list[Callback]:
    """The callbacks of a verified body. Raises Malformed, with what was expected."""
    try:
        told = _BODY.decode(body)
    except msgspec.MsgspecError as error:
        raise Malformed(str(error)) from None
    said = told if isinstance(told, list) else [told]
    if len(said) > MOST:
        raise Malformed(f"at most {MOST} at once")
    return [
        Callback(
            status=CAME[one.status],
            provider=provider,
            provider_id=str(one.id)[:200],
            reason=scrub(one.reason, "") or None if one.reason else None,
            dead=one.dead,
        )
        for one in said
        if one.status in CAME and str(one.id)
    ]
