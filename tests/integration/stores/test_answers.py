"""Answer links on SQLite and PostgreSQL: found by token, decided once."""

import threading
from datetime import timedelta

import msgspec
import pytest

from domain.callback import Callback
from domain.events.base import Client
from domain.events.verdict import Verdict
from domain.ids import answer_id
from domain.messages import Notice
from domain.ports import Token
from ledger.book import Book
from ledger.record import records
from ledger.search import Query, search
from ledger.verify import verify
from stores.sql.store import Store
from tests.support.background import PATIENCE
from tests.support.told import NOW, notice, rendered

TOKEN = "mbI4Ep3QTkTzv1C0mbI4Ep"
DAY = timedelta(days=1)


def ask(store: Store, token: str = TOKEN, **changes: object) -> str:
    """A notice with a link to the current contact and one to an old one; its id."""
    n = notice(**changes)  # type: ignore[arg-type]
    with store.transaction(NOW) as tx:
        tx.add_notice(
            n, [rendered(n)], tokens=[Token(token, "current"), Token("old" + token, "old-1")], answer_locale="zh-TW", answer_until=NOW + DAY
        )
    return n.notice_id


def verdicts(store: Store) -> list[Verdict]:
    return [msgspec.json.decode(m.value, type=Verdict) for m in store.bus.take(NOW + DAY, 50) if m.topic == "verdicts"]


def test_a_token_finds_its_notice_and_changes_nothing(store: Store) -> None:
    """As often as scanners like."""
    name = ask(store)
    found = [store.answers.find(TOKEN) for _ in range(3)]

    assert found[0] is not None
    assert (found[0].notice_id, found[0].locale, found[0].expires_at, found[0].answered_at) == (name, "zh-TW", NOW + DAY, None)
    assert found[0].notice == notice()
    assert found[0] == found[1] == found[2]
    assert verdicts(store) == []


def test_what_is_no_token_finds_nothing(store: Store) -> None:
    """Forged, spliced, reversed, empty, or not even text."""
    ask(store)
    wrong = [TOKEN[::-1], TOKEN[:-1], TOKEN + "A", TOKEN.swapcase(), "", "\0", "\ud800", "..%2f", "x" * 10_000]

    assert [store.answers.find(t) for t in wrong] == [None] * len(wrong)
    assert {store.answers.decide(t, "not_me", NOW, None).outcome for t in wrong} == {"unknown"}


def test_the_token_is_not_in_the_database(store: Store) -> None:
    """Nor may it be found from what is there: a hash of 128 random bits."""
    ask(store)
    with store.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT token_hash FROM answer_tokens").scalars().all()

    assert all(TOKEN.encode() not in bytes(row) and len(bytes(row)) == 32 for row in rows)


def test_an_answer_decides_once(store: Store, book: Book) -> None:
    """The first counts, with a verdict for the bus and an entry in the ledger; later ones are told so."""
    name = ask(store)
    client = Client(ip="203.0.113.7", user_agent="Firefox\0\ud800")
    outcomes = [
        store.answers.decide(TOKEN, "not_me", NOW, client).outcome,
        store.answers.decide(TOKEN, "me", NOW, None).outcome,
        store.answers.decide("old" + TOKEN, "not_me", NOW, None).outcome,
        store.answers.decide_notice(name, "me", NOW, None).outcome,
    ]
    (verdict,) = verdicts(store)
    (record,) = records(book, store.ledger, [name], reveal=True)
    found = store.answers.find(TOKEN)

    assert outcomes == ["decided", "answered", "answered", "answered"]
    assert (verdict.event_id, verdict.about, verdict.label, verdict.source, verdict.by) == (answer_id(name), name, "fraud", "user", "u7")
    assert (verdict.via, verdict.client) == ("link", Client(ip="203.0.113.7", user_agent="Firefox\ufffd?"))
    assert found is not None
    assert (found.answer, found.answered_at) == ("not_me", NOW)
    assert record.answer is not None
    assert (record.answer.answer, record.answer.via, record.answer.client and record.answer.client["ip"]) == (
        "not_me",
        "link",
        "203.0.113.7",
    )


def told(store: Store) -> list[Notice]:
    return [msgspec.json.decode(m.value, type=Notice) for m in store.bus.take(NOW + DAY, 50) if m.topic == "notices"]


def test_not_me_is_told_on_every_channel(store: Store) -> None:
    """In the transaction of the answer, with the case that it opened: so the owner hears of it though somebody else answered."""
    ask(store)
    store.answers.decide(TOKEN, "not_me", NOW, None)
    store.answers.decide(TOKEN, "not_me", NOW, None)

    (notice_,) = told(store)
    assert (notice_.kind, notice_.severity, notice_.answerable) == ("account_locked", "critical", False)
    assert notice_.channels == ["email", "sms", "inapp"]
    assert store.cases.get(notice_.facts["case"]) is not None


def test_several_answers_of_a_day_are_told_once(store: Store) -> None:
    """Each locks the account, which one notice says."""
    for number, token in ((1, TOKEN), (2, TOKEN[::-1])):
        with store.transaction(NOW) as tx:
            tx.add_notice(notice(number), tokens=[Token(token, "current")], answer_until=NOW + DAY)
        assert store.answers.decide(token, "not_me", NOW, None).outcome == "decided"

    assert len({one.notice_id for one in told(store)}) == 1


def test_me_is_told_to_nobody(store: Store) -> None:
    """There is nothing to say."""
    ask(store)
    store.answers.decide(TOKEN, "me", NOW, None)

    assert told(store) == []


def test_the_verdict_says_how_it_was_given(store: Store) -> None:
    """From the old contact's link; from the app."""
    ask(store)
    second = ask(store, "2" + TOKEN, number=2, user="u8")
    store.answers.decide("old" + TOKEN, "me", NOW, None)
    store.answers.decide_notice(second, "me", NOW, Client(session_id="s1"))

    assert [(v.via, v.label, v.client) for v in verdicts(store)] == [
        ("old_contact", "genuine", None),
        ("inbox", "genuine", Client(session_id="s1")),
    ]


def test_twelve_answers_at_once_one_counts(store: Store, book: Book) -> None:
    """From two links and the app, yes and no mixed."""
    name = ask(store)
    start = threading.Barrier(12)
    outcomes: list[str] = []

    def answer(index: int) -> None:
        start.wait(PATIENCE)
        said = "me" if index % 2 else "not_me"
        if index % 3 == 2:
            outcomes.append(store.answers.decide_notice(name, said, NOW, None).outcome)
        else:
            outcomes.append(store.answers.decide(TOKEN if index % 3 else "old" + TOKEN, said, NOW, None).outcome)

    threads = [threading.Thread(target=answer, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(outcomes) == ["answered"] * 11 + ["decided"]
    assert len(verdicts(store)) == 1
    assert [e.kind for e in store.ledger.entries(0, 0, 10)] == ["notice", "answer"]
    assert verify(book, store.ledger).ok


def test_an_expired_link_decides_nothing(store: Store) -> None:
    """At its very end it is over."""
    ask(store)

    assert store.answers.decide(TOKEN, "not_me", NOW + DAY, None).outcome == "expired"
    assert verdicts(store) == []


def test_an_erased_users_link_is_unknown(store: Store) -> None:
    """It says nothing any more."""
    ask(store)
    store.erase("u7", "asked", NOW)

    assert store.answers.find(TOKEN) is None


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "\ud800", "é\0", "x" * 100_000, "' OR 1=1 --", "%"])
def test_ids_from_an_address_bar_find_nothing_and_break_nothing(store: Store, book: Book, name: str) -> None:
    """In each place that takes one from outside."""
    ask(store)

    assert store.answers.of_notice(name) is None
    assert store.answers.decide_notice(name, "me", NOW, None).outcome == "unknown"
    assert store.ledger.traces(name) == ([], [])
    assert list(search(book, store.ledger, Query(user_id=name))) == []
    assert store.known_notices([name]) == set()
    assert store.callbacks.take(Callback(status="delivered", provider="p", provider_id=name), NOW) == "unknown"
    assert store.erase(name, "asked", NOW) is False
