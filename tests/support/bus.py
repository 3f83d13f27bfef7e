"""The exchange's side of Kafka in tests: publishes inputs, hears everything the product says."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from domain.events import OUTPUT_TOPICS, STRUCTS
from tests.support.background import PATIENCE, Background, wait_until

TOPIC_OF_TYPE: dict[str, str] = {str(struct.__struct_config__.tag): topic for topic, struct in STRUCTS.items()}


@dataclass(frozen=True)
class Heard:
    """One record of an output topic."""

    topic: str
    partition: int
    offset: int
    key: str
    value: dict[str, Any]
    at: float


class Bus:
    """Connect once the topics are there. `heard[topic]` grows in the background, from the topics' beginning."""

    def __init__(self, background: Background, brokers: str, prefix: str, outputs: Iterable[str] = OUTPUT_TOPICS):
        self.background, self.brokers, self.prefix, self.outputs = background, brokers, prefix, tuple(outputs)
        self.heard: dict[str, list[Heard]] = defaultdict(list)
        self._hearing: Any = None

    def open(self) -> "Bus":
        self.background.run(self._open())
        return self

    def close(self) -> None:
        self.background.run(self._close())

    def publish(self, *events: dict[str, Any]) -> None:
        """Each to the topic of its type, keyed by its user; returns when the broker has them all."""
        self.background.run(
            self._publish([(TOPIC_OF_TYPE[e["type"]], e["user_id"].encode(), json.dumps(e, ensure_ascii=False).encode()) for e in events])
        )

    def publish_users(self, *users: dict[str, Any]) -> None:
        self.background.run(self._publish([("users", u["user_id"].encode(), json.dumps(u, ensure_ascii=False).encode()) for u in users]))

    def publish_raw(self, topic: str, value: bytes | None, key: bytes | None = None) -> None:
        """Whatever bytes."""
        self.background.run(self._publish([(topic, key, value)]))

    def all(self, topic: str, **fields: Any) -> list[dict[str, Any]]:
        """The values heard on a topic so far whose fields are these."""
        return [h.value for h in list(self.heard[topic]) if all(h.value.get(k) == v for k, v in fields.items())]

    def wait(
        self, topic: str, timeout: float = PATIENCE, where: Callable[[dict[str, Any]], bool] | None = None, **fields: Any
    ) -> dict[str, Any]:
        """The first value on a topic whose fields are these (and for which `where` holds), as soon as it is there."""

        def found() -> list[dict[str, Any]]:
            return [v for v in self.all(topic, **fields) if where is None or where(v)]

        return wait_until(found, timeout, lambda: f"{fields or 'a record'} on {topic}; heard: {self.all(topic)[-5:]}")[0]

    async def _open(self) -> None:
        self._producer = AIOKafkaProducer(bootstrap_servers=self.brokers, linger_ms=2, max_request_size=8_000_000)
        await self._producer.start()
        self._consumer = AIOKafkaConsumer(bootstrap_servers=self.brokers, enable_auto_commit=False, auto_offset_reset="earliest")
        await self._consumer.start()
        named = {self.prefix + topic: topic for topic in self.outputs}
        parts: list[TopicPartition] = []
        for name in named:
            parts += [TopicPartition(name, p) for p in self._consumer.partitions_for_topic(name) or await self._partitions(name)]
        self._consumer.assign(parts)
        for part in parts:
            self._consumer.seek(part, 0)
        self._hearing = self.background.loop.create_task(self._hear(named))

    async def _partitions(self, name: str) -> list[int]:
        found = await self._producer.partitions_for(name)
        return sorted(found)

    async def _hear(self, named: dict[str, str]) -> None:
        async for record in self._consumer:
            topic = named[record.topic]
            key = (record.key or b"").decode(errors="replace")
            self.heard[topic].append(Heard(topic, record.partition, record.offset, key, json.loads(record.value), time.time()))

    async def _publish(self, records: list[tuple[str, bytes | None, bytes | None]]) -> None:
        sent = [await self._producer.send(self.prefix + topic, value=value, key=key) for topic, key, value in records]
        for future in sent:
            await future

    async def _close(self) -> None:
        if self._hearing:
            self._hearing.cancel()
        await self._consumer.stop()
        await self._producer.stop()
