"""Messages that reached nobody, found and sent again, on SQLite and PostgreSQL."""

from datetime import timedelta

from domain.messages import Notice
from domain.ports import Rendered, Unsent
from ledger.book import Book
from ledger.record import records
from ledger.verify import verify
from stores.sql.store import Store
from stores.sql.undelivered import Wanted
from tests.support.told import NOW, notice, receipt, rendered

LATER = NOW + timedelta(hours=30)


def told(
    store: Store, number: int, reason: str = "given up after a day: SMTP 451", user: str = "u7", **more: object
) -> tuple[Notice, Rendered]:
    """A notice whose mail failed."""
    n = notice(number, user)
    mail = rendered(n, **more)
    with store.transaction(NOW) as tx:
        tx.add_notice(n, [mail])
    store.outbox.claim("me", NOW, 10, 30)
    store.outbox.record([(receipt(mail, "failed", provider_id=None, attempt=9, reason=reason), None)])
    return n, mail


def test_what_failed_is_found_by_channel_and_reason(store: Store) -> None:
    """The newest first, and grouped by why; what was sent isn't among them."""
    told(store, 1)
    told(store, 2)
    told(store, 3, reason="no provider configured")
    n, sent = notice(4), rendered(notice(4))
    with store.transaction(NOW) as tx:
        tx.add_notice(n, [sent])
    store.outbox.record([(receipt(sent), None)])

    groups = [(g["channel"], g["status"], g["reason"], g["count"]) for g in store.undelivered.groups(Wanted())]
    assert groups == [("email", "failed", "given up after a day: SMTP 451", 2), ("email", "failed", "no provider configured", 1)]
    assert len(store.undelivered.find(Wanted())) == 3
    assert [row["notice_id"] for row in store.undelivered.find(Wanted(reason="PROVIDER"))] == [notice(3).notice_id]
    assert store.undelivered.find(Wanted(channel="sms")) == []


def test_what_is_sent_again_goes_out_as_it_was_composed(store: Store, book: Book) -> None:
    """The same bytes to the same contact; a day of tries begins anew; the ledger says who did it, and still verifies."""
    n, mail = told(store, 1)
    done = store.undelivered.redrive(Wanted(ids=(mail.delivery_id,)), "ana", LATER)
    (again,) = store.outbox.claim("me", LATER, 10, 30)
    (record,) = records(book, store.ledger, [n.notice_id])

    assert (done.queued, done.left) == ([mail.delivery_id], {})
    assert (again.rendered, again.status, again.attempt, again.created_at) == (mail, "queued", 0, LATER)
    assert [(a.status, a.reason) for a in record.deliveries[0].attempts] == [
        ("failed", "given up after a day: SMTP 451"),
        ("queued", "sent again by ana"),
    ]
    assert record.deliveries[0].status == "queued"
    assert verify(book, store.ledger).ok


def test_only_what_ended_badly_is_sent_again_and_once(store: Store) -> None:
    """What is queued already, was sent, is over or whose user was erased stays as it is."""
    _, mail = told(store, 1)
    told(store, 2, expires_at=NOW + timedelta(hours=1))
    told(store, 3, user="u8")
    store.erase("u8", "users: null", NOW)
    first = store.undelivered.redrive(Wanted(), "ana", LATER)
    second = store.undelivered.redrive(Wanted(ids=(mail.delivery_id,)), "ana", LATER)

    assert first == ([mail.delivery_id], {"its time is over": 1, "its user was erased": 1})
    assert second == ([], {})


def test_a_refusal_is_sent_again_only_when_it_is_asked_for(store: Store) -> None:
    """`rejected` is the recipient's own no: the default leaves it alone."""
    n = notice(1)
    mail = rendered(n)
    with store.transaction(NOW) as tx:
        tx.add_notice(n, [mail])
    store.outbox.record([(receipt(mail, "rejected", reason="SMTP 550"), None)])

    assert store.undelivered.redrive(Wanted(), "ana", LATER).queued == []
    assert store.undelivered.redrive(Wanted(statuses=("rejected",)), "ana", LATER).queued == [mail.delivery_id]


def test_what_was_never_composed_waits_for_its_contact_again(store: Store) -> None:
    """No contact was known then: the desk gets it once more, with ten minutes for the user's record to come."""
    n = notice(1)
    with store.transaction(NOW) as tx:
        tx.add_notice(n, [], unsent=[Unsent("email", "failed", "no contact")])
    done = store.undelivered.redrive(Wanted(), "ana", LATER)
    (waits,) = store.waiting(LATER)

    assert len(done.queued) == 1
    assert (waits.notice.notice_id, waits.channel, waits.why) == (n.notice_id, "email", "contact")
    assert waits.until == LATER + timedelta(minutes=10)
    assert store.outbox.claim("me", LATER, 10, 30) == []
