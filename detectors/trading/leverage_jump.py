"""Leverage far above what the account ever took. Score: 1 - usual / leverage, usual being the highest among the trades kept."""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import NOT_CANCELLED
from detectors.trading import read
from domain.events import Trade
from domain.habits import Habits
from domain.habits.trade import MAX_LEVERAGES
from domain.messages import Reason


class LeverageJump(Detector):
    """A trade that tells no leverage counts as unleveraged, 1."""

    events = (Trade,)
    judges = teaches = NOT_CANCELLED
    times: float
    minimum_leverage: float
    minimum_history: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        event, usual = seen.event, habits.trade.leverages
        if event.leverage is None or event.action == "cancel":
            return NORMAL
        leverage = event.times
        if leverage < self.minimum_leverage:
            return NORMAL
        if len(usual) < self.minimum_history:
            return WARMING_UP
        highest = max(read.largest(usual), 1.0)
        if leverage < self.times * highest:
            return NORMAL
        value, said = 1.0 - highest / leverage, f"{highest:.3g}"
        told = {"leverage": f"{leverage:g}", "usual_leverage": said}
        return Score(value=value, reasons=[Reason("leverage", leverage, said, value)], facts=read.facts(seen) | told)

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.event.action != "cancel":
            habits.trade.leverages.add(seen.event.times, MAX_LEVERAGES)
