"""Habits of the subject: login. What sign-ins came with, as counts: place, network, address, device, agent and hour.

Each trait has several levels, from the coarse to the fine (country, network, block, address), and a value is counted below the value of the
level above. Keys are 32 bits: 16 that stand for the value above, 16 for the value. So the values below another can be told apart, and none
can be read back.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

PLACE, NETWORK, BLOCK, ADDRESS, DEVICE, SYSTEM, BROWSER, VERSION, AGENT = range(9)
LEVELS = 9
ABOVE = (None, PLACE, NETWORK, BLOCK, None, None, SYSTEM, BROWSER, BROWSER)
"""The level that a level's values are counted below."""
MOST = (8, 10, 8, 10, 8, 6, 6, 6, 6)
"""Values kept a level; the rarest make room."""
FULL = 128
"""Sign-ins counted at a level before all its counts are halved: what is usual follows a life that changes."""
HOURS = 24
MOST_WAITING = 12
UNIT = 16
"""Steps in which the novelties are counted, so that they are small whole numbers."""

Counts = dict[int, int]


class Traits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered."""

    counts: list[Counts] = []
    """A level: key of a value -> sign-ins with it, halved as they get many; the last one's stands last. Empty until the first."""
    novel: list[int] = []
    """A level: how often a value was new, in UNITs."""
    expected: list[int] = []
    """The same, as often as it would have been for anybody with as many sign-ins."""
    hours: bytes = b""
    """Sign-ins by hour of the day, UTC; halved as they get many."""
    last_at: int = 0
    longest_gap: int = 0
    """Whole days without a sign-in, at most so far."""
    waiting: dict[int, int] = {}
    """What was new and isn't learned: level and key in one number -> when it first was there."""

    def total(self, level: int) -> int:
        """Sign-ins counted at a level."""
        return sum(self.counts[level].values()) if self.counts else 0

    def learn(self, path: tuple[int, ...], hour: int, at: int) -> None:
        """Counts a sign-in. `path`: a key for each level, 0 where there is nothing to count."""
        if not self.counts:
            self.counts = [{} for _ in range(LEVELS)]
        waiting = self.waiting
        for level, key in enumerate(path):
            if key:
                counts = self.counts[level]
                counts[key] = counts.pop(key, 0) + 1
                if len(counts) > MOST[level] or sum(counts.values()) >= FULL:
                    _make_room(counts, MOST[level])
                if waiting:
                    waiting.pop(level << 32 | key, None)
        hours = bytearray(self.hours or bytes(HOURS))
        hours[hour] += 1
        if sum(hours) >= FULL:
            hours = bytearray([n >> 1 for n in hours])
        self.hours = bytes(hours)
        if self.last_at:
            self.longest_gap = max(self.longest_gap, (at - self.last_at) // 86_400)
        self.last_at = max(self.last_at, at)

    def surprised(self, by: Iterable[tuple[int, bool, float]]) -> None:
        """Counts what was new, by level, and how likely that was beforehand."""
        if not self.novel:
            self.novel, self.expected = [0] * LEVELS, [0] * LEVELS
        novel, expected = self.novel, self.expected
        for level, was_new, likely in by:
            if was_new:
                novel[level] += UNIT
            expected[level] += round(UNIT * likely)
            if expected[level] + novel[level] > UNIT * FULL:
                novel[level] >>= 1
                expected[level] >>= 1

    def waits(self, level: int, key: int) -> int:
        """Since when the value waits to be learned; 0 where it doesn't."""
        return self.waiting.get(level << 32 | key, 0)

    def wait(self, level: int, key: int, at: int) -> None:
        """Notes a new value, until it is learned; of many the one that waits longest is forgotten."""
        self.waiting[level << 32 | key] = at
        if len(self.waiting) > MOST_WAITING:
            del self.waiting[min(self.waiting, key=self.waiting.__getitem__)]


def _make_room(counts: Counts, most: int) -> None:
    if len(counts) > most:
        # The last one's stays.
        del counts[min(list(counts)[:-1], key=counts.__getitem__)]
    if sum(counts.values()) >= FULL:
        for name in list(counts):
            counts[name] >>= 1
            if not counts[name]:
                del counts[name]
