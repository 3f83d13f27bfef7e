"""A ring of the last event ids, eight bytes each: an event that the exchange publishes again is known again."""

from __future__ import annotations

from functools import lru_cache

from domain.digest import digest

SIZE = 24


def holds(ring: bytes, event_id: str) -> bool:
    """Whether the event is among the last."""
    mark = _mark(event_id)
    at = ring.find(mark)
    while at >= 0 and at % 8:
        at = ring.find(mark, at + 1)
    return at >= 0


def push(ring: bytes, event_id: str) -> bytes:
    """The ring with the event, the oldest dropped."""
    return (ring + _mark(event_id))[-8 * SIZE :]


@lru_cache(maxsize=2_048)  # an event is looked up, then put in; those that wait are looked up again with every one that joins them
def _mark(event_id: str) -> bytes:
    return digest(event_id)
