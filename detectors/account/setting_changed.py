"""A change to what protects the account: password, second factor, contacts, keys, limits. Told every time, whoever did it.

Score 1 for each: the question is not whether it is unusual but whether the owner knows.
"""

from __future__ import annotations

from detectors.base import NORMAL, Detector, Score, Sighting
from domain.events import AccountChange
from domain.habits import Habits
from domain.messages import Reason


class SettingChanged(Detector):
    """No warm-up. What the exchange decides (KYC) is not told; what only takes rights away (a deleted key) is, but leads to nothing."""

    events = (AccountChange,)
    takes_away = ("api_key_deleted",)
    changes: list[str]
    withdraw_permissions: list[str]

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event: AccountChange = seen.event
        if event.change not in self.changes:
            return NORMAL
        permissions = event.about.permissions or []
        may_withdraw = event.change == "api_key_created" and any(p.strip().lower() in self.withdraw_permissions for p in permissions)
        facts = {"change": event.change, "mfa": ""}
        if event.change == "api_key_created":
            if may_withdraw and "withdraw" not in [p.strip().lower() for p in permissions]:
                permissions = ["withdraw", *permissions]  # the words go by this name, whatever the exchange calls it
            facts |= {"permissions": ",".join(permissions)[:200], "api_key": (event.about.new or "")[:128]}
        if event.change == "api_key_deleted":
            facts["api_key"] = (event.about.old or "")[:128]
        if event.about.address:
            facts["address"] = event.about.address[:128]
        return Score(
            value=1.0,
            reasons=[Reason("change", event.change, None, 1.0)],
            subject=event.event_id,
            severity="warning" if may_withdraw else None,
            facts={name: value for name, value in facts.items() if value},
        )

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        change: str = seen.event.change
        return change if change in self.changes and change not in self.takes_away else None
