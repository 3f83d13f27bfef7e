"""Findings, events and notices for tests, with little to write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.events import AccountChange, Login, Transfer, Verdict
from domain.events.account_change import ChangeDetail
from domain.ids import finding_id
from domain.messages import Finding, Reason, Source
from domain.severity import Severity

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
USER = "u7"


def at(hours: float = 0, *, minutes: float = 0) -> datetime:
    """Noon and so many hours."""
    return NOON + timedelta(hours=hours, minutes=minutes)


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


def login(event: str = "e1", when: datetime = NOON) -> Login:
    return Login(event_id=event, user_id=USER, occurred_at=when, outcome="success")


def change(what: Any, event: str = "e1", when: datetime = NOON, **detail: Any) -> AccountChange:
    return AccountChange(event_id=event, user_id=USER, occurred_at=when, change=what, detail=ChangeDetail(**detail))


def withdrawal(event: str = "e1", when: datetime = NOON, transfer_id: str = "t1") -> Transfer:
    return Transfer(
        event_id=event, user_id=USER, occurred_at=when, transfer_id=transfer_id, direction="withdrawal", status="requested", asset="BTC",
        amount="2.40", address="bc1q",
    )  # fmt: skip


def verdict(about: str, label: Any = "fraud", source: Any = "user", when: datetime = NOON) -> Verdict:
    return Verdict(event_id=f"v-{about}-{label}-{source}", user_id=USER, occurred_at=when, about=about, label=label, source=source, by=USER)
