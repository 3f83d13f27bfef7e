"""Callbacks of providers: what is believed, and what it says."""

from datetime import UTC, datetime, timedelta

import pytest

from notices.receipts import signed, twilio

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
AT = str(int(NOW.timestamp()))
BODY = b'{"id":"p1","status":"delivered"}'
KEY = "a key that both of us know"
URL = "https://vigil.example/api/receipts/twilio"
TOKEN = "12345"


def test_what_is_signed_and_fresh_is_believed():
    """Up to five minutes either way, for clocks differ."""
    for seconds in (-300, 0, 300):
        signed.verify(KEY, AT, signed.signature(KEY, AT, BODY), BODY, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("key", "at", "body", "late"),
    [
        ("another key of somebody else", AT, BODY, 0),
        (KEY, str(int(AT) - 1), BODY, 0),
        (KEY, AT, BODY + b" ", 0),
        (KEY, AT, BODY, 301),
        (KEY, AT, BODY, -301),
    ],
)
def test_what_was_altered_is_old_or_of_another_is_not_believed(key, at, body, late):
    """Whatever of it it is."""
    given = signed.signature(KEY, AT, BODY)
    expected = signed.verify
    with pytest.raises(signed.Unverified):
        expected(key, at, given, body, NOW + timedelta(seconds=late))


@pytest.mark.parametrize("at", ["", "now", "-1", "1e9", "٣", "9" * 40])
def test_a_time_that_is_none_is_refused(at):
    """Without an error of its own."""
    with pytest.raises(signed.Unverified):
        signed.verify(KEY, at, signed.signature(KEY, at, BODY), BODY, NOW)


def test_without_a_key_nothing_is_believed():
    """A provider that was set up with an empty one is closed."""
    with pytest.raises(signed.Unverified):
        signed.verify("", AT, signed.signature("", AT, BODY), BODY, NOW)


def test_several_are_read_at_once_and_what_is_no_news_is_left_out():
    """One provider's word is bound to what that provider took; contacts are scrubbed."""
    body = b'[{"id":7,"status":"sent"},{"id":8,"status":"bounced","reason":"550 no mei@mail.example here","dead":true,"extra":1}]'

    (one,) = signed.read("smsgw", body)

    assert (one.provider, one.provider_id, one.status, one.dead) == ("smsgw", "8", "bounced", True)
    assert one.reason == "550 no … here"


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b'{"id":"x","status":"opened"}', b'{"id":null,"status":"sent"}', b"\xff"])
def test_what_can_not_be_understood_is_said(body):
    """In words, for whoever set the provider up."""
    with pytest.raises(signed.Malformed):
        signed.read("smsgw", body)


def test_twilios_own_example_verifies():
    """The signature that its documentation gives for this URL and form."""
    url = "https://example.com/myapp.php?foo=1&bar=2"
    fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675310"),
        ("Digits", "1234"),
        ("From", "+14158675310"),
        ("To", "+18005551212"),
    ]

    assert twilio.signature("12345", url, fields) == "L/OH5YylLD5NRKLltdqwSvS0BnU="


@pytest.mark.parametrize(
    ("form", "status", "dead"),
    [
        (b"MessageSid=SM1&MessageStatus=delivered&To=%2B886912345678", "delivered", False),
        (b"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30005", "bounced", True),
        (b"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30007", "bounced", False),
        (b"MessageSid=SM1&MessageStatus=failed&ErrorCode=30001", "failed", False),
        (b"SmsSid=SM1&SmsStatus=failed&ErrorCode=21614", "bounced", True),
    ],
)
def test_twilios_words_are_read(form, status, dead):
    """A number that doesn't exist is told from a filter that was in the way."""
    from urllib.parse import parse_qsl

    (one,) = twilio.read(TOKEN, URL, twilio.signature(TOKEN, URL, parse_qsl(form.decode())), form)

    assert (one.provider_id, one.channel, one.status, one.dead) == ("SM1", "sms", status, dead)
    assert "886" not in (one.reason or "")


def test_a_form_that_twilio_did_not_sign_is_refused():
    """For another URL, or with a field more."""
    form = b"MessageSid=SM1&MessageStatus=delivered"
    given = twilio.signature(TOKEN, URL, [("MessageSid", "SM1"), ("MessageStatus", "delivered")])

    assert len(twilio.read(TOKEN, URL, given, form)) == 1
    for token, url, body in ((TOKEN, URL + "?x", form), (TOKEN, URL, form + b"&x=1"), ("", URL, form), ("1", URL, form)):
        with pytest.raises(signed.Unverified):
            twilio.read(token, url, given, body)
