"""Whether a notice is still worth telling. Pure; `now` decides."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.messages import Notice

TOO_OLD = "too old to be told when it was read"
OVER = "over before it could be told"


def too_late(notice: Notice, now: datetime, late_after: timedelta) -> str | None:
    """Why its reader isn't told any more; None where he is. A digest is as old as itself, not as what it is about: that was in time when it
    was put off, and a day until the next digest, or quiet hours behind it, must not lose it."""
    since = notice.created_at if notice.parts else notice.occurred_at
    if now - since > late_after:
        return TOO_OLD
    if notice.expires_at is not None and notice.expires_at <= now:
        return OVER
    return None
