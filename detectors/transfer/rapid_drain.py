"""Most of the balance leaves within a short time, at once or in parts; or over days in small parts, more than ever leaves in as long.

Several in a row to a payee who is new are one: an account that is emptied slowly, below every limit, to an address that was prepared.

Score: within the short window, the share of what there was to take, halved for an account whose owner empties it as a habit. Over a day or
a week, how far the sum is above the account's own of as long, and the more so the larger its share. To a new payee: the chance of so many,
at the account's own pace, if it were the one that is paid most.
"""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import ASKED, LEAVES, PAYMENTS
from detectors.transfer import amounts, flow
from domain.events import Transfer
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.messages import Reason
from domain.statistics import Sample, count_tail, surprise

_HALF_LIFE = 180 * 86_400.0
_MOST = 0.8
"""Of what there was: the account counts as emptied."""
_LITTLE = 0.2
"""A part of the balance that says nothing."""
_DAY, _WEEK = 86_400, 7 * 86_400


class RapidDrain(Detector):
    """Needs `balance_usd` and `usd_value`; is quiet without them."""

    events = (Transfer,)
    judges = ASKED
    counts = LEAVES
    teaches = PAYMENTS
    window_minutes: int
    habit: float
    minimum_usd: float
    minimum_withdrawals: int
    minimum_days: float
    parts: int
    part_share: float
    minimum_sums: int
    in_a_row: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        if not seen.event.asked:
            return NORMAL
        transfer, at = habits.transfer, seen.event.at
        number, left, available = flow.outflow(seen.event, transfer, self.window_minutes * 60.0)
        if available < max(self.minimum_usd, 0.01) or left <= 0.0:
            return NORMAL
        if transfer.count < self.minimum_withdrawals and at - (habits.first_at or at) < self.minimum_days * 86_400:
            return WARMING_UP
        share = min(left / available, 1.0)
        value, minutes = share, self.window_minutes
        if share >= _LITTLE and self._is_habit(habits, at):
            value *= 0.5
        for window, usual in ((_WEEK, habits.payout.weeks), (_DAY, habits.payout.days)) if share < _MOST else ():
            slow = self._in_parts(seen, habits, window, usual)
            if slow[1] < self.parts:
                break  # nor are there as many in a day
            if slow[0] > value:
                value, number, left, available = slow
                minutes = window // 60
        to_one = self._to_one(seen, habits)
        if to_one[0] > value:
            value, number, left, available = to_one
            minutes = _WEEK // 60
        if value < _LITTLE:
            return NORMAL
        share = min(left / available, 1.0)
        # What each part adds beyond the last one is shown by their number; the share carries the score.
        reasons = [Reason("share", round(100 * share), None, value * 0.8), Reason("withdrawals", number, None, value * 0.2)]
        told = {"share": str(round(100 * share)), "withdrawals": str(number), "window_minutes": str(minutes), "total_usd": f"{left:.2f}"}
        return Score(value=value, reasons=reasons, facts=seen.event.told | told | {"balance_usd": f"{available:.2f}"})

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.event.leaves:
            flow.count(seen.event, habits.transfer)

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        transfer, payout, event = habits.transfer, habits.payout, seen.event
        if not flow.to_learn(event, transfer):
            return
        _, left, available = flow.outflow(event, transfer, self.window_minutes * 60.0)
        transfer.learned.add(event.at, _HALF_LIFE)
        if available and left >= _MOST * available:
            transfer.drained.add(event.at, _HALF_LIFE)
        payout.spend(int(event.at), event.usd or 0.0)

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        if not seen.event.asked:
            return None
        _, left, available = flow.outflow(seen.event, habits.transfer, self.window_minutes * 60.0)
        return "drain" if available >= max(self.minimum_usd, 0.01) and left >= _MOST * available else None

    def _in_parts(self, seen: Sighting, habits: Habits, window: int, usual: Sample) -> tuple[float, int, float, float]:
        """Score, and transfers, USD that left and USD that there was in the window."""
        number, left, available = flow.outflow(seen.event, habits.transfer, window)
        if number < self.parts or len(usual) < self.minimum_sums:
            return 0.0, number, left, available
        available += amounts.arrived(habits, seen.event.at, window)[0]
        share = min(left / available, 1.0)
        if share < self.part_share:
            return 0.0, number, left, available
        return surprise(amounts.tail(left, usual)) * share**0.25, number, left, available

    def _to_one(self, seen: Sighting, habits: Habits) -> tuple[float, int, float, float]:
        """The same for payments to a payee who was first paid within the week."""
        transfer, at, to = habits.transfer, seen.event.at, flow.payee_mark(seen.event)
        key = fingerprint(seen.event.transfer_id)
        mine = [f.at for f in transfer.flows if f.to == to and at - _WEEK < f.at <= at and not f.undone and f.key != key]
        if len(mine) + 1 < self.in_a_row:
            return 0.0, 0, 0.0, 0.0
        known = transfer.payee(*seen.event.payee)
        if known is not None and (not known.since or at // _DAY - known.since > _WEEK // _DAY):
            return 0.0, 0, 0.0, 0.0
        often = max([p.count for p in transfer.payees if p is not known], default=1) + 1.0
        pace = (transfer.count + 1.0) / max((at - transfer.first_at) / _DAY, 7.0) * min(often / (transfer.count + 2.0), 1.0)
        usual = max(pace * (at - mine[0]) / _DAY, 0.3)  # of what is paid in parts, two within the hour are ordinary
        _, left, available = flow.outflow(seen.event, transfer, _WEEK)
        return surprise(count_tail(len(mine), usual, usual)), len(mine) + 1, left, available

    def _is_habit(self, habits: Habits, at: float) -> bool:
        """Emptied at least twice, and at no small part of its withdrawals."""
        drained = habits.transfer.drained.now(at, _HALF_LIFE)
        return drained >= 1.5 and drained >= self.habit * habits.transfer.learned.now(at, _HALF_LIFE)
