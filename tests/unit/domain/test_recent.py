"""The ring of recent event ids."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain import recent


@given(st.lists(st.text(max_size=128), max_size=100))
def test_the_last_ids_are_known_and_the_ring_stays_small(ids: list[str]) -> None:
    """Exactly those of the last SIZE pushes."""
    ring = b""
    for name in ids:
        ring = recent.push(ring, name)

    assert len(ring) == 8 * min(len(ids), recent.SIZE)
    last = set(ids[-recent.SIZE :])
    assert all(recent.holds(ring, name) for name in last)
    assert not any(recent.holds(ring, name) for name in set(ids) - last)


def test_marks_are_compared_where_they_begin() -> None:
    """Bytes that match across two marks are no match."""
    ring = recent.push(recent.push(b"", "a"), "b")
    shifted = ring[4:12]

    assert ring.find(shifted) == 4
    assert not recent.holds(shifted[4:] + shifted[:4] + b"\x00" * 8, "a")
