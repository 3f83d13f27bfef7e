"""A withdrawal to an address that the account has never paid.

Score 0.7, up to 0.9 with the share of the balance that goes there.
"""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import ASKED, PAYMENTS, UNDONE
from detectors.transfer import flow
from domain.events import Transfer
from domain.habits import Habits
from domain.messages import Reason


class NewAddress(Detector):
    """Paid: a transfer that was normal, or was cleared, and didn't fail. Another memo at the same address is another payee."""

    events = (Transfer,)
    judges = ASKED
    counts = UNDONE
    teaches = PAYMENTS
    minimum_withdrawals: int

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        address, memo = seen.event.payee
        if not seen.event.asked or not address or habits.transfer.knows(address, memo):
            return NORMAL
        if habits.transfer.count < self.minimum_withdrawals:
            return WARMING_UP
        known = len(habits.transfer.payees) + len(habits.transfer.old_payees)
        reasons = [Reason("payee", address, f"{known} known", 0.7)]
        share = flow.share(seen.event)
        if share:
            reasons.append(Reason("share", round(100 * share), None, 0.2 * share))
        return Score(value=sum(r.contribution for r in reasons), reasons=reasons, subject=address, facts=seen.event.told)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        before = habits.transfer.flow(seen.event.transfer_id)
        if seen.event.undone and before is not None and before.taught:
            before.taught = False
            habits.transfer.unpay(*seen.event.payee)

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        address, memo = seen.event.payee
        if address and flow.to_learn(seen.event, habits.transfer):
            habits.transfer.pay(address, memo, int(seen.event.at))
            known = habits.transfer.payee(address, memo)
            if known is not None and seen.confirmed:
                known.since = 0
            first = habits.transfer.flow(seen.event.transfer_id)
            if first is not None:
                first.taught = True

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        # An account that has paid nobody yet is robbed all the same.
        address, memo = seen.event.payee
        return address if seen.event.asked and address and not habits.transfer.knows(address, memo) else None
