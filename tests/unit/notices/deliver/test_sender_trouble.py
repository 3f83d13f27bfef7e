"""The sender when providers hang or are away, when SQL is away, when it is killed."""

from collections.abc import Callable

import pytest

from notices.deliver.outcome import Sent, Unavailable
from notices.deliver.provider import Limits
from notices.deliver.recording import RecordingProvider
from notices.deliver.sender import Sender
from tests.support.background import wait_until
from tests.support.marks import MemoryMarks
from tests.support.outbox import MemoryOutbox, now, rendered

pytestmark = pytest.mark.slow

AWAY = Unavailable("SMTP: Connection refused")


def test_a_provider_that_hangs_does_not_stall_the_mails_behind(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """Two hang in the first; the eight behind them go through the second within seconds, and so does what comes later."""
    first, second = RecordingProvider(name="mailto", limits=Limits(connections=2)), RecordingProvider(name="mailto-2")
    first.hang()
    outbox.add(*(rendered(number) for number in range(10)))
    sender = start(email=[first, second])
    wait_until(lambda: len(second.taken) == 8)
    outbox.add(rendered(10))
    sender.wake()
    wait_until(lambda: len(second.taken) == 9)

    assert len(first.tries) == 2
    first.go_on()
    outbox.wait_final()
    assert len(first.taken) + len(second.taken) == 11


def test_a_hanging_provider_that_is_the_only_one_still_uses_its_other_connections(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """One slow recipient doesn't hold up the next."""
    only = RecordingProvider(limits=Limits(connections=2))
    only.hang()
    outbox.add(rendered(1))
    sender = start(email=[only])
    wait_until(lambda: sender.lanes["email"][0].stuck())
    outbox.add(rendered(2))
    sender.wake()

    wait_until(lambda: len(only.tries) == 2)


def test_a_channel_that_hangs_does_not_stall_another(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """500 mails stand; the texts behind them go out."""
    mails, texts = RecordingProvider(limits=Limits(connections=1)), RecordingProvider("sms")
    mails.hang()
    outbox.add(*(rendered(number) for number in range(500)))
    start(email=[mails], sms=[texts])
    wait_until(lambda: mails.tries)
    outbox.add(rendered(1, "sms"))

    outbox.wait_final("sms-1")


def test_an_outage_loses_nothing_and_its_end_is_noticed_by_itself(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """Forty mails wait while the only provider is away, which is asked a few times only; once it is back all go out, each once."""
    only = RecordingProvider()
    only.always, only.answers_probes = AWAY, False
    outbox.add(*(rendered(number) for number in range(40)))
    start(email=[only])
    wait_until(lambda: all(outbox.history(f"email-{n}") for n in range(40)) and only.probes)
    tried = len(only.tries)

    only.always, only.answers_probes = Sent("1"), True
    outbox.wait_final()

    assert tried < 40, "the breaker kept most from trying"
    assert sorted(message.delivery_id for message in only.taken) == sorted(outbox.rows)
    assert {outbox.rows[i].history[0].reason for i in outbox.rows} == {"SMTP: Connection refused"}


def test_retry_after_is_kept_to(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """429 with Retry-After: 3: the text waits for three seconds, not for one, and nothing else is posted meanwhile."""
    gateway = RecordingProvider("sms")
    gateway.answers.append(Unavailable("HTTP 429", whole=False, pause=3.0))
    outbox.add(rendered(1, "sms"))
    sender = start(sms=[gateway])
    outbox.wait_history("sms-1", 1)
    outbox.add(rendered(2, "sms"))
    sender.wake()
    outbox.wait_final()

    waited, sent = outbox.rows["sms-1"].history
    assert (sent.at - waited.at).total_seconds() >= 2.9
    assert outbox.history("sms-2") == ["queued", "sent"]


def test_the_gravest_goes_first(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """Behind a backlog a critical notice doesn't wait its turn."""
    only = RecordingProvider(limits=Limits(connections=1))
    outbox.add(*(rendered(number) for number in range(200)), rendered("x", severity="critical"))
    start(email=[only])
    outbox.wait_final()

    assert only.taken[0].delivery_id == "email-x"


def test_stopping_finishes_what_is_under_way_and_gives_the_rest_back(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """The mail in flight is recorded as sent; those behind it are free for another worker."""
    only = RecordingProvider(limits=Limits(connections=1))
    only.hang()
    outbox.add(*(rendered(number) for number in range(5)))
    sender = start(email=[only])
    wait_until(lambda: only.tries)
    only.go_on()
    assert sender.stop(10)

    sent = [i for i in outbox.rows if outbox.history(i) == ["sent"]]
    assert len(sent) == len(only.taken) >= 1
    assert all(outbox.rows[i].owner is None and not outbox.rows[i].final for i in outbox.rows if i not in sent)


def test_what_a_killed_sender_had_claimed_is_free_when_it_is_back(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """The owner's name survives the process, so its leases needn't run out."""
    outbox.add(rendered(1))
    outbox.claim("me", now(), 10, 3600)
    start(email=[RecordingProvider()])

    outbox.wait_final(seconds=5)


def test_an_outbox_that_is_away_is_waited_for(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """Receipts that couldn't be written are written later; the mail went out once."""
    only = RecordingProvider()
    only.hang()
    outbox.add(rendered(1))
    start(email=[only])
    wait_until(lambda: only.tries)
    outbox.broken = True
    only.go_on()
    wait_until(lambda: only.taken)
    outbox.broken = False
    outbox.wait_final()

    assert outbox.history("email-1") == ["sent"]
    assert len(only.tries) == 1


def test_a_provider_that_raises_counts_as_unavailable(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """A slip in a provider neither ends its thread nor loses the mail."""

    def raises(message: object) -> Sent:
        raise KeyError("user1@mail.example")

    first, second = RecordingProvider(name="mailto"), RecordingProvider(name="mailto-2")
    first.always = raises
    second.answers.append(AWAY)
    outbox.add(rendered(1))
    start(email=[first, second])
    outbox.wait_final()

    assert "user1" not in str(outbox.rows["email-1"].history[0].reason)
    assert outbox.last("email-1").status == "sent"


def test_what_was_handed_over_before_a_kill_is_recorded_and_not_sent_again(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """The mark names provider and id; once the receipt is written the mark goes."""
    only, marks = RecordingProvider(), MemoryMarks()
    marks.mark("email-1", "mailto-2", "4XyZ9k")
    outbox.add(rendered(1), rendered(2))
    start(email=[only], marks=marks)
    outbox.wait_final()

    receipt = outbox.last("email-1")
    assert (receipt.status, receipt.provider, receipt.provider_id) == ("sent", "mailto-2", "4XyZ9k")
    assert [message.delivery_id for message in only.tries] == ["email-2"]
    wait_until(lambda: marks.kept == {})


def test_a_mark_is_there_before_the_receipt(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """While SQL is away, what was sent is known by its mark alone."""
    only, marks = RecordingProvider(), MemoryMarks()
    only.hang()
    outbox.add(rendered(1))
    start(email=[only], marks=marks)
    wait_until(lambda: only.tries)
    outbox.broken = True
    only.go_on()
    wait_until(lambda: marks.kept == {"email-1": ("recording", "recorded")})
    outbox.broken = False
    outbox.wait_final()
