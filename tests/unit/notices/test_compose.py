"""What a reader gets: language, order, time, amounts, code, link."""

from __future__ import annotations

import json
import re

import msgspec
import pytest

from domain.events.user import PreviousContact
from domain.messages import Asked
from notices.compose import Composer
from notices.compose.catalogue import available
from notices.compose.sms import measure
from tests.unit.notices.builders import at
from tests.unit.notices.composing import CODES, EVERY, KINDS, LINK, TOKEN, Page, compose, inbox, mail, sms, text
from tests.unit.notices.samples import NAMES, notice, user

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
        if not name.startswith(("tip_", "announcement_")):  # those tell of no event of the reader's
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
        "BTC",
        "BTC-USDT",
        "ETH-USDT",
        "UTC",
        "SMS",
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


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW", "ja", "ko", "ar", "ru"])
def test_no_english_is_left_in_other_scripts(locale):
    """Beside names, codes and the number of the notice no Latin word remains."""
    for name in NAMES:
        rendered = compose(notice(name), user(locale=locale, region=None), channels=EVERY)
        message = mail(rendered)
        words = "\n".join([str(message["Subject"]), text(message), sms(rendered)])
        words = re.sub(r"#[0-9A-Z]{8}\b|\b(?:C-)?[0-9A-Z]{4}-[0-9A-Z]{4}(?![0-9A-Za-z])|TQ\w+", "", words)
        assert set(LATIN.findall(words)) - NAMES_IN_LATIN == set(), name


@pytest.mark.slow
@pytest.mark.parametrize("locale", available())
def test_a_text_message_holds_both_codes_and_the_link(locale):
    """With a link of 60 characters, in every language and with an anti-phishing code in any script; with a longer one the check code goes
    first."""
    near, far = (Composer("Example Exchange", "https://exchange.example" + "e" * more, check_code=CODES.of) for more in (11, 21))
    assert len(near.answer_url(TOKEN)) == 60
    for code in ("red-fox", "さくら21さくら21さくら21さくら"):
        for name in NAMES:
            one = notice(name)
            words = sms(compose(one, user(locale=locale, anti_phishing_code=code), near, ("sms",)))
            longer = sms(compose(one, user(locale=locale, anti_phishing_code=code), far, ("sms",)))
            assert measure(words).segments <= 2, words
            assert words.endswith(f" #{CODES.of(one.notice_id).replace('-', '')} [{code}]"), words
            assert (near.answer_url(TOKEN) in words) == one.answerable
            assert longer.endswith(f"[{code}]"), longer


@pytest.mark.parametrize("locale", ["tr", "vi", "ru", "ar"])
def test_a_text_message_asks_rather_than_names_the_exchange(locale):
    """In 134 characters there is no room for both: a link without a question says nothing of what it is for."""
    words = sms(
        compose(notice("account_takeover"), user(locale=locale), Composer("Example Exchange", "https://exchange.example"), ("sms",))
    )

    assert "?" in words.split("https:")[0].replace("؟", "?"), words


def test_mail_and_inbox_show_the_check_code():
    """Both parts of the mail, and the item; an account manager's copy shows none."""
    one = notice("login_new_country")
    rendered = compose(one, user(), channels=EVERY)
    code = CODES.of(one.notice_id)

    assert code in text(mail(rendered))
    assert code in Page(text(mail(rendered), "html")).words
    assert inbox(rendered)["number"] == code


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.parametrize("code", ["red.fox", "blue.whale.app", "me@home.example", "c:/red", "“red–fox”", "赤い。fox"])
def test_the_code_is_shown_as_its_owner_set_it(code):
    """He compares it letter by letter. In the mail's HTML no stretch of text holds a host that a mail reader would make a link of."""
    rendered = compose(notice("withdrawal_large"), user(anti_phishing_code=code))
    html = text(mail(rendered), "html")

    assert f"Your anti-phishing code: {code}" in text(mail(rendered)).split("\r\n")
    assert f"Your anti-phishing code: {code}" in Page(html).words
    assert f"[{code}]" in sms(rendered)
    host = re.compile(r"\w[.@。/]\w|:/")
    shown = html.partition("Your anti-phishing code:")[2].partition("</strong>")[0]
    assert not any(host.search(stretch) for stretch in re.split("<[^>]*>", shown))


def test_a_code_brings_neither_a_link_nor_what_is_not_seen():
    """Who took the account may have set it."""
    rendered = compose(notice("withdrawal_large"), user(anti_phishing_code="https://www.evil\u200b.test\r\nBcc: \u202ex"))

    assert "Your anti-phishing code: evil.test Bcc: x" in text(mail(rendered)).split("\r\n")
    assert "[evil.test Bcc: x]" in sms(rendered)
    assert Page(text(mail(rendered), "html")).links == [LINK]


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


@pytest.mark.slow
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
