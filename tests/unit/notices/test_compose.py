"""What a reader gets: language, order, time, amounts, code, link; and nothing that an attacker wrote into it."""

from __future__ import annotations

import json
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

import jinja2
import msgspec
import pytest

from domain.events import User
from domain.events.user import PreviousContact
from domain.messages import Asked, Notice
from domain.ports import Rendered
from notices.compose import Composer
from notices.compose.catalogue import Words, available
from notices.compose.folding import Folded, skeleton
from notices.compose.mail import UnsafeHeader, build
from notices.compose.sms import measure
from notices.compose.templates import UnknownKind, parts_of
from tests.unit.notices.builders import NOON, at
from tests.unit.notices.samples import LATER, NAMES, notice, parts_of_digest, user

COMPOSER = Composer("Example Exchange", "https://exchange.example")
TOKEN = "T" * 22
KINDS = list({name.split(":")[0]: name for name in NAMES}.values())
LINK = f"https://exchange.example/n/{TOKEN}"
EVERY = ("email", "sms", "inapp")


def compose(one: Notice, reader: User | None, composer: Composer = COMPOSER, channels=None) -> list[Rendered]:
    tokens = dict.fromkeys(composer.slots(one, reader, LATER), TOKEN)
    return composer.compose(one, reader, tokens, LATER, parts_of_digest() if one.kind == "digest" else (), channels=channels)


def mail(rendered: list[Rendered], slot: str = "current") -> EmailMessage:
    [one] = [r for r in rendered if r.channel == "email" and (r.slot == slot or (slot == "old" and r.slot.startswith("old-")))]
    return message_from_bytes(one.payload, policy=policy.default)


def text(message: EmailMessage, kind: str = "plain") -> str:
    return message.get_body((kind,)).get_content()


def sms(rendered: list[Rendered]) -> str:
    [one] = [r for r in rendered if r.channel == "sms"]
    return one.payload.decode()


def inbox(rendered: list[Rendered]) -> dict:
    [one] = [r for r in rendered if r.channel == "inapp"]
    return json.loads(one.payload)


class Page(HTMLParser):
    """Links, directions and visible words of a mail's HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.words = ""
        self.root: dict[str, str | None] = {}
        self._hidden = 0
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "action", "background")]
        self._hidden += tag in ("style", "title", "script")
        if tag == "html":
            self.root = values

    def handle_endtag(self, tag):
        self._hidden -= tag in ("style", "title", "script")

    def handle_data(self, data):
        if not self._hidden:
            self.words += data


# --- each kind in each language ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("locale", available())
def test_each_kind_is_whole_in_each_language(locale):
    """Every channel renders, without a placeholder left, with code, number and link in both parts of the mail."""
    reader = user(locale=locale, region=None)
    for name in KINDS:
        one = notice(name)
        rendered = compose(one, reader, channels=EVERY)
        message = mail(rendered)
        plain, page = text(message), Page(text(message, "html"))
        for words in (message["Subject"], plain, page.words, sms(rendered)):
            assert not re.search(r"[{}]|None|\bundefined\b", words)
        assert "red-fox" in plain
        assert "red-fox" in page.words
        assert message["Content-Language"] == locale
        assert page.links == ([LINK] if one.answerable else [])
        assert plain.count("http") == (1 if one.answerable else 0)
        assert page.root["lang"] == locale
        assert page.root["dir"] == ("rtl" if locale == "ar" else "ltr")
        assert "13:00" in plain
        assert len(plain.splitlines()) > 15


LATIN = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")
NAMES_IN_LATIN = frozenset(
    [
        "App",
        "API",
        "Example",
        "Exchange",
        "exchange",
        "example",
        "red-fox",
        "Firefox",
        "Linux",
        "Chrome",
        "Windows",
        "macOS",
        "iPhone",
        "Toronto",
        "Berlin",
        "USDT",
        "USD",
        "US",
        "https",
        "k",
        "cross",
        "isolated",
        "BTC-USDT",
        "n",
        "Tor",
        "VPN",
        "python-requests",
        "NETWORK",
        "CONGESTED",
        "withdrawal-delayed",
        "okx-verify",
    ]
) | {TOKEN}


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW", "ja", "ko", "ar", "ru"])
def test_no_english_is_left_in_other_scripts(locale):
    """Beside names, codes and the number of the notice no Latin word remains."""
    for name in NAMES:
        rendered = compose(notice(name), user(locale=locale, region=None), channels=EVERY)
        message = mail(rendered)
        words = "\n".join([str(message["Subject"]), text(message), sms(rendered)])
        words = re.sub(r"[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}|TQ\w+", "", words)
        assert set(LATIN.findall(words)) - NAMES_IN_LATIN == set(), name


@pytest.mark.parametrize("locale", available())
def test_a_text_message_takes_two_segments_at_most(locale):
    """With a link of 70 characters and a code of 20 in any script; amount, link and code are never dropped."""
    composer = Composer("Example Exchange", "https://exchange.example" + "e" * 21)
    link = composer.answer_url(TOKEN)
    assert len(link) == 70
    for code in ("red-fox", "olive&oil 1234567890", "蓝鲸-88", "さくら21さくら21さくら21さくら"):
        for name in NAMES:
            one = notice(name)
            words = sms(compose(one, user(locale=locale, anti_phishing_code=code), composer, ("sms",)))
            assert measure(words).segments <= 2, words
            assert words.endswith(f"[{code}]") or one.severity == "info"  # by text message only as a last resort
            assert (link in words) == one.answerable
            assert "amount" not in one.facts or "125050" in re.sub(r"[^\d]", "", words.split("http")[0])


# --- order and words --------------------------------------------------------------------------------------------------


def test_a_notice_keeps_its_order():
    """What happened; when, where, device; why; what is held; answer; if it was you; if not, numbered; a tip; code; how to check."""
    plain = text(mail(compose(notice("account_takeover"), user())))
    order = [
        "Please act now", "We are holding a withdrawal", "Someone signed in", "When:", "Where:", "Device:", "Why it stands out", "What we have done",
        "Answer: was it you?", LINK, "If it was you", "If it was not you", "1. ", "2. ", "3. ", "4. ", "Good to know", "Your anti-phishing code: red-fox",
        "open the app yourself",
    ]  # fmt: skip
    places = [plain.find(part) for part in order]

    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("locale", available())
def test_a_notice_claims_only_what_was_asked(locale):
    """The words about a hold follow what the exchange was asked for, in each language."""
    told = notice("withdrawal_large")
    held = msgspec.structs.replace(told, asked=[Asked("hold_withdrawal", "t1", at(24))])
    nothing = msgspec.structs.replace(told, asked=[])
    subjects = [compose(one, user(locale=locale))[0].subject for one in (told, held, nothing)]
    bodies = [
        json.loads(next(r.payload for r in compose(one, user(locale=locale)) if r.channel == "inapp"))["body"]
        for one in (told, held, nothing)
    ]

    assert len(set(subjects)) == 3
    assert len(set(bodies)) == 3
    assert bodies[0].startswith(bodies[2])
    assert bodies[1].startswith(bodies[2])


def test_no_notice_speaks_of_scores_or_alarms():
    """No score, threshold or alarm word reaches a reader."""
    for name in NAMES:
        rendered = compose(notice(name), user(), channels=EVERY)
        words = (text(mail(rendered)) + sms(rendered)).lower()
        assert not re.search(
            r"!|urgent|suspicious|unauthori[sz]ed|compromised|hacked|score|detector|threshold|\bsession\b|\btoken\b|0\.9", words
        )


def test_a_changed_contact_tells_the_old_one_why():
    """The mail to the replaced contact says why it comes there."""
    one = notice("account_takeover")
    previous = [PreviousContact(kind="email", value="old@b.example", replaced_at=at(-24 * 10))]
    rendered = compose(one, user(previous_contacts=previous))

    assert "until recently" in text(mail(rendered, "old"))
    assert "until recently" not in text(mail(rendered))


def test_a_notice_without_a_directory_entry_is_still_composed_for_the_app():
    """In-app never waits for contacts; the default language is used and said."""
    [one] = compose(notice("login_new_device"), None)

    assert (one.channel, one.locale, one.locale_reason) == ("inapp", "en", "default")


def test_a_reader_without_a_code_is_told_how_to_get_one():
    """No empty brackets, no empty bold."""
    rendered = compose(notice("withdrawal_large"), user(anti_phishing_code=None))

    assert "You have no anti-phishing code yet" in text(mail(rendered))
    assert "[" not in sms(rendered)


def test_the_code_can_be_left_out_of_text_messages():
    """`notices.code_in_sms: false`."""
    composer = Composer("Example Exchange", "https://exchange.example", code_in_sms=False)

    assert "red-fox" not in sms(compose(notice("withdrawal_large"), user(), composer))


def test_the_inbox_item_holds_neither_link_nor_code():
    """What lies in Redis opens nothing."""
    item = inbox(compose(notice("withdrawal_large"), user()))

    assert {"title", "body", "severity", "kind", "created_at"} <= set(item)
    assert TOKEN not in json.dumps(item)
    assert "red-fox" not in json.dumps(item)


def test_the_inbox_item_says_what_may_be_answered():
    """Yes or no to a security notice, nothing to a margin call."""
    items = {kind: inbox(compose(notice(kind), user())) for kind in ("withdrawal_large", "margin_low")}

    assert {kind: item["actions"] for kind, item in items.items()} == {"withdrawal_large": ["me", "not_me"], "margin_low": []}


def test_the_same_notice_renders_to_the_same_bytes():
    """A kill in the middle of a send repeats the same message under the same Message-ID."""
    assert compose(notice("account_takeover"), user()) == compose(notice("account_takeover"), user())


def test_a_template_version_changes_with_language():
    """The ledger names the very words that were used."""
    names = {compose(notice("login_new_device"), user(locale=locale, region=None))[0].template for locale in available()}

    assert len(names) == len(available())
    assert all(re.fullmatch(r"login_new_device@[0-9a-f]{8}", name) for name in names)


# --- times, zones, amounts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "clock"),
    [
        ("Asia/Tokyo", "21:00"),
        ("America/New_York", "07:00"),
        ("Asia/Kathmandu", "17:45"),
        ("Mars/Olympus", "12:00"),
        ("../etc/passwd", "12:00"),
        (None, "12:00"),
        ("\x00", "12:00"),
    ],
)
def test_times_are_in_the_readers_zone(zone, clock):
    """An unknown zone reads as UTC, and says so."""
    plain = text(mail(compose(notice("login_new_device"), user(time_zone=zone))))

    assert clock in plain
    assert (clock != "12:00") or "UTC" in plain


@pytest.mark.parametrize(
    ("amount", "locale", "said"),
    [
        ("2.40", "en", "2.40 BTC"),
        ("0.00000001", "en", "0.00000001 BTC"),
        ("1250.000000", "en", "1,250 BTC"),
        ("1250.500000", "de", "1.250,50 BTC"),
        ("123456789012345678901234567890.123456789012345678", "en", "123,456,789,012,345,678,901,234,567,890.123456789012345678 BTC"),
        ("18400", "zh-CN", "18,400 BTC"),
    ],
)
def test_amounts_are_exact(amount, locale, said):
    """No digit is rounded away, however many there are."""
    one = notice("withdrawal_large")
    one = msgspec.structs.replace(one, facts=one.facts | {"amount": amount, "asset": "BTC"})

    assert said in text(mail(compose(one, user(locale=locale))))


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
