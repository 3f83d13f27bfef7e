"""The notify process sends tips by itself: on a real broker, Redis, SQL and SMTP, driven by the topic `users` alone."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from embedded.broker import Broker
from notices.tips.library import library
from tests.support.background import wait_until
from tests.support.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def zone_by_day() -> str:
    """A time zone in which it is about noon."""
    hour = datetime.now(UTC).hour
    return f"Etc/GMT{hour - 12:+d}" if hour != 12 else "Etc/GMT"


def test_a_user_gets_one_tip_by_mail_and_in_the_app(product: Callable[..., Product], embedded_broker: Broker):
    """Where it is day; who sleeps, and who muted tips, gets none."""
    settings = {"VIGIL_TIPS__ENABLED": "true", "VIGIL_TIPS__EVERY": "86400", "VIGIL_TIPS__REPORT_EVERY": "0"}
    one = product(embedded_broker, workers=0, settings=settings)
    night = f"Etc/GMT{(datetime.now(UTC).hour - 2 + 12) % 24 - 12:+d}"
    people = [
        {"user_id": "awake", "email": "awake@mail.example", "time_zone": zone_by_day()},
        {"user_id": "asleep", "email": "asleep@mail.example", "time_zone": night},
        {"user_id": "muted", "email": "muted@mail.example", "time_zone": zone_by_day(), "preferences": {"channels": {"tip": []}}},
    ]
    one.bus.publish_users(*people)
    one.start_worker("--role", "notify")
    (mail,) = wait_until(lambda: [*one.smtp.mails, *one.smtp2.mails], what="the tip")
    receipt = one.bus.wait("receipts", notice_id=mail.notice_id, channel="inapp")

    assert mail.recipients == ["awake@mail.example"]
    assert mail.header("X-Vigil-Kind") in {tip.id for tip in library()}
    assert "/u/" in mail.header("List-Unsubscribe")
    assert receipt["status"] == "delivered"
