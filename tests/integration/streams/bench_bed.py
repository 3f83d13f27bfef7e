"""Counting workers beside a broker and a Redis, events published under load, and the account of what came of them."""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import signal
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from config.settings import Settings, load
from domain.profile import decode
from embedded.processes import Child, free_port
from embedded.redis import Redis
from stores.redis_profiles import PREFIX
from streams.publisher import Message
from streams.read import whole
from streams.topics import make_missing
from tests.support.background import PATIENCE, Background, wait_until
from tests.support.surroundings import lent
from tests.unit.streams.fakes import MemoryBus

ROOT = Path(__file__).parents[3]
COUNTING = "tests.integration.streams.counting_worker"
TOPICS = {"logins": "login", "trades": "trade", "account-changes": "account_change"}


def event(kind: str, event_id: str, user: str, at: float) -> dict[str, Any]:
    """A small valid event."""
    when = datetime.fromtimestamp(at, UTC).isoformat()
    more = {
        "login": {"outcome": "success"},
        "trade": {"order_id": "o", "action": "fill", "market": "BTC-USDT", "side": "buy", "quantity": "1"},
        "account_change": {"change": "password_changed"},
        "verdict": {},
    }[kind]
    return {"type": kind, "event_id": event_id, "user_id": user, "occurred_at": when, **more}


class Bed:
    """`start()`; `publish(n)`; `worker()`; `account()`; `close()`. Of the published events a tenth (logins `bad...`) raise a finding."""

    def __init__(self, background: Background, folder: Path, brokers: str, *, small: bool, users: int = 200, seed: int = 7):
        self.background, self.folder, self.small = background, folder, small
        self.redis = Redis(folder / "redis")
        self.prefix = f"b{secrets.token_hex(4)}."
        self.brokers, self.random = brokers, random.Random(seed)
        self.users = [f"user-{n}" for n in range(users)]
        self.published: Counter[str] = Counter()
        self.bad: set[str] = set()
        self.workers: list[Child] = []
        self.ports: dict[str, int] = {}
        self.serial = 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            "VIGIL_KAFKA__BROKERS": self.brokers,
            "VIGIL_KAFKA__TOPIC_PREFIX": self.prefix,
            "VIGIL_KAFKA__SMALL_BROKER": str(self.small).lower(),
            "VIGIL_REDIS__URL": self.redis.url,
            "VIGIL_SECRET_KEY": "k" * 40,
            "VIGIL_DATABASE__URL": f"sqlite:///{self.folder}/vigil.db",
        }

    @property
    def settings(self) -> Settings:
        return load(self.environment)

    def start(self) -> Bed:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.background.run(self.redis.start())
        self.background.run(make_missing(self.settings))
        return self

    def worker(self, slot: int = 0, ready: bool = True, module: str = COUNTING) -> Child:
        """Starts a worker; the same slot is the same data directory, as after a restart. Its output is its log."""
        self.serial += 1
        port = free_port()
        child = Child(
            f"worker-{self.serial}", [sys.executable, "-m", module], cwd=ROOT,
            log=self.folder / f"worker-{self.serial}.log",
            env={**os.environ, **self.environment, "VIGIL_DATA_DIR": str(lent(self.folder / f"data-{slot}")), "VIGIL_METRICS__PORT": str(port)},
        )  # fmt: skip
        child.start()
        self.workers.append(child)
        self.ports[child.name] = port
        if ready:
            wait_until(lambda: "ready" in child.log.read_text().split("\n") or not child.alive, PATIENCE, "the worker to be ready")
            assert child.alive, child.tail(40)
        return child

    def stop(self, child: Child) -> int | None:
        return self.background.run(child.stop(PATIENCE, how=signal.SIGTERM))

    def publish(self, count: int, *, rate: float | None = None, at: float | None = None) -> None:
        """Events of random users on three topics; `rate` a second, else as fast as the broker takes them."""
        self.background.run(self._publish(count, rate, at), timeout=300)

    async def _publish(self, count: int, rate: float | None, at: float | None) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.brokers, linger_ms=5, acks="all", request_timeout_ms=60_000)
        await producer.start()
        try:
            waiting, began = [], time.monotonic()
            for n in range(count):
                number = sum(self.published.values())
                topic = self.random.choice(list(TOPICS))
                bad = topic == "logins" and self.random.random() < 0.3
                event_id, user = f"{'bad' if bad else 'e'}{number}", self.random.choice(self.users)
                value = json.dumps(event(TOPICS[topic], event_id, user, at or time.time())).encode()
                waiting.append(await producer.send(self.prefix + topic, value, key=user.encode()))
                self.published[user] += 1
                if bad:
                    self.bad.add(event_id)
                if rate and n % 20 == 0:
                    await asyncio.sleep(max(0.0, began + n / rate - time.monotonic()))
            await asyncio.gather(*waiting)
        finally:
            await producer.stop()

    def counted(self) -> Counter[str]:
        """Events in the profiles, by user."""

        async def read() -> Counter[str]:
            from stores.redis_client import connect_async

            client = connect_async(self.redis.url)
            values = await client.mget([PREFIX + user for user in self.users])
            await client.aclose()
            return Counter({user: decode(value).habits.events for user, value in zip(self.users, values, strict=True) if value})

        return self.background.run(read())

    def wait_all(self, timeout: float = 240) -> None:
        """Until every published event is counted, or more than that."""
        wait_until(
            lambda: sum(self.counted().values()) >= sum(self.published.values()), timeout,
            lambda: f"{sum(self.published.values())} events; counted {sum(self.counted().values())}\n{self.workers[-1].tail()}", pause=0.2,
        )  # fmt: skip

    def findings(self) -> Counter[str]:
        """How often each event's finding was published."""
        return self._on("findings", "event_id")

    def notices(self) -> Counter[str]:
        return self._on("notices", "group")

    def _on(self, topic: str, field: str) -> Counter[str]:
        async def read() -> Counter[str]:
            found: Counter[str] = Counter()
            async for records in whole(self.settings, [topic]):
                found.update(json.loads(record.value)[field] for record in records)
            return found

        return self.background.run(read())

    def metrics(self, child: Child) -> dict[str, float]:
        """Sums of the worker's metrics by name; empty while it doesn't answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[child.name]}/metrics", timeout=30) as page:
                lines = page.read().decode().splitlines()
        except OSError:
            return {}
        found: Counter[str] = Counter()
        for line in lines:
            if line and not line.startswith("#"):
                found[line.partition("{")[0].partition(" ")[0]] += float(line.rpartition(" ")[2])
        return dict(found)

    def done(self, child: Child) -> int:
        """Events applied by this worker."""
        return int(self.metrics(child).get("vigil_events_total", 0))

    def heard(self, topics: Sequence[str]) -> MemoryBus:
        """All that was published on these topics."""

        async def read() -> MemoryBus:
            bus = MemoryBus()
            for topic in topics:
                async for records in whole(self.settings, [topic]):
                    bus.messages += [Message(topic, record.key, record.value) for record in records]
            return bus

        return self.background.run(read())

    def close(self) -> None:
        for child in self.workers:
            child.kill() if child.alive else None
        self.background.run(self.redis.stop())
