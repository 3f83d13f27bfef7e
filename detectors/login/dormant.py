"""An account that nobody signed in to for months wakes up: those are bought, guessed and emptied, and nobody looks.

Score 1 - 2^(-d/m) for a pause of d days: 0.5 at m of them, m twice as long on the account's own device. A pause that the account has had
before counts half.
"""

from __future__ import annotations

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.gates import SUCCEEDED
from detectors.login import sight
from domain.events import Login
from domain.habits import Habits
from domain.messages import Reason

DAY = 86_400


class Dormant(Detector):
    """By the newest sign-in before, whether it was normal or not. An account without any has not slept."""

    events = (Login,)
    judges = counts = SUCCEEDED
    idle_days: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        login = habits.login
        days = (seen.event.at - login.entered_at) / DAY
        if seen.event.outcome != "success" or not login.entered_at or days < 1:
            return NORMAL
        usual = login.traits.longest_gap
        long = self.idle_days * (2 if sight.device_known(seen, login) else 1) * (2 if usual * 1.5 > days else 1)
        value = 1 - 2 ** (-days / long)
        reasons = [Reason("idle_days", round(days), f"<= {usual}", value)]
        facts = sight.facts(seen) | {"idle_days": str(round(days))}
        return Score(value=value, reasons=reasons, facts=facts)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.event.outcome == "success":
            habits.login.entered_at = max(habits.login.entered_at, int(seen.event.at))

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        return "dormant" if self.score_one(seen, habits).value >= 0.5 else None
