"""Deterministic ids: the same event replayed gives the same ids, so a replay never tells twice."""

from uuid import UUID, uuid5

NAMESPACE = UUID("6f1c1d4e-5a0b-5d64-9f7e-2b6f0d9c8a11")


def finding_id(event_id: str, detector: str) -> str:
    """UUIDv5 of (event, detector)."""
    return str(uuid5(NAMESPACE, f"finding\x00{event_id}\x00{detector}"))


def notice_id(group: str, user_id: str, kind: str) -> str:
    """UUIDv5 of (finding group, user, kind); a group is named by the event that completes it."""
    return str(uuid5(NAMESPACE, f"notice\x00{group}\x00{user_id}\x00{kind}"))


def action_id(action: str, user_id: str, target: str | None, cause: str) -> str:
    """UUIDv5 of what is asked and why (a group or an answer), so that a repeat is the same action."""
    return str(uuid5(NAMESPACE, f"action\x00{action}\x00{user_id}\x00{target or ''}\x00{cause}"))


def delivery_id(notice: str, channel: str, contact_key: str) -> str:
    """UUIDv5 of (notice, channel, recipient); `contact_key` is a hash or a slot name such as `current`, never the contact itself."""
    return str(uuid5(NAMESPACE, f"delivery\x00{notice}\x00{channel}\x00{contact_key}"))


def answer_id(notice: str) -> str:
    """UUIDv5 of a notice's answer: the event id of the verdict that it brings."""
    return str(uuid5(NAMESPACE, f"answer\x00{notice}"))
