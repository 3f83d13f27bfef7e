"""The worker's side of learning: records of what events were like go out, models come in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from config.settings import Settings
from detectors.models.families import FAMILIES
from detectors.models.snapshot import unpack
from domain.ports import Unavailable
from streams.read import partitions_of
from streams.topics import learns

log = logging.getLogger(__name__)

AGAIN = 5.0
"""Seconds until a broker that doesn't answer is asked again."""


def encode_records(records: Sequence[Any]) -> bytes:
    """Records (detectors.models.learner.Record) for the topic `features`: msgpack, which can say that a number is missing."""
    return _ENCODE.encode(records)


_ENCODE = msgspec.msgpack.Encoder()


class Models:
    """Models in effect, by family; `take` swaps one while events are judged by the one before."""

    def __init__(self, engine: Any):
        self._engine = engine
        self.numbers: dict[str, int] = {}
        self.refused = 0

    def take(self, data: bytes | None) -> None:
        """A value of the topic `models`. One that can't be read is logged, and the model before stays."""
        if not data:
            return
        try:
            snapshot = unpack(data)
        except ValueError as error:
            self.refused += 1
            log.error("a model can't be taken, the one before stays in effect: %s", error)
            return
        if snapshot.number < self.numbers.get(snapshot.family, 0):
            return
        self.numbers[snapshot.family] = snapshot.number
        self._engine.risk.models = {**self._engine.risk.models, snapshot.family: snapshot.model}
        log.info("model %d of %s is in effect: %d frauds learned", snapshot.number, snapshot.family, snapshot.model.frauds)

    def warming_up(self) -> list[str]:
        """Families that go on with rules and statistics: no model of them has come."""
        return sorted({family.name for family in FAMILIES.values()} - set(self.numbers))


def follow_models(settings: Settings, engine: Any, models: Models) -> Callable[[], Awaitable[None]]:
    """A task that takes models from their topic, from its start on."""

    async def follow() -> None:
        if not settings.models.enabled:
            return
        said = False
        while True:
            try:
                if await learns(settings):
                    engine.records = True
                    await _follow(settings, models)
                elif not said:
                    log.warning(
                        "the topics features and models are missing: nothing is learned from verdicts. python worker.py topics create"
                    )
                    said = True
            except (KafkaError, OSError, Unavailable) as error:
                log.warning("models don't come: %s", error)
            await asyncio.sleep(AGAIN)

    return follow


async def _follow(settings: Settings, models: Models) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.brokers, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        topic = settings.kafka.at_broker("models")
        consumer.assign([TopicPartition(topic, part) for part in sorted(await partitions_of(consumer, topic))])
        await consumer.seek_to_beginning()
        first = True
        while True:
            found = await consumer.getmany(timeout_ms=2_000)
            for records in found.values():
                for record in records:
                    models.take(record.value)
            if first and not found:
                first = False
                waiting = models.warming_up()
                if waiting:
                    log.info("WARMING_UP: no model yet of %s; rules and statistics judge alone", ", ".join(waiting))
    finally:
        await consumer.stop()
