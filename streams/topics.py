"""The topics at the broker: creating those that are missing, and saying what is wrong with those that are there."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from config.settings import Settings
from domain.events import INPUT_TOPICS, OUTPUT_TOPICS, OWN_TOPICS, STRUCTS
from domain.ports import Unavailable
from streams.publisher import MAX_REQUEST

WAIT = 8.0
"""Seconds within which a broker has to answer."""
DAY_MS = 86_400_000
ALL = (*INPUT_TOPICS, *OUTPUT_TOPICS, *OWN_TOPICS)
RETENTION = {"findings": 7, "notices": 7, "receipts": 7, "account-actions": 7, "features": 7, "dead-letters": 30}
"""Days; dead letters longer, since someone has to look at them."""


class Wrong(Exception):
    """The topics are not as they have to be; the text says what to do."""


class Admin:
    """`async with Admin(settings) as admin`. Raises Unavailable, with the address, when no broker answers within WAIT seconds."""

    def __init__(self, settings: Settings, wait: float = WAIT):
        self.settings, self.wait = settings, wait
        self.client = AIOKafkaAdminClient(
            bootstrap_servers=settings.kafka.brokers, request_timeout_ms=int(wait * 1000), client_id="vigil-admin"
        )

    async def __aenter__(self) -> Admin:
        try:
            await asyncio.wait_for(self.client.start(), self.wait)
        except (KafkaError, OSError, TimeoutError) as error:
            await self._close()
            raise Unavailable(f"no Kafka broker answers at {self.settings.kafka.brokers} (VIGIL_KAFKA__BROKERS)") from error
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self._close()

    async def _close(self) -> None:
        try:
            await asyncio.wait_for(self.client.close(), 2)
        except Exception:  # noqa: S110 (nothing is left to be done about it)
            pass

    async def partitions(self, names: Iterable[str]) -> dict[str, int]:
        """Number of partitions of those topics that exist."""
        wanted = set(names)
        # All of them: to ask for one by its name may create it.
        found = await self._asked(self.client.describe_topics(None), "what topics it has")
        return {topic["topic"]: len(topic["partitions"]) for topic in found if topic["topic"] in wanted and topic["partitions"]}

    async def brokers(self) -> int:
        """How many there are."""
        return max(1, len((await self._asked(self.client.describe_cluster(), "how many brokers there are"))["brokers"]))

    async def _asked(self, answer: Awaitable[Any], what: str) -> Any:
        try:
            return await asyncio.wait_for(answer, self.wait)
        except (KafkaError, OSError, TimeoutError) as error:
            reason = "it does not answer" if isinstance(error, TimeoutError) else f"it refuses ({type(error).__name__})"
            raise Unavailable(f"Kafka at {self.settings.kafka.brokers} doesn't say {what}, {reason} (VIGIL_KAFKA__BROKERS)") from error

    async def create(self, topics: list[NewTopic]) -> None:
        """Raises Wrong when the broker refuses one."""
        try:
            answer = await asyncio.wait_for(self.client.create_topics(topics, timeout_ms=int(self.wait * 1000)), self.wait * 2)
        except TopicAlreadyExistsError:
            return
        except (KafkaError, OSError, TimeoutError) as error:
            raise Wrong(f"the broker did not create the topics: {error!r}") from error
        for name, code, *more in answer.topic_errors:
            kind = for_code(code)
            if code and not issubclass(kind, TopicAlreadyExistsError):
                raise Wrong(f"the broker refuses to create {name}: {kind.__name__} {more[0] if more and more[0] else ''}".rstrip())


def names(settings: Settings) -> list[str]:
    """Every topic that a worker can't do without, as it is called at the broker."""
    return [settings.kafka.at_broker(topic) for topic in (*INPUT_TOPICS, *OUTPUT_TOPICS)]


async def learns(settings: Settings) -> bool:
    """Whether the topics between workers and trainer are there; without them models neither learn nor come. Raises Unavailable."""
    wanted = [settings.kafka.at_broker(topic) for topic in OWN_TOPICS]
    async with Admin(settings) as admin:
        return len(await admin.partitions(wanted)) == len(wanted)


def new_topic(settings: Settings, topic: str, replication: int) -> NewTopic:
    """The topic (name without prefix) as Vigil wants it."""
    config = {}
    if not settings.kafka.small_broker:
        if topic in ("users", "models"):
            config["cleanup.policy"] = "compact"
        if topic in RETENTION:
            config["retention.ms"] = str(RETENTION[topic] * DAY_MS)
        if topic == "dead-letters":
            config["max.message.bytes"] = str(MAX_REQUEST)
    return NewTopic(settings.kafka.at_broker(topic), settings.kafka.partitions, replication, topic_configs=config)


async def make_missing(settings: Settings) -> list[str]:
    """Creates the topics that are missing; what was done, a line a topic. Raises Unavailable or Wrong."""
    async with Admin(settings) as admin:
        there = await admin.partitions([settings.kafka.at_broker(topic) for topic in ALL])
        replication = settings.kafka.replication or min(3, await admin.brokers())
        at_broker, done = settings.kafka.at_broker, []
        missing = [topic for topic in ALL if at_broker(topic) not in there]
        if missing:
            await admin.create([new_topic(settings, topic, replication) for topic in missing])
        for topic in ALL:
            if topic in missing:
                done.append(f"created  {at_broker(topic)}: {settings.kafka.partitions} partitions, {replication} replicas")
            else:
                done.append(f"exists   {at_broker(topic)}: {there[at_broker(topic)]} partitions")
    return done


async def problems(settings: Settings) -> list[str]:
    """What is wrong with the topics and what to do about it, a sentence each; empty when all is well. Raises Unavailable."""
    async with Admin(settings) as admin:
        there = await admin.partitions(names(settings))
    found = []
    missing = [name for name in names(settings) if name not in there]
    if missing:
        found.append(f"topics are missing: {', '.join(missing)}. Create them: python worker.py topics create")
    inputs = [settings.kafka.at_broker(topic) for topic in STRUCTS]
    counts = {name: there[name] for name in inputs if name in there}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        found.append(f"input topics need the same number of partitions, so that one worker has all events of a user; they have: {told}")
    return found


async def require(settings: Settings) -> None:
    """Raises Wrong or Unavailable, with what to do, unless broker and topics are as they have to be."""
    found = await problems(settings)
    if found:
        raise Wrong("\n".join(found))


def create_topics(settings: Settings) -> int:
    """`topics create`: says what it did; exit status."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        for line in asyncio.run(make_missing(settings)):
            print(line)
    except (Unavailable, Wrong) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
