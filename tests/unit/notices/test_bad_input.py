"""Whatever an attacker can write into an event, a report or a user's record, its reader sees a short line of plain text, and no link."""

from __future__ import annotations

import re
from functools import cache
from html import unescape

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.messages import Notice, Reason
from notices.compose.formats import clean
from tests.unit.notices.composing import EVERY, KINDS, LINK, Page, compose, inbox, mail, sms, text
from tests.unit.notices.samples import notice, user
from tests.unit.notices.test_compose_safe import FIELDS

WORST = (
    "<script>alert(1)</script><a href='https://evil.test/x'>y</a><img src=x onerror=z>&lt;b&gt; {{ 7*7 }}{% raw %}{amount}%(x)s${x}"
    "\r\nBcc: v@evil.test\r\n\r\n--=_\u202egnp.evil.test\u2066\u200bh\u200bttps\u200b://evil.test/login www.evil.test mailto:a@evil.test"
    "\x00\x1b[31m\ufeff\u2028" + "Ω" * 10_000
)
PIECES = [
    "<b>", "</td></table>", "<!--", "]]>", "&amp;", "&#60;", "{{ x }}", "{% if %}", "{amount}", "%s", "${7*7}", "#{7}", "\r\n", "\n\n", "\r\nBcc: a@evil.test",
    "\u202e", "\u2066", "\u2069", "\u200b", "\u200d", "\ufeff", "\x00", "\x07", "\x1b[2J", "https://", "hthttps://tps://", "www.", "wwwwww..", "mailto:", "evil.test",
    "evil．test", "evil。test", "EVIL.TEST/login", "user@evil.test", "//", ":", ".", "javascript:", " ", "\u00a0", "\u3000", "a", "Ж", "漢", "ب", "🦊", "\u0301" * 40, "x" * 3_000, '"', "'", "`", "\\", "=?utf-8?q?x?=",
]  # fmt: skip
LIVE = re.compile(r"(?i)[a-z][a-z0-9+.-]*://\S+|www\.\w|mailto:\S|javascript:\S|[\w-][.．｡][a-z]{2,}\b|(?<=[a-z0-9])。(?=[a-z]{2})")
"""What mail readers, phones and apps make a link of by themselves."""
UNSEEN = re.compile("[\u202a-\u202e\u200b\u200e\u200f\u2060\ufeff\u2028\u2029\x00\x07\x1b]")
MARKUP = re.compile(r"<(style|title)\b.*?</\1>|<[^>]*>", re.DOTALL)
TRUE_LINKS = (LINK, "exchange.example")
KEPT = frozenset(["change", "subject", "campaign_role", "mfa", "permissions", "cause", "anonymity"])
"""Facts that are words of ours by the time they are facts; some of them decide which sentence is said."""


def poisoned(one: Notice, value: str, keep: frozenset[str] = KEPT) -> Notice:
    """The notice with the value wherever an event's own text may stand."""
    facts = {key: fact if key in keep else value for key, fact in one.facts.items()}
    reasons = [Reason(reason.feature, value, value, reason.contribution) for reason in one.reasons]
    return msgspec.structs.replace(one, facts=facts, reasons=reasons)


@cache
def tags(name: str, locale: str) -> frozenset[str]:
    """The markup of a kind's mail when nobody means harm."""
    return frozenset(Page(text(mail(compose(notice(name), user(locale=locale), channels=EVERY)), "html")).tags)


def check(name: str, locale: str, value: str, keep: frozenset[str] = KEPT) -> None:
    """Composes with the value everywhere, and looks at every channel."""
    value = f"A {value}" if name.startswith("announcement") else value  # a blank title is refused where announcements are taken
    reader = user(locale=locale, region=value[:8], time_zone=value[:40], anti_phishing_code=value)
    rendered = compose(poisoned(notice(name), value, keep), reader, channels=EVERY)
    message = mail(rendered)
    html, item = text(message, "html"), inbox(rendered)
    page = Page(html)
    seen = {
        "subject": str(message["Subject"]), "text": text(message), "html": unescape(MARKUP.sub("\n", html)), "sms": sms(rendered), "title": item["title"], "body": item["body"],
    }  # fmt: skip

    assert set(message.keys()) <= FIELDS | {"List-Unsubscribe"}
    assert set(page.links) <= {LINK}
    assert set(page.tags) <= tags(name, locale)
    for where, words in seen.items():
        for known in TRUE_LINKS:
            words = words.replace(known, "")
        if where in ("text", "sms"):  # of no power beyond its letters: test_compose.py holds what is done with it
            words = words.replace(clean(value, 64, own=True), "")
        assert not LIVE.search(words), (where, LIVE.search(words))
        assert not UNSEEN.search(words), where
    assert len(seen["subject"]) < 300
    assert len(seen["text"]) < 12_000
    assert len(item["body"]) < 4_000


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["en", "ar", "ja"])
def test_the_worst_of_all_in_each_kind(locale: str) -> None:
    """Markup, template syntax, line breaks, reversed text, hidden links and ten thousand letters at once, in each field of each kind."""
    for name in KINDS:
        check(name, locale, WORST)


@pytest.mark.slow
@given(
    name=st.sampled_from(KINDS),
    locale=st.sampled_from(["en", "ar", "zh-CN", "de"]),
    pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=8),
)
def test_whatever_it_is_put_together_from(name: str, locale: str, pieces: list[str]) -> None:
    """A link may come about by what is taken away between its parts."""
    check(name, locale, "".join(pieces), frozenset())


@given(st.text(max_size=300))
def test_any_text_becomes_one_short_line(value: str) -> None:
    """Of at most the limit, without anything that is not seen, and the same when it is cleaned again."""
    line = clean(value, 40)

    assert len(line) <= 40
    assert line == clean(line, 40)
    assert not LIVE.search(line)
    assert not UNSEEN.search(line)
    assert "\n" not in line


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://evil.test/login", "evil[.]test/login"),
        ("h\u200bttps\u200b://evil.test", "evil[.]test"),
        ("http:www.//evil.test", "evil[.]test"),
        ("mailto:help@evil.test", "help@evil[.]test"),
        ("пример.рф", "пример[.]рф"),
        ("evil．test", "evil[.]test"),
        ("\u202egnp.exe", "gnp[.]exe"),
        ("Firefox 142.0.1 on Windows", "Firefox 142.0.1 on Windows"),
        ("St. John's", "St. John's"),
        ("好的。世界", "好的。世界"),
        ("x" * 200, "x" * 63 + "…"),
    ],
)
def test_what_could_be_a_link_stays_readable_and_is_none(written: str, read: str) -> None:
    """As security people write it; numbers and sentences stay as they are, what is too long ends in an ellipsis."""
    assert clean(written) == read


def test_an_exchange_may_be_called_by_its_host() -> None:
    """Its own words are not those of a stranger."""
    assert clean("Exchange.example", 40, own=True) == "Exchange.example"
