"""The notify process on a real broker, Redis, SMTP and gateway: `worker --role notify`, driven by its topics."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from domain.ids import notice_id
from domain.messages import Notice, Source
from embedded.broker import Broker
from stores.redis_client import connect
from tests.support.background import wait_until
from tests.support.kafka import Kafka
from tests.support.postgres import Postgres
from tests.support.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Desk:
    """A product of which only the notify process runs, and the records that detection would give it."""

    def __init__(self, product: Product) -> None:
        self.product, self.count = product, 0
        self._counted = [0, 0]
        self._mails: Counter[str] = Counter()

    def users(self, *numbers: int, **fields: Any) -> None:
        self.product.bus.publish_users(
            *({"user_id": f"u{n}", "email": f"u{n}@mail.example", "phone": f"+8869120{n:0>5}", "locale": "en"} | fields for n in numbers)
        )

    def notices(self, *users: int, **fields: Any) -> list[str]:
        """Publishes one notice for each; their ids."""
        made = []
        for user in users:
            self.count += 1
            now, event = datetime.now(UTC), f"e{self.count}"
            values: dict[str, Any] = {
                "notice_id": notice_id(event, f"u{user}", "login_new_device"), "user_id": f"u{user}", "kind": "login_new_device",
                "severity": "notice", "created_at": now, "expires_at": None, "finding_ids": [], "channels": ["email", "inapp"],
                "occurred_at": now, "group": event, "source": Source("logins", user % 4, self.count),
            }  # fmt: skip
            made.append(Notice(**(values | fields)))
        self.send(*made)
        return [notice.notice_id for notice in made]

    def send(self, *notices: Notice) -> None:
        bus = self.product.bus
        records = [("notices", notice.user_id.encode(), msgspec.json.encode(notice)) for notice in notices]
        bus.background.run(bus._publish(records))

    def receipts(self, notice: str, channel: str) -> list[dict[str, Any]]:
        return self.product.bus.all("receipts", notice_id=notice, channel=channel)

    def statuses(self, notice: str, channel: str) -> list[str]:
        return [receipt["status"] for receipt in self.receipts(notice, channel)]

    def mails(self, notice: str) -> int:
        """How many mails came for it. Each mail is parsed once: these tests ask often."""
        for place, sink in enumerate((self.product.smtp, self.product.smtp2)):
            for mail in sink.mails[self._counted[place] :]:
                self._counted[place] += 1
                self._mails[mail.raw.split(b"X-Vigil-Notice:", 1)[1].split(b"\r\n", 1)[0].strip().decode()] += 1
        return self._mails[notice]


@pytest.fixture
def start(product: Callable[..., Product]) -> Callable[..., Desk]:
    def run(broker: Broker | Kafka, **options: Any) -> Desk:
        one = product(broker, workers=0, **options)
        one.start_worker("--role", "notify")
        return Desk(one)

    return run


def test_a_notice_becomes_mail_text_inbox_item_and_receipts(start: Callable[..., Desk], any_broker: Broker | Kafka):
    """Each once, with the status that is true, soon."""
    desk = start(any_broker)
    desk.users(1)
    (notice,) = desk.notices(1, channels=["email", "sms", "inapp"], severity="warning")
    for channel, status in (("email", "sent"), ("sms", "sent"), ("inapp", "delivered")):
        receipt = desk.product.bus.wait("receipts", notice_id=notice, channel=channel)
        assert (receipt["status"], receipt["attempt"], receipt["reason"]) == (status, 1, None)

    (mail,) = desk.product.smtp.of(notice) + desk.product.smtp2.of(notice)
    assert (mail.recipients, mail.sender) == (["u1@mail.example"], "alerts@vigil.example")
    assert [text.notice_id for text in desk.product.texts("+886912000001")] == [notice]


def test_smtp_down_for_a_while_loses_nothing(start: Callable[..., Desk], embedded_broker: Broker):
    """Both servers are away: `queued` with the reason; when one is back each mail goes out once."""
    desk = start(embedded_broker)
    desk.users(*range(20))
    desk.product.smtp.down()
    desk.product.smtp2.down()
    notices = desk.notices(*range(20))
    wait_until(lambda: all("queued" in desk.statuses(notice, "email") for notice in notices), what="queued receipts")
    desk.product.smtp2.up()
    wait_until(lambda: all(desk.mails(notice) for notice in notices), what="the mails")
    wait_until(lambda: all(desk.statuses(notice, "email")[-1] == "sent" for notice in notices), what="their receipts")

    assert [desk.mails(notice) for notice in notices] == [1] * 20
    assert "refused" in desk.receipts(notices[0], "email")[0]["reason"]


def test_killed_while_sending_nothing_is_lost_and_only_mails_in_flight_come_twice(start: Callable[..., Desk], any_broker: Broker | Kafka):
    """kill -9 three times amid 300 notices; every notice arrives, at most eight (one a connection) a kill twice."""
    desk = start(any_broker)
    desk.users(*range(300))
    notices = desk.notices(*range(300))
    for goal in (30, 110, 190):
        wait_until(lambda goal=goal: len(desk.product.smtp.mails) >= goal, what="mails before the kill", pause=0.005)
        desk.product.kill(desk.product.workers[-1])
        desk.product.start_worker("--role", "notify", VIGIL_DATA_DIR=str(desk.product.folder / "data" / "worker-1"))
    wait_until(lambda: all(desk.mails(notice) for notice in notices), 240, lambda: f"{sum(map(bool, map(desk.mails, notices)))} of 300")

    twice = sum(desk.mails(notice) - 1 for notice in notices)
    ids: dict[str, set[str]] = defaultdict(set)
    for mail in desk.product.smtp.mails:
        ids[mail.notice_id].add(mail.header("Message-ID"))
    print(f"{twice} mails came twice in 3 kills")
    assert twice <= 24
    assert all(len(same) == 1 for same in ids.values()), "a mail that comes twice carries the same Message-ID"


@pytest.mark.postgres
@pytest.mark.kafka
def test_two_workers_share_the_outbox_and_one_dies(product: Callable[..., Product], kafka: Kafka, postgres: Postgres):
    """On PostgreSQL. What the dead one had leased is sent by the other; at most what it had in flight comes twice."""
    one = product(kafka, workers=0, database=postgres.database())
    first, second = (one.launch_worker("--role", "notify") for _ in range(2))
    one.await_ready(first)
    one.await_ready(second)
    desk = Desk(one)
    desk.users(*range(200))
    notices = desk.notices(*range(200))
    wait_until(lambda: len(one.smtp.mails) >= 60, what="mails before the kill", pause=0.005)
    one.kill(first)
    wait_until(lambda: all(desk.mails(notice) for notice in notices), 240, lambda: f"{sum(map(bool, map(desk.mails, notices)))} of 200")

    twice = sum(desk.mails(notice) - 1 for notice in notices)
    print(f"{twice} mails came twice")
    assert twice <= 8


def test_redis_emptied_the_directory_is_read_anew_and_notices_are_held_meanwhile(start: Callable[..., Desk], any_broker: Broker | Kafka):
    """FLUSHALL, then a notice: it arrives at the address that only Kafka still knew, and nothing fails for want of a contact."""
    desk = start(any_broker)
    desk.users(*range(50))
    (first,) = desk.notices(1)
    wait_until(lambda: desk.mails(first))
    connect(desk.product.redis.url).flushall()
    notices = desk.notices(*range(50))
    wait_until(lambda: all(desk.mails(notice) for notice in notices), what="the mails")

    assert not desk.product.bus.all("receipts", status="failed")


def test_a_user_who_comes_after_his_notice_gets_it_then(start: Callable[..., Desk], embedded_broker: Broker):
    """In-app at once; the mail within seconds of the record."""
    desk = start(embedded_broker)
    (notice,) = desk.notices(7)
    assert desk.product.bus.wait("receipts", notice_id=notice, channel="inapp")["status"] == "delivered"
    assert desk.mails(notice) == 0
    desk.users(7)

    wait_until(lambda: desk.mails(notice) == 1, what="the mail")


def test_a_refused_mail_becomes_a_text(start: Callable[..., Desk], embedded_broker: Broker):
    """550: `rejected` without the address in its reason; the text follows by itself."""
    desk = start(embedded_broker)
    desk.users(3)
    desk.product.smtp.rules["u3@mail.example"] = "550 5.1.1 <u3@mail.example> no such user"
    (notice,) = desk.notices(3)
    receipt = desk.product.bus.wait("receipts", notice_id=notice, channel="email")
    wait_until(lambda: desk.product.texts("+886912000003"), what="the text")

    assert receipt["status"] == "rejected"
    assert "u3" not in receipt["reason"]
    assert desk.product.bus.wait("receipts", notice_id=notice, channel="sms")["status"] == "sent"
    assert desk.product.smtp2.attempts == {}


def test_what_is_no_notice_is_put_aside_and_the_next_is_told(start: Callable[..., Desk], embedded_broker: Broker):
    """A record of garbage on each topic."""
    desk = start(embedded_broker)
    desk.users(1)
    for topic in ("users", "findings", "notices"):
        desk.product.bus.publish_raw(topic, b'{"no": "record"}', b"u1")
    (notice,) = desk.notices(1)
    wait_until(lambda: desk.mails(notice) == 1)

    wait_until(lambda: len(desk.product.bus.all("dead-letters")) == 3, what="three dead letters")


def test_no_contact_is_in_the_logs(start: Callable[..., Desk], embedded_broker: Broker):
    """Neither in good nor in bad times."""
    desk = start(embedded_broker)
    desk.users(1, 2, anti_phishing_code="red-fox", locale=7)
    desk.product.smtp.rules["u1@mail.example"] = "550 5.1.1 <u1@mail.example> no such user"
    desk.product.smtp.rules["u2@mail.example"] = "451 4.2.0 <u2@mail.example> greylisted"
    desk.product.smtp2.rules["u2@mail.example"] = "451 4.2.0 <u2@mail.example> greylisted"
    desk.product.sms.mode = desk.product.sms2.mode = 500
    notices = desk.notices(1, 2, channels=["email", "sms"])
    wait_until(lambda: all(desk.receipts(notice, channel) for notice in notices for channel in ("email", "sms")), what="receipts")
    desk.product.stop(desk.product.workers[0])

    everything = desk.product.logs() + str(desk.product.bus.all("receipts"))
    for secret in ("mail.example", "912000001", "red-fox", "token-one"):
        assert secret not in everything
