"""Far more trades at once than the account ever makes.

Learned is how many trades there are in a window that has any: people trade in sessions, so a rate over days would call every session a
burst. The chance of a count this high is bounded by a negative binomial with the account's own mean and variance. Score: 0.99 for one in a
million.
"""

from __future__ import annotations

import math

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from domain.events import Trade
from domain.habits import Habits
from domain.habits.trade import MAX_WINDOWS, TradeHabits, Window
from domain.messages import Reason
from domain.statistics import count_tail, surprise

_HALF_LIFE = 30 * 86_400.0
_OVER = 1.5 * 86_400.0
"""Seconds after which no trade is expected in a window any more."""
_KEEP = 3 * 86_400.0
"""Seconds that a window with trades that wait for a verdict is kept."""


class Burst(Detector):
    """Orders, fills and cancels count alike: each is a thing that was done on the account."""

    events = (Trade,)
    window_minutes: int
    minimum_trades: int
    minimum_windows: int
    minimum_days: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        trade, at = habits.trade, seen.event.at
        if trade.learned < self.minimum_windows or at - (trade.first_at or at) < self.minimum_days * 86_400:
            return WARMING_UP
        count = self._running(trade, at)
        if 2 * count < self.minimum_trades:
            return NORMAL
        mean, spread, seen_often = trade.sizes.mean, trade.sizes.variance, max(trade.sizes.weight, 1.0)
        # Few windows say little about the mean and less about the spread: both are taken at their upper end.
        variance = max(spread, mean) * (1.0 + 3.0 / math.sqrt(seen_often))
        chance = count_tail(count, max(mean + math.sqrt(variance / seen_often), 1.0), variance)
        value = surprise(chance) * min(1.0, count / self.minimum_trades)
        if value <= 0.0:
            return NORMAL
        usual = str(math.ceil(mean + 2.0 * math.sqrt(variance)))
        told = {"trades": str(count), "usual_trades": usual, "window_minutes": str(self.window_minutes), "market": seen.event.market[:64]}
        return Score(value=value, reasons=[Reason("trades", count, f"up to {usual}", value)], facts=told)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        habits.positions.note_trade(seen.event)
        trade, number = habits.trade, self._number(seen.event.at)
        trade.counted_at = seen.event.at
        window = trade.window(number)
        if window is None:
            window = Window(number)
            trade.windows.append(window)
            trade.windows.sort(key=lambda w: w.number)
            self._close(trade)
        window.counted += 1

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        trade, at = habits.trade, seen.event.at
        trade.count += 1
        trade.first_at = min(int(at), trade.first_at or int(at))
        window = trade.window(self._number(at))
        if window is None:
            return
        window.learned += 1
        if at != trade.counted_at and window.learned < window.counted:
            # One of a burst was cleared: then so were the rest of that window.
            self._take(trade, window)

    def _running(self, trade: TradeHabits, at: float) -> int:
        """Trades in the window that ends with this one, it among them: all of the fixed window it is in, and as much of the one before as a
        window reaches back."""
        number = self._number(at)
        now, before = trade.window(number), trade.window(number - 1)
        elapsed = at / (self.window_minutes * 60) - number
        return 1 + (now.counted if now else 0) + round((before.counted if before else 0) * (1.0 - elapsed))

    def _number(self, at: float) -> int:
        return int(at // (self.window_minutes * 60))

    def _close(self, trade: TradeHabits) -> None:
        """Learns the windows that are over, all of whose trades were normal; forgets those that waited too long."""
        length, newest = self.window_minutes * 60, trade.windows[-1].number
        for window in trade.windows[:-1]:
            normal = 0 < window.counted == window.learned
            crowded = len(trade.windows) > MAX_WINDOWS
            if normal and (crowded or window.number < newest - _OVER / length):
                self._take(trade, window)
            elif crowded or window.number < newest - _KEEP / length:
                trade.windows.remove(window)

    def _take(self, trade: TradeHabits, window: Window) -> None:
        trade.sizes.add(float(window.counted), float(window.number * self.window_minutes * 60), _HALF_LIFE)
        trade.learned += 1
        trade.windows.remove(window)
