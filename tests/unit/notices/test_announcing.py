"""Announcements, pure: languages, times, whom they are for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import Announcement, User
from domain.policy_rules import Rules
from notices import announcing, lateness
from notices.announcing import Stake
from notices.compose.catalogue import available
from notices.compose.templates import kinds
from notices.preferences import class_of, is_optional

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def announcement(**fields: Any) -> Announcement:
    values = {
        "type": "announcement", "event_id": "e1", "user_id": "*", "occurred_at": AT, "kind": "maintenance", "severity": "notice", "starts_at": AT,
        "ends_at": AT + timedelta(hours=2), "audience": {}, "title": {"en": "Title"}, "body": {"en": "Text"},
    }  # fmt: skip
    return msgspec.convert(values | fields, Announcement)


def texts(**both: str) -> dict[str, Any]:
    return {
        "title": {name.replace("_", "-"): text for name, text in both.items()},
        "body": {name.replace("_", "-"): text for name, text in both.items()},
    }


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (texts(en="a", zh="b"), {"en", "zh-CN"}),
        (texts(zh="a", zh_CN="b"), {"zh-CN"}),
        (texts(zh_Hant="a", pt="b", pt_PT="c"), {"zh-TW", "pt-BR"}),
        (texts(en="a", it="b", xx="c"), {"en"}),
        ({"title": {"en": "a", "de": "b"}, "body": {"en": "a"}}, {"en"}),
        (texts(en="   "), set()),
        (texts(en="\u200b\u2060\u00ad", de="a"), {"de"}),
    ],
    ids=[
        "a language alone",
        "the exact one first",
        "as locales are negotiated",
        "languages nobody writes",
        "no body",
        "blank",
        "what nobody sees",
    ],
)
def test_texts_are_found_by_the_languages_that_vigil_writes(given_: dict[str, Any], expected: set[str]):
    """Each with title and body."""
    found = announcing.texts(announcement(**given_))

    assert set(found) == expected
    assert found.get("zh-CN", ("b",))[0] == "b"


@pytest.mark.parametrize(
    ("locale", "region", "chosen"),
    [("de", None, "de"), ("ja", None, "en"), ("ja", "DE", "de"), (None, "AT", "de"), (None, None, "en"), ("tlh", "XX", "en")],
)
def test_who_has_no_text_gets_his_regions_then_the_default_ones(locale: str | None, region: str | None, chosen: str):
    """Whatever the directory says."""
    text = announcing.written(announcement(**texts(en="a", de="b")), User(user_id="u", locale=locale, region=region), "en")

    assert text is not None
    assert text.locale == chosen
    assert announcing.written(announcement(**texts(ko="c")), User(user_id="u", locale=locale), "en").locale == "ko"  # type: ignore[union-attr]


def test_an_end_is_when_it_says_so():
    """`expires_at`, else `ends_at`; what has no length may be told for a week."""
    assert announcing.ends(announcement(expires_at=AT + timedelta(hours=1))) == AT + timedelta(hours=1)
    assert announcing.ends(announcement()) == AT + timedelta(hours=2)
    assert announcing.ends(announcement(ends_at=AT)) == AT + timedelta(days=7)
    assert announcing.begins(announcement(send_at=AT + timedelta(days=1))) == AT + timedelta(days=1)


def test_each_kind_has_its_words_and_its_class():
    """So that preferences find it: tips among tips."""
    names = {kind: announcing.kind_of(kind) for kind in announcing.KINDS}

    assert set(names.values()) <= set(kinds())
    assert all(is_optional(name) for name in names.values())
    assert {kind for kind, name in names.items() if class_of(name) == "tip"} == {"tip"}


def test_a_version_has_an_id_of_its_own_for_each_reader():
    """The same made twice is one notice; another version's, another reader's, is another."""

    def name(event: str, user: str) -> str:
        one, text = announcement(event_id=event), announcing.Written("en", "Title", "Text", own=True)
        return announcing.announced(one, User(user_id=user), Stake(), text, thread="a", first=True, rules=Rules(), now=AT).notice_id

    assert name("e1", "u1") == name("e1", "u1")
    assert len({name("e1", "u1"), name("e2", "u1"), name("e1", "u2")}) == 3


def test_nothing_is_said_of_orders_that_the_reader_does_not_have():
    """Nor of protection that nobody promised."""
    text = announcing.Written("en", "Title", "Text", own=True)

    def facts(stake: Stake, **fields: Any) -> dict[str, str]:
        one = announcement(**fields)
        return announcing.announced(one, User(user_id="u"), stake, text, thread="a", first=True, rules=Rules(), now=AT).facts

    mine = Stake(markets=("BTC-USDT", "ETH-USDT"))
    assert "open_orders" not in facts(Stake(), orders={"effect": "paused"})
    assert facts(mine)["open_orders"] == "BTC-USDT,ETH-USDT"
    assert not {"effect", "protected_from"} & facts(mine).keys()
    assert facts(mine, orders={"effect": "kept", "markets": ["eth/usdt"]})["open_orders"] == "ETH-USDT"
    assert "open_orders" not in facts(mine, kind="rule_change")
    assert "open_orders" not in facts(mine, status="cancelled")


@given(
    st.builds(
        User, user_id=st.just("u"), locale=st.one_of(st.none(), st.text(max_size=12)), region=st.one_of(st.none(), st.text(max_size=4)),
        tier=st.sampled_from([None, "regular", "vip"]), holds=st.one_of(st.none(), st.lists(st.text(max_size=8), max_size=3)),
    ),
    st.dictionaries(st.sampled_from(["en", "zh", "pt-PT", "xx", "", "a b", "zh_Hant_HK"]), st.text(max_size=20), max_size=4),
    st.lists(st.text(max_size=8), max_size=3),
)  # fmt: skip
def test_whatever_is_written_nobody_gets_a_language_without_words(user: User, title: dict[str, str], names: list[str]):
    """Odd records and odd announcements end in a text of a language that Vigil writes, or in none."""
    one = announcement(title=title, body=dict.fromkeys(title, "Text"), audience={"holds": names, "region": names, "locale": names})
    text = announcing.written(one, user, "en")

    assert text is None or text.locale in available()
    assert isinstance(announcing.reaches(one, user, announcing.stake_of(user, None), "en"), bool)


def test_the_audience_is_looked_for_again_until_a_notice_would_wait_no_longer():
    """Soon at first, last when a reader who isn't in the directory is given up."""

    def looks(contact_wait: float) -> list[float]:
        waits = [announcing.look_again(looks, contact_wait) for looks in range(1, 7)]
        return [sum(w.total_seconds() for w in waits[: n + 1] if w) for n, wait in enumerate(waits) if wait]

    assert looks(600) == [5, 30, 120, 600]
    assert looks(20) == [5, 20]


def test_what_ends_an_announcement_is_told_after_its_time():
    """But what began too long ago isn't, nor what is over before it was read."""
    day, late = timedelta(days=1), AT + timedelta(hours=3)

    assert announcing.too_late(announcement(), AT, day) is None
    assert announcing.too_late(announcement(), late, day) == announcing.OVER
    assert announcing.too_late(announcement(status="resolved"), late, day) is None
    assert announcing.too_late(announcement(status="resolved"), AT + 2 * day, day) == lateness.TOO_OLD
