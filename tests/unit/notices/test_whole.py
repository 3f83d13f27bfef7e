"""Whatever can be told is told on every channel, in every language, whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email import message_from_bytes, policy

import msgspec
import pytest

from config.notices import load
from domain.messages import Asked
from notices.compose import Composer, Reader, catalogue, pseudo, view
from notices.compose.catalogue import available
from notices.compose.locales import ASKS_NOTHING
from notices.compose.pages import choice, inbox, outcome
from notices.compose.templates import kinds
from notices.compose.view import Parts, parts
from notices.preferences import OPTIONAL, class_of
from tests.support.registry import loaded
from tests.unit.notices.builders import at
from tests.unit.notices.samples import LATER, NAMES, notice, parts_of_digest, user

COMPOSER = Composer("Example Exchange", "https://exchange.example")
HTML_LIMIT = 40_000
"""Bytes; mail programs cut longer mails off, Gmail at 102 kB, and a phone in a tunnel loads less."""
BANDS = ("notice", "warning", "critical")
ASKED = ("hold_withdrawal", "require_step_up", "disable_api_key", "revoke_sessions", "freeze_account")


def told(kind: str):
    """Every sample of a kind; a margin account at each severity of its bands."""
    for name in NAMES:
        if name.split(":")[0] == kind:
            yield notice(name)
    if kind == "margin_low":
        yield from (msgspec.structs.replace(notice("margin_low"), severity=band) for band in BANDS)


def test_each_detector_and_story_can_be_told():
    """By a template of its own, with samples for the tests, in a place of the order."""
    known, rules = {name for name, entry in loaded().entries.items() if entry.audience == "user"}, load()

    assert known | {"digest"} <= set(kinds())
    assert {name.split(":")[0] for name in NAMES} == set(kinds())
    assert known <= set(rules.order) <= set(kinds())


def test_what_asks_nothing_is_what_the_rules_say():
    """The check of text messages leaves their link out of account."""
    rules = load()

    by_policy = [kind for kind in kinds() if class_of(kind) not in OPTIONAL]  # tips and announcements are made without it

    assert {kind for kind in by_policy if not rules.kind(kind).answerable} == {kind for kind in by_policy if kind.startswith(ASKS_NOTHING)}


@pytest.mark.slow
@pytest.mark.parametrize("locale", available())
def test_each_kind_goes_out_on_each_channel(locale):
    """E-mail with text and HTML that isn't too long, text message and inbox item, all in the language and none of them empty."""
    reader = user(locale=locale, region=None)
    for kind in kinds():
        for one in told(kind):
            tokens = dict.fromkeys(COMPOSER.slots(one, reader, LATER), "T" * 22)
            digest = parts_of_digest() if kind == "digest" else ()
            made = COMPOSER.compose(one, reader, tokens, LATER, digest, channels=("email", "sms", "inapp"))
            payloads = {one.channel: one.payload for one in made}
            message = message_from_bytes(payloads["email"], policy=policy.default)
            item = json.loads(payloads["inapp"])
            plain, html = (message.get_body((form,)).get_content() for form in ("plain", "html"))

            assert all(one.locale == locale for one in made)
            assert len(html.encode()) < HTML_LIMIT
            assert message["Subject"] == item["title"]
            for text in (message["Subject"], plain, html, payloads["sms"].decode(), item["title"], item["body"]):
                assert len(text.strip()) > 5
                assert "{" not in re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("locale", available())
@pytest.mark.parametrize("action", ASKED)
def test_what_was_asked_of_the_exchange_is_said(locale, action):
    """Each action has its words, and they are in no notice that it was not asked with."""
    told_of = msgspec.structs.replace(notice("api_key_drain"), asked=[])
    asked = msgspec.structs.replace(told_of, asked=[Asked(action, None, at(24))])

    assert parts(told_of, Reader(locale), "Example").held == ""
    assert len(parts(asked, Reader(locale), "Example").held) > 5


def item(name: str) -> dict:
    """The inbox item of a sample."""
    [made] = COMPOSER.compose(notice(name), None, {}, LATER, channels=("inapp",))
    return json.loads(made.payload)


def test_what_asks_nothing_says_in_the_app_why_and_what_to_do():
    """It goes nowhere else by default: how long, the cause, in numbers what to add or cut, and the article that helps."""
    delayed, margin = item("service_delayed"), item("margin_low:numbers")

    assert all(part in delayed["body"] for part in ("95 minutes", "The network is busy.", "Nothing to do."))
    assert delayed["article"] == "withdrawal-delayed"
    assert "add $120.00 or close 0.1 of BTC-USDT" in margin["body"]
    assert margin["article"] == ""


# --- nothing passes the catalogue by ----------------------------------------------------------------------------------

WORD = re.compile(r"[^\W\d_]{2,}")
NESTED = re.compile(f"{pseudo.OPEN}[^{pseudo.OPEN}{pseudo.CLOSE}]*{pseudo.CLOSE}")


def outside(text: str) -> str:
    """What of `text` didn't come from the catalogue."""
    while (less := NESTED.sub("", text)) != text:
        text = less
    return text


def without(text: str, lines: list[str]) -> str:
    """`text` without these lines."""
    for line in lines:
        text = text.replace(line, "")
    return text


@pytest.fixture
def reader(monkeypatch) -> Iterator[Reader]:
    """One who reads the language that nobody speaks, as everybody else does for the time being."""
    language = pseudo.words()
    monkeypatch.setattr(catalogue, "words", lambda locale: language)
    view._reader.cache_clear()
    yield Reader("en", "NL", "Europe/Amsterdam")
    view._reader.cache_clear()


@pytest.mark.slow
def test_no_text_of_a_notice_passes_the_catalogue_by(reader):
    """In a language in which each text is marked, no word of a notice is unmarked but values."""
    for name in NAMES:
        one = notice(name)
        words: Parts = parts(one, reader, "Example", parts_of_digest() if name == "digest" else ())
        texts = [words.level, words.subject, words.what, words.held, words.me, words.tip, *words.reasons, *words.not_me]
        texts += [line for line in words.sms if not line.endswith("…")]  # a line before that one says all of it
        texts += [fact.label for fact in words.facts]
        own = [line for key in ("title", "text") for line in one.facts.get(key, "").splitlines()]  # whoever announces wrote them
        assert [text for text in texts if WORD.search(outside(without(text, own)))] == [], name


@pytest.mark.slow
def test_no_text_of_a_page_or_mail_passes_the_catalogue_by(reader):
    """Headings, buttons and labels too."""
    one = notice("account_takeover")
    texts = list(inbox(reader).values())
    page = choice(one, reader, "Example", at(72), "K7Q2-M9XD")
    names = ("site", "title", "me", "me_note", "not_me", "not_me_note", "once", "why", "held_heading", "safe", "check")
    texts += [getattr(page, name) for name in names]
    for kind in ("me", "not_me", "answered", "expired", "unknown", "bad"):
        after = outcome(kind, reader, "Example", one)
        texts += [after.title, after.steps_heading, after.safe, *after.text, *after.steps]
    composer = Composer("Example Exchange", "https://exchange.example")  # its own: a composer keeps headings by language
    [mail] = [made for made in composer.compose(one, user(), {"current": "T" * 22}, LATER) if made.channel == "email"]
    plain = message_from_bytes(mail.payload, policy=policy.default).get_body(("plain",)).get_content()
    values = {"Example", "Exchange", "red", "fox", "https", "exchange", "example", "TTTTTTTTTTTTTTTTTTTTTT"}

    assert [text for text in texts if WORD.search(outside(text))] == []
    assert set(WORD.findall(re.sub(r"[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}", "", outside(plain)))) <= values


@pytest.mark.slow
def test_the_language_that_nobody_speaks_can_be_looked_at():
    """Every kind, values by their names."""
    for kind in kinds():
        assert all(line.startswith(pseudo.OPEN) and line.endswith(pseudo.CLOSE) for line in pseudo.show(kind)), kind
