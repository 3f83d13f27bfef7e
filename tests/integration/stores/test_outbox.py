"""The outbox on SQLite and PostgreSQL: what is claimed, recorded, retried, given back."""

import json
import threading
from datetime import timedelta

from sqlalchemy import update

from domain.messages import Notice
from domain.ports import Rendered, Unsent
from stores.sql.schema import ledger_contents
from stores.sql.store import Store
from tests.support.background import PATIENCE
from tests.support.told import NOW, notice, receipt, rendered

SECOND = timedelta(seconds=1)


def queue(store: Store, *all_rendered: Rendered, about: Notice) -> None:
    with store.transaction(NOW) as tx:
        tx.add_notice(about, all_rendered)


def published(store: Store) -> list[dict[str, object]]:
    return [json.loads(m.value) | {"topic": m.topic} for m in store.bus.take(NOW + timedelta(days=9), 100)]


def test_what_is_claimed_is_what_was_composed(store: Store) -> None:
    """Contact, subject and bytes come back unchanged, NUL and odd Unicode too."""
    n = notice()
    odd = rendered(n, subject="é\u202e\0\U0001f98a", payload=bytes(range(256)), recipient="weird\0@mail.example", expires_at=NOW + SECOND)
    queue(store, odd, about=n)

    (got,) = store.outbox.claim("me", NOW, 10, 30)

    assert got.rendered == odd
    assert (got.status, got.attempt, got.created_at, got.due_at) == ("queued", 0, NOW, NOW)


def test_a_claimed_row_is_nobody_elses_until_its_lease_ends(store: Store) -> None:
    """Then it can be claimed again: its sender was killed."""
    n = notice()
    queue(store, rendered(n), about=n)
    first = store.outbox.claim("one", NOW, 10, 30)
    early = store.outbox.claim("two", NOW + 29 * SECOND, 10, 30)
    late = store.outbox.claim("two", NOW + 31 * SECOND, 10, 30)

    assert [len(first), len(early), len(late)] == [1, 0, 1]


def test_one_whose_words_were_altered_holds_up_no_other(store: Store) -> None:
    """It has failed, and says where to look; the one behind it is sent."""
    whole, altered = notice(1), notice(2)
    queue(store, rendered(altered), about=altered)
    queue(store, rendered(whole), about=whole)
    name = rendered(altered).delivery_id
    with store.database.writing() as connection:
        mine = ledger_contents.c.content_id == name
        connection.execute(update(ledger_contents).where(mine).values(sealed=b"\x01" * 64))

    assert [one.rendered.notice_id for one in store.outbox.claim("me", NOW, 10, 30)] == [whole.notice_id]
    (end,) = [one for one in published(store) if one["status"] == "failed"]
    assert (end["delivery_id"], "ledger verify" in str(end["reason"])) == (name, True)
    assert store.outbox.claim("me", NOW + 31 * SECOND, 10, 30)[0].rendered.notice_id == whole.notice_id


def test_gravest_goes_first_and_only_wanted_channels(store: Store) -> None:
    """A critical text overtakes a queue of mails at info."""
    kinds = [("info", 1), ("critical", 2), ("notice", 3), ("warning", 4)]
    for severity, number in kinds:
        n = notice(number, severity=severity)
        queue(store, rendered(n), rendered(n, "sms"), about=n)

    texts = store.outbox.claim("me", NOW, 3, 30, channels=["sms"])

    assert [d.rendered.severity for d in texts] == ["critical", "warning", "notice"]
    assert {d.rendered.channel for d in texts} == {"sms"}


def test_a_retry_waits_for_its_time_and_can_be_hastened(store: Store) -> None:
    """The provider is back: what waited for a later try is due now; what is leased is left alone."""
    n = notice()
    mail, text = rendered(n), rendered(n, "sms")
    queue(store, mail, text, about=n)
    store.outbox.claim("me", NOW, 10, 30)
    store.outbox.record([(receipt(mail, "queued", reason="connection refused"), NOW + 60 * SECOND)])
    before = store.outbox.claim("me", NOW + SECOND, 10, 30)
    hastened = [store.outbox.hasten("email", NOW + SECOND), store.outbox.hasten("sms", NOW + SECOND)]
    (after,) = store.outbox.claim("me", NOW + SECOND, 10, 30)

    assert (before, hastened) == ([], [1, 0])
    assert (after.rendered, after.attempt, after.status) == (mail, 1, "queued")


def test_a_final_receipt_ends_a_delivery(store: Store) -> None:
    """It leaves the depth and is never claimed again; a late retry doesn't reopen it."""
    n = notice()
    mail = rendered(n)
    queue(store, mail, about=n)
    assert store.outbox.depth(NOW) == {"email": 1, "sms": 0, "inapp": 0}
    store.outbox.claim("me", NOW, 10, 30)
    store.outbox.record([(receipt(mail), None)])
    store.outbox.record([(receipt(mail, "queued", attempt=2, reason="slow"), NOW)])

    assert store.outbox.depth(NOW) == {"email": 0, "sms": 0, "inapp": 0}
    assert store.outbox.claim("me", NOW + timedelta(days=1), 10, 30) == []
    assert store.outbox.next_due() is None


def test_receipts_go_to_the_bus_once_each(store: Store) -> None:
    """As promised; the same `queued` for the same reason says nothing new."""
    n = notice()
    mail = rendered(n)
    queue(store, mail, about=n)
    waits = [receipt(mail, "queued", provider=None, provider_id=None, attempt=i, reason="connection refused") for i in (1, 2, 3)]
    for one in waits:
        store.outbox.record([(one, NOW)])
    store.outbox.record([(receipt(mail, attempt=4, provider_id="q\0\ud800"), None)])

    said = published(store)

    assert [(m["status"], m["attempt"], m["reason"]) for m in said] == [("queued", 1, "connection refused"), ("sent", 4, None)]
    assert said[1] == {
        "topic": "receipts", "notice_id": n.notice_id, "user_id": "u7", "channel": "email", "status": "sent", "provider": "mailto",
        "provider_id": "q\ufffd?", "attempt": 4, "at": "2026-11-22T10:00:00.123456Z", "reason": None, "delivery_id": mail.delivery_id,
        "sms": None,
    }  # fmt: skip


def test_a_refused_mail_becomes_a_text_once(store: Store) -> None:
    """It waits for composition; a second refusal, or a channel used already, adds nothing."""
    n = notice()
    mail, inapp = rendered(n), rendered(n, "inapp")
    queue(store, mail, inapp, about=n)
    store.outbox.record([(receipt(mail, "rejected"), None)], {mail.delivery_id: "sms"})
    store.outbox.record([(receipt(mail, "bounced"), None)], {mail.delivery_id: "sms"})
    store.outbox.record([(receipt(inapp, "failed"), None)], {inapp.delivery_id: "email"})
    (waits,) = store.waiting(NOW)
    with store.transaction(NOW) as tx:
        tx.add_rendering(waits, [rendered(n, "sms")])
    store.outbox.record([(receipt(mail, "bounced"), None)], {mail.delivery_id: "sms"})

    (text,) = store.outbox.claim("me", NOW, 10, 30, channels=["sms"])

    assert (waits.channel, waits.why, waits.fallback_of, waits.notice) == ("sms", "fallback", mail.delivery_id, n)
    assert (text.rendered.channel, text.fallback_of) == ("sms", mail.delivery_id)
    assert store.waiting(NOW + 5 * SECOND) == []


def test_what_a_stopped_sender_held_is_given_back(store: Store) -> None:
    """By owner, or all at a start."""
    for number in (1, 2):
        n = notice(number)
        queue(store, rendered(n), about=n)
    store.outbox.claim("one", NOW, 1, 300)
    store.outbox.claim("two", NOW, 1, 300)

    counts = [store.outbox.release("one", NOW), store.outbox.release("one", NOW), store.outbox.release(None, NOW)]

    assert counts == [1, 0, 1]
    assert len(store.outbox.claim("three", NOW, 10, 30)) == 2


def test_a_channel_left_out_is_recorded_and_said(store: Store) -> None:
    """Suppressed by policy, expired by age: a receipt, nothing to send."""
    n = notice(suppressed={"email": "cooldown"})
    with store.transaction(NOW) as tx:
        tx.add_notice(n, unsent=[Unsent("inapp", "expired", "older than a day")])

    said = {(m["channel"], m["status"], m["reason"]) for m in published(store)}

    assert said == {("email", "suppressed", "cooldown"), ("inapp", "expired", "older than a day")}
    assert store.outbox.claim("me", NOW, 10, 30) == []


def test_a_rendered_delivery_can_be_recorded_as_not_sent(store: Store) -> None:
    """With its words in the ledger."""
    n = notice()
    mail = rendered(n)
    with store.transaction(NOW) as tx:
        tx.add_notice(n, [mail], statuses={mail.delivery_id: ("expired", "came too late")})

    assert store.outbox.claim("me", NOW, 10, 30) == []
    assert [m["status"] for m in published(store)] == ["expired"]


def test_many_senders_never_share_a_row(store: Store) -> None:
    """Eight threads claim 200 rows in small bites: each row once."""
    for number in range(50):
        n = notice(number, user=f"u{number}")
        queue(
            store,
            *(rendered(n, c, s) for c, s in (("email", "current"), ("email", "old-1"), ("sms", "current"), ("inapp", "current"))),
            about=n,
        )
    taken: list[str] = []
    errors: list[BaseException] = []

    def sender(name: str) -> None:
        try:
            while got := store.outbox.claim(name, NOW, 7, 300):
                taken.extend(d.rendered.delivery_id for d in got)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=sender, args=(f"s{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    # A thread may find all due rows locked by others and stop early, so that what is left is for the next round.
    sender("last")
    assert errors == []
    assert len(taken) == len(set(taken)) == 200


def test_a_callback_about_what_was_never_sent_is_ignored(store: Store) -> None:
    """Anyone can call a gateway's callback address."""
    store.outbox.record([(receipt(rendered(notice()), "delivered"), None)])

    assert published(store) == []
