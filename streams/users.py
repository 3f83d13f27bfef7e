"""All of the topic `users`, read from its start with a plain consumer: what fills a directory that Redis has lost."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from config.settings import Settings
from domain.decode import Rejected, decode_user
from domain.events.user import User
from domain.ports import Unavailable

CHUNK = 5000
PATIENCE = 30.0
"""Seconds without progress after which the broker counts as away."""


async def reread(settings: Settings, directory: Any) -> int:
    """Puts the latest record of every user into the directory; their number. Raises Unavailable when Kafka or Redis don't answer.

    Read until nothing new came while it was written, so that a record that a worker takes meanwhile isn't overwritten by an older one.
    """
    topic = settings.kafka.topic_prefix + "users"
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.brokers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_uncommitted" if settings.kafka.small_broker else "read_committed",
    )
    seen: set[str] = set()
    try:
        await consumer.start()
        try:
            await consumer.topics()
            tps = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
            if not tps:
                raise Unavailable(f"Kafka: the topic {topic} is missing")
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            while await _catch_up(consumer, tps, directory, seen):
                pass
        finally:
            await consumer.stop()
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka: {error!r}") from error
    return len(seen)


async def _catch_up(consumer: AIOKafkaConsumer, tps: list[TopicPartition], directory: Any, seen: set[str]) -> int:
    """Reads to the ends as they are now; number of records."""
    ends = await consumer.end_offsets(tps)
    latest: dict[str, User | None] = {}
    count, moved, before = 0, time.monotonic(), -1
    while True:
        batches = await consumer.getmany(timeout_ms=200)
        for records in batches.values():
            for record in records:
                count += 1
                latest.update(_record(record))
        if len(latest) >= CHUNK:
            seen.update(await asyncio.to_thread(_put, directory, latest))
            latest = {}
        stood = [await consumer.position(tp) for tp in tps]
        if not batches and all(at >= ends[tp] for at, tp in zip(stood, tps, strict=True)):
            break
        if sum(stood) != before:
            before, moved = sum(stood), time.monotonic()
        elif time.monotonic() - moved > PATIENCE:
            raise Unavailable(f"Kafka: no record of users for {PATIENCE:.0f} s")
    seen.update(await asyncio.to_thread(_put, directory, latest))
    return count


def _put(directory: Any, latest: dict[str, User | None]) -> set[str]:
    directory.put_many([user for user in latest.values() if user is not None])
    for name, user in latest.items():
        if user is None:
            directory.erase(name)
    return {name for name, user in latest.items() if user is not None}


def _record(record: Any) -> dict[str, User | None]:
    """User id -> record, None where it was deleted; empty for one that can't be read (the agent puts it aside)."""
    try:
        if record.value is not None:
            user = decode_user(record.key, record.value)[0]
            return {user.user_id: user}
        return {record.key.decode(): None} if record.key else {}
    except (Rejected, UnicodeDecodeError):
        return {}
