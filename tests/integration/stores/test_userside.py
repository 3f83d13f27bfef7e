"""Votes and cases on SQLite and PostgreSQL."""

import re
import threading
from datetime import timedelta

import msgspec
import pytest

from domain.events.verdict import Verdict
from domain.ports import Token
from ledger.record import records
from ledger.verify import verify
from stores.sql.cases import written
from stores.sql.store import Store
from tests.support.told import NOW, notice, rendered

DAY = timedelta(days=1)
NUMBER = re.compile(r"C-[0-9A-Z]{4}-[0-9A-Z]{4}")


def told(store: Store, number: int = 1, **changes: object) -> str:
    """A notice by e-mail and in the app, with a link; its id."""
    n = notice(number, **changes)  # type: ignore[arg-type]
    sent = [
        rendered(n),
        rendered(n, "inapp", locale="de", template=f"{n.kind}@00000001"),
        rendered(n, "sms", template=f"{n.kind}@3f2a91c0+2"),
    ]
    with store.transaction(NOW) as tx:
        tx.add_notice(n, sent, tokens=[Token(f"token-{number}", "current")], answer_locale="de", answer_until=NOW + DAY)
    return n.notice_id


def counted(store: Store) -> list[tuple[str, str, int, int]]:
    return [(row.locale, row.template, row.helpful, row.unhelpful) for row in store.votes.results()]


def test_a_vote_knows_what_was_read(store: Store) -> None:
    """By a mail's link the mail, in the inbox the item; a later vote changes the word, not what it was said of."""
    name, other = told(store), told(store, 2)
    store.votes.vote(name, "u7", True, "link", NOW)
    store.votes.vote(other, "u7", True, "inbox", NOW)
    store.votes.vote(name, "u7", False, "inbox", NOW + DAY)

    assert sorted(counted(store)) == [("de", "login_new_device@00000001", 1, 0), ("zh-TW", "login_new_device@3f2a91c0", 0, 1)]
    assert store.votes.votes_of("u7", [name, other, "none"]) == {name: False, other: True}
    assert store.votes.votes_of("u8", [name, other]) == {}


def test_nobody_votes_on_anothers_notice(store: Store) -> None:
    """Nor on one that there isn't."""
    name = told(store)

    assert not store.votes.vote(name, "u8", True, "inbox", NOW)
    assert not store.votes.vote("none", "u7", True, "inbox", NOW)
    assert counted(store) == []


def test_two_tabs_at_once_are_one_vote(store: Store) -> None:
    """Whichever comes first."""
    name = told(store)
    ways = [threading.Thread(target=store.votes.vote, args=(name, "u7", n % 2 == 0, "inbox", NOW)) for n in range(6)]
    for way in ways:
        way.start()
    for way in ways:
        way.join()

    assert sum(row[2] + row[3] for row in counted(store)) == 1


@pytest.mark.parametrize(
    ("filters", "count"), [({}, 2), ({"kind": "login_new_device"}, 2), ({"locale": "zh-TW"}, 1), ({"kind": "none"}, 0)]
)
def test_results_are_filtered(store: Store, filters: dict[str, str], count: int) -> None:
    """By kind and language."""
    store.votes.vote(told(store), "u7", True, "link", NOW)
    store.votes.vote(told(store, 2), "u7", True, "inbox", NOW)

    assert len(store.votes.results(**filters)) == count


def test_not_me_opens_a_case_once(store: Store) -> None:
    """With the verdict, in one transaction; asked again it is the same; the chain holds."""
    name = told(store)
    first = store.answers.decide("token-1", "not_me", NOW, None)
    again = store.answers.decide("token-1", "not_me", NOW, None)
    [verdict] = [msgspec.json.decode(m.value, type=Verdict) for m in store.bus.take(NOW + DAY, 50) if m.topic == "verdicts"]
    [case] = store.cases.latest()

    assert first.answer is not None
    assert again.answer is not None
    assert NUMBER.fullmatch(case["number"])
    assert {first.answer.case, again.answer.case, verdict.case, case["number"]} == {case["number"]}
    assert (case["notice_id"], case["user_id"], case["via"], case["opened_at"], case["closed_at"]) == (name, "u7", "link", NOW, None)
    found = store.answers.find("token-1")
    assert found is not None
    assert found.case == case["number"]
    assert verify(store.answers._book, store.ledger).ok


def test_a_me_that_decided_nothing_and_then_not_me(store: Store) -> None:
    """The case is of the answer that counts."""
    told(store, severity="critical")
    me = store.answers.decide("token-1", "me", NOW, None)
    not_me = store.answers.decide("token-1", "not_me", NOW, None)

    assert me.answer is not None
    assert not_me.answer is not None
    assert me.answer.case is None
    assert not_me.answer.case == store.cases.latest()[0]["number"]


def test_cases_are_found_listed_and_closed(store: Store) -> None:
    """However the number is spelled; newest first; the first word on it stands."""
    for number in (1, 2):
        told(store, number)
        store.answers.decide(f"token-{number}", "not_me", NOW + timedelta(minutes=number), None)
    newest, oldest = store.cases.latest()

    assert store.cases.get(newest["number"].lower().replace("-", "")) == newest
    assert store.cases.get("C-0000-0000") is None
    assert store.cases.get("no number") is None
    assert store.cases.close(oldest["number"], "ana", "phoned", NOW + DAY)
    assert not store.cases.close(oldest["number"], "bea", "again", NOW + DAY)
    assert [c["number"] for c in store.cases.latest(still_open=True)] == [newest["number"]]
    assert store.cases.latest(still_open=False)[0]["closed_by"] == "ana"
    assert store.cases.latest(user_id="u8") == []
    assert store.cases.open_count() == 1


@pytest.mark.parametrize(
    ("typed", "number"),
    [("c-0000-0000", "C-0000-0000"), ("0000 0000", "C-0000-0000"), ("C 00000000", "C-0000-0000"), ("x", None), ("", None)],
)
def test_a_number_is_read_as_it_is_said(typed: str, number: str | None) -> None:
    """On the phone the first letter is left out."""
    assert written(typed) == number


def test_ids_of_a_user_are_his_own(store: Store) -> None:
    """Newest first, up to the limit."""
    from stores.sql.console_queries import ConsoleQueries

    names = [told(store, number) for number in (1, 2)]
    told(store, 3, user="u8")
    queries = ConsoleQueries(store.database)

    assert sorted(queries.notice_ids_of("u7")) == sorted(names)
    assert len(queries.notice_ids_of("u7", 1)) == 1
    assert queries.notice_ids_of("nobody") == []


def test_the_ledger_names_the_case(store: Store) -> None:
    """Beside the answer that opened it, and where somebody asks what became of the notice."""
    name = told(store)
    store.answers.decide("token-1", "not_me", NOW, None)
    number = store.cases.latest()[0]["number"]
    [found] = records(store.answers._book, store.ledger, [name])

    assert found.answer is not None
    assert found.answer.case == number
