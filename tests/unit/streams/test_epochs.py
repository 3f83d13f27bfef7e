"""A topic that began anew gets an epoch of its own: else its events would look as if they had been applied before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from streams.epochs import DONE, EPOCHS, Epochs

TOPICS = ("logins", "transfers")


class Hashes:
    """Redis hashes in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {DONE: {}, EPOCHS: {}}

    async def hmget(self, name: str, fields: list[str]) -> list[Any]:
        return [self.kept[name].get(field) for field in fields]

    async def hset(self, name: str, key: str | None = None, value: Any = None, mapping: dict[str, Any] | None = None) -> None:
        self.kept[name].update({key: value} if key is not None else mapping or {})

    async def hdel(self, name: str, field: str) -> None:
        self.kept[name].pop(field, None)


def done(topic: str, offset: int, partition: int = 0) -> Any:
    return SimpleNamespace(topic=topic, partition=partition, offset=offset)


def ends(**by_topic: int) -> Any:
    async def told(partition: int) -> dict[str, int]:
        return by_topic

    return told


@pytest.fixture
def redis() -> Hashes:
    return Hashes()


async def test_a_topic_that_goes_on_keeps_its_epoch(redis: Hashes) -> None:
    """Its end lies at or behind what was done."""
    first = Epochs(redis, TOPICS, "e")
    first.note([done("logins", 0), done("logins", 4), done("transfers", 9)])
    await first.write()

    assert await Epochs(redis, TOPICS, "e", ends(logins=5, transfers=30)).read(0) == {"logins": "e", "transfers": "e"}


async def test_a_topic_that_ends_before_what_was_done_is_another_one(redis: Hashes) -> None:
    """Each time anew, and its neighbours aren't touched."""
    epochs = Epochs(redis, TOPICS, "e", ends(logins=3, transfers=10))
    epochs.note([done("logins", 4), done("transfers", 9), done("logins", 99, partition=1)])
    await epochs.write()

    assert await epochs.read(0) == {"logins": "e~1", "transfers": "e"}
    assert await epochs.read(0) == {"logins": "e~1", "transfers": "e"}  # said once, while nothing new was done
    epochs.note([done("logins", 7)])
    await epochs.write()
    assert await epochs.read(0) == {"logins": "e~2", "transfers": "e"}
    assert await epochs.read(1) == {"logins": "e~1", "transfers": "e"}


async def test_without_ends_nothing_is_concluded(redis: Hashes) -> None:
    """A broker that tells them wrongly isn't asked; whoever starts it gives an epoch instead."""
    epochs = Epochs(redis, TOPICS, "run7")
    epochs.note([done("logins", 1000)])
    await epochs.write()

    assert await epochs.read(0) == {"logins": "run7", "transfers": "run7"}


async def test_what_was_noted_is_written_once(redis: Hashes) -> None:
    """A write that has nothing to say says nothing."""
    epochs = Epochs(redis, TOPICS)
    epochs.note([done("logins", 4)])
    await epochs.write()
    redis.kept[DONE].clear()
    await epochs.write()

    assert redis.kept[DONE] == {}
