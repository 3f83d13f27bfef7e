"""Habits of the subject: account. Nothing is normal here; what was changed lately."""

from __future__ import annotations

import msgspec

MAX_CHANGES = 12
KEPT = 7 * 86_400
MFA = {"mfa_enabled": "on", "mfa_disabled": "none", "mfa_reset": ""}
"""What a change says of the second factor; `on`: there is one, of which kind the next sign-in tells. After a reset nothing is known."""


class Changed(msgspec.Struct, array_like=True):
    """A setting that was changed."""

    at: int
    change: str
    """domain.events.account_change.Change."""
    known: bool
    """From a device and a network of the account's."""
    weakens: bool
    """It took a protection away: for a key, that it may withdraw from anywhere."""


class AccountHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered. Times: event time, whole seconds since the epoch."""

    changes: list[Changed] = []
    """Of the last week, normal or not, in event time."""

    mfa: str = ""
    """Second factor of the newest sign-in that was normal and told one: none totp sms email passkey; '' where none did yet."""
    mfa_at: int = 0
    """When that was, or when the second factor was switched on or off after it."""
    whitelist_off_at: int = 0
    """When the address list was switched off last; 0: never. No event tells that it was switched on."""

    def see_mfa(self, mfa: str, at: int) -> None:
        """Notes with which second factor a sign-in was confirmed. That one went without says nothing once there is a factor: a known
        device may be let off."""
        if at >= self.mfa_at and (mfa != "none" or self.mfa in ("", "none")):
            self.mfa, self.mfa_at = mfa, at

    def note(self, changed: Changed) -> None:
        """Remembers a change; those older than a week, and the oldest beyond the bound, are forgotten."""
        if changed.change in MFA and changed.at >= self.mfa_at:
            self.mfa, self.mfa_at = MFA[changed.change], changed.at
        if changed.change == "whitelist_disabled":
            self.whitelist_off_at = max(self.whitelist_off_at, changed.at)
        changes = sorted([*self.changes, changed], key=lambda c: c.at)
        self.changes = [c for c in changes if changes[-1].at - c.at <= KEPT][-MAX_CHANGES:]
