"""What the detectors of API keys read from a sighting."""

from __future__ import annotations

from detectors.base import Sighting
from domain.events import AccountChange, Login, Trade, Transfer
from domain.habits import Habits
from domain.habits.keys import ApiKey
from domain.habits.login import fingerprint

EVENTS = (Trade, Transfer, AccountChange, Login)


def key_id(seen: Sighting) -> str | None:
    """The API key that the event came with."""
    client = seen.event.client
    return client.api_key_id if client is not None else None


def known(seen: Sighting, habits: Habits) -> ApiKey | None:
    """What is usual for that key; None where it was never used, or there is none."""
    name = key_id(seen)
    return habits.keys.find(fingerprint(name)) if name and habits.keys.keys else None


def action(seen: Sighting) -> str | None:
    """What the key did, in the words of domain.facts; None for what nobody does with a key (a later status, money coming in)."""
    event = seen.event
    if isinstance(event, Trade):
        return "trade"
    if isinstance(event, Transfer):
        out = event.direction in ("withdrawal", "internal_out") and event.status == "requested"
        return str(event.direction) if out else None
    return "login" if isinstance(event, Login) else "account_change"
