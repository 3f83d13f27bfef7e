"""Profiles learned anew, and a topic that began anew."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from domain.profile import decode
from stores.redis_client import connect
from stores.redis_profiles import PREFIX
from streams.rebuild import rebuild
from streams.topics import make_missing
from tests.integration.streams.bench_bed import Bed, event
from tests.support.background import PATIENCE, Background, wait_until
from tests.support.kafka import Kafka

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.timeout(900)]

WORKER = "tests.integration.streams.small_fetch_worker"
DAY = 86_400.0


@pytest.fixture
def bed(background: Background, tmp_path: Path, kafka: Kafka) -> Iterator[Bed]:
    made = Bed(background, tmp_path, kafka.address, small=False, users=20).start()
    yield made
    made.close()


def history(bed: Bed) -> list[tuple[str, bytes, bytes]]:
    """Ten days of logins, and on the last one a new phone for each user."""
    now, records = time.time(), []
    for user in bed.users:
        for n in range(20):
            at = now - 10 * DAY + n * DAY / 2
            records.append((at, user, {**event("login", f"{user}-{n}", user, at), "client": {"device_id": f"{user}-a"}}))
        at = now - 3600
        records.append((at, user, {**event("login", f"{user}-new", user, at), "client": {"device_id": f"{user}-b"}}))
    records.sort(key=lambda record: record[0])
    return [("logins", user.encode(), json.dumps(value).encode()) for _, user, value in records]


def put(bed: Bed, records: list[tuple[str, bytes, bytes]]) -> None:
    async def publish() -> None:
        from aiokafka import AIOKafkaProducer

        producer = AIOKafkaProducer(bootstrap_servers=bed.brokers, acks="all", linger_ms=5)
        await producer.start()
        for topic, key, value in records:
            await producer.send(bed.prefix + topic, value, key=key)
        await producer.flush()
        await producer.stop()

    bed.background.run(publish())


def profiles(bed: Bed) -> dict[str, bytes]:
    client = connect(bed.redis.url)
    try:
        return {user: value for user in bed.users if (value := client.get(PREFIX + user))}
    finally:
        client.close()


def test_rebuild_learns_the_same_profiles_and_sends_nothing(bed: Bed, capsys: pytest.CaptureFixture[str]) -> None:
    """Redis emptied: what Kafka holds gives the profiles back to the byte, up to what the workers had handled, and no message goes out."""
    records = history(bed)
    put(bed, records)
    worker = bed.worker(module=WORKER)
    wait_until(lambda: bed.done(worker) >= len(records), 120, lambda: f"{bed.done(worker)} of {len(records)}\n{worker.tail()}", pause=0.2)
    bed.stop(worker)
    before, told = profiles(bed), bed.findings()
    assert len(before) == len(bed.users)
    assert len(told) == len(bed.users)
    later = [("logins", b"user-1", json.dumps(event("login", "unhandled", "user-1", time.time())).encode())]
    put(bed, later)
    client = connect(bed.redis.url)
    client.flushall()
    client.close()
    capsys.readouterr()

    assert rebuild(bed.settings, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)

    assert said["events"] == len(records)
    assert {notice["kind"] for notice in said["notices"]} == {"login_new_device"}
    assert len(said["notices"]) == len(bed.users)
    assert profiles(bed) == before
    assert bed.findings() == told

    again = bed.worker(module=WORKER)
    wait_until(lambda: bed.done(again) >= 1, what="the event that nobody had handled")
    assert decode(profiles(bed)["user-1"]).habits.events == 22
    assert rebuild(bed.settings) == 1  # while a worker runs
    assert bed.findings() == told


def test_a_topic_made_again_is_read_from_its_new_start(bed: Bed) -> None:
    """Deleted and created while the worker was down: its offsets begin anew and its events are new all the same."""
    records = history(bed)
    put(bed, records)
    worker = bed.worker(module=WORKER)
    wait_until(lambda: bed.done(worker) >= len(records), 120, lambda: f"{bed.done(worker)} of {len(records)}", pause=0.2)
    put(bed, [("logins", user.encode(), json.dumps(event("login", f"{user}-last", user, time.time())).encode()) for user in bed.users])
    wait_until(lambda: bed.done(worker) >= len(records) + 20, what="the last ones")
    bed.stop(worker)

    async def make_anew() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bed.brokers)
        await admin.start()
        await admin.delete_topics([bed.prefix + "logins"])
        async with asyncio.timeout(PATIENCE):  # what the controller did the broker knows a moment later
            while bed.prefix + "logins" in await admin.list_topics():
                await asyncio.sleep(0.05)
        await admin.close()
        await make_missing(bed.settings)

    bed.background.run(make_anew())
    fresh = [("logins", user.encode(), json.dumps(event("login", f"{user}-anew", user, time.time())).encode()) for user in bed.users]
    put(bed, fresh)
    again = bed.worker(module=WORKER)
    wait_until(lambda: bed.done(again) >= 20, what=lambda: f"the new events, {bed.done(again)} of 20\n{again.tail()}")

    assert [decode(value).habits.events for value in profiles(bed).values()] == [23] * 20
