"""Events for unit tests, short to write. Times count in seconds from a fixed Monday noon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec

from domain.events import Event

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
_serial = count(1)

LAPTOP = {"device_id": "laptop", "ip": "berlin", "user_agent": "Chrome 141 on Windows"}
STRANGER = {"device_id": "stranger", "ip": "lagos", "user_agent": "Firefox 140 on Linux"}
HOME = "TKnownPayeeOfThisAccount1111111111"
ELSEWHERE = "TStrangerAddressNeverPaidBefore111"


def event(type_: str, at: float = 0.0, **fields: Any) -> Event:
    """Any event, `at` seconds from NOON; an id of its own unless told."""
    raw = {
        "type": type_,
        "event_id": f"e{next(_serial)}",
        "user_id": "u1",
        "occurred_at": (NOON + timedelta(seconds=at)).isoformat(),
        **fields,
    }
    made: Event = msgspec.convert(raw, Event)
    return made


def login(at: float = 0.0, client: dict[str, Any] | None = None, **fields: Any) -> Event:
    """A sign-in that succeeded, from the usual place unless told."""
    return event("login", at, **{"outcome": "success", "client": LAPTOP if client is None else client, **fields})


def change(at: float = 0.0, what: str = "mfa_disabled", client: dict[str, Any] | None = None, **fields: Any) -> Event:
    """A security setting changed."""
    return event("account_change", at, change=what, client=LAPTOP if client is None else client, **fields)


def withdrawal(at: float = 0.0, address: str = HOME, usd: str = "100", client: dict[str, Any] | None = None, **fields: Any) -> Event:
    """A withdrawal requested."""
    given = {"transfer_id": f"t{next(_serial)}", "direction": "withdrawal", "status": "requested", "asset": "USDT", "network": "TRON"}
    return event(
        "transfer",
        at,
        **{**given, "amount": usd, "usd_value": usd, "address": address, "client": LAPTOP if client is None else client, **fields},
    )


def verdict(
    about: str, at: float = 0.0, label: str = "genuine", source: str = "user", client: dict[str, Any] | None = None, **fields: Any
) -> Event:
    """What someone says about an event, a finding or a notice."""
    return event("verdict", at, **{"about": about, "label": label, "source": source, "by": "u1", "client": client or {}, **fields})


def habits_of_a_month() -> list[Event]:
    """A sign-in a day and a payment every five, from 30 days to one day before NOON."""
    past = [login(-day * DAY, LAPTOP | {"session_id": f"past{day}"}) for day in range(30, 0, -1)]
    past += [withdrawal(-day * DAY + HOUR, usd=str(90 + day)) for day in range(30, 0, -5)]
    return sorted(past, key=lambda e: e.at)
