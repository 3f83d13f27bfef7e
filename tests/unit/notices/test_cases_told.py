"""What the detectors find in their own cases is told whole: the words fit the facts as they come, not only as samples have them."""

from __future__ import annotations

import re

import pytest

from config.notices import load
from detectors.cases import play
from detectors.registry import Entry
from domain.facts import FACTS, FEATURES
from domain.messages import Finding
from domain.profile import UserState
from notices.compose import Reader
from notices.compose.reasons import SPOKEN
from notices.compose.view import Parts, parts
from notices.policy import Policy
from tests.support.registry import loaded
from tests.unit.notices.builders import login

pytestmark = pytest.mark.slow

REGISTRY = loaded()
TOLD = [entry for entry in REGISTRY.entries.values() if entry.audience == "user"]
POLICY = Policy(load(), late_after=None)
ODD = re.compile(r"[{}]|\bNone\b|\(\)|: [.,]|  |\s[.,;]|\.\.|: ?$")
"""What a missing value would leave behind."""
SILENT = {
    "withdrawal_mule_address",
    "withdrawal_mass_drain",
    "withdrawal_listed_address",
    "withdrawal_condemned_address",
    "account_whitelist_off",
}
"""Their reason stands in the first sentence already."""


def found(entry: Entry) -> list[Finding]:
    """What the detector finds in its firing cases."""
    outcomes = [play(REGISTRY, entry, case) for case in entry.cases if case.get("fires")]
    return [finding for outcome in outcomes for finding in outcome.findings if finding.detector == entry.id]


def told(finding: Finding, locale: str) -> Parts:
    """The notice of it, in words."""
    [notice] = POLICY.decide(login(finding.event_id, finding.occurred_at), [finding], UserState(), finding.occurred_at).notices
    return parts(notice, Reader(locale), "Example")


@pytest.mark.parametrize("entry", TOLD, ids=lambda entry: entry.id)
def test_what_a_detector_finds_is_told_whole(entry):
    """Every firing case, in English and in a language with isolates: no gap, no empty bracket, every fact and feature a known one."""
    findings = found(entry)
    assert findings
    for finding in findings:
        assert set(finding.facts) <= set(FACTS)
        assert {reason.feature for reason in finding.reasons} <= set(FEATURES)
        for locale in ("en", "ar"):
            words = told(finding, locale)
            for text in (words.subject, words.what, words.me, words.tip, *words.reasons, *words.not_me, *words.sms):
                assert not ODD.search(text), text
            assert all(words.sms)


@pytest.mark.parametrize("entry", TOLD, ids=lambda entry: entry.id)
def test_a_reason_that_can_be_said_is_said(entry):
    """At least one of the firing cases has a sentence of its own below the first."""
    speaking = [f for f in found(entry) if any(reason.feature in SPOKEN for reason in f.reasons)]

    assert not speaking or entry.id in SILENT or any(told(finding, "en").reasons for finding in speaking)
