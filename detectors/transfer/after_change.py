"""A withdrawal soon after a security setting was changed, to somebody new, of an amount that isn't small for the account.

Score: how far above the account's own amounts it is (of an account that has none, its share of the balance), less for lesser changes.
A change that was confirmed doesn't count any more.
"""

from __future__ import annotations

from typing import ClassVar

from detectors.base import NORMAL, Detector, Gate, Score, Sighting
from detectors.gates import ASKED
from detectors.transfer import amounts, flow
from domain.addresses import normal
from domain.events import AccountChange, Transfer
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.habits.payout import Changed
from domain.messages import Reason


class AfterChange(Detector):
    """Changes in `grave` count in full, those in `lesser` by LESSER. A whitelisted address counts for a withdrawal to it."""

    events = (Transfer, AccountChange)
    judges: ClassVar[Gate] = {**ASKED, AccountChange: {"change": ()}}
    counts: ClassVar[Gate] = {Transfer: {"status": ()}}
    teaches = counts
    hours: float
    grave: list[str]
    lesser: list[str]
    minimum_usd: float
    LESSER = 0.85

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        changes, event = habits.payout.changes, seen.event
        if not changes or not isinstance(event, Transfer) or not event.asked:
            return NORMAL
        usd, payee = event.usd, event.payee
        recent = [c for c in changes if 0.0 <= event.at - c.at <= self.hours * 3600.0 and self._concerns(c, payee[0])]
        if not recent or usd is None or usd < self.minimum_usd or habits.transfer.knows(*payee):
            return NORMAL
        change = max(recent, key=lambda c: (c.change in self.grave, c.at))
        weight = 1.0 if change.change in self.grave else self.LESSER
        own = habits.transfer.amounts
        large = 1.0 - amounts.not_below(usd, own) if len(own) else flow.share(event) or 0.0
        value, minutes = weight * large, int((event.at - change.at) // 60)
        usual = f"{own.quantile(0.5):.2f}" if len(own) else None
        reasons = [
            Reason("recent_change", change.change, None, value * 0.4),
            Reason("minutes_since", minutes, None, value * 0.2),
            Reason("amount_rank", round(usd, 2), usual, value * 0.4),
        ]
        told = {"change": change.change, "minutes_since": str(minutes)}
        return Score(value=value, reasons=reasons, subject=f"{change.change}:{change.at}", facts=seen.event.told | told)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event = seen.event
        if isinstance(event, AccountChange) and (event.change in self.grave or event.change in self.lesser):
            address = event.about.address if event.change == "address_whitelisted" else None
            mark = fingerprint(normal(address[:128])) if address else 0
            habits.payout.change(Changed(int(event.at), event.change, mark))

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        changes, event = habits.payout.changes, seen.event
        # Thieves wait for a day to pass without objection; only someone's word makes it the owner's.
        if changes and seen.confirmed and isinstance(event, AccountChange):
            at = int(event.at)
            habits.payout.changes = [c for c in changes if (c.at, c.change) != (at, event.change)]

    @staticmethod
    def _concerns(change: Changed, address: str) -> bool:
        return change.change != "address_whitelisted" or change.address in (0, fingerprint(address))
