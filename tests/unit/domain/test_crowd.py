"""Windowed sets: who did the same lately."""

from __future__ import annotations

import pytest

from domain import crowd
from domain.crowd import MemoryCrowd, Window


@pytest.fixture(autouse=True)
def _a_kind_of_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(crowd.SETS, "payers", Window(seconds=100.0, most=3))


def test_a_member_counts_once_with_its_newest_time() -> None:
    """Added again, also with an older time as a replay does, it is one member."""
    sets = MemoryCrowd()
    for at in (10.0, 40.0, 20.0):
        sets.add("payers", "T1", "u1", at)

    assert sets.members("payers", "T1", 50.0) == [("u1", 40.0)]


def test_the_window_ends_with_the_event_and_is_open_at_its_start() -> None:
    """What comes after the event in event time isn't seen by it, nor what is a whole window older."""
    sets = MemoryCrowd()
    for member, at in (("u1", 0.0), ("u2", 60.0), ("u3", 90.0)):
        sets.add("payers", "T1", member, at)

    assert [sets.count("payers", "T1", at) for at in (0.0, 60.0, 90.0, 100.0, 190.0)] == [1, 2, 3, 2, 0]
    assert sets.count("payers", "T1", 90.0, seconds=30.0) == 1
    assert sets.count("payers", "T2", 90.0) == 0


def test_members_that_are_too_old_or_too_many_are_forgotten() -> None:
    """The newest three stay; and what is a window older than the newest goes."""
    sets = MemoryCrowd()
    for n in range(5):
        sets.add("payers", "T1", f"u{n}", float(n))
    many = sorted(sets.sets["payers", "T1"])
    sets.add("payers", "T1", "u9", 500.0)

    assert many == ["u2", "u3", "u4"]
    assert list(sets.sets["payers", "T1"]) == ["u9"]


def test_sets_in_memory_are_bounded() -> None:
    """The set that was added to longest ago makes room."""
    sets = MemoryCrowd(most=2)
    for n, key in enumerate(("T1", "T2", "T1", "T3")):
        sets.add("payers", key, "u1", float(n))

    assert [key for _, key in sets.sets] == ["T1", "T3"]


def test_an_unknown_kind_of_set_is_an_error() -> None:
    """A kind without a window would never forget."""
    with pytest.raises(KeyError):
        MemoryCrowd().add("nonsense", "T1", "u1", 1.0)
