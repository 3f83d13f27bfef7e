"""A record of an input topic, decoded once on its way in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from domain.decode import Rejected, decode
from domain.events import Event
from domain.mapping import TopicMapping
from domain.messages import Source


class Item:
    """One record: where it stood, its bytes, and the event or the reason why there is none."""

    __slots__ = ("at", "body", "event", "key", "offset", "partition", "passed", "rejected", "size", "topic", "value", "where")

    def __init__(self, topic: str, where: str, partition: int, offset: int, key: bytes | None, value: bytes | None):
        self.topic, self.where, self.partition, self.offset = topic, where, partition, offset
        self.key, self.value = key, value
        self.body = value
        """The value in Vigil's shape, where a mapping made it so."""
        self.event: Event | None = None
        self.rejected: Rejected | None = None
        self.passed = False
        """The exchange's own record, of a shape that no mapping is for: none of Vigil's business."""
        self.at: float | None = None
        """Event time in seconds; None where there is no event: such a record takes no place of its own in time."""

    @property
    def source(self) -> Source:
        """Where it stood at the broker, topic with its prefix."""
        return Source(self.where, self.partition, self.offset)

    def __repr__(self) -> str:
        return f"<Item {self.where}/{self.partition}@{self.offset}>"


class EventDecoder:
    """Record of the consumer -> Item with its event. `topic_of`: name at the broker -> Vigil's; `mappings`: config.mappings.load()."""

    def __init__(
        self,
        topic_of: Callable[[str], str] = str,
        mappings: Mapping[str, TopicMapping] | None = None,
        clock: Callable[[], float] = time.time,
    ):
        self.mappings, self.clock = mappings or {}, clock
        self._topic_of = lru_cache(maxsize=256)(topic_of)

    def __call__(self, record: Any) -> Item:
        topic = self._topic_of(record.topic)
        item = Item(topic, record.topic, record.partition, record.offset, record.key, record.value)
        try:
            if topic in self.mappings:
                _map(item, self.mappings[topic])
            if not item.passed:
                item.event = decode(topic, record.key, item.body, self.clock())
                item.at = item.event.at
        except Rejected as rejected:
            item.rejected = rejected
        except Exception as error:  # a fault of ours: this record is put aside, the ones behind it are not held up
            item.rejected = Rejected(f"decoding failed: {type(error).__name__}")
        return item


class PlainDecoder:
    """Record of the consumer -> Item with its bytes alone, in the time that its producer gave it. `topic_of`, `mappings` as above."""

    def __init__(self, topic_of: Callable[[str], str] = str, mappings: Mapping[str, TopicMapping] | None = None):
        self.mappings, self._topic_of = mappings or {}, lru_cache(maxsize=256)(topic_of)

    def __call__(self, record: Any) -> Item:
        item = Item(self._topic_of(record.topic), record.topic, record.partition, record.offset, record.key, record.value)
        item.at = record.timestamp / 1000.0
        if item.topic in self.mappings:
            try:
                _map(item, self.mappings[item.topic])
            except Rejected as rejected:
                item.rejected = rejected
        return item


def _map(item: Item, mapping: TopicMapping) -> None:
    if item.value:
        item.body = mapping(item.value)
        item.passed = item.body is None
