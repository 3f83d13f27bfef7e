"""The account gives its money away to one counterparty, trade by trade: it buys dear from it, or sells cheap to it.

Counted within a window is what fills were worse than the mark, a counterparty. Score: the part of all that was lost lately which that one
got, less what such trades cost the account usually.
"""

from __future__ import annotations

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


class CounterLosses(Detector):
    """Fills that name their counterparty and the mark. No warm-up: a young account can be milked too."""

    events = (Trade,)
    judges = counts = AGAINST_SOMEONE
    window_hours: int
    minimum_percent: float
    minimum_usd: float
    minimum_trades: int
    single_percent: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event, trade = seen.event, habits.trade
        if event.counterparty_user_id is None:
            return NORMAL
        worse, usd = event.worse, event.usd
        if worse is None or usd is None or worse * 100.0 < self.minimum_percent:
            return NORMAL
        before = self._before(trade, event)
        lost, losing, total = worse * usd, 1, usd
        if before is not None:
            lost, losing, total = lost + before.lost, losing + before.losing, total + before.usd
        if lost < self.minimum_usd or (losing < self.minimum_trades and worse * 100.0 < self.single_percent):
            return NORMAL
        everyone = max(trade.lost.now(event.at, self._length) + worse * usd, lost)
        # With few fills before, those that are in question would be what is usual.
        usual = total * (trade.off_marks.quantile(0.5) if len(trade.off_marks) >= _LEAST else 0.0) / 1e4
        share, beyond = lost / everyone, max(1.0 - usual / lost, 0.0)
        value = share * beyond
        told = {
            "lost_usd": f"{lost:.2f}",
            "losing_trades": str(losing),
            "window_hours": str(self.window_hours),
            "counterparty": event.counterparty_user_id[:128] or "unnamed",
        }
        reasons = [
            Reason("counter_losses", round(lost, 2), f"{usual:.2f}", value / 2.0),
            Reason("counterparty_share", round(share * 100), None, value / 2.0),
        ]
        return Score(
            value=value,
            reasons=reasons,
            subject=str(fingerprint(event.counterparty_user_id)),
            facts=read.facts(seen) | told,
        )

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

    @property
    def _length(self) -> float:
        return self.window_hours * 3600.0

    def _before(self, trade: TradeHabits, event: Trade) -> Counterparty | None:
        """What was lost to this one within the window before the trade."""
        known = trade.counterparty(fingerprint(event.counterparty_user_id or ""))
        return None if known is None or event.at - known.since > self._length else known
