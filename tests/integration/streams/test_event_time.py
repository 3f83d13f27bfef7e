"""A backlog of unequal topics gives the findings that the same days gave live."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from config.settings import load
from domain.events import STRUCTS
from embedded.broker import Broker
from embedded.exchange.world import DAY, Exchange, with_attacks
from streams.detect import policy_of
from streams.kernel import Kernel
from streams.opened import engine_of
from streams.records import EventDecoder, Item
from tests.integration.streams.bench_bed import ROOT, Bed, event
from tests.support.background import Background, wait_until
from tests.support.kafka import Kafka
from tests.unit.streams.fakes import MemoryBus, MemoryProfiles

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

END = 1_795_100_000.0
TOPIC = {struct.__struct_config__.tag: topic for topic, struct in STRUCTS.items()}
PARTITIONS = 4
BUSY = 6_000
"""Logins of robots: that topic is much longer than the others."""
HOUR = 3600.0


@pytest.fixture(scope="module")
def days() -> list[tuple[str, str, bytes]]:
    """(topic, user, value) in event time: ten days of fifty people, the last two under attack; people who say of a new phone that it is
    theirs and go on with it; and robots who sign in all day."""
    exchange = Exchange(5, 50, END - 10 * DAY)
    drawn = [(at, line) for at, line in with_attacks(exchange, END, END - 2 * DAY, 2700)]
    for n in range(BUSY):
        at = END - 10 * DAY + n * (10 * DAY / BUSY)
        drawn.append((at, event("login", f"robot-{n}", f"robot-{n % 40}", at)))
    for n in range(40):
        drawn += careful(f"careful-{n}", END - 9 * DAY + n * 600.0)
    drawn.sort(key=lambda one: one[0])
    return [(TOPIC[line["type"]], line["user_id"], json.dumps(line).encode()) for _, line in drawn]


def careful(user: str, start: float) -> list[tuple[float, dict[str, Any]]]:
    """A week on one phone, then a new one, of which the exchange says minutes later that it is his."""
    drawn: list[tuple[float, dict[str, Any]]] = []
    for n in range(28):
        at = start + n * 6 * HOUR
        drawn.append((at, {**event("login", f"{user}-{n}", user, at), "client": {"device_id": f"{user}-old"}}))
    for n, at in enumerate((start + 8 * DAY, start + 8 * DAY + HOUR, start + 8 * DAY + 3 * HOUR)):
        drawn.append((at, {**event("login", f"{user}-new-{n}", user, at), "client": {"device_id": f"{user}-new"}}))
    said = start + 8 * DAY + 600
    words = {"about": f"{user}-new-0", "label": "genuine", "source": "exchange", "by": "support"}
    return [*drawn, (said, {**event("verdict", f"{user}-said", user, said), **words})]


def found(bus: MemoryBus) -> dict[str, set[tuple[str, ...]]]:
    """What matters of what was published: findings with severity and story, notices, what the exchange is asked. Without what is late:
    a worker tells itself of that through the broker, which the kernel alone doesn't have."""
    late = "service_delayed"
    return {
        "findings": {
            (f["finding_id"], f["detector"], f["severity"], *f["story_events"]) for f in bus.on("findings") if f["detector"] != late
        },
        "notices": {(n["notice_id"], n["kind"], n["severity"]) for n in bus.on("notices") if n["kind"] != late},
        "actions": {(a["action_id"], a["action"]) for a in bus.on("account-actions")},
    }


def in_order(records: list[tuple[str, str, bytes]], folder: Path) -> dict[str, set[tuple[str, ...]]]:
    """What the kernel finds when it takes the records in this order, a few at a time as when they come in live."""
    bus, offsets = MemoryBus(), {}
    kernel = Kernel(engine_of(load({"VIGIL_DATA_DIR": str(folder)})), policy_of(86_400), MemoryProfiles(), bus)
    decode, partitioner = EventDecoder(), DefaultPartitioner()
    items: list[Item] = []
    for topic, user, value in records:
        partition = partitioner(user.encode(), list(range(PARTITIONS)), list(range(PARTITIONS)))
        offset = offsets[topic, partition] = offsets.get((topic, partition), -1) + 1
        items.append(decode(SimpleNamespace(topic=topic, partition=partition, offset=offset, key=user.encode(), value=value)))

    async def run() -> None:
        for start in range(0, len(items), 7):
            await kernel.run(items[start : start + 7])

    asyncio.run(run())
    return found(bus)


@pytest.fixture(scope="module")
def live(days: list[tuple[str, str, bytes]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[tuple[str, ...]]]:
    return in_order(days, ROOT / "var")


@pytest.fixture
def bed(background: Background, tmp_path: Path, any_broker: Broker | Kafka) -> Iterator[Bed]:
    made = Bed(background, tmp_path, any_broker.address, small=isinstance(any_broker, Broker)).start()
    yield made
    made.close()


def test_the_days_hold_what_depends_on_the_order(days: list[tuple[str, str, bytes]], live: dict[str, Any]) -> None:
    """Taken topic by topic, as a reader without regard to event time would, the same records give other findings."""
    by_topic = sorted(days, key=lambda record: record[0])

    assert len(live["findings"]) > 80
    assert any(f[1] == "account_takeover" for f in live["findings"])
    assert in_order(by_topic, ROOT / "var") != live


def test_a_backlog_gives_the_findings_that_live_gave(bed: Bed, days: list[tuple[str, str, bytes]], live: dict[str, Any]) -> None:
    """All topics published one after the other before the worker starts: the same findings, notices and actions as live."""

    async def publish() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bed.brokers, linger_ms=20, acks="all")
        await producer.start()
        for topic in sorted({topic for topic, _, _ in days}):
            waiting = [await producer.send(bed.prefix + topic, value, key=user.encode()) for t, user, value in days if t == topic]
            await asyncio.gather(*waiting)
        await producer.stop()

    bed.background.run(publish())
    worker = bed.worker(module="tests.integration.streams.small_fetch_worker")
    wait_until(lambda: bed.done(worker) >= len(days), 480, lambda: f"{len(days)} events; {bed.done(worker)}\n{worker.tail()}", pause=0.5)
    bed.stop(worker)

    backlog = found(bed.heard(["findings", "notices", "account-actions"]))
    assert {kind: backlog[kind] ^ live[kind] for kind in live} == {kind: set() for kind in live}
