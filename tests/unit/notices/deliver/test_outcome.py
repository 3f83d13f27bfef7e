"""What a provider's words may say, and what its answers mean."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices.deliver.foreign import judge as judge_foreign
from notices.deliver.outcome import Refused, Sent, Unavailable, Unsure, is_dead, scrub, status_of
from notices.deliver.smsgw import judge, retry_after
from notices.deliver.smtp import on_the_wire

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "recipient"),
    [
        ("550 5.1.1 <bob.miller@mail.example>: no such user", "bob.miller@mail.example"),
        ("550 5.1.1 user BOB.MILLER unknown at mail.example", "bob.miller@mail.example"),
        ("number +886 912 345 678 is not a mobile", "+886912345678"),
        ("886912345678 barred, see https://gw.example/x?to=886912345678", "+886912345678"),
    ],
)
def test_a_reply_that_echoes_the_contact_is_scrubbed(said: str, recipient: str):
    """Neither the contact nor a part of it is left in a reason."""
    words = scrub(said, recipient).lower()

    for part in ("bob", "miller", "mail.example", "912", "345", "678", "gw.example"):
        assert part not in words


def test_a_scrubbed_reply_keeps_its_code_and_meaning():
    """What compliance wants to know stays."""
    assert scrub("552 5.2.2 Mailbox full", "bob@mail.example") == "552 5.2.2 Mailbox full"


@pytest.mark.parametrize(
    ("said", "status", "dead"),
    [
        ("SMTP 550 5.1.1 …: no such user", "5.1.1", True),
        ("SMTP 550 5.1.10 recipient unknown", "5.1.10", True),
        ("SMTP 552 5.2.2 mailbox full", "5.2.2", False),
        ("SMTP 450 4.1.1 try again", "4.1.1", False),
        ("SMTP 550 5.7.1 blocked, you are 5.1.1.7", "5.7.1", False),
        ("SMTP 550 listed: 5.1.1.7, 15.1.1", "", False),
    ],
)
def test_a_mail_server_s_word_for_no_such_mailbox_is_known(said: str, status: str, dead: bool):
    """By its enhanced status alone: an address of the network, a full mailbox or a policy is none."""
    assert (status_of(said), is_dead(status_of(said))) == (status, dead)


@pytest.mark.slow
@given(st.text(), st.emails())
def test_no_reply_brings_the_address_through(text: str, address: str):
    """Wherever the address stands in a reply, it doesn't come out, and the reason stays one short line."""
    words = scrub(f"{text}<{address}>{text}", address)

    assert address not in words
    assert len(words) <= 120
    assert words.isprintable() or not words.isascii()
    assert "\n" not in words


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"id": "gw-1"}', Sent("gw-1")),
        (202, b'{"id": 17}', Sent("17")),
        (200, b'{"error": "no credit"}', Unsure("HTTP 200 without the id of a text")),
        (200, b"<html>", Unsure("HTTP 200 without the id of a text")),
        (400, b'{"error": "not a number"}', Refused("HTTP 400 not a number")),
        (422, b"", Refused("HTTP 422")),
        (429, b"", Unavailable("HTTP 429", whole=False, pause=7.0)),
        (500, b"", Unavailable("HTTP 500", pause=7.0)),
        (503, b"[]", Unavailable("HTTP 503", pause=7.0)),
        (302, b"", Unavailable("HTTP 302")),
    ],
)
def test_what_an_answer_of_the_gateway_means(status: int, body: bytes, expected: object):
    """2xx with an id is taken, 429 and 5xx are for later, other 4xx are refusals; a 200 without an id is neither."""
    assert expected == judge(status, {"Retry-After": "7"}, body, "+886912345678")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, 0), ("", 0), ("30", 30), ("-5", 0), ("soon", 0), ("Sun, 22 Nov 2026 10:00:20 GMT", 20), ("Sun, 22 Nov 2020 10:00:20 GMT", 0)],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float):
    """Both forms of RFC 9110 are read, what can't be read is no pause."""
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    ("taken", "heard", "expected"),
    [
        (True, [], Sent(None)),
        (False, ["Failed to send Twilio notification to +886912345678: Bad Request, error=400."], Refused("twilio: HTTP 400")),
        (False, ["... error=429."], Unavailable("twilio: HTTP 429", whole=False)),
        (False, ["... error=503."], Unavailable("twilio: HTTP 503")),
        (False, ["... error=401."], Unavailable("twilio: HTTP 401")),
        (False, ["... error=402."], Unavailable("twilio: HTTP 402")),
        (False, ["... error=404."], Refused("twilio: HTTP 404")),
        (False, ["A Connection error occurred sending Twilio"], Unavailable("twilio: no answer")),
    ],
)
def test_what_a_foreign_plugin_means_is_read_from_its_log(taken: bool, heard: list[str], expected: object):
    """Apprise says yes or no; the HTTP status is in its log line, and the number in that line goes nowhere."""
    assert expected == judge_foreign("twilio", taken, heard)


@pytest.mark.slow
@given(st.binary())
def test_a_message_on_the_wire_ends_once_and_never_within(body: bytes):
    """Every line ends in CRLF, no line of the message is a lone dot, and the last one is."""
    wire = on_the_wire(body)

    assert wire.endswith(b"\r\n.\r\n") or wire == b".\r\n"
    assert b"\r\n.\r\n" not in wire[:-3]
    assert b"\n" not in wire.replace(b"\r\n", b"")
    assert b"\r" not in wire.replace(b"\r\n", b"")


def test_a_leading_dot_is_doubled():
    """RFC 5321 section 4.5.2."""
    assert on_the_wire(b".a\n..b\r\nc.\r\n") == b"..a\r\n...b\r\nc.\r\n.\r\n"
