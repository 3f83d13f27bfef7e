"""Nothing that an attacker wrote gets into a message; the message itself is well-formed."""

from __future__ import annotations

import re
from email import message_from_bytes, policy

import jinja2
import msgspec
import pytest

from domain.events.user import PreviousContact
from notices.compose.catalogue import Words
from notices.compose.folding import Folded, skeleton
from notices.compose.mail import UnsafeHeader, build
from notices.compose.templates import UnknownKind, parts_of
from tests.unit.notices.builders import NOON, at
from tests.unit.notices.composing import EVERY, LINK, Page, compose, mail, sms, text
from tests.unit.notices.samples import notice, user

pytestmark = pytest.mark.slow

# --- hostile values ---------------------------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"><a href="https://evil.example">click</a>',
    "{{ 7*7 }}{% for x in y %}{amount}%(amount)s",
    "https://evil.example/login www.evil.example",
    "line\r\nBcc: victim@b.example\r\n\r\nbody\x00\x1f\x1b[31m",
    "\u202egnp.exe\u2066\u200f\u061c",
    "x" * 4096,
    "🦊" * 200,
    "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "",
]


FIELDS = {
    "Subject", "To", "Date", "Message-ID", "X-Vigil-Notice", "X-Vigil-Kind", "Content-Language", "Auto-Submitted", "MIME-Version", "Content-Type",
}  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_what_an_attacker_chose_stays_text(value, locale):
    """Names, places, addresses, assets and codes of any content: no markup, no second link, no header, no reversed text."""
    for name in ("account_takeover", "login_impossible_travel", "security_setting_changed:withdraw", "margin_low", "trade_burst"):
        one = notice(name)
        one = msgspec.structs.replace(one, facts={key: value or "x" if key != "change" else fact for key, fact in one.facts.items()})
        reader = user(locale=locale, anti_phishing_code=value, region=value[:8], time_zone=value)
        rendered = compose(one, reader, channels=EVERY)
        message = mail(rendered)
        page = Page(text(message, "html"))
        plain = text(message)

        assert set(message.keys()) == FIELDS
        assert page.links == ([LINK] if one.answerable else [])
        assert not {"script", "img"} & set(page.tags)
        for words in (str(message["Subject"]), plain, page.words, sms(rendered)):
            assert not re.search("[\u202a-\u202e\x00\x1b]", words)
        assert "://evil" not in plain
        assert "www.evil" not in plain
        assert len(plain) < 20_000
        assert len(message["Subject"]) < 300


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: x@y.example",
        "a@b.example, x@y.example",
        "Name <a@b.example>",
        "a b@c.example",
        "@",
        "a@",
        "",
        "a\x00@b.example",
        "<a@b.example>",
    ],
)
def test_a_contact_that_could_name_a_second_recipient_is_none(address):
    """Such a contact counts as absent: nothing is sent anywhere."""
    assert [r.channel for r in compose(notice("login_new_device"), user(email=address))] == ["inapp"]


def test_a_line_break_in_a_header_is_refused():
    """The last line of defence, should a template ever let one through."""
    values = {"notice_id": "n", "kind": "k", "locale": "en", "recipient": "a@b.example", "text": "t", "html": "h", "now": NOON, "host": "h"}
    with pytest.raises(UnsafeHeader):
        build(**values, subject="a\r\nBcc: x@y.example")
    with pytest.raises(UnsafeHeader):
        build(**(values | {"kind": "k\nX: y"}), subject="a")


def test_a_missing_value_is_an_error_never_a_gap():
    """Templates are strict: a name that isn't there stops the notice instead of leaving a hole in it."""
    with pytest.raises(jinja2.UndefinedError):
        parts_of("login_new_device", {"_": Words("en", {})})
    with pytest.raises(KeyError):
        Words("en", {})("A withdrawal of {amount}")
    with pytest.raises(UnknownKind):
        parts_of("no_such_kind", {})


def test_a_template_cannot_reach_into_python():
    """Even a hostile template gets no further than its words."""
    hostile = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    with pytest.raises(jinja2.exceptions.SecurityError):
        Folded(Words("en", {}), jinja2.DictLoader({"a": hostile})).get_template("a").render()
    with pytest.raises(jinja2.exceptions.SecurityError):
        skeleton(hostile, markup=True, fixed={}).render()


# --- the message ------------------------------------------------------------------------------------------------------


def test_the_mail_is_text_then_html_to_one_recipient():
    """multipart/alternative, lines of at most 998 bytes, CRLF throughout, no From: the sender adds it."""
    [one] = [r for r in compose(notice("account_takeover"), user(locale="zh-CN")) if r.channel == "email"]
    message = message_from_bytes(one.payload, policy=policy.default)

    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["To"] == one.recipient == "a@b.example"
    assert message["From"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Vigil-Notice"] == one.notice_id
    assert message["Subject"] == one.subject
    assert all(len(line) <= 998 for line in one.payload.split(b"\r\n"))
    assert b"\n" not in one.payload.replace(b"\r\n", b"")
    assert message.defects == []


@pytest.mark.parametrize("subject", ["short", "x" * 200, "ü" * 60, "🦊" * 40, "=?utf-8?q?tricky?=", "二段階認証が解除されました" * 6, "a"])
def test_a_subject_of_any_script_comes_back_whole(subject):
    """Folded into lines of at most 76 characters, no character cut in two."""
    values = {"notice_id": "n", "kind": "k", "locale": "en", "recipient": "a@b.example", "text": "t", "html": "h", "now": NOON, "host": "h"}
    raw = build(**values, subject=subject)

    assert message_from_bytes(raw, policy=policy.default)["Subject"] == subject
    assert all(len(line) <= 76 for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n"))


def test_message_ids_differ_by_recipient_and_name_nobody():
    """Derived from notice and recipient, readable by neither."""
    previous = [PreviousContact(kind="email", value="old@b.example", replaced_at=at(-1))]
    rendered = compose(notice("account_takeover"), user(previous_contacts=previous))
    ids = [mail(rendered)["Message-ID"], mail(rendered, "old")["Message-ID"]]

    assert len(set(ids)) == 2
    assert all(re.fullmatch(r"<[0-9a-f]{32}@exchange\.example>", name) for name in ids)


@pytest.mark.parametrize("address", ["grüße@b.example", "a@bücher.example", "o'hara+x@b.example"])
def test_addresses_beyond_ascii_are_written_for_the_wire(address):
    """A domain goes as punycode; a local part stays as it is and needs SMTPUTF8."""
    [one] = [r for r in compose(notice("login_new_device"), user(email=address)) if r.channel == "email"]
    head = one.payload.split(b"\r\n\r\n")[0].decode()

    assert one.recipient == address
    assert f"To: {address.replace('bücher', 'xn--bcher-kva')}" in head
