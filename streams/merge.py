"""Topics kept together in event time within one partition index.

Each topic is a lane. Within a lane offset order is kept, so a lane's clock is the running maximum of its event times; across lanes the
record with the smallest clock goes next. It may go only while every other lane either shows its own next record or has nothing left at the
broker: otherwise a backlog would let the shorter topics run hours ahead of the longer ones.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

AHEAD = 64
"""Records decoded at once: what waits behind them stays in the compact form in which it was fetched."""
RECORD_OVERHEAD = 300
"""Bytes of memory that a record costs beside its key and value, roughly."""


class Lane:
    """One topic's records of one partition, fetched and not yet handed out."""

    __slots__ = ("_decode", "_fetched", "_high", "_ready", "name", "size")

    def __init__(self, name: Any, decode: Callable[[Any], Any]):
        self.name, self._decode = name, decode
        self._fetched: deque[Any] = deque()
        self._ready: deque[tuple[float, Any, int]] = deque()
        self._high = float("-inf")
        self.size = 0
        """Bytes held, roughly."""

    def __bool__(self) -> bool:
        return bool(self._ready or self._fetched)

    def __len__(self) -> int:
        return len(self._ready) + len(self._fetched)

    def add(self, records: Iterable[Any]) -> None:
        """Takes what was fetched, in offset order."""
        for record in records:
            self._fetched.append(record)
            self.size += _size(record)

    def clock(self) -> float:
        """Running maximum of event time at the next record. The lane must not be empty."""
        if not self._ready:
            self._decode_some()
        return self._ready[0][0]

    def move(self, taken: list[Any], limit: int, order: int, until: tuple[float, int]) -> None:
        """Hands out records in turn, as long as (clock, order) is not after `until` and `taken` has fewer than `limit`."""
        ready, (last, last_order) = self._ready, until
        while len(taken) < limit:
            if not ready:
                if not self._fetched:
                    return
                self._decode_some()
            clock, item, size = ready[0]
            if clock > last or (clock == last and order > last_order):
                return
            ready.popleft()
            self.size -= size
            taken.append(item)

    def _decode_some(self) -> None:
        for _ in range(min(AHEAD, len(self._fetched))):
            record = self._fetched.popleft()
            item = self._decode(record)
            if item.at is not None and item.at > self._high:
                self._high = item.at
            self._ready.append((self._high, item, _size(record)))


class Merge:
    """The lanes of one partition index."""

    def __init__(self) -> None:
        self.lanes: dict[Any, Lane] = {}

    def lane(self, name: Any, decode: Callable[[Any], Any]) -> Lane:
        """The lane of this name, made when it's new."""
        if name not in self.lanes:
            self.lanes[name] = Lane(name, decode)
        return self.lanes[name]

    def __bool__(self) -> bool:
        return any(self.lanes.values())

    def take(self, limit: int, missing: Callable[[Any], bool]) -> list[Any]:
        """At most `limit` records in event time. `missing(name)`: that empty lane has more at the broker, nothing may pass it."""
        heads = []
        for order, lane in enumerate(self.lanes.values()):
            if lane:
                heads.append((lane.clock(), order, lane))
            elif missing(lane.name):
                return []
        heapq.heapify(heads)
        taken: list[Any] = []
        while heads and len(taken) < limit:
            _, order, lane = heads[0]
            until = min((head[:2] for head in heads[1:3]), default=(float("inf"), 0))
            lane.move(taken, limit, order, until)  # as long as it is the oldest
            if lane:
                heapq.heapreplace(heads, (lane.clock(), order, lane))
                continue
            heapq.heappop(heads)
            if missing(lane.name):
                break
        return taken


def _size(record: Any) -> int:
    return RECORD_OVERHEAD + len(record.key or b"") + len(record.value or b"")
