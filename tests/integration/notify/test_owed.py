"""What SQL owes to Kafka: published once, kept while an operator can mend what keeps it back."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from aiokafka.errors import MessageSizeTooLargeError, TopicAuthorizationFailedError
from prometheus_client.core import Metric

from domain.ports import Unavailable
from streams.notify import Notify
from streams.publisher import Message
from tests.integration.notify.desk import Bench

IGNORED: Any = None


class Bus:
    """A publisher whose broker refuses what goes to some topics."""

    def __init__(self, **refused: Exception) -> None:
        self.refused, self.taken = refused, list[str]()

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        self.taken += [message.topic for message in messages if message.topic not in self.refused]
        return [self.refused.get(message.topic) for message in messages]

    async def stop(self) -> None: ...


class Sender:
    """Has nothing to send."""

    lanes: ClassVar[dict[Any, Any]] = {}

    def stop(self) -> bool:
        return True


def test_an_answer_that_may_not_be_published_yet_is_kept(bench: Bench):
    """Nobody gave Vigil the right to write to `verdicts`: it is tried again, what is owed to other topics goes out, what is too large goes."""
    store = bench.store
    for topic in ("verdicts", "receipts", "notices"):
        store.bus.put(topic, "u1", b"{}")
    bus = Bus(verdicts=TopicAuthorizationFailedError(), notices=MessageSizeTooLargeError())
    asyncio.run(Notify(bench.desk, store, bench.directory, Sender(), bus, IGNORED).close())  # type: ignore[arg-type]

    assert bus.taken == ["receipts"]
    again = store.bus.take(datetime.now(UTC) + timedelta(minutes=1), 10)
    assert [message.topic for message in again] == ["verdicts"]


class Away:
    """A part that asks a database that doesn't answer."""

    def metrics(self) -> list[Metric]:
        raise Unavailable("the database: connection refused")


def test_what_needs_no_database_is_measured_while_it_is_away(bench: Bench):
    """Of all times then: a provider out of order, receipts by status."""
    notify = Notify(bench.desk, bench.store, bench.directory, Sender(), Bus(), IGNORED, Away())  # type: ignore[arg-type]
    notify.receipts["email", "sent"] = 3

    names = {metric.name for metric in notify.metrics()}

    assert {"vigil_receipts", "vigil_provider_out_of_order", "vigil_outbox_depth"} <= names
