"""What comes of messages after a provider took them, on SQLite and PostgreSQL."""

import json
from datetime import timedelta

import pytest

from domain.callback import Callback
from domain.messages import Notice
from domain.ports import Rendered
from ledger.book import Book
from ledger.verify import verify
from stores.sql.store import Store
from tests.support.told import NOW, notice, receipt, rendered

LATER = NOW + timedelta(minutes=5)
BOTH = ("email", "sms")


def sent(store: Store, number: int = 1, channel: str = "email", slot: str = "current", **fields: object) -> tuple[Notice, Rendered]:
    n = notice(number, **fields)
    one = rendered(n, channel, slot)  # type: ignore[arg-type]
    with store.transaction(NOW) as tx:
        tx.add_notice(n, [one])
    store.outbox.record([(receipt(one, provider_id=f"p{number}{channel}"), None)])
    return n, one


def bus(store: Store, topic: str) -> list[dict[str, object]]:
    return [json.loads(m.value) for m in store.bus.take(NOW + timedelta(days=9), 100) if m.topic == topic]


def back(one: Rendered, dead: bool = True, **fields: object) -> Callback:
    return Callback(status="bounced", delivery_id=one.delivery_id, reason="5.1.1 unknown", dead=dead, **fields)  # type: ignore[arg-type]


def test_what_came_back_is_bounced_once_and_a_text_takes_its_place(store: Store, book: Book) -> None:
    """Status, receipt, ledger, bus; told again, or said to be delivered afterwards, changes nothing."""
    n, mail = sent(store)

    said = [store.callbacks.take(back(mail), LATER, BOTH) for _ in range(2)]
    said.append(store.callbacks.take(Callback(status="delivered", delivery_id=mail.delivery_id), LATER, BOTH))
    (waits,) = store.waiting(LATER)
    statuses = [m["status"] for m in bus(store, "receipts")]

    assert said == ["taken", "known", "known"]
    assert statuses == ["sent", "bounced"]
    assert (waits.notice.notice_id, waits.channel, waits.why) == (n.notice_id, "sms", "fallback")
    assert verify(book, store.ledger).ok


def test_its_owner_is_told_when_a_provider_refuses_the_address_at_once(store: Store) -> None:
    """As when the mail comes back later: once, and the address is left out of tips. A replaced one says nothing new."""
    for number, slot in ((1, "current"), (2, "current"), (3, "old-1")):
        n = notice(number)
        mail = rendered(n, slot=slot)
        with store.transaction(NOW) as tx:
            tx.add_notice(n, [mail])
        store.outbox.record([(receipt(mail, "rejected"), None)], dead=[mail.delivery_id])

    (told,) = bus(store, "notices")
    assert (told["kind"], told["channels"], told["facts"]) == ("service_contact_bounced", ["inapp"], {"subject": "email"})
    assert store.callbacks.contact_bounced("u7", "email", rendered(notice(1)).recipient)


def test_its_owner_is_told_once_in_the_app(store: Store) -> None:
    """However many mails come back from the address; and it is left out of tips, not another address."""
    for number in (1, 2):
        _, mail = sent(store, number)
        store.callbacks.take(back(mail), LATER)

    (told,) = bus(store, "notices")

    assert (told["kind"], told["channels"], told["user_id"]) == ("service_contact_bounced", ["inapp"], "u7")
    assert told["facts"] == {"subject": "email"}
    assert store.callbacks.contact_bounced("u7", "email", " Mei@mail.example")
    assert not store.callbacks.contact_bounced("u7", "email", "new@mail.example")
    assert not store.callbacks.contact_bounced("u8", "email", "mei@mail.example")


def test_an_old_contact_that_bounces_concerns_nobody(store: Store) -> None:
    """Nobody is told, nothing takes its place: his other contact may be the new owner's."""
    _, mail = sent(store, slot="old-1")

    assert store.callbacks.take(back(mail), LATER, BOTH) == "taken"
    assert store.waiting(LATER) == []
    assert bus(store, "notices") == []


def test_a_full_mailbox_is_not_held_against_the_address(store: Store) -> None:
    """The message is bounced and a text goes out, but nothing is remembered."""
    _, mail = sent(store)
    store.callbacks.take(back(mail, dead=False), LATER, BOTH)

    assert len(store.waiting(LATER)) == 1
    assert not store.callbacks.contact_bounced("u7", "email", "mei@mail.example")


def test_no_text_takes_the_place_of_a_tip(store: Store) -> None:
    """Nobody pays for a text about one."""
    _, mail = sent(store, kind="tip_phishing")
    store.callbacks.take(back(mail), LATER, BOTH)

    assert store.waiting(LATER) == []


@pytest.mark.parametrize(
    "about",
    [
        Callback(status="delivered", provider="smsgw", provider_id="p1email"),
        Callback(status="delivered", provider="mailto", provider_id="nobody's"),
        Callback(status="delivered", channel="sms", provider_id="p1email"),
        Callback(status="delivered", delivery_id="nobody's"),
        Callback(status="delivered"),
    ],
)
def test_a_provider_speaks_of_what_it_took_alone(store: Store, about: Callback) -> None:
    """Another one's id, or one that nobody has, is unknown."""
    sent(store)

    assert store.callbacks.take(about, LATER) == "unknown"


def test_arrival_is_delivered_and_may_still_come_back(store: Store) -> None:
    """The relay had it, its reader's server sent it back."""
    _, mail = sent(store)
    arrived = store.callbacks.take(Callback(status="delivered", provider="mailto", provider_id="p1email"), LATER)
    returned = store.callbacks.take(back(mail), LATER)

    assert (arrived, returned) == ("taken", "taken")
    assert [m["status"] for m in bus(store, "receipts")] == ["sent", "delivered", "bounced"]


def test_what_is_not_sent_yet_can_not_have_come_back(store: Store) -> None:
    """Its receipt may be on its way: the provider is told to ask again."""
    n = notice()
    mail = rendered(n)
    with store.transaction(NOW) as tx:
        tx.add_notice(n, [mail])

    assert store.callbacks.take(back(mail), LATER) == "unknown"


def test_an_erased_users_wishes_are_erased(store: Store) -> None:
    """With all else."""
    _, mail = sent(store)
    store.callbacks.take(back(mail), LATER)
    first, again = (store.callbacks.want_no_more("u7", "email", "tip", LATER) for _ in range(2))
    wished = store.callbacks.unwanted("u7")
    store.erase("u7", "asked", LATER)

    assert (first, again, wished) == (True, False, {("email", "tip")})
    assert store.callbacks.unwanted("u7") == set()
    assert not store.callbacks.contact_bounced("u7", "email", "mei@mail.example")
