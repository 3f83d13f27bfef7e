"""Editions of words and what is decided of them, on SQLite and PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from domain.wording import Edition, NotAllowed
from stores.sql.store import Store
from tests.support.told import NOW


def edition(said: str, kind: str = "login_new_device", locale: str = "de") -> Edition:
    files = {"login/login_new_device.jinja": "{{ _('Hello') }}", "layout.mjml": "<mjml/>" * 200}
    return Edition(kind=kind, locale=locale, files=files, texts={"Hello": said}, shared={"When": "Wann"})


FIRST, SECOND = edition("Hallo"), edition("Guten Tag")


def released(store: Store) -> None:
    store.wordings.take_in("tree-1", [FIRST], lambda one: True, NOW)


def test_a_release_is_taken_in_once_with_what_it_signed(store: Store) -> None:
    """Whole, byte for byte; done again it changes nothing."""
    new = [store.wordings.take_in("tree-1", [FIRST, SECOND], lambda one: one == FIRST, NOW) for _ in range(2)]

    assert new == [2, 0]
    assert store.wordings.load(FIRST.name) == FIRST
    assert store.wordings.load(SECOND.name) == SECOND
    assert store.wordings.load("0" * 64) is None
    assert store.wordings.live().live == {("login_new_device", "de"): FIRST.name}
    assert [(one.act, one.by) for one in store.wordings.decisions()] == [("released", "release")]


def test_workers_that_start_together_take_a_release_in_once(store: Store) -> None:
    """One decision, whoever was first."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: released(store), range(8)))

    assert len(store.wordings.decisions()) == 1


def test_a_draft_goes_live_by_two_people(store: Store) -> None:
    """And who did what when stays for good."""
    released(store)
    store.wordings.take_in("tree-2", [SECOND], lambda one: False, NOW)
    before = store.wordings.live().live["login_new_device", "de"]
    store.wordings.decide("submitted", [SECOND.name], "ana", "friendlier", NOW)
    with pytest.raises(NotAllowed, match="second person"):
        store.wordings.decide("approved", [SECOND.name], "ana", "", NOW)
    store.wordings.decide("approved", [SECOND.name], "carl", "", NOW + timedelta(minutes=1))

    assert before == FIRST.name
    assert store.wordings.live().live["login_new_device", "de"] == SECOND.name
    assert [(d.act, d.by, d.note) for d in store.wordings.decisions("login_new_device", "de")][1:] == [
        ("submitted", "ana", "friendlier"),
        ("approved", "carl", ""),
    ]


def test_an_earlier_edition_is_taken_back(store: Store) -> None:
    """At once, since two people approved it then."""
    released(store)
    store.wordings.take_in("tree-2", [SECOND], lambda one: True, NOW)
    store.wordings.decide("reverted", [FIRST.name], "carl", "complaints", NOW)

    assert store.wordings.live().live["login_new_device", "de"] == FIRST.name


def test_many_are_decided_all_or_none(store: Store) -> None:
    """One that can't be decided so keeps the others from it too."""
    others = [edition("Hallo", locale=locale) for locale in ("fr", "es")]
    store.wordings.take_in("tree-1", [FIRST, *others], lambda one: one == FIRST, NOW)
    with pytest.raises(NotAllowed):
        store.wordings.decide("submitted", [others[0].name, FIRST.name], "ana", "", NOW)
    none = len(store.wordings.decisions())
    both = store.wordings.decide("submitted", [one.name for one in others], "ana", "", NOW)

    assert none == 1
    assert {one.locale for one in both} == {"fr", "es"}


def test_two_who_approve_at_once_approve_once(store: Store) -> None:
    """The second is told that it is done."""
    store.wordings.take_in("tree-1", [SECOND], lambda one: False, NOW)
    store.wordings.decide("submitted", [SECOND.name], "ana", "", NOW)

    def approve(who: str) -> bool:
        try:
            store.wordings.decide("approved", [SECOND.name], who, "", NOW)
        except NotAllowed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(approve, ["carl", "cora", "cleo", "cyd"])) == [False, False, False, True]


def test_parts_that_editions_share_are_kept_once(store: Store) -> None:
    """A layout is in a thousand editions."""
    from sqlalchemy import func, select

    from stores.sql.wording_schema import wording_parts

    store.wordings.take_in("tree-1", [FIRST, SECOND], lambda one: True, NOW)
    with store.database.reading() as connection:
        count = connection.execute(select(func.count()).select_from(wording_parts)).scalar()

    assert count == 2 + 2 + 1  # files, texts of each, shared
