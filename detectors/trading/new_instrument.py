"""The first trade in a market that the account never traded.

How surprising that is depends on how often the account tries a new one: the chance of at least one more within a day, at the rate of the
last month. Score: 0.9 for one in a thousand.
"""

from __future__ import annotations

import math

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import NOT_CANCELLED
from detectors.trading import read
from domain.events import Trade
from domain.habits import Habits
from domain.habits.trade import MAX_MARKETS
from domain.messages import Reason
from domain.statistics import surprise

_HALF_LIFE = 30 * 86_400.0
_PRIOR = 0.25
"""New markets in a month of someone who tried none yet."""
_APART = 3_600.0
"""Seconds within which trades in new markets count as one try."""


class NewInstrument(Detector):
    """Markets as the exchange names them; those not traded for longest are forgotten beyond a bound."""

    events = (Trade,)
    judges = counts = teaches = NOT_CANCELLED
    minimum_trades: int
    minimum_days: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        event, trade = seen.event, habits.trade
        if event.action == "cancel" or _name(event) in trade.markets:
            return NORMAL
        if trade.count < self.minimum_trades or event.at - (trade.first_at or event.at) < self.minimum_days * 86_400:
            return WARMING_UP
        # A fading count of n stands for n * ln 2 / half-life a second.
        a_day = (trade.new_markets.now(event.at, _HALF_LIFE) + _PRIOR) * math.log(2.0) / (_HALF_LIFE / 86_400.0)
        value = surprise(1.0 - math.exp(-a_day))
        known = str(len(trade.markets))
        return Score(
            value=value,
            reasons=[Reason("instrument", event.market[:64], known, value)],
            subject=event.market[:64],
            facts=read.facts(seen) | {"instruments": known},
        )

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event, trade = seen.event, habits.trade
        fresh = event.at - trade.new_markets.at > _APART and event.action != "cancel" and trade.count > self.minimum_trades
        if fresh and _name(event) not in trade.markets:
            trade.new_markets.add(event.at, _HALF_LIFE)

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.event.action != "cancel":
            habits.trade.markets.add(_name(seen.event), MAX_MARKETS)


def _name(event: Trade) -> str:
    return event.market[:64]
