"""`rebuild`: profiles learned anew from what Kafka still holds. Nothing is sent; what would have been is shown.

Only up to the offsets that the workers have committed: what lies beyond is theirs to handle, and to tell.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table

from config.mappings import load as load_mappings
from config.settings import Settings
from domain.events import STRUCTS
from domain.ports import Unavailable
from stores.crowd import RedisCrowd
from stores.redis_client import connect_async
from stores.redis_profiles import RedisProfiles
from streams.epochs import Epochs
from streams.kernel import Kernel
from streams.merge import Merge
from streams.publisher import Message
from streams.records import EventDecoder
from streams.topics import Admin, Wrong, require
from streams.would_send import compared

BATCH = 500
ENOUGH = 5_000
"""Records at hand of a topic, beyond which it isn't fetched further."""


TOLD = ("notice_id", "user_id", "kind", "severity", "occurred_at", "channels")


class Fresh:
    """Profiles that begin empty and are kept here until the end."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}

    async def load(self, user_ids: Sequence[str]) -> dict[str, bytes | None]:
        return {user: self.states.get(user) for user in user_ids}

    async def save(self, states: dict[str, bytes], places: Mapping[str, int] | None = None) -> None:
        self.states.update(states)

    async def same(self) -> bool:
        return True

    async def erased(self, among: Container[str]) -> list[str]:
        return []

    async def set_aside(self, user_id: str, data: bytes) -> None: ...

    async def claim(self, partition: int) -> None: ...

    def disclaim(self) -> None: ...

    async def close(self) -> None: ...


class Shown:
    """Takes what would have been published, and publishes nothing."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.notices: list[dict[str, Any]] = []

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        for message in messages:
            self.counts[message.topic] += 1
            if message.topic == "notices":
                notice = msgspec.json.decode(message.value)
                self.notices.append(
                    {name: notice[name] for name in ("notice_id", "user_id", "kind", "severity", "occurred_at", "channels")}
                )
        return [None] * len(messages)

    async def stop(self) -> None: ...


def rebuild(settings: Settings, *, as_json: bool = False) -> int:
    """For the command line. Exit status."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        found = asyncio.run(_rebuild(settings))
        found |= compared(settings, found["notices"])
    except (Unavailable, Wrong) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
        return 0
    console = Console(width=None if sys.stdout.isatty() else 400)  # piped, each row stays on one line
    console.print(
        f"{found['events']:,} events, {found['profiles']:,} profiles learned anew, {found['dead_letters']:,} records that can't be taken"
    )
    table = Table(box=None, pad_edge=False)
    for title in ("would have been sent", "severity", "notices"):
        table.add_column(title, justify="right" if title == "notices" else "left")
    kinds = Counter((notice["kind"], notice["severity"]) for notice in found["notices"])
    for (kind, severity), count in kinds.most_common():
        table.add_row(kind, severity, f"{count:,}")
    console.print(table if kinds else "nothing would have been sent")
    if why := found.get("not_compared"):
        console.print(f"not compared with what was sent: {why}")
    else:
        gone = Counter(f"{notice['kind']} {notice['severity']}" for notice in found["gone"])
        console.print(f"of these {len(found['new']):,} were never sent; {sum(gone.values()):,} that were sent don't come again")
        for name, count in gone.most_common():
            console.print(f"  {name}: {count:,}")
    return 0


async def _rebuild(settings: Settings) -> dict[str, Any]:
    from streams.detect import policy_of
    from streams.opened import engine_of

    await require(settings)
    ends = await _committed(settings)
    fresh, shown = Fresh(), Shown()
    client = connect_async(settings.redis.url)
    crowd = RedisCrowd(client)  # its sets are written on the way: adding twice is adding once
    engine = engine_of(settings, crowd)
    kernel = Kernel(engine, policy_of(None), fresh, shown, epochs=Epochs(client, list(STRUCTS), settings.kafka.epoch), crowd=crowd)
    for partition in sorted({tp.partition for tp in ends}):
        await _replay(settings, kernel, {tp: end for tp, end in ends.items() if tp.partition == partition})
    profiles = RedisProfiles(client)
    await profiles.save(fresh.states)
    await profiles.close()
    tally = kernel.tally
    return {
        "events": sum(tally.events.values()),
        "profiles": len(fresh.states),
        "dead_letters": sum(tally.dead_letters.values()),
        "findings": shown.counts["findings"],
        "account_actions": shown.counts["account-actions"],
        "notices": shown.notices,
    }


async def _committed(settings: Settings) -> dict[TopicPartition, int]:
    """What the workers have done. Raises Wrong while one of them runs: it would write over what is learned here."""
    group = f"{settings.kafka.group}-detect"
    async with Admin(settings) as admin:
        try:
            if not settings.kafka.small_broker:
                (about,) = (await admin.client.describe_consumer_groups([group]))[0].groups
                if running := len(about[5]):
                    workers = "a worker is" if running == 1 else f"{running} workers are"
                    raise Wrong(f"{workers} in the consumer group {group}: stop them first")
            offsets = await admin.client.list_consumer_group_offsets(group)
        except KafkaError as error:
            raise Unavailable(f"Kafka at {settings.kafka.brokers} doesn't tell what the workers have done: {error}") from error
        topics = {settings.kafka.at_broker(topic) for topic in STRUCTS}
        return {TopicPartition(*tp): meta.offset for tp, meta in offsets.items() if tp.topic in topics and meta.offset > 0}


async def _replay(settings: Settings, kernel: Kernel, ends: dict[TopicPartition, int]) -> None:
    """One partition index through the kernel, its topics together in event time as live."""
    isolation = "read_uncommitted" if settings.kafka.small_broker else "read_committed"
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.brokers, enable_auto_commit=False, isolation_level=isolation)
    decode, merge = EventDecoder(settings.kafka.topic_of, load_mappings(settings.mappings_dir)), Merge()
    try:
        await consumer.start()
        parts = list(ends)
        consumer.assign(parts)
        for part, start in (await consumer.beginning_offsets(parts)).items():
            consumer.seek(part, start)
            merge.lane(part, decode)
        left = {part for part in parts if await consumer.position(part) < ends[part]}
        while left or merge:
            wanted = [part for part in left if len(merge.lanes[part]) < ENOUGH]
            if wanted:
                for part, records in (await consumer.getmany(*wanted, timeout_ms=1000)).items():
                    merge.lanes[part].add(record for record in records if record.offset < ends[part])
                for part in wanted:
                    if await consumer.position(part) >= ends[part]:
                        left.discard(part)
            while items := merge.take(BATCH, left.__contains__):
                await kernel.run(items, owned=True)
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka at {settings.kafka.brokers}: {error!r}") from error
    finally:
        await consumer.stop()
