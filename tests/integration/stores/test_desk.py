"""What the notice desk writes in one transaction: notices, findings, what waits, digests, erasure."""

import json
import threading
from datetime import timedelta

import pytest

from domain.ledger import EntryRow
from ledger.book import Book
from ledger.verify import verify
from stores.sql.store import Store
from tests.support.background import PATIENCE
from tests.support.told import NOW, finding, notice, receipt, rendered

SECOND = timedelta(seconds=1)


def kinds(store: Store, partition: int = 0) -> list[str]:
    return [row.kind for row in store.ledger.entries(partition, 0, 100)]


def test_a_notice_told_again_leaves_one(store: Store, book: Book) -> None:
    """A replay, in the same transaction or a later one, adds no delivery and no entry."""
    n = notice()
    for _ in range(2):
        with store.transaction(NOW) as tx:
            tx.add_notice(n, [rendered(n)])
            tx.add_notice(n, [rendered(n), rendered(n, "sms")])

    assert store.known_notices([n.notice_id, "other"]) == {n.notice_id}
    assert store.outbox.depth(NOW) == {"email": 1, "sms": 0, "inapp": 0}
    assert kinds(store) == ["notice"]


def test_an_error_inside_leaves_nothing(store: Store) -> None:
    """Neither notice nor finding, nor a gap in the chain."""
    n = notice()
    with pytest.raises(RuntimeError), store.transaction(NOW) as tx:
        tx.add_notice(n, [rendered(n)])
        tx.add_findings([finding()])
        raise RuntimeError

    assert store.known_notices([n.notice_id]) == set()
    assert store.ledger.traces("e1") == ([], [])


def test_two_desks_with_the_same_notice_leave_one(store: Store, book: Book) -> None:
    """After a rebalance two workers may hold the same batch for a moment."""
    notices = [notice(i, user=f"u{i % 3}", partition=i % 2) for i in range(20)]
    start = threading.Barrier(4)
    errors: list[BaseException] = []

    def desk() -> None:
        try:
            start.wait(PATIENCE)
            for n in notices:
                with store.transaction(NOW) as tx:
                    tx.add_notice(n, [rendered(n)])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=desk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert errors == []
    assert store.outbox.depth(NOW)["email"] == 20
    assert verify(book, store.ledger).entries == 20
    assert verify(book, store.ledger).ok


def test_findings_are_idempotent_and_hold_odd_text(store: Store) -> None:
    """NUL and other scripts survive; a finding told of twice is one."""
    odd = finding(facts={"device": "a\0b\u202e紅", "city": "\x7f"})
    for _ in range(2):
        with store.transaction(NOW) as tx:
            tx.add_findings([odd, finding(2), finding(2)])

    assert store.ledger.traces("e1") == ([odd], [])
    assert store.ledger.traces("logins/0/18") == ([finding(2)], [])


def test_a_channel_without_contact_waits_until_it_comes(store: Store) -> None:
    """It is given again each second until composed; then it is in the outbox, and in the ledger as a rendering."""
    n = notice()
    with store.transaction(NOW) as tx:
        tx.add_notice(n, [rendered(n, "inapp")], waiting=["email"], waiting_until=NOW + 600 * SECOND)
    rounds = [store.waiting(NOW), store.waiting(NOW + 0.5 * SECOND), store.waiting(NOW + 1.5 * SECOND)]
    hastened = store.hasten_waiting(["u7", "u8"])
    (waits,) = store.waiting(NOW + 1.6 * SECOND)
    for _ in range(2):
        with store.transaction(NOW + 2 * SECOND) as tx:
            tx.add_rendering(waits, [rendered(n), rendered(n, slot="old-1")])

    assert [len(r) for r in rounds] == [1, 0, 1]
    assert hastened == 1
    assert (waits.notice, waits.channel, waits.why, waits.until) == (n, "email", "contact", NOW + 600 * SECOND)
    assert store.outbox.depth(NOW)["email"] == 2
    assert kinds(store) == ["notice", "rendering"]


def test_however_many_wait_each_has_its_turn(store: Store) -> None:
    """More than are looked at in a second; whose record came is next."""
    with store.transaction(NOW) as tx:
        for number in range(5):
            tx.add_notice(notice(number, user_id=f"u{number}"), waiting=["email"])
    seen = [waits.notice.user_id for n in range(2) for waits in store.waiting(NOW + n * 1.5 * SECOND, limit=2)]
    assert store.hasten_waiting([seen[0]]) == 1
    after = [waits.notice.user_id for waits in store.waiting(NOW + 1.6 * SECOND, limit=2)]

    assert len(set(seen)) == 4
    assert after[0] == seen[0]
    assert {*seen, *after} == {f"u{number}" for number in range(5)}


def test_what_waited_in_vain_ends_failed(store: Store) -> None:
    """With its receipt, and once."""
    n = notice()
    with store.transaction(NOW) as tx:
        tx.add_notice(n, waiting=["email"])
    (waits,) = store.waiting(NOW)
    for _ in range(2):
        with store.transaction(NOW) as tx:
            tx.give_up(waits, "no contact")

    said = [json.loads(m.value) for m in store.bus.take(NOW, 10)]

    assert [(m["channel"], m["status"], m["reason"]) for m in said] == [("email", "failed", "no contact")]
    assert store.waiting(NOW + 5 * SECOND) == []
    assert kinds(store) == ["notice", "receipt"]


def test_a_digest_takes_its_parts(store: Store) -> None:
    """Due with the oldest part, all parts at once; the digest's own entry names them."""
    for number in (2, 1, 3):
        n = notice(number, digest=["email"])
        with store.transaction(NOW) as tx:
            tx.add_notice(n, [rendered(n, "inapp")], digest_due=NOW + 3600 * SECOND * number)
    early = store.digests(NOW)
    (due,) = store.digests(NOW + 3601 * SECOND)
    leased = store.digests(NOW + 3602 * SECOND)
    whole = notice(9, kind="digest", parts=[p.notice_id for p in due.notices], channels=["email"])
    with store.transaction(NOW + 3603 * SECOND) as tx:
        tx.add_notice(whole, [rendered(whole)])

    assert (early, leased) == ([], [])
    assert (due.user_id, due.channel) == ("u7", "email")
    assert {p.group for p in due.notices} == {"e1", "e2", "e3"}
    assert store.digests(NOW + timedelta(days=1)) == []


def test_an_erased_user_cannot_be_read_and_the_chain_holds(store: Store, book: Book) -> None:
    """Words, contacts, reasons: gone. Others' stay. What was not sent is suppressed and said so."""
    mine, other = notice(1), notice(2, user="u8")
    with store.transaction(NOW) as tx:
        tx.add_notice(mine, [rendered(mine)], waiting=["sms"])
        tx.add_notice(other, [rendered(other)])
        tx.add_findings([finding(1), finding(2, user="u8")])
    erased = [store.erase("u7", "asked by the user", NOW), store.erase("u7", "again", NOW), store.erase("nobody", "", NOW)]
    said = [json.loads(m.value) for m in store.bus.take(NOW, 10)]

    assert erased == [True, True, False]
    assert store.notices([mine.notice_id, other.notice_id]) == {other.notice_id: other}
    assert [d.rendered.user_id for d in store.outbox.claim("me", NOW, 10, 30)] == ["u8"]
    assert [(m["user_id"], m["status"], m["reason"]) for m in said] == [("u7", "suppressed", "erased")]
    assert store.waiting(NOW) == []
    assert store.ledger.traces("e1")[0][0].facts == {}
    assert store.ledger.traces("e2")[0][0].facts == finding(2).facts
    assert str(verify(book, store.ledger)) == "unaltered: 4 entries in 1 partitions, keys of 1 users"


def test_a_user_who_comes_back_has_a_new_key(store: Store, book: Book) -> None:
    """What was erased stays unreadable."""
    old, new = notice(1), notice(2)
    with store.transaction(NOW) as tx:
        tx.add_notice(old, [rendered(old)])
    store.erase("u7", "asked", NOW)
    with store.transaction(NOW) as tx:
        tx.add_notice(new, [rendered(new)])

    assert list(store.notices([old.notice_id, new.notice_id])) == [new.notice_id]
    assert verify(book, store.ledger).ok


def test_partitions_have_chains_of_their_own(store: Store) -> None:
    """By the partition of the event; numbers begin at one in each."""
    for number in range(6):
        n = notice(number, user=f"u{number}", partition=number % 3)
        with store.transaction(NOW) as tx:
            tx.add_notice(n, [rendered(n)])
            store.outbox.record([(receipt(rendered(n)), None)])

    def numbers(rows: list[EntryRow]) -> list[tuple[int, str]]:
        return [(r.number, r.kind) for r in rows]

    assert all(numbers(store.ledger.entries(p, 0, 10)) == [(1, "notice"), (2, "notice")] for p in range(3))


def test_messages_for_the_bus_are_kept_until_done(store: Store) -> None:
    """Taken ones come again when their publisher was killed; done ones never."""
    with store.transaction(NOW) as tx:
        tx.put_bus("verdicts", "u7", b"one")
        tx.put_bus("verdicts", "u8", b"two\0\xff")
    first = store.bus.take(NOW, 1, lease_seconds=10)
    second = store.bus.take(NOW, 10, lease_seconds=10)
    store.bus.done([m.id for m in first])
    again = store.bus.take(NOW + 11 * SECOND, 10)

    assert [(m.topic, m.key, m.value) for m in first + second] == [("verdicts", "u7", b"one"), ("verdicts", "u8", b"two\0\xff")]
    assert (again, store.bus.depth()) == (second, 1)


def test_redriven_dead_letters_are_remembered(store: Store) -> None:
    """So that none is sent twice."""
    places = [("vigil.dead-letters", 0, 1), ("vigil.dead-letters", 1, 1)]
    store.mark_redriven(places[:1], NOW)
    store.mark_redriven(places[:1], NOW)

    assert store.redriven(places) == {places[0]}
