"""Mails that came back: delivery status notifications (RFC 3464, in a multipart/report of RFC 3462), and which delivery they speak of.

Anybody can write such a mail. It is believed only where it brings back the header X-Vigil-Delivery of the mail that we sent, whose seal
nobody else can make: a forger would have to hold the very mail that he says was never delivered.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import Message
from typing import Any

from domain.callback import Callback
from notices.deliver.outcome import is_dead, scrub, status_of

HEADER = "X-Vigil-Delivery"
LARGEST = 2_000_000
SEAL = 40
"""Digits of the seal: 160 bits."""
_MARK = re.compile(rf"^{HEADER}:\s*([0-9a-f-]{{36}})\.([0-9a-f]{{{SEAL}}})\s*$", re.IGNORECASE | re.MULTILINE)

Seal = Callable[[str], str]


def mark(delivery_id: str, seal: Seal) -> str:
    """The header's value for a delivery. `seal`: hexadecimal digits that only we can make of a delivery's id."""
    return f"{delivery_id}.{seal(delivery_id)[:SEAL]}"


def unmark(text: str, seal: Seal) -> str | None:
    """The delivery that headers of a mail of ours name; None for none, or a seal that isn't ours."""
    for found in _MARK.finditer(text):
        name = found.group(1).lower()
        if hmac.compare_digest(seal(name)[:SEAL], found.group(2).lower()):
            return name
    return None


def read(mail: bytes, seal: Seal) -> Callback | None:
    """What the mail says of a delivery of ours; None when it isn't a report, can't be attributed, or tells nothing final."""
    if len(mail) > LARGEST:
        return None
    try:
        message: Any = message_from_bytes(mail, policy=policy.compat32)
        delivery_id = unmark(_returned(message), seal)
        fields = next(_recipients(message), None)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None  # a broken mail is nobody's report
    if delivery_id is None or fields is None:
        return None
    action, code = fields.get("action", "").strip().lower(), status_of(fields.get("status", ""))
    if action == "delivered":
        return Callback(status="delivered", delivery_id=delivery_id, channel="email")
    if action != "failed":
        return None  # delayed, relayed, expanded: more may come
    said = fields.get("diagnostic-code", "").partition(";")[2] or fields.get("diagnostic-code", "")
    recipient = fields.get("final-recipient", "").partition(";")[2].strip()
    return Callback(
        status="bounced",
        delivery_id=delivery_id,
        channel="email",
        reason=scrub(said if code in said else f"{code} {said}".strip(), recipient) or "came back",
        dead=is_dead(code),
    )


def _recipients(message: Any) -> Iterator[dict[str, str]]:
    """The fields of each recipient; ours has one."""
    if message.get_content_type() != "multipart/report":
        return
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            for block in part.get_payload()[1:]:  # the first speaks of the message as a whole
                if isinstance(block, Message):
                    yield {name.lower(): " ".join(str(value).split()) for name, value in block.items()}


def _returned(message: Any) -> str:
    """The headers that came back: of the whole mail, or alone."""
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/rfc822" and part.is_multipart():
            inner = part.get_payload()[0]
            return "\n".join(f"{name}: {value}" for name, value in inner.items())
        if kind == "text/rfc822-headers":
            return str((part.get_payload(decode=True) or b"").decode("utf-8", "replace")).replace("\r\n", "\n")
    return ""
