"""Reading a topic from its start to its end with a plain consumer, no group and no commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from config.settings import Settings
from domain.ports import Unavailable

PATIENCE = 15.0
"""Seconds without any record after which the broker counts as away."""


async def whole(settings: Settings, topics: Sequence[str], *, follow: bool = False) -> AsyncIterator[list[Any]]:
    """Records of the topics (names without prefix) in lists, per partition in offset order, up to the ends that the broker tells at the
    start; with `follow`, up to those that it tells when these are reached. Raises Unavailable."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.brokers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_uncommitted" if settings.kafka.small_broker else "read_committed",
    )
    try:
        try:
            await asyncio.wait_for(consumer.start(), PATIENCE)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(f"no Kafka broker answers at {settings.kafka.brokers} (VIGIL_KAFKA__BROKERS)") from error
        names = [settings.kafka.at_broker(topic) for topic in topics]
        parts = [TopicPartition(name, p) for name in names for p in sorted(await partitions_of(consumer, name))]
        consumer.assign(parts)
        starts = await consumer.beginning_offsets(parts)
        for part, start in starts.items():
            consumer.seek(part, start)
        while True:
            ends = await consumer.end_offsets(parts)
            left = {part for part in parts if await consumer.position(part) < ends[part]}
            if not left:
                return
            async for records in _up_to(consumer, ends, left, exact=not settings.kafka.small_broker):
                yield records
            if not follow:
                return
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"Kafka at {settings.kafka.brokers}: {error!r}") from error
    finally:
        await consumer.stop()


async def _up_to(consumer: Any, ends: dict[Any, int], left: set[Any], exact: bool) -> AsyncIterator[list[Any]]:
    """`exact`: the ends are. The embedded broker tells the start of the last batch: there it ends where nothing more comes."""
    while left:
        found = await consumer.getmany(*left, timeout_ms=1000)
        for part, records in found.items():
            records = [record for record in records if record.offset < ends[part] or not exact]
            if records:
                yield records
        for part in list(left):  # the position also passes what nobody gets to see: markers of transactions
            if await consumer.position(part) >= ends[part] and (exact or not found):
                left.discard(part)


async def partitions_of(consumer: Any, name: str) -> set[int]:
    """Of a topic, by its name at the broker. Raises Unavailable when there is none."""
    found = consumer.partitions_for_topic(name)
    if not found:
        await consumer._client.force_metadata_update()
        await consumer.topics()
        found = consumer.partitions_for_topic(name)
    if not found:
        raise Unavailable(f"there is no topic {name}: python worker.py topics create")
    return set(found)
