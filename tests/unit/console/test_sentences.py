"""Every detector, story and kind has its words for the staff too."""

from __future__ import annotations

import re

import msgspec
import pytest

from console import sentences
from domain.facts import FACTS
from notices.compose.templates import kinds
from tests.support.console import finding
from tests.support.registry import loaded

ENTRIES = sorted(loaded().entries)
SAMPLE = {"change": "mfa_disabled", "changes": "mfa_disabled,limit_raised", "previous_change": "phone_changed", "ip_restricted": "no"}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_finding_is_said_across_the_desk(name):
    """In a sentence of its own, with what was seen in it, and whole where nothing was."""
    found = finding("f", name, "warning", "e", "u7", 0, {})
    bare = sentences.sentence(found)
    full = sentences.sentence(msgspec.structs.replace(found, facts={fact: SAMPLE.get(fact, f"<{fact}>") for fact in FACTS}))

    assert name in sentences.TITLES
    assert not bare.endswith(" on this account.") or name == "withdrawal_large"
    assert "…" not in bare  # what stands in for a fact is not cut as one
    assert full != bare or name == "login_new_browser"
    for said in (bare, full):
        assert re.fullmatch(r"[A-Z0-9<?].*[.]", said), said
        assert not re.search(r"\bNone\b|  | [,.;]|: [.,]", said), said


@pytest.mark.parametrize("name", ENTRIES)
def test_what_stands_out_is_named(name):
    """Each reason that a detector may give."""
    assert [feature for feature in loaded().entries[name].why if feature not in sentences.FEATURES] == []


@pytest.mark.parametrize("kind", kinds())
def test_a_kind_of_notice_has_a_title(kind):
    """Not its name with the underscores taken out."""
    assert kind in sentences.TITLES or kind.startswith(tuple(sentences.FAMILIES))
