"""A lease runs from when it was written down: no try begins that could outlast it, for then another worker may be sending the same."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from domain.messages import Medium
from domain.ports import Delivery
from notices.deliver.provider import Limits
from notices.deliver.recording import RecordingProvider
from notices.deliver.sender import LEASE, Sender
from tests.support.background import wait_until
from tests.support.outbox import MemoryOutbox, Row, now, rendered

SLOW = timedelta(seconds=LEASE - 10)
"""How long SQL takes: a try may last longer than what is left."""


def test_what_was_handed_over_too_late_is_left_to_its_next_lease(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """The disk was busy between the lease and the hand-over. Its room is free again."""
    only = RecordingProvider(limits=Limits(connections=1))
    sender = start(email=[only])
    room = sender.reserve({"email": 100_000})["email"]
    late, fresh = (
        Delivery(rendered=rendered(number), status="queued", attempt=0, created_at=at, due_at=now() + timedelta(hours=1))
        for number, at in ((1, now() - SLOW), (2, now()))
    )
    outbox.rows["email-2"] = Row(fresh)
    sender.hand([late, fresh], {"email": room})
    outbox.wait_final("email-2")

    assert [message.delivery_id for message in only.tries] == ["email-2"]
    wait_until(lambda: sender.reserve({"email": 100_000})["email"] == room)


class SlowOutbox(MemoryOutbox):
    """Each claim takes `SLOW` of the time that `clock` shows."""

    def __init__(self) -> None:
        super().__init__()
        self.at, self.claims = now(), 0

    def clock(self) -> datetime:
        return self.at

    def claim(
        self, owner: str, now: datetime, limit: int, lease_seconds: float, channels: Collection[Medium] | None = None
    ) -> list[Delivery]:
        rows = super().claim(owner, now, limit, lease_seconds, channels)
        self.at += SLOW
        self.claims += bool(rows)
        return rows


def test_what_a_slow_claim_brings_is_left_to_its_next_lease():
    """It is claimed anew, not sent while its lease may already be another's."""
    outbox, only = SlowOutbox(), RecordingProvider()
    outbox.add(rendered(1))
    sender = Sender(outbox, {"email": [only]}, "me", poll=0.02, now=outbox.clock)
    sender.start()
    try:
        wait_until(lambda: outbox.claims >= 3)
    finally:
        sender.stop(5)

    assert only.tries == []
