"""The page of what reached nobody, and sending it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.services import Services
from domain.messages import SmsCost
from tests.support.console import NASTY, NOW
from tests.support.told import notice, receipt, rendered
from tests.unit.console.conftest import csrf


def failed(made: Services, number: int, reason: str, channel: Any = "email") -> str:
    """A delivery that failed; its id."""
    n = notice(number, created_at=NOW, occurred_at=NOW)
    one = rendered(n, channel)
    with made.store.transaction(NOW) as transaction:
        transaction.add_notice(n, [one])
    made.store.outbox.record([(receipt(one, "failed", at=NOW, provider=None, provider_id=None, reason=reason), None)])
    return one.delivery_id


def test_reasons_are_grouped_and_foreign_words_are_text(fresh: Services, browse: Callable[..., Any]) -> None:
    """A provider's words may hold anything."""
    for number in (901, 902):
        failed(fresh, number, "given up after a day: SMTP 451")
    failed(fresh, 903, NASTY)
    page = browse(fresh, "ana").get("/deliveries")

    assert page.status_code == 200
    assert "Send all 2 again" in page.text
    assert NASTY not in page.text
    assert "mei@mail.example" not in page.text


def test_sending_all_of_one_reason_again_leaves_the_others(fresh: Services, browse: Callable[..., Any]) -> None:
    """Two wait for the outage's end, one for a contact; the ledger says who asked."""
    down = {failed(fresh, number, "SMTP: Connection refused") for number in (901, 902)}
    other = failed(fresh, 903, "no provider configured")
    client = browse(fresh, "ana")
    asked = {"csrf": csrf(fresh, client), "status": "failed", "channel": "email", "reason": "SMTP: Connection refused"}
    answer = client.post("/deliveries/redrive", data=asked, follow_redirects=False)

    claimed = {d.rendered.delivery_id: d for d in fresh.store.outbox.claim("me", fresh.now(), 1000, 30)}
    assert (answer.status_code, answer.headers["location"]) == (303, "/deliveries?status=failed&queued=2")
    assert down <= claimed.keys()
    assert other not in claimed
    rows = fresh.queries.deliveries_of([notice(901).notice_id])
    assert [row["reason"] for row in rows] == ["sent again by ana"]


def test_one_can_be_sent_again_by_itself_and_nothing_by_a_form_that_names_nothing(fresh: Services, browse: Callable[..., Any]) -> None:
    """A form without a delivery and without a reason is refused: it would mean everything."""
    one = failed(fresh, 901, "SMTP 451")
    client = browse(fresh, "adam")
    token = {"csrf": csrf(fresh, client), "status": "failed", "channel": "email"}
    nothing = client.post("/deliveries/redrive", data=token, follow_redirects=False)
    done = client.post("/deliveries/redrive", data=token | {"delivery_id": one}, follow_redirects=False)

    assert (nothing.status_code, done.status_code) == (400, 303)
    assert "1 queued again" in client.get(done.headers["location"]).text


def test_who_may_not_send_sees_no_button(fresh: Services, browse: Callable[..., Any]) -> None:
    """Compliance looks, and asks others."""
    failed(fresh, 901, "SMTP 451")
    page = browse(fresh, "carl").get("/deliveries")

    assert "SMTP 451" in page.text
    assert "Send again" not in page.text


def test_what_texts_cost_is_shown_by_country(fresh: Services, browse: Callable[..., Any]) -> None:
    """With the sum of each currency, and what has no price said as such."""
    for number, sms in ((901, SmsCost(country="TW", segments=2, cost="0.069", currency="EUR")), (902, SmsCost(country="DE", segments=1))):
        n = notice(number, created_at=NOW, occurred_at=NOW)
        text = rendered(n, "sms")
        with fresh.store.transaction(NOW) as transaction:
            transaction.add_notice(n, [text])
        fresh.store.outbox.record([(receipt(text, at=NOW, provider="smsgw", sms=sms), None)])
    page = browse(fresh, "adam").get("/deliveries").text

    assert "0.07 EUR" in page
    assert "no price" in page
    assert "2 segments for 0.07 EUR, 1 segments without a price" in page
