"""Announcements as samples: titles and texts that read the same in every language, since whoever announces writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from domain.events import Announcement, User
from domain.events.announcement import Audience, OpenOrders
from domain.messages import Notice
from domain.policy_rules import Rules
from notices import announcing
from notices.samples.make import USER

TITLE, TEXT = "BTC-USDT, 02:00–04:00 UTC", "BTC-USDT: 02:00–04:00 UTC.\nETH-USDT: 02:30–03:30 UTC."
STAKE = announcing.Stake(frozenset({"BTC"}), ("BTC-USDT", "ETH-USDT"))
Make = Callable[[Any, datetime], Notice]


def announced(kind: str, now: datetime, *, first: bool = True, rules: Rules | None = None, **changes: Any) -> Notice:
    """The notice that a reader with two open orders gets of an announcement of the kind."""
    made = Announcement(
        event_id="an1", user_id="*", occurred_at=now, kind=kind, severity="notice", starts_at=now + timedelta(hours=14),  # type: ignore[arg-type]
        ends_at=now + timedelta(hours=16), audience=Audience(holds=["BTC"] if kind in announcing.RISKS else None), title={"en": TITLE},
        body={"en": TEXT}, announcement_id="an1",
    )  # fmt: skip
    made = msgspec.structs.replace(made, **changes)
    text = announcing.Written("en", TITLE, TEXT, own=True)
    return announcing.announced(made, User(user_id=USER), STAKE, text, thread="an1", first=first, rules=rules or Rules(), now=now)


def samples() -> dict[str, Make]:
    """Name -> the notice."""
    plain: dict[str, Make] = {announcing.kind_of(kind): _maker(kind) for kind in announcing.KINDS if kind != "maintenance"}
    orders = OpenOrders(effect="paused")
    return plain | {
        "announcement_maintenance:bare": _maker("maintenance"),
        "announcement_maintenance:kept": _maker("maintenance", orders=OpenOrders(effect="kept")),
        "announcement_maintenance:cancels": _maker("maintenance", orders=OpenOrders(effect="cancelled")),
        "announcement_maintenance:update": _maker("maintenance", first=False, orders=orders),
        "announcement_maintenance:cancelled": _maker("maintenance", first=False, status="cancelled"),
        "announcement_incident:resolved": _maker("incident", first=False, status="resolved"),
        "announcement_maintenance": lambda _, now: announced(
            "maintenance", now, orders=msgspec.structs.replace(
                orders, protected_from=now + timedelta(hours=13), protected_until=now + timedelta(hours=16)
            ),
        ),
    }  # fmt: skip


def _maker(kind: str, **changes: Any) -> Make:
    return lambda _, now: announced(kind, now, **changes)
