"""Habits of the subject: payout. What preceded money that leaves: changed settings, money that just came in, a long rest.

Apart from domain.habits.transfer, which holds how much leaves and to whom.
"""

from __future__ import annotations

import msgspec

from domain.habits.login import fingerprint
from domain.statistics import Sample

MAX_CHANGES = 6
KEEP_CHANGES = 7 * 86_400
"""Seconds that a changed setting is remembered."""
MAX_ARRIVALS = 8
KEEP_ARRIVALS = 7 * 86_400
MAX_SUMS = 24
MAX_COUNT = 64
_LARGEST = 1 << 53
DAY = 86_400


class Changed(msgspec.Struct, array_like=True):
    """A security setting that was changed, and that its owner hasn't said to be his doing."""

    at: int
    change: str
    address: int = 0
    """fingerprint() of the address that was whitelisted."""


class Arrival(msgspec.Struct, array_like=True):
    """Money that came in; the oldest of many are one."""

    key: int
    """The low half of fingerprint() of the transfer's id: it only has to tell a handful apart."""
    at: int
    usd: int
    passed: bool = False
    """It was passed on, and that was normal."""


class PayoutHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered. Times: event time, whole seconds since the epoch."""

    changes: list[Changed] = []
    arrivals: list[Arrival] = []
    arrived: int = 0
    """Deposits found normal; both are halved when they are many, so that a new way of life shows."""
    passed: int = 0
    """Of those, how many left again at once."""
    active_at: int = 0
    """Of the last trade or transfer out, normal or not."""
    woke_at: int = 0
    """When the last long rest ended."""
    rest: int = 0
    """Seconds that it lasted."""
    longest: int = 0
    """Seconds of the longest rest before that."""
    days: Sample = msgspec.field(default_factory=Sample)
    """USD of transfers out that were normal, summed over days; each begins with its first transfer."""
    weeks: Sample = msgspec.field(default_factory=Sample)
    """The same over seven days."""
    anchor_usd: int = 0
    """The high quantile of the amounts at `anchor_at`: how fast it may rise is counted from there."""
    anchor_at: int = 0
    refused_usd: int = 0
    """The smallest that the exchange refused lately."""
    refused_at: int = 0
    day_from: int = 0
    day_sum: int = 0
    """The day that isn't over: it can't teach yet that it is normal."""
    week_from: int = 0
    week_sum: int = 0

    def change(self, new: Changed) -> None:
        """Remembers a change; those of last week, and the oldest beyond the bound, are forgotten. Of a kind the newest is enough."""
        kept = [c for c in self.changes if (c.change, c.address) != (new.change, new.address)]
        kept.append(new)
        kept.sort(key=lambda c: c.at)
        self.changes = [c for c in kept if kept[-1].at - c.at <= KEEP_CHANGES][-MAX_CHANGES:]

    def arrive(self, transfer_id: str, at: int, usd: float) -> bool:
        """Remembers a deposit; False when it was already."""
        if self.arrival(transfer_id) is not None:
            return False
        self.arrivals.append(Arrival(_key(transfer_id), at, _whole(usd)))
        self.arrivals.sort(key=lambda a: a.at)
        newest = self.arrivals[-1].at
        kept = [a for a in self.arrivals if newest - a.at <= KEEP_ARRIVALS]
        if len(kept) > MAX_ARRIVALS:  # many small deposits are one large in parts
            oldest, next_one = kept[:2]
            kept[:2] = [Arrival(next_one.key, next_one.at, _whole(oldest.usd + next_one.usd), oldest.passed and next_one.passed)]
        self.arrivals = kept
        return True

    def arrival(self, transfer_id: str) -> Arrival | None:
        """The deposit, while it is remembered by itself."""
        if not self.arrivals:
            return None
        key = _key(transfer_id)
        return next((known for known in self.arrivals if known.key == key), None)

    def take_in(self) -> None:
        """Counts a deposit that was normal."""
        self.arrived += 1
        if self.arrived > MAX_COUNT:
            self.arrived, self.passed = self.arrived // 2, self.passed // 2

    def spend(self, at: int, usd: float) -> None:
        """Takes a transfer out that was normal into its day and week; what is over becomes one of those before."""
        if at - self.day_from > DAY:
            if self.day_sum:
                self.days.add(self.day_sum, MAX_SUMS)
            self.day_from, self.day_sum = at, 0
        if at - self.week_from > 7 * DAY:
            if self.week_sum:
                self.weeks.add(self.week_sum, MAX_SUMS)
            self.week_from, self.week_sum = at, 0
        if at >= self.day_from:
            self.day_sum = _whole(self.day_sum + usd)
        if at >= self.week_from:
            self.week_sum = _whole(self.week_sum + usd)

    def act(self, at: int, long_rest: float) -> None:
        """Notes that something was done; what ends a rest of at least `long_rest` seconds wakes the account."""
        if self.active_at and at - self.active_at >= long_rest:
            self.longest = max(self.longest, self.rest)
            self.woke_at, self.rest = at, at - self.active_at
        self.active_at = max(at, self.active_at)


def _key(transfer_id: str) -> int:
    return fingerprint(transfer_id) & 0xFFFFFFFF


def _whole(usd: float) -> int:
    """Whole dollars: statistics need no more, and a profile is kept small."""
    return min(round(usd), _LARGEST)
