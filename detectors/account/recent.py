"""What the account detectors share: who made a change, and whether it took a protection away."""

from __future__ import annotations

from detectors.base import Sighting
from detectors.login import sight
from domain.events import AccountChange
from domain.habits import Habits
from domain.habits.account import Changed
from domain.habits.login import fingerprint

WITHDRAW = frozenset({"withdraw", "withdrawal", "withdrawals", "transfer_out", "all"})
LOOSENS = frozenset({"mfa_disabled", "mfa_reset", "whitelist_disabled", "limit_raised", "password_reset", "email_changed", "phone_changed"})
"""Changes after which there is a protection less, or another holds it."""


def may_withdraw(event: AccountChange) -> bool:
    """Whether a key was created that may take money out."""
    return event.change == "api_key_created" and any(p.strip().lower() in WITHDRAW for p in event.about.permissions or ())


def unrestricted(event: AccountChange) -> bool:
    """Whether such a key works from any address, as far as is told."""
    return may_withdraw(event) and event.about.ip_restricted is not True


def by_owner(seen: Sighting, habits: Habits) -> bool:
    """Whether it came from a device and a network of the account's."""
    return sight.device_known(seen, habits.login) and sight.network_known(seen, habits.login)


def note(seen: Sighting, habits: Habits) -> None:
    """Remembers the change. Several detectors count; what is the same is remembered once."""
    event: AccountChange = seen.event
    changed = Changed(int(event.at), event.change, by_owner(seen, habits), event.change in LOOSENS or unrestricted(event))
    if changed not in habits.account.changes:
        habits.account.note(changed)
        if event.change == "api_key_deleted":
            for name in (event.about.old, event.about.new):
                if name:
                    habits.keys.forget(fingerprint(name))
