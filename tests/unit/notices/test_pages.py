"""The answer pages and the digest."""

from __future__ import annotations

import pytest

from notices.compose import Reader
from notices.compose.catalogue import available
from notices.compose.pages import choice, inbox, outcome
from notices.digest import digest_notice
from tests.unit.notices.builders import NOON, at
from tests.unit.notices.samples import notice, parts_of_digest

BRAND = "Example Exchange"


QUESTIONS = ("login_new_device", "withdrawal_large", "security_setting_changed:mfa_disabled", "trade_burst", "account_takeover")


@pytest.mark.parametrize("locale", available())
def test_each_question_can_be_asked_in_each_language(locale):
    """Both answers with what each brings, until when, and how to check that the page is real."""
    for name in QUESTIONS:
        page = choice(notice(name), Reader(locale, zone="Europe/Amsterdam"), BRAND, at(72), "K7Q2-M9XD")
        assert page.locale == locale
        assert page.number == "K7Q2-M9XD"
        assert "13:00" in page.once
        assert len({page.title, page.me, page.not_me, page.me_note, page.not_me_note}) == 5
        assert "{" not in "".join([page.title, page.lead, page.once, page.held, page.check, *page.reasons])


@pytest.mark.parametrize("locale", available())
def test_each_outcome_has_its_page(locale):
    """In the notice's language; after "not me" with the next steps."""
    for kind in ("me", "not_me", "answered", "expired", "unknown", "bad"):
        page = outcome(kind, Reader(locale), BRAND, notice("account_takeover"))
        assert page.title
        assert page.text
        assert bool(page.steps) == (kind == "not_me")


def test_outcomes_without_a_notice_have_a_page_too():
    """An unknown token belongs to no notice."""
    assert outcome("unknown", Reader("xx"), BRAND).locale == "en"


@pytest.mark.parametrize("locale", available())
def test_the_inbox_has_its_labels(locale):
    """No label is missing or told twice."""
    labels = inbox(Reader(locale))

    assert all(labels.values())


def test_a_digest_names_its_parts_and_is_the_same_made_twice():
    """Whatever the order in which the parts come."""
    parts = parts_of_digest()
    one, other = digest_notice("u7", parts, NOON), digest_notice("u7", parts[::-1], NOON)

    assert one == other
    assert set(one.parts) == {part.notice_id for part in parts}
    assert (one.channels, one.answerable) == (["email"], False)
    assert digest_notice("u7", parts[:1], NOON).notice_id != one.notice_id
