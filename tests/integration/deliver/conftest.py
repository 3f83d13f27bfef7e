"""Senders on real SMTP servers and a real HTTP gateway."""

from collections.abc import Callable, Iterator

import pytest

from notices.deliver.registry import providers
from notices.deliver.sender import Sender
from tests.support.background import Background
from tests.support.outbox import MemoryOutbox
from tests.support.sinks import SmtpSink


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def smtp2(background: Background) -> Iterator[SmtpSink]:
    """A second SMTP server."""
    sink = SmtpSink(background).up()
    yield sink
    sink.recover()
    sink.down()


@pytest.fixture
def start(outbox: MemoryOutbox) -> Iterator[Callable[..., Sender]]:
    """`start(email=[url, ...], sms=[url, ...])` runs a sender on these URLs."""
    running: list[Sender] = []

    def run(email: list[str] | None = None, sms: list[str] | None = None) -> Sender:
        sender = Sender(outbox, {"email": providers("email", email or []), "sms": providers("sms", sms or [])}, "me")
        running.append(sender)
        sender.start()
        return sender

    yield run
    for sender in running:
        sender.stop(1)
