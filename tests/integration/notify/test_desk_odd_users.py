"""What is odd about a user's record keeps nobody from being told: the notice reaches what is left, and the ledger says what was odd."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from ledger.explain import as_text, explain
from ledger.verify import verify
from tests.integration.notify.desk import Bench, words

ODD: dict[str, tuple[dict[str, Any], set[str], str]] = {
    "no contact at all": ({"email": None, "phone": None}, {"inapp"}, "email: the user has no address"),
    "no e-mail address": ({"email": None}, {"sms", "inapp"}, "email: the user has no address"),
    "an invalid address": ({"email": "mei at mail"}, {"sms", "inapp"}, "email: what the user has is not an address"),
    "an address that would be two": ({"email": "a@b.example, c@d.example"}, {"sms", "inapp"}, "email: what the user has is not an address"),
    "no phone": ({"phone": None}, {"email", "inapp"}, "sms: the user has no phone number"),
    "a phone that is none": ({"phone": "call me"}, {"email", "inapp"}, "sms: what the user has is not a phone number"),
    "an unknown zone": ({"time_zone": "Mars/Olympus"}, {"email", "sms", "inapp"}, "time zone: unknown, so times are in UTC"),
    "no zone": ({"time_zone": None}, {"email", "sms", "inapp"}, "time zone: none, so times are in UTC"),
    "an unknown language": ({"locale": "tlh", "region": None}, {"email", "sms", "inapp"}, "locale: not one that Vigil writes, so en by default"),
    "a language of another region": ({"locale": "tlh", "region": "JP"}, {"email", "sms", "inapp"}, "locale: not one that Vigil writes, so ja by region"),
    "markup for a language": ({"locale": "<b>", "region": "\r\nX: y"}, {"email", "sms", "inapp"}, "locale: not one that Vigil writes, so en by default"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_it_reaches_what_is_left_and_the_ledger_says_so(bench: Bench, name: str) -> None:
    """At once, on each channel that there is a way to; what is written down names no contact."""
    record, reached, note = ODD[name]
    bench.user(**record)
    notice = msgspec.structs.replace(bench.notice(), channels=["email", "sms", "inapp"])
    bench.take(notice)
    rows = bench.claimed()
    found = explain(bench.store.book, bench.store.ledger, notice.notice_id)

    assert set(rows) == reached
    assert found
    assert note in as_text(found)
    assert all(str(value) not in as_text(found) for key, value in record.items() if value and key in ("email", "phone"))
    assert verify(bench.store.book, bench.store.ledger).ok


def test_a_phone_that_nobody_reaches_is_made_up_for_by_mail(bench: Bench) -> None:
    """The gateway refuses the number: the mail takes the place of the text, and both are in the ledger."""
    bench.user()
    bench.take(msgspec.structs.replace(bench.notice(), channels=["sms", "inapp"]))
    bench.ends(bench.claimed()["sms"], "rejected", "HTTP 422: unreachable", "email")
    bench.later(seconds=2)
    bench.desk.tend()
    rows = bench.claimed()

    assert set(rows) == {"email"}
    assert "Mei" not in words(rows["email"])
    assert ("sms", "rejected", "HTTP 422: unreachable") in bench.receipts()


def test_a_user_whom_nobody_knows_yet_is_told_in_the_app(bench: Bench) -> None:
    """And the ledger says that the record was missing."""
    notice = bench.notice()
    bench.take(notice)
    found = explain(bench.store.book, bench.store.ledger, notice.notice_id)

    assert set(bench.claimed()) == {"inapp"}
    assert found
    assert "the user is not in the directory yet" in as_text(found)


def test_what_nothing_can_be_made_of_is_logged_without_its_value(bench: Bench) -> None:
    """As a field of a wrong type is: once, when the record is taken. What is in order is not."""
    with capture_logs() as said:
        bench.user(email="mei at mail", phone="call me", time_zone="Mars/Olympus", locale="tlh", tier="gold")
        bench.user(user_id="u8")

    assert [entry["fields"] for entry in said] == [["tier", "email", "phone", "time_zone", "locale"]]
    assert not any(value in str(said) for value in ("mei at mail", "call me", "Olympus", "tlh", "gold"))
