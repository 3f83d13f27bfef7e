"""The stream under faults: every event counted once, every finding published, whoever is killed or away."""

import random
from collections.abc import Callable, Iterator

import pytest

from embedded.broker import Broker
from tests.integration.streams.bench_bed import Bed
from tests.support.background import Background, wait_until
from tests.support.kafka import Kafka

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def bed(background: Background, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Bed]]:
    made: list[Bed] = []

    def make(broker: Broker | Kafka, **options: int) -> Bed:
        one = Bed(background, tmp_path_factory.mktemp("bed"), broker.address, small=isinstance(broker, Broker), **options)
        made.append(one)
        return one.start()

    yield make
    for one in made:
        one.close()


def assert_nothing_lost_nothing_twice(bed: Bed) -> None:
    """Counts are exact; findings and notices are all there (a replay may publish one again, under the same id)."""
    assert bed.counted() == bed.published
    findings = bed.findings()
    assert set(findings) == bed.bad
    assert set(bed.notices()) == bed.bad
    print(f"{sum(bed.published.values())} events, {len(bed.bad)} findings, {sum(findings.values()) - len(findings)} published twice")


def test_a_backlog_is_taken_whole(bed: Callable[..., Bed], any_broker: Broker | Kafka) -> None:
    """Events from before the worker's first start: from the start of each topic, each once."""
    one = bed(any_broker)
    one.publish(5_000)
    worker = one.worker()
    one.wait_all()
    one.stop(worker)

    assert_nothing_lost_nothing_twice(one)


def test_killed_again_and_again_under_load(bed: Callable[..., Bed], any_broker: Broker | Kafka) -> None:
    """kill -9, restarted at once, ten times on Kafka and three on the embedded broker."""
    one = bed(any_broker)
    chance = random.Random(3)
    for _ in range(10 if isinstance(any_broker, Kafka) else 3):
        worker = one.worker()
        before = sum(one.counted().values())
        one.publish(1_500)
        goal = before + chance.randint(1, 1_400)
        wait_until(lambda goal=goal: sum(one.counted().values()) >= goal, what="some progress before the kill", pause=0.005)
        worker.kill()
    one.worker()
    one.wait_all()

    assert_nothing_lost_nothing_twice(one)


def test_workers_join_and_leave(bed: Callable[..., Bed], any_broker: Broker | Kafka) -> None:
    """A second worker comes and goes, asked and killed, while events flow."""
    one = bed(any_broker)
    one.worker(0)
    for how in ("asked", "killed"):
        second = one.worker(1)
        one.publish(1_500, rate=1_500)
        if how == "asked":
            assert one.stop(second) == 0
        else:
            second.kill()
        one.publish(1_500, rate=1_500)
        one.wait_all()

    assert_nothing_lost_nothing_twice(one)


def test_redis_is_restarted_under_load(bed: Callable[..., Bed], any_broker: Broker | Kafka) -> None:
    """The worker waits while Redis is away and goes on when it is back, without a restart of its own."""
    one = bed(any_broker)
    worker = one.worker()
    one.publish(2_000)
    one.background.run(one.redis.stop())
    one.publish(2_000)
    one.background.run(one.redis.start())
    one.wait_all()

    assert worker.alive
    assert_nothing_lost_nothing_twice(one)


@pytest.mark.kafka
def test_the_broker_is_restarted_under_load(bed: Callable[..., Bed], kafka: Kafka) -> None:
    """The broker is killed and comes back: what it acknowledged is processed, each event once."""
    one = bed(kafka)
    one.worker()
    one.publish(2_000)
    kafka.stop_node(0, hard=True)
    kafka.start_node(0)
    one.publish(2_000)
    one.wait_all()

    assert_nothing_lost_nothing_twice(one)
