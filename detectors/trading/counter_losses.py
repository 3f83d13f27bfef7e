"""The account gives its money away to one counterparty, trade by trade: it buys dear from it, or sells cheap to it.

Counted within a window is what fills were worse than the mark, a counterparty. Score: the part of all that was lost lately which that one
got, less what such trades cost the account usually. Small losses count where they are many and unlike anything that its fills cost before.
"""

from __future__ import annotations

from typing import NamedTuple

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.gates import AGAINST_SOMEONE
from detectors.trading import read
from domain.events import Trade
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.habits.trade import MAX_COUNTERPARTIES, Counterparty, TradeHabits
from domain.messages import Reason

_LEAST = 20
"""Fills before there is something usual."""
_SELDOM = 0.05
_NEARLY_ALL = 0.7
"""Score from which losses are a step of a story."""


class _Losses(NamedTuple):
    """What was lost to one counterparty within the window, with the trade at hand."""

    lost: float
    losing: int
    usual: float
    """USD that such trades cost usually."""
    share: float
    """Of all that was lost lately."""
    beyond: float
    """Part of it beyond what is usual."""
    large: bool
    often: bool
    """Small, but too many, and each unlike the account's own fills."""

    @property
    def value(self) -> float:
        return self.share * self.beyond


class CounterLosses(Detector):
    """Fills that name their counterparty and the mark. No warm-up: a young account can be milked too."""

    events = (Trade,)
    judges = counts = AGAINST_SOMEONE
    window_hours: int
    minimum_percent: float
    minimum_usd: float
    minimum_trades: int
    many_trades: int
    least_usd: float
    single_percent: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        judged = self._judged(seen, habits)
        if judged is None or not (judged.large or judged.often):
            return NORMAL
        event = seen.event
        told = {
            "lost_usd": f"{judged.lost:.2f}",
            "losing_trades": str(judged.losing),
            "window_hours": str(self.window_hours),
            "counterparty": event.counterparty_user_id[:128] or "unnamed",
        }
        value = judged.value
        reasons = [
            Reason("counter_losses", round(judged.lost, 2), f"{judged.usual:.2f}", value / 2.0),
            Reason("counterparty_share", round(judged.share * 100), None, value / 2.0),
        ]
        return Score(
            value=value,
            reasons=reasons,
            subject=str(fingerprint(event.counterparty_user_id)),
            severity=None if judged.large else "notice",
            facts=read.facts(seen) | told,
        )

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        """`losses`, also where they are small: after a stranger's sign-in they needn't be large to tell what is going on."""
        judged = self._judged(seen, habits) if seen.event.counterparty_user_id is not None else None
        return "losses" if judged is not None and judged.lost >= self.least_usd and judged.value >= _NEARLY_ALL else None

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event, trade = seen.event, habits.trade
        if event.counterparty_user_id is None:
            return
        worse, usd = event.worse, event.usd
        if worse is None or usd is None:
            return
        lost = max(worse, 0.0) * usd
        losing = worse * 100.0 >= self.minimum_percent
        if lost > 0.0:
            trade.lost.add(event.at, self._length, lost)
        known = trade.counterparty(fingerprint(event.counterparty_user_id))
        if known is None and not losing:
            return  # thousands are traded with once and cost nothing
        at = int(event.at)
        if known is None:
            if len(trade.counterparties) >= MAX_COUNTERPARTIES:
                trade.counterparties.remove(min(trade.counterparties, key=lambda c: (c.last_at >= at - self._length, c.lost)))
            known = Counterparty(fingerprint(event.counterparty_user_id), at, at)
            trade.counterparties.append(known)
        elif at - known.since > self._length:
            known.since, known.lost, known.losing, known.usd = at, 0.0, 0, 0.0
        known.last_at = max(known.last_at, at)
        known.usd += usd
        known.lost += lost
        known.losing += losing

    def _judged(self, seen: Sighting, habits: Habits) -> _Losses | None:
        """What was lost to the counterparty of a trade that is far worse than the mark; None for any other, and for few."""
        event, trade = seen.event, habits.trade
        if event.counterparty_user_id is None:
            return None
        worse, usd = event.worse, event.usd
        if worse is None or usd is None or worse * 100.0 < self.minimum_percent:
            return None
        before = self._before(trade, event)
        lost, losing, total = worse * usd, 1, usd
        if before is not None:
            lost, losing, total = lost + before.lost, losing + before.losing, total + before.usd
        if losing < self.minimum_trades and worse * 100.0 < self.single_percent:
            return None
        everyone = max(trade.lost.now(event.at, self._length) + worse * usd, lost)
        # With few fills before, those that are in question would be what is usual.
        settled = len(trade.off_marks) >= _LEAST
        usual = total * (trade.off_marks.quantile(0.5) if settled else 0.0) / 1e4
        # One market maker may be all that a thin market has: what is small has to be unlike all that the account's fills ever cost.
        often = settled and losing >= self.many_trades and lost >= self.least_usd and _unlike(read.basis_points(worse), losing - 1, trade)
        return _Losses(lost, losing, usual, lost / everyone, max(1.0 - usual / lost, 0.0), lost >= self.minimum_usd, often)

    @property
    def _length(self) -> float:
        return self.window_hours * 3600.0

    def _before(self, trade: TradeHabits, event: Trade) -> Counterparty | None:
        """What was lost to this one within the window before the trade."""
        known = trade.counterparty(fingerprint(event.counterparty_user_id or ""))
        return None if known is None or event.at - known.since > self._length else known


def _unlike(points: float, mine: int, trade: TradeHabits) -> bool:
    """Whether hardly any fill was near so bad, leaving out those in question, which may have been learned."""
    count = len(trade.off_marks)
    near = round(trade.off_marks.share_from(points / 2.0) * count)
    mine = min(mine, near)
    return near - mine <= _SELDOM * (count - mine)
