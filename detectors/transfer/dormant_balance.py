"""A balance that rested for months is moved.

Nothing but what the owner does himself wakes an account: trades, transfers out. Money that arrives doesn't (a thief might send some). It
stays just woken for a week, so that a small trade or test before doesn't hide the rest. Score: with the part of the balance that leaves.
"""

from __future__ import annotations

from typing import ClassVar

from detectors.base import NORMAL, Detector, Gate, Score, Sighting
from detectors.gates import ASKED
from detectors.transfer import flow
from domain.events import Trade, Transfer
from domain.habits import Habits
from domain.messages import Reason

_DAY = 86_400.0


class DormantBalance(Detector):
    """Who comes once in so many months anyway is known for it: the rest has to be twice his longest."""

    events = (Transfer, Trade)
    judges: ClassVar[Gate] = {**ASKED, Trade: {"action": ()}}
    counts = ASKED
    days: float
    awake_days: float
    share: float
    stranger_share: float
    minimum_usd: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event = seen.event
        if not isinstance(event, Transfer) or not event.asked:
            return NORMAL
        rest, longest = self._rest(event.at, habits)
        if rest < self.days * _DAY or rest < 2 * longest:
            return NORMAL
        number, left, available = flow.outflow(event, habits.transfer, self.awake_days * _DAY)
        if left < self.minimum_usd:
            return NORMAL
        share = min(left / available, 1.0) if available else self.share
        if share < (self.share if habits.transfer.knows(*event.payee) else self.stranger_share):
            return NORMAL
        value, days = 0.5 + 0.4 * share, int(rest // _DAY)
        usual = str(int(longest // _DAY)) if longest else None
        reasons = [Reason("quiet_days", days, usual, 0.5), Reason("share", round(100 * share), None, 0.4 * share)]
        return Score(value=value, reasons=reasons, facts=seen.event.told | {"quiet_days": str(days), "withdrawals": str(number)})

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event = seen.event
        if not isinstance(event, Transfer) or event.asked:
            habits.payout.act(int(event.at), self.days * _DAY)

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        event = seen.event
        if not isinstance(event, Transfer) or not event.asked:
            return None
        return "dormant" if self._rest(event.at, habits)[0] >= self.days * _DAY else None

    def _rest(self, at: float, habits: Habits) -> tuple[float, float]:
        """Seconds of the rest that this ends, or that was ended lately (0 for an account that never did anything), and of the longest
        before."""
        payout = habits.payout
        now = at - payout.active_at if payout.active_at else 0.0
        if payout.woke_at and 0.0 <= at - payout.woke_at <= self.awake_days * _DAY:
            return max(now, float(payout.rest)), payout.longest
        return now, max(payout.longest, payout.rest)
