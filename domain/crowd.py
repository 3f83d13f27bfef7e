"""What many accounts have in common: windowed sets over event time, such as the accounts that failed to sign in from one address.

A set has a kind and a key; its members carry the newest time at which they were seen. Adding twice is adding once, so that a batch that is
replayed counts nothing twice. Members and keys are short strings, users and devices as fingerprints, never a contact.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

SETS_KEPT = 300_000
"""Sets held in memory where no Redis is; about 100 MB of them when each has one member."""


class Window(msgspec.Struct, frozen=True):
    """How much of a set is kept."""

    seconds: float
    """Members go that are this much older than the newest."""
    most: int
    """Of more members the newest are kept."""


SETS: dict[str, Window] = {
    "failed-address": Window(3_600.0, 512),  # accounts that failed to sign in from an address
    "entered-address": Window(3_600.0, 512),  # accounts that signed in from it
    "failed-network": Window(3_600.0, 1_024),  # the same of a network
    "entered-network": Window(3_600.0, 1_024),
    "device-accounts": Window(30 * 86_400.0, 64),  # accounts that signed in on a device
    "fraud-address-plain": Window(180 * 86_400.0, 32),  # those of them whose amounts were ordinary for their owners
    "fraud-user": Window(30 * 86_400.0, 32),  # the same by account
    "fraud-device": Window(180 * 86_400.0, 32),
    "fraud-network": Window(30 * 86_400.0, 32),
    "payments": Window(45 * 86_400.0, 48),  # payments to an address
    "paid-first": Window(90 * 86_400.0, 64),  # accounts by the payee that they paid for the first time
    "emptied": Window(7_200.0, 512),  # accounts that one withdrawal emptied
    "fraud-address": Window(180 * 86_400.0, 32),  # events found to be fraud by where the money went, since that was known
    "report": Window(30 * 86_400.0, 256),  # campaign and reporter, by what reports have in common
    "paid-lately": Window(14 * 86_400.0, 128),  # user ids (they have to be told) by the new payee that they paid, fingerprinted
}
"""Kinds of set. A kind that isn't named here is an error (KeyError)."""


class Crowd(Protocol):
    """Windowed sets by kind and key. Read in score_one, written in count_one or learn_one. `at`: event time, seconds since the epoch."""

    def count(self, kind: str, key: str, at: float, seconds: float | None = None) -> int:
        """Distinct members with at - seconds < time <= at; `seconds`: at most (and by default) the kind's own."""
        ...

    def members(self, kind: str, key: str, at: float, seconds: float | None = None) -> list[tuple[str, float]]:
        """Those members with their newest time, in no order."""
        ...

    def add(self, kind: str, key: str, member: str, at: float) -> None:
        """Puts the member in; one that is there keeps the newer time."""
        ...


class MemoryCrowd:
    """Sets in memory: of `score`, of cases and tests. Bounded; the set that was added to longest ago makes room."""

    def __init__(self, most: int = SETS_KEPT):
        self.sets: dict[tuple[str, str], dict[str, float]] = {}
        """Members with their times, roughly the oldest first."""
        self._most = most

    def count(self, kind: str, key: str, at: float, seconds: float | None = None) -> int:
        """See Crowd."""
        kept = self.sets.get((kind, key))
        if not kept:
            return 0
        start = at - (SETS[kind].seconds if seconds is None else seconds)
        return sum([start < when <= at for when in kept.values()])

    def members(self, kind: str, key: str, at: float, seconds: float | None = None) -> list[tuple[str, float]]:
        """See Crowd."""
        kept = self.sets.get((kind, key))
        if not kept:
            return []
        start = at - (SETS[kind].seconds if seconds is None else seconds)
        return [(member, when) for member, when in kept.items() if start < when <= at]

    def add(self, kind: str, key: str, member: str, at: float) -> None:
        """See Crowd."""
        window, name = SETS[kind], (kind, key)
        kept = self.sets.pop(name, None)
        if kept is None:
            kept = {}
            if len(self.sets) >= self._most:
                del self.sets[next(iter(self.sets))]
        self.sets[name] = kept
        kept[member] = max(at, kept.pop(member, at))
        over = at - window.seconds
        while kept[oldest := next(iter(kept))] <= over or len(kept) > window.most:
            del kept[oldest]
            if not kept:
                break
