"""What Vigil tells by itself: events of its own go through Kafka to whoever they concern, on whichever partition he is."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from embedded.broker import Broker
from tests.support.background import wait_until
from tests.support.kafka import Kafka
from tests.support.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SCAM = "TScamAddressThatManyReported11111"


def ago(seconds: float) -> str:
    return datetime.fromtimestamp(time.time() - seconds, UTC).isoformat()


def transfer(user: str, name: str, seconds: float, status: str, address: str) -> dict[str, Any]:
    return {
        "type": "transfer", "event_id": f"{name}-{status}", "user_id": user, "occurred_at": ago(seconds), "transfer_id": name,
        "direction": "withdrawal", "status": status, "asset": "USDT", "network": "TRON", "amount": "10", "usd_value": "10",
        "address": address,
    }  # fmt: skip


def test_payers_of_a_scam_and_whoever_waits_too_long_are_told(product: Callable[..., Product], any_broker: Broker | Kafka) -> None:
    """Three users report an address that a fourth one paid; a withdrawal takes an hour where five minutes are usual."""
    one = product(any_broker)
    everyone = ["victim", "waits", *(f"reporter{n}" for n in range(4))]
    one.bus.publish_users(*({"user_id": user, "email": f"{user}@mail.example", "locale": "en"} for user in everyone))

    def told(user: str, kind: str) -> bool:
        return any((n["user_id"], n["kind"]) == (user, kind) for n in one.bus.all("notices"))

    waited = [transfer("waits", f"t{n}", 86_400 - n * 600 - late, status, "TKnown")
              for n in range(25) for status, late in (("requested", 0), ("completed", 300))]  # fmt: skip
    one.bus.publish(transfer("victim", "v", 7_200, "requested", SCAM), *waited, transfer("waits", "slow", 3_600, "requested", "TKnown"))
    for seconds in (120, 0):
        one.bus.publish({"type": "login", "event_id": f"l{seconds}", "user_id": "waits", "occurred_at": ago(seconds), "outcome": "success"})
    wait_until(lambda: told("waits", "service_delayed"), what="the late withdrawal is told")

    one.bus.publish(
        *(
            {
                "type": "report", "event_id": f"r{n}", "user_id": f"reporter{n}", "occurred_at": ago(30 - n), "subject": "scam_address",
                "text": "", "urls": [], "addresses": [SCAM], "senders": [],
            }
            for n in range(4)
        )
    )  # fmt: skip
    wait_until(lambda: told("victim", "report_campaign"), what="the victim is told")
    wait_until(lambda: any(mail.header("X-Vigil-Kind") == "report_campaign" for mail in one.mails("victim@mail.example")), what="by mail")

    assert one.bus.all("dead-letters") == []
