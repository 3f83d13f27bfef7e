"""What is told to whoever answered "it was not me": on every channel, so that it reaches the owner though somebody else gave the answer."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.ids import notice_id
from domain.messages import Asked, Notice

KIND = "account_locked"


def locked(user_id: str, case: str, now: datetime) -> Notice:
    """The notice that the account is being locked; one a day, however many notices are answered so. `case`: what the answer opened."""
    group = f"locked:{now.astimezone(UTC):%Y-%m-%d}"
    return Notice(
        notice_id=notice_id(group, user_id, KIND),
        user_id=user_id,
        kind=KIND,
        severity="critical",
        created_at=now,
        expires_at=None,
        finding_ids=[],
        channels=["email", "sms", "inapp"],
        occurred_at=now,
        group=group,
        answerable=False,
        facts={"case": case},
        asked=[Asked("freeze_account", None, None), Asked("revoke_sessions", None, None)],
    )
