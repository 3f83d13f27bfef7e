"""Protections taken away one after another: second factor, whitelist, limit, contacts, a key that may withdraw from anywhere.

Score 1 - 2^(-(n-1)/m) for n different ones within the window; m larger where all of it came from a device and network of the account's.
"""

from __future__ import annotations

from detectors.account import recent
from detectors.base import NORMAL, Detector, Score, Sighting
from domain.events import AccountChange
from domain.habits import Habits
from domain.messages import Reason


class Loosened(Detector):
    """Counts kinds of change, each once. Nothing to warm up for."""

    events = (AccountChange,)
    window_hours: float
    further_elsewhere: float
    further_usual: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event: AccountChange = seen.event
        if not (event.change in recent.LOOSENS or recent.unrestricted(event)):
            return NORMAL
        window = self.window_hours * 3600
        before = [c for c in habits.account.changes if c.weakens and 0 <= event.at - c.at <= window]
        kinds = list(dict.fromkeys([*(c.change for c in before), event.change]))
        if len(kinds) < 2:
            return NORMAL
        owner = recent.by_owner(seen, habits) and all(c.known for c in before)
        value = 1 - 2 ** (-(len(kinds) - 1) / (self.further_usual if owner else self.further_elsewhere))
        facts = {"change": event.change, "changes": ",".join(kinds), "window_hours": f"{self.window_hours:g}"}
        return Score(value=value, reasons=[Reason("changes", len(kinds), "<= 1", value)], facts=facts)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        recent.note(seen, habits)

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        return "loosened" if self.score_one(seen, habits).value >= 0.5 else None
