"""Ids of findings, notices, actions: the same everywhere and for ever."""

from __future__ import annotations

from uuid import UUID, uuid5

from domain import ids


def test_ids_are_uuids_of_version_5() -> None:
    """As the standard library makes them, for every value of the digit that holds the variant."""
    names = [f"e{n}é" for n in range(200)]

    assert [ids.finding_id(name, "d") for name in names] == [str(uuid5(ids.NAMESPACE, f"finding\x00{name}\x00d")) for name in names]
    assert {UUID(ids.notice_id(name, "u1", "k")).version for name in names} == {5}
