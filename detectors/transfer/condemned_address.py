"""A withdrawal to an address at which earlier withdrawals were found to be fraud.

Score: frauds against everybody else who pays there, so that one fraud doesn't close an exchange's or a shop's address.
"""

from __future__ import annotations

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.gates import ASKED
from detectors.transfer import flow
from detectors.transfer.mule_address import KIND as PAYERS
from domain.events import Transfer
from domain.habits import Habits
from domain.messages import Reason

KIND = "fraud-address"


class CondemnedAddress(Detector):
    """Own verdicts and those of others, from when they became known."""

    events = (Transfer,)
    judges = ASKED
    others: float

    def crowd_one(self, seen: Sighting) -> tuple[tuple[str, str], ...]:
        if not seen.event.asked:
            return ()
        address = seen.event.payee[0]
        return ((KIND, address), (PAYERS, flow.payee_key(seen.event))) if address else ()

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event: Transfer = seen.event
        if not event.asked:
            return NORMAL
        address = event.payee[0]
        frauds = seen.crowd.count(KIND, address, event.at) if address else 0
        if not frauds:
            return NORMAL
        payers = seen.crowd.count(PAYERS, flow.payee_key(event), event.at)
        value = frauds / (frauds + 0.05 + max(payers - frauds, 0) / self.others)
        reasons = [Reason("condemned", frauds, str(payers), value)]
        return Score(value=value, reasons=reasons, subject=address, facts=seen.event.told | {"verdicts": str(frauds)})
