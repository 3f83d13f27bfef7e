"""What takes another notice's place, on SQLite and PostgreSQL; and answers that decide nothing."""

from datetime import timedelta

import msgspec

from domain.events.base import Client
from domain.events.verdict import Verdict
from domain.ids import answer_id, suspect_mark
from domain.messages import Notice
from domain.ports import Token
from ledger.book import Book
from ledger.record import records
from ledger.verify import verify
from stores.sql.store import Store
from tests.support.told import NOW, notice, receipt, rendered

LATER = NOW + timedelta(minutes=5)
TOKEN = "mbI4Ep3QTkTzv1C0mbI4Ep"
REASON = "over before it was sent"


def margin(number: int, **changes: object) -> Notice:
    return notice(number, kind="margin_low", severity="warning", answerable=False, **({"thread": "margin:cross"} | changes))  # type: ignore[arg-type]


def tell(store: Store, *told: Notice) -> None:
    with store.transaction(NOW) as tx:
        for one in told:
            tx.add_notice(one, [rendered(one), rendered(one, "inapp")])


def end(store: Store, **changes: object) -> None:
    values: dict[str, object] = {"user_id": "u7", "thread": "margin:cross", "until": LATER, "by": "n", "reason": REASON} | changes
    with store.transaction(LATER) as tx:
        tx.supersede(**values)  # type: ignore[arg-type]


def statuses(store: Store, book: Book, one: Notice) -> dict[str, tuple[str, str | None]]:
    (record,) = records(book, store.ledger, [one.notice_id])
    return {d.channel: (d.status, d.reason) for d in record.deliveries}


def test_what_was_not_sent_is_not_sent_any_more(store: Store, book: Book) -> None:
    """With its reason in the ledger; nobody claims it."""
    tell(store, margin(1))
    end(store)

    assert statuses(store, book, margin(1)) == {"email": ("suppressed", REASON), "inapp": ("suppressed", REASON)}
    assert store.outbox.claim("me", LATER, 10, 60) == []
    assert verify(book, store.ledger).ok


def test_others_go_on(store: Store) -> None:
    """Another thread, another user, what happened later, and the notice that takes the place."""
    kept = [
        margin(1, thread="margin:isolated"),
        margin(2, user="u8"),
        margin(3, occurred_at=LATER + timedelta(seconds=1)),
        margin(4),
        notice(5),
    ]
    tell(store, *kept)
    end(store, by=margin(4).notice_id)

    assert {d.rendered.notice_id for d in store.outbox.claim("me", LATER, 100, 60)} == {one.notice_id for one in kept}


def test_what_was_sent_or_is_on_its_way_stays_as_it_is(store: Store, book: Book) -> None:
    """The past isn't rewritten, and a sender's message isn't taken out of its hands."""
    tell(store, margin(1))
    mail, item = store.outbox.claim("me", NOW, 10, 600)
    store.outbox.record([(receipt(mail.rendered), None)])
    end(store)

    assert statuses(store, book, margin(1))[mail.rendered.channel] == ("sent", None)
    assert statuses(store, book, margin(1))[item.rendered.channel] == ("queued", None)


def test_what_waits_for_a_contact_waits_no_more(store: Store, book: Book) -> None:
    """It ends as what was composed does."""
    with store.transaction(NOW) as tx:
        tx.add_notice(margin(1), waiting=["email"], waiting_until=NOW + timedelta(minutes=10))
    end(store)

    assert store.waiting(LATER + timedelta(seconds=5)) == []
    assert statuses(store, book, margin(1)) == {"email": ("suppressed", REASON)}
    assert verify(book, store.ledger).ok


def ask(store: Store, **changes: object) -> str:
    one = notice(**changes)  # type: ignore[arg-type]
    with store.transaction(NOW) as tx:
        tx.add_notice(one, [rendered(one)], tokens=[Token(TOKEN, "current")], answer_until=NOW + timedelta(days=1))
    return one.notice_id


def verdicts(store: Store) -> list[Verdict]:
    return [msgspec.json.decode(m.value, type=Verdict) for m in store.bus.take(LATER, 50) if m.topic == "verdicts"]


def test_a_me_by_link_at_warning_leaves_the_owner_his_not_me(store: Store, book: Book) -> None:
    """It proves a mailbox, which may be the attacker's: both answers are in the ledger, both verdicts go out, then it is decided."""
    name = ask(store, severity="warning")
    said = [store.answers.decide(TOKEN, answer, NOW, Client(ip="203.0.113.7")).outcome for answer in ("me", "me", "not_me", "me", "not_me")]
    (record,) = records(book, store.ledger, [name], reveal=True)
    found = store.answers.find(TOKEN)

    assert said == ["decided", "answered", "decided", "answered", "answered"]
    assert [(v.event_id, v.label) for v in verdicts(store)] == [(answer_id(name), "genuine"), (answer_id(name, again=True), "fraud")]
    assert [e.kind for e in store.ledger.entries(0, 0, 10)] == ["notice", "answer", "answer"]
    assert record.answer is not None
    assert (record.answer.answer, record.answer.client and record.answer.client["ip"]) == ("not_me", "203.0.113.7")
    assert found is not None
    assert (found.answer, found.recorded_only) == ("not_me", False)
    assert verify(book, store.ledger).ok


def test_a_me_from_the_session_in_question_leaves_the_owner_his_not_me(store: Store) -> None:
    """In the app, at any severity; from another session it decides."""
    about = {"suspects": [suspect_mark("session", "s9"), suspect_mark("device", "d9")]}
    first, second, third = ask(store, **about), "", ""
    for number in (2, 3):
        one = notice(number, **about)
        with store.transaction(NOW) as tx:
            tx.add_notice(one, [rendered(one)], tokens=[Token(f"{number}{TOKEN}", "current")], answer_until=NOW + timedelta(days=1))
        second, third = (one.notice_id, third) if number == 2 else (second, one.notice_id)
    outcomes = {
        name: [store.answers.decide_notice(name, "me", NOW, client).outcome, store.answers.decide_notice(name, "not_me", NOW, None).outcome]
        for name, client in ((first, Client(session_id="s9")), (second, Client(device_id="d9")), (third, Client(session_id="s1")))
    }

    assert outcomes == {first: ["decided", "decided"], second: ["decided", "decided"], third: ["decided", "answered"]}


def test_a_recorded_me_does_not_outlive_the_link(store: Store) -> None:
    """The other answer comes in time or not at all."""
    ask(store, severity="critical")
    store.answers.decide(TOKEN, "me", NOW, None)

    assert store.answers.decide(TOKEN, "not_me", NOW + timedelta(days=1), None).outcome == "expired"
