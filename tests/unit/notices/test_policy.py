"""What a user is told of, on which channels, and what the exchange is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.notices import load
from domain import profile
from domain.messages import OldContact
from domain.profile import FoundBefore, Pending, UserState
from notices.policy import Policy
from tests.unit.notices.builders import NOON, at, change, finding, login, withdrawal
from tests.unit.notices.deciding import decide, story

# --- the severity table ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detector", "severity", "facts", "channels", "asked"),
    [
        ("login_new_browser", "info", {}, ["inapp"], []),
        ("login_new_device", "notice", {}, ["email", "inapp"], []),
        ("login_after_failures", "notice", {}, ["email", "inapp"], []),
        ("withdrawal_new_address", "notice", {"transfer_id": "t1"}, ["email", "inapp"], []),
        ("trade_burst", "notice", {}, ["email", "inapp"], []),
        ("trade_burst", "warning", {}, ["email", "sms", "inapp"], []),
        ("withdrawal_large", "warning", {"transfer_id": "t1"}, ["email", "sms", "inapp"], [("require_step_up", "t1")]),
        ("withdrawal_lookalike_address", "warning", {"transfer_id": "t1"}, ["email", "sms", "inapp"], [("require_step_up", "t1")]),
        ("withdrawal_rapid_drain", "warning", {"transfer_id": "t1"}, ["email", "sms", "inapp"], [("require_step_up", "t1")]),
        ("login_new_country", "warning", {}, ["email", "sms", "inapp"], [("require_step_up", None)]),
        ("login_impossible_travel", "warning", {}, ["email", "sms", "inapp"], [("require_step_up", None)]),
        ("security_setting_changed", "warning", {"api_key": "k1"}, ["email", "sms", "inapp"], [("require_step_up", None)]),
        ("security_setting_changed", "notice", {}, ["email", "inapp"], []),
        ("security_setting_changed", "info", {}, ["email", "inapp"], []),
        ("account_takeover", "critical", {"transfer_id": "t1"}, ["email", "sms", "inapp"], [("hold_withdrawal", "t1")]),
        ("margin_low", "notice", {}, ["email", "inapp"], []),
        ("margin_low", "warning", {}, ["email", "sms", "inapp"], []),
        ("margin_low", "critical", {}, ["email", "sms", "inapp"], []),
    ],
)
def test_a_severity_brings_its_channels_and_what_is_asked(detector, severity, facts, channels, asked):
    """Each row of the severity table: who is told through what, and what the exchange is asked."""
    decision = decide([finding(detector, severity, facts=facts)])

    [notice] = decision.notices
    assert (notice.kind, notice.severity, notice.channels, notice.digest) == (detector, severity, channels, [])
    assert [(a.action, a.target) for a in decision.actions] == asked
    assert [(a.action, a.target) for a in notice.asked] == asked
    assert all(a.expires_at == NOON + timedelta(hours=24) for a in decision.actions)


def test_a_margin_call_goes_stale_and_asks_no_answer():
    """A warning of liquidation is not sent half an hour later."""
    [notice] = decide([finding("margin_low", "critical", subject="cross|95")]).notices

    assert notice.expires_at == NOON + timedelta(minutes=30)
    assert not notice.answerable


@pytest.mark.parametrize(("what", "kind"), [("email_changed", "email"), ("phone_changed", "phone")])
def test_a_changed_contact_names_the_old_and_the_new_one(what, kind):
    """The old contact is told even before the directory knows of the change, the new one as well."""
    decision = decide([finding("security_setting_changed", subject="e1")], change(what, old="old@b.example", new="new@b.example"))

    assert decision.notices[0].old_contacts == [OldContact(kind, "old@b.example")]
    assert decision.notices[0].new_contacts == [OldContact(kind, "new@b.example")]


def test_a_replaced_contact_is_told_of_what_is_critical_for_thirty_days():
    """From the event of the change, whether the directory remembers it or not; other severities keep to the current contact."""
    state = UserState()
    changed = change("email_changed", "c1", at(-1), old="old@b.example", new="new@b.example")
    decide([finding("security_setting_changed", event="c1", when=at(-1), subject="c1")], changed, state)

    soon = decide([story()], withdrawal("w1"), state)
    later = decide([story("w2", at(24 * 29), "t2")], withdrawal("w2", at(24 * 29)), state)
    too_late = decide([story("w3", at(24 * 30), "t3")], withdrawal("w3", at(24 * 30)), state)
    milder = decide([finding("withdrawal_large", "warning", event="w4", when=at(1))], withdrawal("w4", at(1)), state)

    old = [OldContact("email", "old@b.example")]
    assert [d.notices[0].old_contacts for d in (soon, later, too_late, milder)] == [old, old, [], []]
    assert all(d.notices[0].new_contacts == [] for d in (soon, later))


def test_the_latest_four_replaced_contacts_are_kept_once_each():
    """Whoever changes the address ten times fills no profile; the same change twice counts once, a late one by its own time."""
    state = UserState()
    for n in [*range(10), 8, 8]:
        event = change("phone_changed", f"c{n}", at(n), old=f"+4917000000{n}")
        decide([finding("security_setting_changed", event=f"c{n}", when=at(n), subject=f"c{n}")], event, state)
    late = change("email_changed", "c-late", at(-1), old="first@b.example")
    decide([finding("security_setting_changed", event="c-late", when=at(-1), subject="c-late")], late, state)

    assert [one.value[-1] for one in state.policy.replaced] == ["6", "7", "8", "9"]
    assert profile.decode(profile.encode(state)).policy.replaced == state.policy.replaced


def test_an_old_event_is_recorded_but_asks_nothing():
    """A hold that has lapsed already is not asked for when a history is loaded."""
    decision = decide([story()], now=at(24 * 30))

    assert len(decision.notices) == 1
    assert decision.actions == []


def test_a_notice_claims_no_hold_that_has_lapsed():
    """Where events a week old are still told: the hold of a day was never asked for, and the words must not say so."""
    decision = Policy(load(), 7 * 86_400).decide(withdrawal("w1"), [story()], UserState(), at(25))

    assert (decision.notices[0].asked, decision.actions) == ([], [])


# --- too old to be told -----------------------------------------------------------------------------------------------


def test_what_was_too_old_to_be_told_silences_nothing_that_is_live():
    """The notice of a login of the day before yesterday is made, to be recorded as expired; the same country now is told."""
    state = UserState()
    old = decide([finding("login_new_country", "warning", event="e0", when=at(-26), subject="RO")], state=state, now=NOON)
    live = decide([finding("login_new_country", "warning", event="e1", subject="RO")], state=state, now=NOON)

    assert [len(old.notices), len(live.notices)] == [1, 1]
    assert (old.notices[0].asked, old.actions) == ([], [])
    assert [a.action for a in live.actions] == ["require_step_up"]


def test_what_was_too_old_to_be_told_uses_up_no_mail():
    """A history of fifty devices leaves the hour's five e-mails to what happens now."""
    state = UserState()
    for n in range(50):
        decide([finding(event=f"old{n}", when=at(-24.1), subject=f"d{n}")], state=state, now=NOON)

    assert state.policy.mails == []
    assert len(decide([finding(when=at(-23.9), subject="d99")], state=state, now=NOON).notices[0].channels) == 2
    assert len(state.policy.mails) == 1


@pytest.mark.parametrize(("seconds", "asks"), [(59, True), (61, False)])
def test_nothing_is_asked_with_a_notice_that_nobody_reads(seconds, asks):
    """With a shorter `notices.late_after` as well: neither the first withdrawal nor a further one is held."""
    policy, state = Policy(load(), 60), UserState()
    now = NOON + timedelta(seconds=seconds)
    first = policy.decide(withdrawal("w1"), [story()], state, now)
    second = policy.decide(withdrawal("w2"), [story("w2", transfer="t2")], state, now)

    assert [bool(d.actions) for d in (first, second)] == [asks, asks]
    assert bool(state.policy.holds) is asks


# --- merging ----------------------------------------------------------------------------------------------------------


def test_findings_on_one_event_make_one_notice_named_by_the_gravest():
    """A login from a new device in a new country is told once, as the new country."""
    found = [
        finding("login_new_device", facts={"device": "Firefox on Linux", "country": "DE"}),
        finding("login_new_country", "warning", facts={"country": "RO"}),
    ]
    decision = decide(found)

    [notice] = decision.notices
    assert notice.kind == "login_new_country"
    assert set(notice.finding_ids) == {f.finding_id for f in found}
    assert notice.facts == {"country": "RO", "device": "Firefox on Linux"}
    assert {f.notice_id for f in decision.findings} == {notice.notice_id}
    assert notice.detectors == {"login_new_device": "1", "login_new_country": "1"}


def test_the_declared_order_decides_between_equals():
    """Of a large withdrawal to a look-alike address the address is what the user must see."""
    found = [finding("withdrawal_large", "warning"), finding("withdrawal_lookalike_address", "warning")]

    assert decide(found).notices[0].kind == "withdrawal_lookalike_address"
    assert decide(found[::-1]).notices[0] == decide(found).notices[0]


def test_what_a_verdict_cleared_before_it_came_is_published_and_asks_nobody():
    """Topics have no common order: the owner's word may come before the event."""
    found = finding("withdrawal_large", "warning", facts={"transfer_id": "t1"}, suppressed="cleared")
    decision = decide([found])

    assert (decision.findings, decision.notices, decision.actions) == ([found], [], [])


def test_a_story_takes_its_members_in():
    """The notice of a takeover is about the findings on its earlier events as well."""
    state = UserState(pending=[Pending("l1", 0.0, b"", [FoundBefore("f-login", "login_new_device", "notice")])])
    decision = decide([story(), finding("withdrawal_new_address", event="w1", subject="bc1q")], state=state)

    [notice] = decision.notices
    assert notice.kind == "account_takeover"
    assert "f-login" in notice.finding_ids
    assert len(notice.finding_ids) == 3


def test_a_story_is_named_by_the_event_that_completes_it_whichever_comes_last():
    """When the login arrives after the withdrawal, the takeover has the id it would have had."""
    punctual = decide([story()], withdrawal("w1"))
    late = decide([finding(event="l1", when=at(-1)), story()], login("l1", at(-1)))

    assert late.notices[-1].notice_id == punctual.notices[0].notice_id
    assert [n.group for n in late.notices] == ["l1", "w1"]


def test_a_finding_that_waits_knows_its_notice():
    """So that a verdict about the notice finds the event."""
    one = finding()
    state = UserState(pending=[Pending("e1", NOON.timestamp(), b"", [FoundBefore(one.finding_id, one.detector, one.severity)])])
    decision = decide([one], state=state)

    assert state.pending[0].found[0].notice_id == decision.notices[0].notice_id
