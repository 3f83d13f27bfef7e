"""A withdrawal to an address that agrees at both ends with a known payee, or with a sender of dust, and is another one.

How much has to agree is counted in bits, because a character of a hex address tells less than one of another network: chance makes one pair
in 2 ** bits. Score 0.8; 0.95 when the address itself has sent dust; 0.7 for a payee's
address with nearly his memo.
"""

from __future__ import annotations

from typing import ClassVar

from detectors.base import NORMAL, WARMING_UP, Detector, Gate, Score, Sighting, WarmingUp
from detectors.gates import ASKED
from domain.addresses import likeness, memos_alike, normal
from domain.events import Transfer
from domain.events.base import approximate
from domain.habits import Habits
from domain.messages import Reason


class LookalikeAddress(Detector):
    """Equal addresses are never alike, and a known payee is never taken for another."""

    events = (Transfer,)
    judges = ASKED
    counts: ClassVar[Gate] = {Transfer: {"direction": ("deposit",)}}
    first: int
    last: int
    bits: float
    dust_usd: float
    dust_days: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        address, memo = seen.event.payee
        transfer = habits.transfer
        if not seen.event.asked or not seen.event.address or transfer.knows(address, memo):
            return NORMAL
        recent = [d.address for d in transfer.dust if abs(seen.event.at - d.at) <= self.dust_days * 86_400]
        known = [p.address for p in transfer.payees]
        if not recent and not known:
            return WARMING_UP
        ending = address[-self.last :].lower() if self.last else ""  # most differ there: a character or two say so before all is compared
        alike = [other for other in known + recent if other.lower().endswith(ending)]
        model = next((other for other in alike if self._alike(address, other)), None)
        if model is None:
            return self._memo(address, memo, seen, habits)
        reasons = [Reason("lookalike", address, model, 0.8)]
        if address in recent:
            reasons.append(Reason("payee", address, "sent dust before", 0.15))
        value = sum(r.contribution for r in reasons)
        return Score(value=value, reasons=reasons, subject=address, facts=seen.event.told | {"known_address": model})

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event: Transfer = seen.event
        if event.direction == "deposit" and event.address:
            usd = approximate(event.usd_value)
            if (usd is not None and usd <= self.dust_usd) or approximate(event.amount) == 0.0:
                habits.transfer.sprinkle(normal(event.address[:128]), int(event.at))

    @staticmethod
    def _memo(address: str, memo: str, seen: Sighting, habits: Habits) -> Score:
        """A payee's address with a memo a slip apart from his: the money would be another's."""
        known = next((p.memo for p in habits.transfer.payees if p.address == address and memos_alike(memo, p.memo)), None)
        if known is None:
            return NORMAL
        reasons = [Reason("lookalike", memo, known, 0.7)]
        told = {"known_address": f"{address} {known}"[:200], "address": f"{address} {memo}"[:200]}
        return Score(value=0.7, reasons=reasons, subject=f"{address} {memo}", facts=seen.event.told | told)

    def _alike(self, address: str, other: str) -> bool:
        first, last, bits = likeness(address, other)
        return first >= self.first and last >= self.last and bits >= self.bits
