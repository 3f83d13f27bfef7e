"""Money comes in and most of it leaves at once, on an account that doesn't do so.

Score from the account's own rate: of its deposits, how many were passed on. Who always passes on (market makers, payrolls, a wallet at the
till) is known for it after a few; 0.73 where none of three was, more after more of them.
"""

from __future__ import annotations

from typing import ClassVar

from detectors.base import NORMAL, WARMING_UP, Detector, Gate, Score, Sighting, WarmingUp
from detectors.gates import ASKED
from detectors.transfer import amounts, flow
from domain.events import Transfer
from domain.events.base import approximate
from domain.habits import Habits
from domain.messages import Reason
from domain.statistics import surprise

_LEAST = 0.1
"""Of a deposit passed on, counted to those that were: nobody's rate is zero."""


class PassThrough(Detector):
    """Needs `usd_value` of deposit and withdrawal; `balance_usd` where it is told."""

    events = (Transfer,)
    judges = ASKED
    counts: ClassVar[Gate] = {Transfer: {"status": ("completed",), "leaves": (False,)}}
    window_minutes: int
    part: float
    minimum_usd: float
    minimum_deposits: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        payout = habits.payout
        if not payout.arrivals or not seen.event.asked:
            return NORMAL
        passed_on, deposited, minutes = self._passed_on(seen, habits)
        if passed_on < self.part or deposited < self.minimum_usd:
            return NORMAL
        if payout.arrived < self.minimum_deposits:
            return WARMING_UP
        value = surprise((payout.passed + _LEAST) / (payout.arrived + 2.0))
        percent = str(round(100.0 * payout.passed / max(payout.arrived, 1)))
        reasons = [
            Reason("passed_on", round(100 * passed_on), percent, value * 0.7),
            Reason("minutes_since", minutes, None, value * 0.3),
        ]
        told = {"deposited_usd": f"{deposited:.2f}", "minutes_since": str(minutes)}
        return Score(value=value, reasons=reasons, facts=seen.event.told | told)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event: Transfer = seen.event
        usd = approximate(event.usd_value)
        if _comes(event) and usd is not None and usd >= 1.0:
            habits.payout.arrive(event.transfer_id, int(event.at), usd)

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        payout, event = habits.payout, seen.event
        if _comes(event):
            known = payout.arrival(event.transfer_id)
            if known is not None and known.at == int(event.at):
                payout.take_in()
        elif payout.arrivals and flow.to_learn(event, habits.transfer) and self._passed_on(seen, habits)[0] >= self.part:
            for known in payout.arrivals:
                if not known.passed and 0.0 <= event.at - known.at <= self.window_minutes * 60.0:
                    known.passed = True
                    payout.passed = min(payout.passed + 1, payout.arrived)

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        # A mule's account is young and has no habit: what it is to a story doesn't wait for one.
        event: Transfer = seen.event
        if not habits.payout.arrivals or not event.asked:
            return None
        passed_on, deposited, _ = self._passed_on(seen, habits)
        return "passed_on" if passed_on >= self.part and deposited >= self.minimum_usd else None

    def _passed_on(self, seen: Sighting, habits: Habits) -> tuple[float, float, int]:
        """Part of what lately came in that leaves again, and no more than the part of the balance that leaves; USD that came; minutes
        since."""
        event: Transfer = seen.event
        at = event.at
        deposited, first = amounts.arrived(habits, at, self.window_minutes * 60.0)
        if deposited <= 0.0:
            return 0.0, 0.0, 0
        sent = amounts.sent(event, habits, first)
        whole = event.balance
        there = max(whole or 0.0, deposited)  # a balance may be told less what was asked for before
        return min(sent / deposited, sent / there, 1.0), deposited, int((at - first) // 60)


def _comes(event: Transfer) -> bool:
    return event.status == "completed" and event.direction in ("deposit", "internal_in")
