"""Senders on providers that are told what to answer."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from domain.messages import Receipt
from notices.deliver.recording import RecordingProvider
from notices.deliver.sender import Marks, Sender
from tests.support.outbox import MemoryOutbox


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def start(outbox: MemoryOutbox) -> Iterator[Callable[..., Sender]]:
    """`start(email=[...], sms=[...])` runs a sender on these providers."""
    running: list[Sender] = []
    providers: list[RecordingProvider] = []

    def run(
        poll: float = 0.02, heard: Callable[[Sequence[Receipt]], None] = lambda receipts: None, marks: Marks | None = None, **channels: list
    ) -> Sender:
        sender = Sender(outbox, channels, "me", poll=poll, heard=heard, marks=marks, dice=lambda: 0.5)
        providers.extend(provider for lanes in channels.values() for provider in lanes)
        running.append(sender)
        sender.start()
        return sender

    yield run
    for provider in providers:
        provider.go_on()
    for sender in running:
        sender.stop(5)
