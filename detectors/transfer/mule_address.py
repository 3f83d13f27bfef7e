"""Many accounts that never paid an address do so within days of each other. Asked by those who pay it for the first time, and by those who
did so within the days before: the first of them couldn't be told.

Score: the chance of as many newcomers at the rate at which accounts found the address before. So an address that everybody pays (another
exchange, a shop) is known for it: new payers come to it every day.
"""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import ASKED
from detectors.transfer import flow
from domain.crowd import SETS
from domain.events import Transfer
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.messages import Reason
from domain.statistics import count_tail, surprise

KIND = "paid-first"
_YOUNG_DAYS = 7
"""Days; only who is asked at all, the window decides."""
_BY_CHANCE = 0.5
"""Newcomers within the window that an address nobody knows of may have at once: a friend tells a friend."""


class MuleAddress(Detector):
    """Address and memo: accounts at an exchange share an address."""

    events = (Transfer,)
    judges = counts = ASKED
    window_hours: float
    history_days: float
    minimum_payers: int
    minimum_days: float

    def crowd_one(self, seen: Sighting) -> tuple[tuple[str, str], ...]:
        return ((KIND, flow.payee_key(seen.event)),) if seen.event.asked and seen.event.payee[0] else ()

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        event: Transfer = seen.event
        payee = event.payee
        if not event.asked or not payee[0]:
            return NORMAL
        at, window, me = event.at, self.window_hours * 3600.0, str(fingerprint(event.user_id))
        known = habits.transfer.knows(*payee)
        found = seen.crowd.members(KIND, flow.payee_key(event), at, self.history_days * 86_400) if not known or _young(seen, habits) else []
        if known:
            # Who first paid days ago, before the others came, pays again: their company is that of then and since.
            mine = max([when for member, when in found if member == me], default=0.0)
            if at - mine > window:
                return NORMAL
            window += at - mine
        paid = [when for member, when in found if member != me]
        new = 1 + sum(when > at - window for when in paid)
        before = len(paid) + 1 - new
        if new < self.minimum_payers:
            return NORMAL
        if seen.cohort is not None and seen.cohort.begun.days(at) < self.minimum_days:
            return WARMING_UP
        full = len(paid) + 1 >= SETS[KIND].most
        if full and not before:
            return NORMAL  # so many in so short a time: everybody pays there, and those who did before are forgotten
        since = max(at - window - min(paid), window / 4 if full else window) if before else window
        expected = _BY_CHANCE * window / (self.window_hours * 3600.0) + before * window / since
        value = surprise(count_tail(new, expected, expected))
        reasons = [Reason("payers", new, str(before), value)]
        return Score(value=value, reasons=reasons, subject=payee[0], facts=seen.event.told | {"payers": str(new)})

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        payee = seen.event.payee
        if seen.cohort is not None:
            seen.cohort.begun.count_one(seen.event.at)
        if seen.event.asked and payee[0] and not habits.transfer.knows(*payee):
            seen.crowd.add(KIND, flow.payee_key(seen.event), str(fingerprint(seen.event.user_id)), seen.event.at)


def _young(seen: Sighting, habits: Habits) -> bool:
    """Whether the payee was first paid within days; of one that its owner spoke for, or that had to make room, it isn't known."""
    known = habits.transfer.payee(*seen.event.payee)
    return known is not None and bool(known.since) and seen.event.at // 86_400 - known.since <= _YOUNG_DAYS
