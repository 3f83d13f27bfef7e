"""Several withdrawals within days, each right below one limit.

Limits: those configured, what the exchange lately refused this account, and those that all users are seen to stay below
(detectors.models.limits). Where none is known, many withdrawals of nearly one size make one: it is theirs. Score: the chance of as many
so close together, by the account's own amounts; the first of them is free.
"""

from __future__ import annotations

import math
from typing import ClassVar

from detectors.base import NORMAL, Detector, Gate, Score, Sighting
from detectors.gates import ASKED, PAYMENTS
from detectors.transfer import amounts, flow
from domain.events import Transfer
from domain.events.base import approximate
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.messages import Reason
from domain.statistics import surprise

_REFUSED = 30 * 86_400
_LARGEST = float(1 << 53)


class Structuring(Detector):
    """Needs `usd_value`. Who always sends such amounts is not told."""

    events = (Transfer,)
    judges = ASKED
    counts: ClassVar[Gate] = {Transfer: {"status": ("rejected",), "leaves": (True,)}}
    teaches = PAYMENTS
    limits_usd: list[float]
    band: float
    window_hours: float
    parts: int
    alike: int
    minimum_usd: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event: Transfer = seen.event
        usd = event.usd
        if usd is None or usd < self.minimum_usd or not event.asked:
            return NORMAL
        key, start = fingerprint(event.transfer_id), event.at - self.window_hours * 3600.0
        lately = [f.usd for f in habits.transfer.flows if start < f.at <= event.at and not f.undone and f.key != key]
        if len(lately) + 1 < self.parts:
            return NORMAL
        best: tuple[float, list[float], float] | None = None
        for limit in self._limits(usd, seen, habits):
            low = limit * self.band
            mine = [usd, *(part for part in lately if low <= part < limit)]
            if len(mine) >= self.parts:
                best = max(best or (0.0, [], 0.0), self._judged(low, limit, mine, len(lately), 2.0, habits))
        if best is None and len(lately) + 1 >= self.alike:
            top = max([usd, *(part for part in lately if usd <= part < usd / self.band)]) * 1.0001
            mine = [usd, *(part for part in lately if top * self.band <= part < top)]
            if len(mine) >= self.alike:  # any of them could have been the top
                best = self._judged(top * self.band, top, mine, len(lately), len(mine), habits)
        if best is None:
            return NORMAL
        value, mine, limit = best
        reasons = [
            Reason("limit", len(mine), str(self.parts - 1), value * 0.6),
            Reason("total_usd", round(sum(mine), 2), f"{limit:.2f}", value * 0.4),
        ]
        told = {"limit_usd": f"{limit:.2f}", "total_usd": f"{sum(mine):.2f}", "withdrawals": str(len(mine))}
        return Score(value=value, reasons=reasons, facts=seen.event.told | told)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event, payout = seen.event, habits.payout
        usd = approximate(event.usd_value)
        if event.status == "rejected" and event.leaves and usd:
            at, limit = int(event.at), math.ceil(min(usd, _LARGEST))
            if not payout.refused_usd or limit <= payout.refused_usd or at - payout.refused_at > _REFUSED:
                payout.refused_usd, payout.refused_at = limit, at

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        usd = seen.event.usd
        if seen.cohort is not None and usd and usd >= self.minimum_usd and flow.to_learn(seen.event, habits.transfer):
            seen.cohort.limits.learn_one(usd)

    def _limits(self, usd: float, seen: Sighting, habits: Habits) -> list[float]:
        """The limits that `usd` is right below."""
        payout = habits.payout
        known = [*self.limits_usd, *(seen.cohort.limits.levels if seen.cohort is not None else ())]
        if payout.refused_usd and 0 <= seen.event.at - payout.refused_at <= _REFUSED:
            known.append(payout.refused_usd)
        return [limit for limit in known if self.band * limit <= usd < limit]

    @staticmethod
    def _judged(low: float, limit: float, mine: list[float], lately: int, tries: float, habits: Habits) -> tuple[float, list[float], float]:
        """Score, those in the band, limit: the chance that so many of `lately` fall into it, times the bands that there were to try."""
        others = len(mine) - 1
        # Those before, if each by itself passed for normal, are no habit yet.
        part = min(amounts.between(low, limit, habits.transfer.amounts, others), 1.0)
        chance = sum(math.comb(lately, k) * part**k * (1.0 - part) ** (lately - k) for k in range(others, lately + 1))
        return surprise(chance * tries), mine, limit
