"""The sender on providers that are told what to answer: what each answer means."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from notices.deliver.outcome import Delivered, Refused, Unavailable, Unsure
from notices.deliver.recording import RecordingProvider
from notices.deliver.sender import Sender
from tests.support.background import wait_until
from tests.support.outbox import MemoryOutbox, now, rendered

pytestmark = pytest.mark.slow

AWAY = Unavailable("SMTP: Connection refused")


def test_what_a_provider_takes_is_sent_and_told(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """The receipt names provider, its id and the attempt; whoever listens hears it."""
    first, heard = RecordingProvider(name="mailto"), []
    outbox.add(rendered(1))
    start(email=[first], heard=heard.extend)
    outbox.wait_final()

    receipt = outbox.last("email-1")
    assert (receipt.status, receipt.provider, receipt.provider_id, receipt.attempt, receipt.reason) == (
        "sent",
        "mailto",
        "recorded",
        1,
        None,
    )
    wait_until(lambda: heard == [receipt])
    assert [message.recipient for message in first.taken] == ["user1@mail.example"]


def test_an_unavailable_provider_is_followed_by_the_next_at_once(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """One receipt, of the second provider: no time was lost."""
    first, second = RecordingProvider(name="mailto"), RecordingProvider(name="mailto-2")
    first.always = AWAY
    outbox.add(rendered(1))
    start(email=[first, second])
    outbox.wait_final()

    assert outbox.history("email-1") == ["sent"]
    assert outbox.last("email-1").provider == "mailto-2"
    assert len(first.tries) == 1


def test_when_none_takes_it_it_waits_a_second_and_begins_at_the_first(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """`queued` with both reasons; a second later the first provider takes it."""
    first, second = RecordingProvider(name="mailto"), RecordingProvider(name="mailto-2")
    first.answers.append(AWAY)
    second.answers.append(Unavailable("SMTP 451 busy", whole=False))
    outbox.add(rendered(1))
    start(email=[first, second])
    outbox.wait_final()

    waited, sent = outbox.rows["email-1"].history
    assert (waited.status, sent.status, sent.provider, sent.attempt) == ("queued", "sent", "mailto", 2)
    assert waited.reason == "mailto: SMTP: Connection refused; mailto-2: SMTP 451 busy"
    assert 0.9 < (sent.at - waited.at).total_seconds() < 3


def test_a_refusal_is_final_and_asks_no_other_provider(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """`rejected` with its reason; the text message takes its place."""
    first, second, texts = RecordingProvider(), RecordingProvider(), RecordingProvider("sms")
    first.always = Refused("SMTP 550 no such user")
    outbox.add(rendered(1))
    start(email=[first, second], sms=[texts])
    outbox.wait_final()

    assert (outbox.last("email-1").status, outbox.last("email-1").reason) == ("rejected", "SMTP 550 no such user")
    assert second.tries == []
    assert outbox.fall_backs == {"email-1": "sms"}


@pytest.mark.parametrize(
    ("more", "sms"),
    [({"slot": "old-1"}, True), ({}, False)],
)
def test_no_channel_takes_the_place_of_an_old_contact_or_where_there_is_none(
    outbox: MemoryOutbox, start: Callable[..., Sender], more: dict, sms: bool
):
    """A replaced contact has no other; a channel without provider can't help."""
    first = RecordingProvider()
    first.always = Refused("no")
    outbox.add(rendered(1, **more))
    start(email=[first], **({"sms": [RecordingProvider("sms")]} if sms else {}))
    outbox.wait_final()

    assert outbox.fall_backs == {}


@pytest.mark.parametrize("kind", ["tip_codes", "announcement_maintenance", "tip_announcement", "digest"])
def test_what_many_are_told_is_no_text_message_for_want_of_a_mail(outbox: MemoryOutbox, start: Callable[..., Sender], kind: str):
    """Refused at once or returned later: nobody is sent a tip by SMS whose mailbox is closed."""
    mails = RecordingProvider()
    mails.always = Refused("SMTP 550 5.1.1 no such user")
    outbox.add(rendered(1, kind=kind))
    start(email=[mails], sms=[RecordingProvider("sms")])
    outbox.wait_final()

    assert outbox.fall_backs == {}


def test_what_took_a_place_is_not_replaced_again(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """A refused text that stood in for a mail ends there."""
    texts = RecordingProvider("sms")
    texts.always = Refused("HTTP 400")
    outbox.add(rendered(1, "sms"), fallback_of="email-1")
    start(email=[RecordingProvider()], sms=[texts])
    outbox.wait_final()

    assert outbox.fall_backs == {}


def test_a_mailbox_that_does_not_exist_is_told_to_the_outbox(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """One that is full or closed to us may take the next mail."""
    mails = RecordingProvider()
    mails.always = lambda message: Refused("no", dead=message.delivery_id == "email-1")
    outbox.add(rendered(1), rendered(2))
    start(email=[mails])
    outbox.wait_final()

    assert outbox.dead == ["email-1"]


def test_a_channel_without_provider_fails_and_the_other_takes_its_place(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """Said honestly at once, not retried for a day."""
    outbox.add(rendered(1))
    start(sms=[RecordingProvider("sms")])
    outbox.wait_final()

    assert (outbox.last("email-1").status, outbox.last("email-1").reason) == ("failed", "no provider configured")
    assert outbox.fall_backs == {"email-1": "sms"}


def test_an_answer_that_says_neither_is_not_tried_again(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """A text whose fate is unknown is `unknown`: trying again could tell twice."""
    texts = RecordingProvider("sms")
    texts.always = Unsure("HTTP 200 without the id of a text")
    outbox.add(rendered(1, "sms"))
    start(sms=[texts])
    outbox.wait_final()

    assert outbox.history("sms-1") == ["unknown"]


def test_the_inbox_is_delivered_not_sent(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """In-app is the one channel where Vigil knows that it arrived."""
    inbox = RecordingProvider("inapp")
    inbox.always = Delivered("notice-1")
    outbox.add(rendered(1, "inapp"))
    start(inapp=[inbox])
    outbox.wait_final()

    assert outbox.history("inapp-1") == ["delivered"]


def test_a_notice_past_its_time_is_expired_and_never_sent(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """A margin warning after the fact says nothing true."""
    first = RecordingProvider()
    outbox.add(rendered(1, expires_at=now() - timedelta(seconds=1)))
    start(email=[first])
    outbox.wait_final()

    assert outbox.history("email-1") == ["expired"]
    assert first.tries == []


def test_after_a_day_it_is_given_up(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """`failed`, with the last reason."""
    first = RecordingProvider()
    first.always = AWAY
    outbox.add(rendered(1), created_at=now() - timedelta(hours=24), attempt=1500)
    start(email=[first], sms=[RecordingProvider("sms")])
    outbox.wait_final()

    assert outbox.last("email-1").status == "failed"
    assert outbox.last("email-1").reason == "given up after a day: SMTP: Connection refused"
    assert outbox.fall_backs == {"email-1": "sms"}
