"""Announcements by the running product: topics in, mails out, with kills between the waves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.staff import add_user
from embedded.broker import Broker
from tests.support.background import PATIENCE, wait_until
from tests.support.kafka import Kafka
from tests.support.postgres import Postgres
from tests.support.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PASSWORD = "correct horse battery"


def event(event_id: str, **fields: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "type": "announcement", "event_id": event_id, "user_id": "*", "occurred_at": now.isoformat(), "kind": "maintenance", "severity": "notice",
        "starts_at": (now + timedelta(hours=1)).isoformat(), "ends_at": (now + timedelta(hours=2)).isoformat(), "audience": {},
        "title": {"en": "Spot trading pauses", "zh-CN": "现货交易暂停"}, "body": {"en": "From two to four.", "zh-CN": "两点到四点。"},
    } | fields  # fmt: skip


def people(product: Product, count: int, **fields: Any) -> None:
    product.bus.publish_users(*({"user_id": f"u{n}", "email": f"u{n}@mail.example", "locale": "en"} | fields for n in range(count)))


def mails(product: Product) -> list[Any]:
    return [*product.smtp.mails, *product.smtp2.mails]


def applied(product: Product) -> float:
    """Events that are in the profiles."""
    return sum(float(found[1]) for found in re.finditer(r"^vigil_events_total\S* (\S+)$", product.metrics(product.workers[0]), re.M))


def told(product: Product) -> Counter[str]:
    return Counter(mail.recipients[0] for mail in mails(product))


def test_from_the_topics_to_the_mailboxes_of_those_whom_it_concerns(product: Callable[..., Product], any_broker: Broker | Kafka):
    """Orders and deposits come over their topics; the warning goes to who has open orders in the market or holds the asset, and says which."""
    one = product(any_broker)
    people(one, 4)
    trade = {
        "type": "trade",
        "occurred_at": datetime.now(UTC).isoformat(),
        "market": "LUNA-USDT",
        "side": "buy",
        "price": "1",
        "quantity": "5",
    }
    one.bus.publish(
        trade | {"event_id": "t1", "user_id": "u0", "order_id": "o1", "action": "order"},
        trade | {"event_id": "t2", "user_id": "u1", "order_id": "o2", "action": "order"},
        trade | {"event_id": "t3", "user_id": "u1", "order_id": "o2", "action": "cancel"},
        {"type": "transfer", "event_id": "d1", "user_id": "u2", "occurred_at": datetime.now(UTC).isoformat(), "transfer_id": "d1",
         "direction": "deposit", "status": "completed", "asset": "LUNA", "amount": "10"},
    )  # fmt: skip
    wait_until(lambda: applied(one) >= 4, what="orders and deposits in the profiles")
    one.bus.publish(event("w1", kind="delisting", audience={"holds": ["LUNA"], "open_orders_in": ["LUNA-USDT"]}))
    wait_until(lambda: len(mails(one)) >= 2, what=lambda: f"two mails, not {told(one)}; {one.logs()[-2000:]}")
    one.bus.publish(event("w2", kind="scam_warning", audience={"region": ["TW"]}))  # reaches nobody

    assert told(one) == {"u0@mail.example": 1, "u2@mail.example": 1}
    (first,) = one.mails("u0@mail.example")
    assert first.header("X-Vigil-Kind") == "announcement_delisting"
    assert first.header("List-Unsubscribe") is not None
    status, said = one.command("ledger", "verify")
    assert status == 0, said


def test_killed_between_and_amid_waves_everyone_is_told_once(product: Callable[..., Product], embedded_broker: Broker):
    """kill -9 three times; the announcement goes on where it was. At most what was in flight comes twice, under the same Message-ID."""
    one = product(embedded_broker, workers=0)
    one.start_worker("--role", "notify")
    people(one, 120)
    one.bus.publish(event("a1", waves={"size": 15, "gap_seconds": 1}))
    for goal in (10, 40, 80):
        wait_until(lambda goal=goal: len(told(one)) >= goal, what="mails before the kill", pause=0.005)
        one.kill(one.workers[-1])
        one.start_worker("--role", "notify", VIGIL_DATA_DIR=str(one.folder / "data" / "worker-1"))
    wait_until(lambda: len(told(one)) == 120, 240, lambda: f"{len(told(one))} of 120")
    one.bus.publish(event("a1", waves={"size": 15, "gap_seconds": 0}), event("late", title={"en": "Later"}, user_id="u7"))
    wait_until(lambda: len({mail.header("Message-ID") for mail in mails(one)}) > 120, what="the announcement after it")

    twice = sum(told(one).values()) - 120 - 1
    ids = Counter(mail.header("Message-ID") for mail in mails(one))
    print(f"{twice} mails came twice in 3 kills")
    assert twice <= 24
    assert len(ids) == 121, "a mail that comes twice carries the same Message-ID"


def test_an_incident_is_updated_and_resolved_in_one_thread(product: Callable[..., Product], embedded_broker: Broker):
    """Three mails, the later two as replies to the first; one item in the app, the newest."""
    one = product(embedded_broker, workers=0, console=True)
    one.start_worker("--role", "notify")
    people(one, 1)
    for number, changes in enumerate(
        [{}, {"title": {"en": "Deposits are slow"}}, {"status": "resolved", "title": {"en": "Deposits are slow"}}], 1
    ):
        one.bus.publish(event(f"i{number}", kind="incident", announcement_id="incident-9", **changes))
        wait_until(lambda number=number: len(mails(one)) == number, what=lambda number=number: f"mail {number}; {one.logs()[-1500:]}")
    first, second, third = one.mails("u0@mail.example")

    assert [m.header("Subject") for m in (first, second, third)] == [
        "Spot trading pauses",
        "Update: Deposits are slow",
        "Resolved: Deposits are slow",
    ]
    assert second.header("In-Reply-To") == third.header("In-Reply-To") == first.header("Message-ID")


class Colleague:
    """Someone signed in to the console, as a browser without script."""

    def __init__(self, product: Product, name: str) -> None:
        self.client = httpx.Client(base_url=product.url, follow_redirects=True, timeout=PATIENCE)
        assert self.client.post("/sign-in", data={"name": name, "password": PASSWORD}).status_code == 200

    def get(self, path: str) -> str:
        return self.client.get(path).raise_for_status().text

    def post(self, path: str, seen: str, **fields: str) -> httpx.Response:
        """A form of the page that was `seen`."""
        hidden = {name: found[1] for name in ("csrf", "version", "hash") if (found := re.search(f'name="{name}" value="([^"]*)"', seen))}
        return self.client.post(path, data=hidden | fields)


def test_what_one_colleague_wrote_and_another_approved_goes_out(product: Callable[..., Product], embedded_broker: Broker, tmp_path: Path):
    """By the console's pages: written, counted, refused to its author, approved by someone else; the worker tells it within seconds."""
    staff = tmp_path / "staff.yaml"
    add_user(staff, "ana", ["security"], PASSWORD)
    add_user(staff, "carl", ["compliance"], PASSWORD)
    one = product(embedded_broker, workers=0, console=True, settings={"VIGIL_CONSOLE__USERS_FILE": str(staff)})
    one.start_worker("--role", "notify")
    people(one, 3)
    one.bus.publish_users({"user_id": "mei", "email": "mei@mail.example", "locale": "zh-CN"})
    ana, carl = Colleague(one, "ana"), Colleague(one, "carl")
    begins, ends = (datetime.now(UTC) + timedelta(hours=hours) for hours in (1, 2))
    form = {
        "kind": "maintenance", "severity": "notice", "missing_translation": "block", "effect": "kept", "title.en": "Spot trading pauses",
        "body.en": "From two to four.", "starts_at": f"{begins:%Y-%m-%dT%H:%M}", "ends_at": f"{ends:%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    page = ana.post("/announcements/new", ana.get("/announcements/new"), **form)
    path = page.url.path
    wait_until(lambda: '<span class="value">4</span>' in ana.get(path), what="the count of people reached")
    refused = ana.post(f"{path}/submit", ana.get(path))
    assert (refused.status_code, "Readers have zh-CN" in refused.text) == (409, True)
    ana.post(f"{path}/edit", ana.get(f"{path}/edit"), **form, **{"title.zh-CN": "现货交易暂停", "body.zh-CN": "两点到四点。"})
    ana.post(f"{path}/submit", ana.get(path)).raise_for_status()
    assert ana.post(f"{path}/approve", ana.get(path)).status_code == 403
    assert told(one) == {}
    carl.post(f"{path}/approve", carl.get(path)).raise_for_status()

    wait_until(lambda: len(told(one)) == 4, what=lambda: f"four mails, not {told(one)}")
    (mail,) = one.mails("mei@mail.example")
    assert mail.header("Content-Language") == "zh-CN"
    status, said = one.command("ledger", "verify")
    assert status == 0, said


@pytest.mark.postgres
@pytest.mark.kafka
def test_two_workers_on_one_database_share_the_waves(product: Callable[..., Product], kafka: Kafka, postgres: Postgres):
    """One is killed half way; the other tells the rest, and nobody twice but what was in flight."""
    one = product(kafka, workers=0, database=postgres.database())
    first, second = (one.launch_worker("--role", "notify") for _ in range(2))
    one.await_ready(first)
    one.await_ready(second)
    people(one, 100)
    one.bus.publish(event("a1", waves={"size": 10, "gap_seconds": 1}))
    wait_until(lambda: len(told(one)) >= 25, what="some mails", pause=0.01)
    one.kill(first)
    wait_until(lambda: len(told(one)) == 100, 240, lambda: f"{len(told(one))} of 100")

    assert sum(told(one).values()) - 100 <= 8
