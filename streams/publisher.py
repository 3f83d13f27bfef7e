"""Publishing with every acknowledgement awaited: what was not acknowledged was not published."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidTopicError, KafkaError, MessageSizeTooLargeError, RecordTooLargeError, TopicAuthorizationFailedError

from domain.ports import Unavailable

MAX_REQUEST = 4 * 1024 * 1024
"""Bytes; `dead-letters` takes as much: base64 of a 1 MB record with its reason."""

TOO_LARGE = (MessageSizeTooLargeError, RecordTooLargeError)
"""Errors that nothing mends."""
REFUSALS = (*TOO_LARGE, InvalidTopicError, TopicAuthorizationFailedError)
"""Errors that trying again does not mend; the last two an operator does."""


class Message(NamedTuple):
    """One message to publish; topic without its prefix, key the user_id."""

    topic: str
    key: bytes | None
    value: bytes
    partition: int | None = None
    """Where it has to go; None: by its key."""


class Publisher(Protocol):
    """What the batch unit needs of a bus."""

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Publishes all and waits for the acknowledgements. One entry a message: None, or why the broker refuses this very message.
        Raises Unavailable when the broker can't be reached: then any of them may or may not be there."""
        ...

    async def stop(self) -> None: ...


class KafkaPublisher:
    """A producer with acks=all. Without idempotence: consumers drop duplicates by id, and nothing is left that can be fenced for good."""

    def __init__(self, brokers: str, prefix: str = "", **options: Any):
        self._prefix = prefix
        self._options = {
            "bootstrap_servers": brokers,
            "acks": "all",
            "max_request_size": MAX_REQUEST,
            "request_timeout_ms": 20_000,
        } | options
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        producer = AIOKafkaProducer(**self._options)
        try:
            await producer.start()
        except (KafkaError, OSError) as error:
            await producer.stop()
            raise Unavailable(f"Kafka: {error}") from error
        self._producer = producer

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        if not messages:
            return []
        if self._producer is None:
            await self.start()
        producer = self._producer
        assert producer is not None
        refused: list[Exception | None] = [None] * len(messages)
        waiting: list[tuple[int, Any]] = []
        try:
            for index, message in enumerate(messages):
                try:
                    topic = self._prefix + message.topic
                    waiting.append((index, await producer.send(topic, message.value, key=message.key, partition=message.partition)))
                except REFUSALS as error:
                    refused[index] = error
            answers = await asyncio.gather(*(future for _, future in waiting), return_exceptions=True)
        except (KafkaError, OSError) as error:
            raise Unavailable(f"Kafka: {error!r}") from error
        for (index, _), answer in zip(waiting, answers, strict=True):
            if isinstance(answer, REFUSALS):
                refused[index] = answer
            elif isinstance(answer, BaseException):
                raise Unavailable(f"Kafka: {answer!r}") from answer
        return refused

    async def stop(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()
