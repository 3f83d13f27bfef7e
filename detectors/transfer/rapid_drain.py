"""Most of the balance leaves within a short time, at once or in parts.

Score: the share of what there was to take. Halved for an account whose owner empties it as a habit.
"""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.transfer import flow
from domain.events import Transfer
from domain.habits import Habits
from domain.messages import Reason

_HALF_LIFE = 180 * 86_400.0


class RapidDrain(Detector):
    """Needs `balance_usd` and `usd_value`; is quiet without them."""

    events = (Transfer,)
    window_minutes: int
    habit: float
    minimum_usd: float
    minimum_withdrawals: int
    minimum_days: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        transfer, at = habits.transfer, seen.event.at
        number, left, available = (
            flow.outflow(seen.event, transfer, self.window_minutes * 60.0) if flow.asked(seen.event) else (0, 0.0, 0.0)
        )
        if available < max(self.minimum_usd, 0.01) or left <= 0.0:
            return NORMAL
        if transfer.count < self.minimum_withdrawals and at - (habits.first_at or at) < self.minimum_days * 86_400:
            return WARMING_UP
        share = min(left / available, 1.0)
        value = share * (0.5 if self._is_habit(habits, at) else 1.0)
        # What each part adds beyond the last one is shown by their number; the share carries the score.
        reasons = [Reason("share", round(100 * share), None, value * 0.8), Reason("withdrawals", number, None, value * 0.2)]
        told = {"share": str(round(100 * share)), "withdrawals": str(number), "window_minutes": str(self.window_minutes)}
        return Score(value=value, reasons=reasons, facts=flow.facts(seen) | told | {"balance_usd": f"{available:.2f}"})

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        if flow.leaves(seen.event):
            flow.count(seen.event, habits.transfer)

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        transfer = habits.transfer
        if not flow.to_learn(seen.event, transfer):
            return
        _, left, available = flow.outflow(seen.event, transfer, self.window_minutes * 60.0)
        transfer.learned.add(seen.event.at, _HALF_LIFE)
        if available and left >= 0.8 * available:
            transfer.drained.add(seen.event.at, _HALF_LIFE)

    def _is_habit(self, habits: Habits, at: float) -> bool:
        """Emptied at least twice, and at no small part of its withdrawals."""
        drained = habits.transfer.drained.now(at, _HALF_LIFE)
        return drained >= 1.5 and drained >= self.habit * habits.transfer.learned.now(at, _HALF_LIFE)
