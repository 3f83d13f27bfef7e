"""Findings, events and notices for tests, with little to write."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain.events import AccountChange, Login, Transfer, Verdict
from domain.events.account_change import ChangeDetail
from notices.samples.make import NOON, USER, finding

__all__ = ["NOON", "USER", "at", "change", "finding", "login", "verdict", "withdrawal"]


def at(hours: float = 0, *, minutes: float = 0) -> datetime:
    """Noon and so many hours."""
    return NOON + timedelta(hours=hours, minutes=minutes)


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
