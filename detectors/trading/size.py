"""A trade, or an hour of trading, far above what the account usually does.

The chance of a size this large by those before it (Student's t on logarithms), and only where it is also several times the largest there
was. Orders, fills and hours are measured against their own kind. Score: 0.9 for one in a thousand, 0.99 for one in a million.
"""

from __future__ import annotations

from typing import ClassVar

from detectors.base import NORMAL, WARMING_UP, Detector, Gate, Score, Sighting, WarmingUp
from detectors.gates import NOT_CANCELLED
from detectors.trading import read
from domain.events import Trade
from domain.habits import Habits
from domain.habits.trade import MAX_SIZES, MAX_VOLUMES, Hour, TradeHabits
from domain.messages import Reason
from domain.statistics import Sample, faded, surprise

_HALF_LIFE = 90 * 86_400.0
_HOURS = 3
"""Hours kept open: a fill may come late, or wait for a verdict."""


class Size(Detector):
    """Sizes in USD; a trade without its USD value is not judged, and a cancel says nothing."""

    events = (Trade,)
    judges = teaches = NOT_CANCELLED
    counts: ClassVar[Gate] = {Trade: {"action": ("fill",)}}
    times: float
    minimum_usd: float
    minimum_history: int
    minimum_hours: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        event, trade = seen.event, habits.trade
        usd = event.usd
        if usd is None or event.action == "cancel" or usd < self.minimum_usd / 20.0:
            return NORMAL
        before = trade.fills if event.action == "fill" else trade.orders
        if len(before) < self.minimum_history:
            return WARMING_UP
        value = self._rare(usd, before, self._peak(trade, event.at))
        if value > 0.0:
            usual = f"{before.quantile(0.95):.2f}"
            told = read.facts(seen) | {"usd_value": event.usd_value, "usual_usd": usual}
            return Score(value=value, reasons=[Reason("trade_usd", round(usd, 2), usual, value)], subject="trade", facts=told)
        return self._of_hour(usd, seen, trade) if event.action == "fill" else NORMAL

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event, trade = seen.event, habits.trade
        usd = event.usd
        if usd is None or event.action != "fill":
            return
        number = int(event.at // 3600)
        hour = _hour(trade, number)
        if hour is None:
            if trade.hours and number < trade.hours[0].number:
                return
            hour = Hour(number)
            trade.hours.append(hour)
            trade.hours.sort(key=lambda h: h.number)
            self._close(trade)
        hour.usd += usd

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        event, trade = seen.event, habits.trade
        usd = event.usd
        if usd is None or event.action == "cancel":
            return
        trade.peak, trade.peak_at = max(self._peak(trade, event.at), usd), max(trade.peak_at, int(event.at))
        if event.action == "order":
            trade.orders.add(usd, MAX_SIZES)
            return
        trade.fills.add(usd, MAX_SIZES)
        hour = _hour(trade, int(event.at // 3600))
        if hour is not None:
            hour.learned += usd

    def _of_hour(self, usd: float, seen: Sighting, trade: TradeHabits) -> Score:
        if len(trade.volumes) < self.minimum_hours:
            return NORMAL
        total = usd + running(trade, seen.event.at)
        value = self._rare(total, trade.volumes, read.largest(trade.volumes))
        if value <= 0.0:
            return NORMAL
        usual = f"{trade.volumes.quantile(0.95):.2f}"
        told = read.facts(seen) | {"usd_value": f"{total:.2f}", "usual_usd": usual, "window_minutes": "60"}
        return Score(value=value, reasons=[Reason("hour_usd", round(total, 2), usual, value)], subject="hour", facts=told)

    def _rare(self, usd: float, before: Sample, peak: float) -> float:
        """A score; 0 where it isn't several times the largest before, whatever the tail."""
        return surprise(read.tail(before, usd)) if usd >= self.minimum_usd and usd >= self.times * peak else 0.0

    @staticmethod
    def _peak(trade: TradeHabits, at: float) -> float:
        return trade.peak * faded(at - trade.peak_at, _HALF_LIFE)

    @staticmethod
    def _close(trade: TradeHabits) -> None:
        """Learns the oldest hours beyond those kept open, if all in them was normal."""
        while len(trade.hours) > _HOURS:
            over = trade.hours.pop(0)
            if over.usd > 0.0 and over.learned >= 0.999 * over.usd:
                trade.volumes.add(over.usd, MAX_VOLUMES)


def running(trade: TradeHabits, at: float) -> float:
    """USD filled in the hour up to `at`: all of the clock's hour, and as much of the one before as an hour reaches back."""
    number = int(at // 3600)
    now, before = _hour(trade, number), _hour(trade, number - 1)
    return (now.usd if now else 0.0) + (before.usd if before else 0.0) * (1.0 - (at / 3600.0 - number))


def _hour(trade: TradeHabits, number: int) -> Hour | None:
    for hour in reversed(trade.hours):
        if hour.number == number:
            return hour
    return None
