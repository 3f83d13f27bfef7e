"""Deterministic ids: the same event replayed gives the same ids, so a replay never tells twice."""

from hashlib import sha1
from uuid import UUID

NAMESPACE = UUID("6f1c1d4e-5a0b-5d64-9f7e-2b6f0d9c8a11")
_SPACE = sha1(NAMESPACE.bytes, usedforsecurity=False)
_VARIANT = {f"{n:x}": f"{8 | n & 3:x}" for n in range(16)}


def finding_id(event_id: str, detector: str) -> str:
    """UUIDv5 of (event, detector)."""
    return _uuid5(f"finding\x00{event_id}\x00{detector}")


def notice_id(group: str, user_id: str, kind: str) -> str:
    """UUIDv5 of (finding group, user, kind); a group is named by the event that completes it."""
    return _uuid5(f"notice\x00{group}\x00{user_id}\x00{kind}")


def action_id(action: str, user_id: str, target: str | None, cause: str) -> str:
    """UUIDv5 of what is asked and why (a group or an answer), so that a repeat is the same action."""
    return _uuid5(f"action\x00{action}\x00{user_id}\x00{target or ''}\x00{cause}")


def delivery_id(notice: str, channel: str, contact_key: str) -> str:
    """UUIDv5 of (notice, channel, recipient); `contact_key` is a hash or a slot name such as `current`, never the contact itself."""
    return _uuid5(f"delivery\x00{notice}\x00{channel}\x00{contact_key}")


def answer_id(notice: str, again: bool = False) -> str:
    """UUIDv5 of a notice's answer: the event id of the verdict that it brings. `again`: of the one that overrides it."""
    return _uuid5(f"answer\x00{notice}\x00again" if again else f"answer\x00{notice}")


def suspect_mark(kind: str, name: str) -> str:
    """16 hex digits that stand for a session or device (`kind`) which a notice is about."""
    return sha1(f"suspect\x00{kind}\x00{name}".encode(), usedforsecurity=False).hexdigest()[:16]


def _uuid5(name: str) -> str:
    """As `str(uuid5(NAMESPACE, name))` (RFC 9562), in a third of its time: there is one for each finding."""
    hashed = _SPACE.copy()
    hashed.update(name.encode())
    digits = hashed.hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"
