"""Withdrawals may go anywhere again: the list of allowed addresses was switched off, which is what a thief needs first.

Score 0.7; 1.0 from a device or network that isn't the account's.
"""

from __future__ import annotations

from detectors.account import recent
from detectors.base import NORMAL, Detector, Score, Sighting
from domain.events import AccountChange
from domain.habits import Habits
from domain.messages import Reason


class WhitelistOff(Detector):
    """Told each time; nothing to warm up for."""

    events = (AccountChange,)

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        if seen.event.change != "whitelist_disabled":
            return NORMAL
        value = 0.7 if recent.by_owner(seen, habits) else 1.0
        reasons = [Reason("change", seen.event.change, None, value)]
        return Score(value=value, reasons=reasons, subject=seen.event.event_id, facts={"change": seen.event.change})

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        return "whitelist_disabled" if seen.event.change == "whitelist_disabled" else None
