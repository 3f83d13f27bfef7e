"""From event to mail while workers are killed, join and leave: each event that has to be told is told, none twice but what was in flight."""

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from embedded.broker import Broker
from tests.support.background import wait_until
from tests.support.kafka import Kafka
from tests.support.postgres import Postgres
from tests.support.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PEOPLE = 40


class Load:
    """People whose settings change all the time: each change is told by e-mail, always."""

    def __init__(self, product: Product):
        self.product, self.serial = product, 0
        self.people = [f"p{n}" for n in range(PEOPLE)]
        product.bus.publish_users(*({"user_id": p, "email": f"{p}@mail.example", "locale": "en"} for p in self.people))

    def publish(self, count: int) -> None:
        """That many changes, at once."""
        now = datetime.fromtimestamp(time.time(), UTC).isoformat()
        events = []
        for _ in range(count):
            user = self.people[self.serial % PEOPLE]
            events.append(
                {"type": "account_change", "event_id": f"c{self.serial}", "user_id": user, "occurred_at": now, "change": "mfa_disabled"}
            )
            self.serial += 1
        self.product.bus.publish(*events)

    def told(self) -> Counter[str]:
        """Mails by notice."""
        return Counter(mail.notice_id for mail in [*self.product.smtp.mails, *self.product.smtp2.mails])

    def groups(self) -> dict[str, str]:
        """Event -> notice, as heard on `notices`."""
        return {notice["group"]: notice["notice_id"] for notice in self.product.bus.all("notices")}

    def wait(self, timeout: float = 300) -> None:
        """Until as many notices were mailed as there were changes."""
        wait_until(lambda: len(self.told()) >= self.serial, timeout, lambda: f"{self.serial} mails; {len(self.told())}", pause=0.2)

    def check(self, in_flight: int) -> None:
        wait_until(lambda: len(self.groups()) >= self.serial, what="every notice on its topic", pause=0.2)
        told, groups = self.told(), self.groups()
        assert set(groups) == {f"c{n}" for n in range(self.serial)}
        assert set(told) == set(groups.values())
        twice = {notice: count for notice, count in told.items() if count > 1}
        print(f"{self.serial} changes, {len(told)} notices mailed, {len(twice)} of them again after a kill")
        assert len(twice) <= in_flight
        for notice in twice:  # the same message, so that the reader's program can tell
            mails = [mail for mail in [*self.product.smtp.mails, *self.product.smtp2.mails] if mail.notice_id == notice]
            assert len({mail.header("Message-ID") for mail in mails}) == 1
        status, said = self.product.command("ledger", "verify")
        assert status == 0, said


def test_the_worker_is_killed_again_and_again(product: Callable[..., Product], any_broker: Broker | Kafka) -> None:
    """kill -9 of supervisor, detection and notices at once, at a random moment of the work; every notice is mailed."""
    one, chance = product(any_broker), random.Random(6)
    load = Load(one)
    kills = 3 if isinstance(any_broker, Kafka) else 1
    for _ in range(kills):
        goal = len(load.told()) + chance.randint(5, 100)
        load.publish(120)
        wait_until(lambda goal=goal: len(load.told()) >= goal, what="some mails before the kill", pause=0.005)
        one.kill(one.workers[-1])
        one.start_worker()
    load.wait()

    load.check(in_flight=kills * 16)


@pytest.mark.kafka
@pytest.mark.postgres
def test_two_workers_join_and_leave(product: Callable[..., Product], kafka: Kafka, postgres: Postgres) -> None:
    """On PostgreSQL a second worker comes, is asked to leave, comes again and is killed, while changes flow."""
    one = product(kafka, database=postgres.database())
    load = Load(one)
    load.publish(80)
    for how in ("asked", "killed"):
        second = one.start_worker()
        load.publish(120)
        wait_until(lambda: len(load.told()) >= load.serial - 60, what="most mails", pause=0.01)
        load.publish(80)
        if how == "asked":
            assert one.stop(second) == 0
        else:
            one.kill(second)
        load.publish(80)
        load.wait()

    load.check(in_flight=16)
