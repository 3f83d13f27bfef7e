"""The parts that a measurement runs on: a broker, a Redis, topics filled beforehand, and how far a consumer group has come."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from embedded.broker import Broker
from embedded.redis import Redis
from tests.support.background import Background
from tests.support.kafka import Kafka, missing

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
PARTITIONS = 4


class Rig:
    """One broker (`kafka` or `embedded`) and one Redis in a folder of their own. `with Rig("kafka") as rig:`"""

    def __init__(self, kind: str):
        self.kind, self.folder = kind, Path(tempfile.mkdtemp(prefix="vigil-bench-"))
        self.background = Background()
        self.redis = Redis(self.folder / "redis")
        self.broker: Any = None

    def __enter__(self) -> Rig:
        if self.kind == "kafka":
            if trouble := missing():
                raise SystemExit(f"real Kafka: {trouble}")
            self.broker = Kafka(self.background, self.folder / "kafka").start()
        else:
            self.broker = Broker(self.folder / "broker")
            self.background.run(self.broker.start())
        self.background.run(self.redis.start())
        return self

    def __exit__(self, *_: object) -> None:
        self.background.run(self.redis.stop())
        if self.kind == "kafka":
            self.broker.close()
        else:
            self.background.run(self.broker.stop())
        self.background.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def address(self) -> str:
        return str(self.broker.address)

    def environment(self, prefix: str, name: str, **more: str) -> dict[str, str]:
        """Settings of one process of the product."""
        data = self.folder / "data" / name
        data.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("VIGIL_")}
        return {
            **kept,
            "VIGIL_KAFKA__BROKERS": self.address,
            "VIGIL_KAFKA__TOPIC_PREFIX": prefix,
            "VIGIL_KAFKA__PARTITIONS": str(PARTITIONS),
            "VIGIL_KAFKA__GROUP": prefix + "bench",
            "VIGIL_KAFKA__SMALL_BROKER": str(self.kind == "embedded").lower(),
            "VIGIL_REDIS__URL": self.redis.url,
            "VIGIL_DATABASE__URL": f"sqlite:///{data}/vigil.db",  # detection writes no SQL: workers of a measurement share nothing
            "VIGIL_SECRET_KEY": "benchmark" * 5,
            "VIGIL_DATA_DIR": str(data),
            "PYTHONPATH": str(ROOT),
            **more,
        }

    def empty_redis(self) -> None:
        """Every loop begins with nobody known."""

        async def flush() -> None:
            from redis.asyncio import Redis as Client

            client = Client.from_url(self.redis.url)
            await client.flushall()
            await client.aclose()

        self.background.run(flush())

    def fill(self, prefix: str, records: Iterable[tuple[str, bytes, bytes]]) -> dict[str, int]:
        """Publishes (topic, key, value) as fast as the broker takes it; number of records by topic."""

        async def publish() -> dict[str, int]:
            producer = AIOKafkaProducer(bootstrap_servers=self.address, linger_ms=20, max_batch_size=262_144)
            await producer.start()
            counts: dict[str, int] = {}
            pending = []
            for topic, key, value in records:
                pending.append(await producer.send(prefix + topic, value, key=key))
                counts[topic] = counts.get(topic, 0) + 1
                if len(pending) >= 20_000:
                    await asyncio.gather(*pending)
                    pending.clear()
            await asyncio.gather(*pending)
            await producer.stop()
            return counts

        return self.background.run(publish(), 900)

    async def committed(self, admin: AIOKafkaAdminClient, group: str) -> int:
        """Sum of the group's committed offsets."""
        try:
            # By name: asked for all that there are, the embedded broker gives an answer that can't be read.
            parts = [TopicPartition(topic, p) for topic in await admin.list_topics() for p in range(PARTITIONS)]
            offsets = await admin.list_consumer_group_offsets(group, partitions=parts)
        except Exception:  # the group isn't there yet
            return 0
        return sum(max(0, meta.offset) for meta in offsets.values())

    def watch(
        self, group: str, total: int, alive: Any, timeout: float = 600, cpu: Callable[[], float] = lambda: 0.0
    ) -> tuple[float, float, float]:
        """Follows a group until it has committed `total`: (events/s between 10 % and 100 %, seconds in all, seconds of `cpu` an event)."""

        async def follow() -> tuple[float, float, float]:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
            await admin.start()
            begun, first, low, shown = time.monotonic(), None, 0, time.monotonic()
            used = cpu()
            try:
                while True:
                    done, now = await self.committed(admin, group), time.monotonic()
                    if first is None and done >= total * 0.1:
                        first, low, used = now, done, cpu()
                    if done >= total:
                        return (total - low) / max(now - (first or begun), 1e-9), now - begun, (cpu() - used) / max(total - low, 1)
                    if now - shown > 5:
                        say(f"    {done:,} of {total:,}")
                        shown = now
                    if not alive():
                        raise RuntimeError(f"the consumer ended at {done} of {total}")
                    if now - begun > timeout:
                        raise RuntimeError(f"{done} of {total} after {timeout:.0f} s")
                    await asyncio.sleep(0.1)
            finally:
                await admin.close()

        return self.background.run(follow(), timeout + 60)


def say(text: str) -> None:
    """Progress, to stderr: stdout holds the figures."""
    print(text, file=sys.stderr, flush=True)


def setup() -> dict[str, str]:
    """What the figures were taken on."""
    import aiokafka
    import faust

    cores = os.cpu_count()
    return {
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "machine": f"{cores} cores, load {os.getloadavg()[0]:.1f} at the start, {platform.machine()}",
        "python": platform.python_version(),
        "faust": faust.__version__,
        "aiokafka": aiokafka.__version__,
        "partitions": str(PARTITIONS),
    }


def rss_mb(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processor so far; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values: list[float], share: float) -> float:
    """By linear interpolation."""
    return statistics.quantiles(values, n=1000, method="inclusive")[round(share * 1000) - 1] if len(values) > 1 else values[0]


def save(name: str, figures: object) -> None:
    """Keeps the figures as JSON."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n")
