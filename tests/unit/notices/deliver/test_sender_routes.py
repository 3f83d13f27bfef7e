"""Which provider gets a message, on a clock that stands still: whatever waits for time to pass never happens."""

from collections.abc import Iterator

import pytest

from notices.deliver.outcome import Unavailable
from notices.deliver.provider import Limits
from notices.deliver.recording import RecordingProvider
from notices.deliver.sender import Sender
from tests.support.outbox import MemoryOutbox, now, rendered


@pytest.fixture
def stopped() -> Iterator[list[Sender]]:
    """Senders to stop at the end."""
    running: list[Sender] = []
    yield running
    for sender in running:
        sender.stop(5)


def at_a_standstill(outbox: MemoryOutbox, running: list[Sender], **channels: list[RecordingProvider]) -> Sender:
    """A sender for which no time passes."""
    noon = now().replace(minute=30)
    sender = Sender(outbox, channels, "me", poll=0.02, now=lambda: noon, dice=lambda: 0.5)
    running.append(sender)
    sender.start()
    return sender


@pytest.mark.parametrize("why", ["SMTP: Connection refused", "SMTP 421 shutting down", "HTTP 503"])
def test_a_hard_failure_costs_its_message_no_time(outbox: MemoryOutbox, stopped: list[Sender], why: str):
    """The next provider has it in the same moment: a second of backoff would never be over here."""
    first, second = RecordingProvider(name="mailto"), RecordingProvider(name="mailto-2")
    first.always, first.answers_probes = Unavailable(why), False
    outbox.add(*(rendered(n) for n in range(6)), created_at=now().replace(minute=0))
    for row in outbox.rows.values():
        row.delivery.due_at = row.delivery.created_at
    at_a_standstill(outbox, stopped, email=[first, second])
    outbox.wait_final(seconds=10)

    assert {outbox.last(i).provider for i in outbox.rows} == {"mailto-2"}
    assert all(outbox.history(i) == ["sent"] for i in outbox.rows)
    assert 1 <= len(first.tries) <= 6


def test_a_used_up_quota_sends_by_the_next_provider(outbox: MemoryOutbox, stopped: list[Sender]):
    """Two an hour by the first, the rest by the second, at once."""
    first, second = RecordingProvider("sms", "smsgw", Limits(hourly=2)), RecordingProvider("sms", "smsgw-2")
    outbox.add(*(rendered(n, "sms", severity="critical") for n in range(5)), created_at=now().replace(minute=0))
    for row in outbox.rows.values():
        row.delivery.due_at = row.delivery.created_at
    at_a_standstill(outbox, stopped, sms=[first, second])
    outbox.wait_final(seconds=10)

    assert (len(first.taken), len(second.taken)) == (2, 3)


def test_where_every_quota_is_used_up_it_waits_for_the_next_hour_and_says_so(outbox: MemoryOutbox, stopped: list[Sender]):
    """`queued` with the reason, due when the hour is over: nobody is asked every minute until then."""
    only = RecordingProvider("sms", "smsgw", Limits(hourly=1))
    start = now().replace(minute=0)
    outbox.add(rendered(1, "sms", severity="critical"), rendered(2, "sms", severity="critical"), created_at=start)
    for row in outbox.rows.values():
        row.delivery.due_at = start
    sender = at_a_standstill(outbox, stopped, sms=[only])
    outbox.wait_history("sms-1", 1, 10)
    outbox.wait_history("sms-2", 1, 10)
    (waiting,) = [i for i in outbox.rows if outbox.history(i) == ["queued"]]
    left = (outbox.rows[waiting].delivery.due_at - sender._now()).total_seconds()

    assert outbox.last(waiting).reason == "its quota is used up"
    assert 20 * 60 < left <= 30 * 60
    assert len(only.tries) == 1
