"""Service events and reports go the whole way: judged, told, and what follows from them for others comes back and is told too."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from config.notices import load
from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.models.partition import Cohorts
from notices.policy import Policy
from streams.kernel import Kernel
from tests.support.registry import loaded
from tests.unit.streams.fakes import NOW, MemoryBus, MemoryProfiles, item

SCAM = "TScamAddressThatManyReported11111"
MINUTE, HOUR = 60.0, 3_600.0


class Worker:
    """The kernel with the engine and the policy as they come."""

    def __init__(self) -> None:
        self.bus, self.offset = MemoryBus(), 0
        self.kernel = Kernel(
            Engine(loaded(), NamedSurroundings(), Cohorts()), Policy(load()), MemoryProfiles(), self.bus, clock=lambda: NOW
        )

    async def take(self, topic: str, kind: str, user: str, at: float, **fields: Any) -> None:
        """One event of a user, `at` seconds from now (at most 0)."""
        self.offset += 1
        value = {"type": kind, "event_id": f"e{self.offset}", "user_id": user, **fields}
        value.setdefault("occurred_at", datetime.fromtimestamp(NOW + at, UTC).isoformat())
        await self.kernel.run([item(topic, self.offset, json.dumps(value).encode(), key=user.encode())], owned=True)

    async def back(self, topic: str) -> int:
        """What was published on an input topic comes in again, as it would from the broker; how many."""
        came = self.bus.on(topic)
        self.bus.messages = [message for message in self.bus.messages if message.topic != topic]
        for value in came:
            await self.take(topic, value["type"], value["user_id"], 0.0, **value)
        return len(came)

    def told(self, user: str) -> list[tuple[str, str, list[str]]]:
        """Kind, severity and channels of the user's notices."""
        return [(n["kind"], n["severity"], n["channels"]) for n in self.bus.on("notices") if n["user_id"] == user]


async def report(worker: Worker, user: str, at: float) -> None:
    await worker.take("reports", "report", user, at, subject="scam_address", text="", urls=[], addresses=[SCAM], senders=[])


async def transfer(
    worker: Worker, user: str, at: float, name: str, status: str, address: str = SCAM, usd: str = "10", balance: str | None = None
) -> None:
    await worker.take("transfers", "transfer", user, at, transfer_id=name, direction="withdrawal", status=status, asset="USDT",
                      network="TRON", amount=usd, usd_value=usd, balance_usd=balance, address=address)  # fmt: skip


async def test_reporters_and_payers_of_a_campaign_are_told() -> None:
    """The reporter in the app, who paid lately by e-mail too, and who is about to pay before it leaves."""
    worker = Worker()
    await transfer(worker, "paid", -5 * HOUR, "t1", "requested")
    for number, user in enumerate(("a", "b", "c")):
        await report(worker, user, -3 * HOUR + number * HOUR)
    assert worker.told("c") == [("report_campaign", "info", ["inapp"])]
    alerts = [(f["severity"], f["suppressed"]) for f in worker.bus.on("findings") if f["detector"] == "report_campaign_alert"]
    assert alerts == [("warning", "team")]
    assert await worker.back("reports") == 1
    await transfer(worker, "pays", -MINUTE, "t2", "requested")

    assert worker.told("paid") == [("report_campaign", "notice", ["email", "inapp"])]
    assert worker.told("pays") == [("report_campaign", "notice", ["email", "inapp"])]
    assert worker.told("a") == []


async def test_a_late_withdrawal_is_told_without_anybody_asking() -> None:
    """Another user's event is the occasion; the notice is the late one's."""
    worker = Worker()
    for number in range(25):
        at = -30 * HOUR + number * HOUR
        await transfer(worker, f"u{number}", at, f"t{number}", "requested", f"T{number}")
        await transfer(worker, f"u{number}", at + 5 * MINUTE, f"t{number}", "completed", f"T{number}")
    await transfer(worker, "slow", -2 * HOUR, "late", "requested", "TSlow")
    await worker.take("logins", "login", "other", -MINUTE, outcome="success")
    await worker.take("logins", "login", "other", 0.0, outcome="success")
    assert await worker.back("service-events") == 1

    assert worker.told("slow") == [("service_delayed", "info", ["inapp"])]


async def test_a_withdrawal_that_is_held_on_our_word_is_not_called_late() -> None:
    """Its owner was told why it waits."""
    worker = Worker()
    for number in range(25):
        at = -30 * HOUR + number * HOUR
        await transfer(worker, "u", at, f"t{number}", "requested", "TKnown")
        await transfer(worker, "u", at + 5 * MINUTE, f"t{number}", "completed", "TKnown")
    await transfer(worker, "u", -2 * HOUR, "held", "requested", "TKnovvn", usd="900000", balance="1000000")
    assert {action["target"] for action in worker.bus.on("account-actions")} == {"held"}
    for at in (-MINUTE, 0.0):
        await worker.take("logins", "login", "other", at, outcome="success")

    assert worker.bus.on("service-events") == []


async def test_a_problem_that_the_exchange_names_is_told_in_the_app() -> None:
    """Once, however often it says so."""
    worker = Worker()
    for number in range(3):
        await worker.take("service-events", "service", "u", -HOUR + number, subject="kyc", problem="stuck", code="DOCUMENT_BLURRED")

    assert worker.told("u") == [("service_kyc_stuck", "info", ["inapp"])]


async def test_news_of_a_ticket_is_told_each_time_in_one_thread() -> None:
    """Opened, answered, waiting, solved: four notices, of which the newest stands in the app; nothing that an agent wrote is in them."""
    worker = Worker()
    news: list[tuple[str, str | None]] = [
        ("progress", "CREATED"),
        ("progress", "AGENT_REPLIED"),
        ("progress", "WAITING_FOR_CUSTOMER"),
        ("resolved", None),
    ]
    for number, (problem, code) in enumerate(news):
        await worker.take(
            "service-events", "service", "u", -HOUR + number * MINUTE, subject="ticket", problem=problem, code=code, reference="77",
            detail={"text": "<b>call me</b>"},
        )  # fmt: skip

    notices = worker.bus.on("notices")
    assert [notice["facts"]["ticket_state"] for notice in notices] == ["opened", "answered", "waiting", "solved"]
    assert {(notice["kind"], notice["severity"], notice["thread"]) for notice in notices} == {
        ("service_ticket_progress", "info", "service:77")
    }
    assert "call me" not in str(notices)
