"""A record of an input topic, decoded once on its way in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from domain.decode import Rejected, decode
from domain.events import Event
from domain.messages import Source


class Item:
    """One record: where it stood, its bytes, and the event or the reason why there is none."""

    __slots__ = ("at", "event", "key", "offset", "partition", "rejected", "size", "topic", "value", "where")

    def __init__(self, topic: str, where: str, partition: int, offset: int, key: bytes | None, value: bytes | None):
        self.topic, self.where, self.partition, self.offset = topic, where, partition, offset
        self.key, self.value = key, value
        self.event: Event | None = None
        self.rejected: Rejected | None = None
        self.at: float | None = None
        """Event time in seconds; None where there is no event: such a record takes no place of its own in time."""

    @property
    def source(self) -> Source:
        """Where it stood at the broker, topic with its prefix."""
        return Source(self.where, self.partition, self.offset)

    def __repr__(self) -> str:
        return f"<Item {self.where}/{self.partition}@{self.offset}>"


class EventDecoder:
    """Record of the consumer -> Item with its event. `prefix`: what the names at the broker begin with."""

    def __init__(self, prefix: str = "", clock: Callable[[], float] = time.time):
        self.prefix, self.clock = prefix, clock

    def __call__(self, record: Any) -> Item:
        topic = record.topic.removeprefix(self.prefix)
        item = Item(topic, record.topic, record.partition, record.offset, record.key, record.value)
        try:
            item.event = decode(topic, record.key, record.value, self.clock())
            item.at = item.event.at
        except Rejected as rejected:
            item.rejected = rejected
        except Exception as error:  # a fault of ours: this record is put aside, the ones behind it are not held up
            item.rejected = Rejected(f"decoding failed: {type(error).__name__}")
        return item


class PlainDecoder:
    """Record of the consumer -> Item with its bytes alone, in the time that its producer gave it."""

    def __init__(self, prefix: str = ""):
        self.prefix = prefix

    def __call__(self, record: Any) -> Item:
        item = Item(record.topic.removeprefix(self.prefix), record.topic, record.partition, record.offset, record.key, record.value)
        item.at = record.timestamp / 1000.0
        return item
