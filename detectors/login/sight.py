"""What the login detectors read from a sighting."""

from __future__ import annotations

from detectors.base import Sighting
from domain.habits.login import LoginHabits, fingerprint


def device_name(seen: Sighting) -> str:
    """What a device is known by: its id, else its user agent in words (an updated browser stays the same device); '' without both."""
    return seen.event.where.device_id or seen.agent.label


def device_key(seen: Sighting) -> int | None:
    """Fingerprint of device_name, None where there is none."""
    name = device_name(seen)
    return fingerprint(name) if name else None


def device_known(seen: Sighting, habits: LoginHabits) -> bool:
    """Whether the device signed in before and that was normal."""
    key = device_key(seen)
    return key is not None and habits.device(key) is not None


def network_known(seen: Sighting, habits: LoginHabits) -> bool:
    """Whether the network is one of the account's; a shared exit is everybody's and never known."""
    return not seen.place.shared_exit and seen.network in habits.networks


def browser(seen: Sighting) -> str:
    """`Chrome 142`; '' where the user agent names no browser."""
    return f"{seen.agent.browser} {seen.agent.version}".strip() if seen.agent.browser else ""


def in_words(names: list[str], limit: int = 3) -> str:
    """A short list for `usual`, newest last."""
    return ", ".join(dict.fromkeys(name for name in names[-limit:] if name))[:200]


def subject(seen: Sighting) -> str:
    """The device, else the network: the unit of cooldown."""
    return (device_name(seen) or seen.network)[:128]


def facts(seen: Sighting, *, mfa: bool = True) -> dict[str, str]:
    """Facts of every login finding; `mfa`: the event is a login."""
    named = {"browser": browser(seen), "mfa": (seen.event.mfa or "") if mfa else ""}
    return {name: value for name, value in named.items() if value}
