"""A finding with little to write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from domain.ids import finding_id
from domain.messages import Finding, Reason, Source
from domain.severity import Severity

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
USER = "u7"


def finding(
    detector: str = "login_new_device",
    severity: Severity = "notice",
    *,
    event: str = "e1",
    when: datetime = NOON,
    subject: str | None = "d9",
    facts: dict[str, str] | None = None,
    reasons: list[Reason] | None = None,
    **more: Any,
) -> Finding:
    """A finding of that detector about one event."""
    return Finding(
        finding_id=finding_id(event, detector),
        detector=detector,
        version="1",
        config_hash="0123456789abcdef",
        severity=severity,
        score=0.9,
        reasons=reasons or [Reason("device", "Firefox on Linux", "Chrome on macOS", 0.9)],
        event_id=event,
        user_id=USER,
        occurred_at=when,
        source=Source("logins", 0, 17),
        subject=subject,
        facts=facts or {},
        **more,
    )
