"""Brings the simulated exchange to Kafka: directory, history, then life as it happens."""

import asyncio
import contextlib
import itertools
import json
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

from config.settings import Settings
from domain.events import INPUT_TOPICS, STRUCTS
from embedded.exchange.world import DAY, Exchange, Label, live

TOPIC_OF_TYPE: dict[str, str] = {str(struct.__struct_config__.tag): topic for topic, struct in STRUCTS.items()}
REACH_WITHIN = 20.0
Heard = Callable[[dict[str, Any], Label | None], None]


class TopicsMissing(RuntimeError):
    """The input topics are not all there."""


class Publisher:
    """Publishes events to the topic of their type, keyed by user. `published` counts; `heard` is told each live event as it goes out."""

    def __init__(self, brokers: str, prefix: str, heard: Heard | None = None):
        self.brokers, self.prefix, self.heard = brokers, prefix, heard
        self.published = 0

    async def __aenter__(self) -> "Publisher":
        self._producer = AIOKafkaProducer(bootstrap_servers=self.brokers, linger_ms=5, request_timeout_ms=int(REACH_WITHIN * 1000))
        try:
            await asyncio.wait_for(self._producer.start(), REACH_WITHIN)
        except BaseException:
            await self._producer.stop()
            raise
        known = (await self._producer.client.fetch_all_metadata()).topics(exclude_internal_topics=False)
        missing = [t for t in INPUT_TOPICS if self.prefix + t not in known]
        if missing:
            await self._producer.stop()
            raise TopicsMissing(
                f"topics are missing: {', '.join(self.prefix + t for t in missing)}; make them with: python worker.py topics create"
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()  # sends what is still buffered

    async def directory(self, records: Iterable[dict[str, Any]]) -> None:
        for record in records:
            await self._send("users", record)
        await self._producer.flush()

    async def history(self, drawn: Iterable[tuple[float, dict[str, Any]]], after: float = 0.0) -> int:
        """As fast as the broker takes it; what is not after `after` was published in an earlier run. Returns how many."""
        count = 0
        for at, event in drawn:
            if at > after:
                await self._send(TOPIC_OF_TYPE[event["type"]], event)
                count += 1
            if count % 500 == 0:
                await asyncio.sleep(0)
        await self._producer.flush()
        return count

    async def live(self, drawn: Iterable[tuple[float, dict[str, Any]]], truth: dict[str, Label], until: float = float("inf")) -> None:
        """Each event when its time has come, up to `until` (seconds since the epoch)."""
        for at, event in drawn:
            if at >= until:
                return
            while (wait := at - time.time()) > 0:
                await asyncio.sleep(min(wait, 0.5))
            await self._send(TOPIC_OF_TYPE[event["type"]], event)
            if self.heard:
                self.heard(event, truth.get(event["event_id"]))

    async def _send(self, topic: str, value: dict[str, Any]) -> None:
        await self._producer.send(self.prefix + topic, json.dumps(value, ensure_ascii=False).encode(), key=value["user_id"].encode())
        self.published += 1


async def publish(
    settings: Settings, exchange: Exchange, *, now: float, rate: float, seconds: float | None, labels: Path | None = None
) -> int:
    """Directory and history up to `now`, then life for `seconds`. `labels` gets the truth, a line per attack event, as it goes out."""
    with contextlib.ExitStack() as files:
        # A line at a time, some a minute: nothing that could hold up the loop.
        told = files.enter_context(labels.open("w", encoding="utf-8", buffering=1)) if labels else None

        def note(event: dict[str, Any], label: Label | None) -> None:
            if told and label:
                told.write(json.dumps(label.as_json()) + "\n")

        async with Publisher(settings.kafka.brokers, settings.kafka.topic_prefix, note) as out:
            await out.directory(exchange.directory())
            history = await out.history(exchange.ordinary(now))
            print(f"published {len(exchange.people)} people and {history} events of history", flush=True)
            start = time.time()
            await out.live(
                live(exchange, start, rate, run=f"{int(start):x}"), exchange.truth, start + seconds if seconds is not None else float("inf")
            )
            print(f"published {out.published - history - len(exchange.people)} live events", flush=True)
    return 0


def written(output: Path, exchange: Exchange, *, now: float, rate: float, seconds: float, labels: Path | None = None) -> int:
    """What would be published, but for the directory, as lines for `score` and `backtest`: history up to `now`, then `seconds` of life, at
    once. Returns how many. Raises OSError."""
    count = 0
    with contextlib.ExitStack() as files:
        lines = files.enter_context(output.open("w", encoding="utf-8"))
        told = files.enter_context(labels.open("w", encoding="utf-8")) if labels else None
        for at, event in itertools.chain(exchange.ordinary(now), live(exchange, now, rate, run=f"{int(now):x}") if seconds else ()):
            if at >= now + seconds:
                break
            lines.write(json.dumps(event, ensure_ascii=False) + "\n")
            if told and (label := exchange.truth.get(event["event_id"])):
                told.write(json.dumps(label.as_json()) + "\n")
            count += 1
    return count


def simulate(
    settings: Settings, *, seed: int, users: int, rate: float, seconds: float | None, days: int, labels: Path | None,
    output: Path | None = None,
) -> int:  # fmt: skip
    """`python worker.py simulate`. 0: done; 1: the broker or its topics aren't there, or a file can't be written."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says is said below in one line
    now = time.time()
    # From midnight on, so that the same command repeated on a day publishes the same history.
    exchange = Exchange(seed, users, now // DAY * DAY - days * DAY)
    if output is not None:
        try:
            count = written(output, exchange, now=now, rate=rate, seconds=seconds or 0.0, labels=labels)
        except OSError as error:
            print(f"error: {error.filename}: can't be written: {error.strerror}", file=sys.stderr)
            return 1
        print(f"{count:,} events of {users:,} people in {output}")
        return 0

    async def main() -> int:
        task = asyncio.ensure_future(publish(settings, exchange, now=now, rate=rate, seconds=seconds, labels=labels))
        for which in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(which, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return 0

    try:
        return asyncio.run(main())
    except (KafkaError, TimeoutError) as error:
        said = str(error) if not isinstance(error, KafkaConnectionError) else ""
        print(f"error: no Kafka broker answers at {settings.kafka.brokers} (VIGIL_KAFKA__BROKERS) {said}".rstrip(), file=sys.stderr)
    except OSError as error:
        print(f"error: {labels}: can't be written: {error.strerror}" if error.filename else f"error: {error}", file=sys.stderr)
    except TopicsMissing as error:
        print(f"error: {error}", file=sys.stderr)
    return 1
