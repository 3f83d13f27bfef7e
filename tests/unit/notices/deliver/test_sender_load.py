"""The sender with much to do: order, hand-over, moody providers."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from domain.ports import Rendered
from notices.deliver.outcome import Outcome, Refused, Sent, Unavailable, Unsure
from notices.deliver.provider import Limits
from notices.deliver.recording import RecordingProvider
from notices.deliver.sender import Sender
from tests.support.background import wait_until
from tests.support.outbox import MemoryOutbox, now, rendered

pytestmark = pytest.mark.slow

AWAY = Unavailable("SMTP: Connection refused")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_providers_answer_each_message_ends_once_and_is_never_sent_twice(
    outbox: MemoryOutbox, start: Callable[..., Sender], seed: int
):
    """Two moody providers, 200 messages: one end for each, and no try after it."""
    chance = random.Random(seed)
    ends: Counter[str] = Counter()
    after: list[str] = []

    def moody(message: Rendered) -> Outcome:
        if ends[message.delivery_id]:
            after.append(message.delivery_id)
        outcome = chance.choices([Sent("1"), Refused("no"), Unsure("?"), Unavailable("busy", whole=False), AWAY], [60, 10, 5, 20, 5])[0]
        ends[message.delivery_id] += not isinstance(outcome, Unavailable)
        return outcome

    first, second = RecordingProvider(name="mailto"), RecordingProvider(name="mailto-2")
    first.always = second.always = moody
    outbox.add(*(rendered(number) for number in range(200)))
    start(email=[first, second])
    outbox.wait_final(seconds=60)

    assert after == []
    assert set(ends.values()) == {1}
    finals = [[status for status in outbox.history(i) if status != "queued"] for i in outbox.rows]
    assert all(len(statuses) == 1 for statuses in finals)
    assert {statuses[0] for statuses in finals} <= {"sent", "rejected", "unknown"}


def test_new_messages_are_handed_over_up_to_the_room_there_is(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """They are sent without a claim, the gravest first; what was granted and not used is free again."""
    only = RecordingProvider(limits=Limits(connections=1))
    sender = start(email=[only])
    full = sender.reserve({"email": 100_000})["email"]
    assert 0 < full < 100_000
    assert sender.reserve({"email": 1}) == {"email": 0}
    sender.hand([], {"email": full})

    granted = sender.reserve({"email": 3})
    messages = [rendered(1), rendered(2, severity="critical")]
    outbox.add(*messages)
    rows = outbox.claim("me", now(), 10, 3600)
    sender.hand(sorted(rows, key=lambda row: row.rendered.delivery_id), granted)
    outbox.wait_final()

    assert [message.delivery_id for message in only.taken] == ["email-2", "email-1"]

    def all_free() -> bool:
        room = sender.reserve({"email": full})
        sender.hand([], room)
        return room == {"email": full}

    wait_until(all_free)


def test_while_others_wait_nothing_is_handed_over(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """A backlog isn't overtaken by what comes new."""
    only = RecordingProvider(limits=Limits(connections=1))
    only.hang()
    outbox.add(*(rendered(number) for number in range(2000)))
    sender = start(email=[only])
    wait_until(lambda: only.tries)

    wait_until(lambda: sender.reserve({"email": 1}) == {"email": 0})
