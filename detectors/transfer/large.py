"""A withdrawal far above what the account usually takes out.

With a history of its own: the chance of an amount this large, by those before it. Student's t on logarithms, with a spread that is deaf to
outliers; but never less than the part of them that came near it, so that the rent which recurs is no surprise. With little history: how it
stands among people with as little. Score: 0.9 for one in a thousand, 0.99 for one in a million.
"""

from __future__ import annotations

import math

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import ASKED, PAYMENTS
from detectors.models import cohort
from detectors.transfer import flow
from domain.events import Transfer
from domain.habits import Habits
from domain.habits.transfer import MAX_AMOUNTS, TransferHabits
from domain.messages import Reason
from domain.statistics import student_tail, surprise

_PRIOR_SPREAD = 0.8
"""People's own amounts vary by a factor of two or so; counts as _PRIOR_COUNT withdrawals of theirs."""
_PRIOR_COUNT = 4.0
_LEAST_SPREAD = 0.5
_TAUGHT = 2
"""Payments to a payee that teach while it is young."""
_MONTH = 30 * 86_400.0
"""Who always takes out the same may still take out half as much again."""


class Large(Detector):
    """Amounts in USD; a transfer without its USD value is not judged."""

    events = (Transfer,)
    judges = ASKED
    teaches = PAYMENTS
    minimum_history: int
    near: float
    growth: float
    young_days: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        usd = seen.event.usd
        if not seen.event.asked or usd is None or usd < 1.0:
            return NORMAL
        if len(habits.transfer.amounts) < self.minimum_history:
            return self._among_others(usd, seen, habits)
        usual = f"{habits.transfer.amounts.quantile(0.95):.2f}"
        near = habits.transfer.amounts.share_from(usd / self.near)
        value = surprise(max(_tail(usd, habits.transfer), near))
        reasons = [Reason("usd_value", round(usd, 2), usual, value)]
        return Score(value=value, reasons=reasons, facts=seen.event.told | {"usual_usd": usual})

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        transfer, usd = habits.transfer, seen.event.usd
        if not flow.to_learn(seen.event, transfer):
            return
        if usd is not None:
            if seen.cohort is not None and len(transfer.amounts) < self.minimum_history:
                seen.cohort.withdrawals.learn_one(_row(usd, seen, habits))
            if seen.confirmed or len(transfer.amounts) < self.minimum_history:
                transfer.amounts.add(usd, MAX_AMOUNTS)
            elif not self._young(seen.event, transfer):
                transfer.amounts.add(min(usd, self._fastest(seen.event.at, habits)), MAX_AMOUNTS)
        transfer.count += 1
        transfer.first_at = min(int(seen.event.at), transfer.first_at or int(seen.event.at))

    def _young(self, event: Transfer, transfer: TransferHabits) -> bool:
        """Whether the payee has taught enough for its age: who takes a little more each day to an address of his makes nothing usual."""
        known = transfer.payee(*event.payee)
        return known is not None and known.count >= _TAUGHT and known.since > 0 and event.at // 86_400 - known.since < self.young_days

    def _fastest(self, at: float, habits: Habits) -> float:
        """USD beyond which an amount counts as this much only: what nobody confirmed moves the usual no faster than `growth` a month."""
        own, payout = habits.transfer.amounts, habits.payout
        if not payout.anchor_usd or abs(at - payout.anchor_at) > _MONTH:
            payout.anchor_usd, payout.anchor_at = math.ceil(own.quantile(0.9)), int(at)
        return self.growth * payout.anchor_usd

    def _among_others(self, usd: float, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        if seen.cohort is None:
            return WARMING_UP
        rank = seen.cohort.withdrawals.score_one(_row(usd, seen, habits))
        if isinstance(rank, WarmingUp):
            return WARMING_UP
        # Thinly populated is not enough, a tiny withdrawal may stand alone too; it also has to be large among theirs.
        alone, large = max(1.0 - rank, 1e-4), max(seen.cohort.withdrawals.size_tail(usd), 1e-12)
        value = surprise(math.sqrt(alone * large))
        part = math.log(alone) / math.log(alone * large) if alone * large < 1.0 else 0.5
        usual = f"{seen.cohort.withdrawals.size_quantile(0.95):.2f}"
        reasons = [
            Reason("cohort", round(rank, 4), None, value * part),
            Reason("usd_value", round(usd, 2), usual, value * (1.0 - part)),
        ]
        return Score(value=value, reasons=reasons, facts=seen.event.told | {"usual_usd": usual})


def _tail(usd: float, habits: TransferHabits) -> float:
    """Chance of an amount this large or larger, if it is like those before."""
    count = float(len(habits.amounts))
    own = habits.amounts.log_spread()
    spread = max(math.sqrt((_PRIOR_COUNT * _PRIOR_SPREAD**2 + count * own**2) / (_PRIOR_COUNT + count)), _LEAST_SPREAD)
    distance = (math.log(usd) - habits.amounts.log_quantile(0.5)) / (spread * math.sqrt(1.0 + 1.0 / count))
    return student_tail(distance, count + _PRIOR_COUNT - 1.0)


def _row(usd: float, seen: Sighting, habits: Habits) -> cohort.Row:
    age = (seen.event.at - habits.first_at) / 86_400.0 if habits.first_at else 0.0
    return cohort.features(usd, seen.event.balance, not habits.transfer.knows(*seen.event.payee), age)
