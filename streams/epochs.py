"""Notices when a topic began anew: deleted and made again, or another Kafka under the same Redis.

Profiles hold the last offset applied per topic. Were offsets to begin anew unnoticed, every new event would look as if it had been applied
before, and be passed over in silence. So how far each partition was done is kept in Redis: where the broker's end lies before it, the topic
is another one, and its offsets get an epoch of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from stores.redis_client import answering

log = logging.getLogger(__name__)

DONE = "vigil:done"
EPOCHS = "vigil:epochs"
Ends = Callable[[int], Awaitable[Mapping[str, int]]]


class Epochs:
    """`base`: settings.kafka.epoch. `ends(partition)`: end offsets at the broker by topic (without prefix), now."""

    def __init__(self, client: Any, topics: Sequence[str], base: str = "", ends: Ends | None = None):
        self._client, self._topics, self._base = client, topics, base
        self.ends = ends
        self._done: dict[tuple[str, int], int] = {}

    async def read(self, partition: int) -> dict[str, str]:
        """The epoch of each topic for this partition. Raises Unavailable when Redis does not answer."""
        names = [self._name(topic, partition) for topic in self._topics]
        with answering():
            done: list[Any] = await self._client.hmget(DONE, names)
            epochs: list[Any] = await self._client.hmget(EPOCHS, names)
        ends = await self.ends(partition) if self.ends is not None else {}
        found = {}
        for topic, name, before, number in zip(self._topics, names, done, epochs, strict=True):
            count, end = int(number or 0), ends.get(topic)
            if before is not None and end is not None and end < int(before):
                count += 1
                log.warning("%s/%d began anew at the broker: it ends at %d, %d were done", topic, partition, end, int(before))
                with answering():
                    await self._client.hset(EPOCHS, name, count)
                    await self._client.hdel(DONE, name)
            found[topic] = f"{self._base}~{count}" if count else self._base
        return found

    def note(self, items: Sequence[Any]) -> None:
        """These records are done, and all before them."""
        for item in items:
            self._done[item.topic, item.partition] = item.offset + 1

    async def write(self) -> None:
        """What was noted since the last time."""
        if self._done:
            with answering():
                await self._client.hset(DONE, mapping={self._name(*place): offset for place, offset in self._done.items()})
            self._done.clear()

    def _name(self, topic: str, partition: int) -> str:
        return f"{self._base}/{topic}/{partition}"
