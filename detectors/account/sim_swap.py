"""A new phone number or e-mail address, then a recovery through it: whoever took over the contact lets himself in.

Score 0.9, 1.0 when both contacts were changed; 0.4 where contact and recovery both came from a device and network of the account's: people
with a new phone do that.
"""

from __future__ import annotations

from detectors.account import recent
from detectors.base import NORMAL, Detector, Score, Sighting
from domain.events import AccountChange
from domain.habits import Habits
from domain.messages import Reason

CONTACTS = ("phone_changed", "email_changed")
RECOVERIES = ("password_reset", "mfa_reset", "recovery_requested")


class SimSwap(Detector):
    """Within `window_hours` of the change of contact, by event time. Nothing to warm up for."""

    events = (AccountChange,)
    window_hours: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event: AccountChange = seen.event
        if event.change not in RECOVERIES:
            return NORMAL
        window = self.window_hours * 3600
        before = [c for c in habits.account.changes if c.change in CONTACTS and 0 <= event.at - c.at <= window]
        if not before:
            return NORMAL
        kinds = {c.change for c in before}
        owner = recent.by_owner(seen, habits) and all(c.known for c in before)
        value = 0.4 if owner else 1.0 if len(kinds) > 1 else 0.9
        reasons = [Reason("previous_change", before[-1].change, None, value / 2), Reason("change", event.change, None, value / 2)]
        minutes = max(1, round((event.at - before[-1].at) / 60))
        facts = {"change": event.change, "previous_change": before[-1].change, "minutes": str(minutes)}
        return Score(value=value, reasons=reasons, facts=facts)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        recent.note(seen, habits)

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        return "recovery" if self.score_one(seen, habits).value >= 0.5 else None
