"""What a user is told of, on which channels, and what the exchange is asked."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.notices import load
from config.settings import SettingsError
from domain import profile
from domain.messages import OldContact
from domain.policy_rules import Rules
from domain.profile import FoundBefore, Pending, UserState
from notices.policy import Decision, Policy
from notices.told import MAX_MAILS, MAX_TOLD
from tests.unit.notices.builders import NOON, at, change, finding, login, verdict, withdrawal

POLICY = Policy(load())


def decide(findings, event=None, state=None, now=None) -> Decision:
    event = event or login(findings[0].event_id, findings[0].occurred_at)
    return POLICY.decide(event, findings, UserState() if state is None else state, now or max(f.occurred_at for f in findings))


def story(event="w1", when=NOON, transfer="t1", **more):
    return finding(
        "account_takeover", "critical", event=event, when=when, subject="first-login", facts={"transfer_id": transfer},
        story_events=["l1", "c1", event], **more,
    )  # fmt: skip


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


# --- cooldown ---------------------------------------------------------------------------------------------------------


def test_the_same_subject_is_told_once_in_its_window():
    """A second login from the new device is recorded as suppressed, not told."""
    state = UserState()
    decide([finding()], state=state)
    again = decide([finding(event="e2", when=at(5))], state=state)

    assert again.notices == []
    assert [(f.suppressed, f.notice_id) for f in again.findings] == [("cooldown", None)]


@pytest.mark.parametrize(
    ("detector", "days", "told"),
    [
        ("login_new_device", 29, False),
        ("login_new_device", 30, True),
        ("login_after_failures", 0.99, False),
        ("login_after_failures", 1, True),
    ],
)
def test_the_window_is_thirty_days_for_devices_and_one_day_otherwise(detector, days, told):
    """What was told of a device holds for a month, the rest for a day."""
    state = UserState()
    decide([finding(detector)], state=state)

    assert bool(decide([finding(detector, event="e2", when=at(24 * days))], state=state).notices) is told


def test_another_subject_is_news():
    """Another device is told at once."""
    state = UserState()
    decide([finding()], state=state)

    assert decide([finding(event="e2", subject="d10")], state=state).notices


def test_what_became_graver_breaks_out():
    """The same subject at a higher severity is told again; at a lower one not."""
    state = UserState()
    decide([finding("trade_burst", "notice", subject="BTC-USDT")], state=state)

    assert decide([finding("trade_burst", "critical", event="e2", when=at(1), subject="BTC-USDT")], state=state).notices
    assert not decide([finding("trade_burst", "warning", event="e3", when=at(2), subject="BTC-USDT")], state=state).notices


def test_a_margin_account_is_told_again_as_often_as_it_comes_near_again():
    """It had recovered in between, or the detector would have been silent: within minutes, too."""
    state = UserState()
    decide([finding("margin_low", "notice", subject="cross|80")], state=state)
    again = [finding("margin_low", "notice", event="e2", when=at(minutes=20), subject="cross|80")]

    assert decide(again, state=state).notices
    assert not decide(again, state=state).notices  # the same event published twice


def test_something_new_beside_the_known_is_told_with_it():
    """A known new device in a new country is one notice about both."""
    state = UserState()
    decide([finding()], state=state)
    found = [finding(event="e2", when=at(1)), finding("login_new_country", "warning", event="e2", when=at(1), subject="RO")]
    decision = decide(found, state=state)

    assert len(decision.notices) == 1
    assert {f.suppressed for f in decision.findings} == {None}


def test_a_late_event_counts_like_a_punctual_one():
    """A login that happened before the one told of, but arrives after it, is within the window too."""
    state = UserState()
    decide([finding(when=at(5))], state=state)

    assert not decide([finding(event="e0", when=at(0))], state=state).notices


def test_a_repeated_event_says_what_it_said_and_brings_nothing_new():
    """An event that the exchange published again gives the same findings, no notice and no action."""
    state = UserState()
    found = [finding("security_setting_changed", "warning", subject="e1")]
    first = decide(found, state=state)
    again = decide(found, state=state)

    assert again.findings == first.findings
    assert (again.notices, again.actions) == ([], [])


def test_security_changes_are_each_told():
    """Two changes in a minute are two events and two notices."""
    state = UserState()
    decide([finding("security_setting_changed", subject="e1")], state=state)

    assert decide([finding("security_setting_changed", event="e2", subject="e2")], state=state).notices


def test_another_withdrawal_in_its_cooldown_is_checked_though_not_told():
    """The second unusual withdrawal of a day doesn't slip through because the first was told."""
    state = UserState()
    large = [
        finding("withdrawal_large", "warning", event=f"w{n}", when=at(n), subject=None, facts={"transfer_id": f"t{n}"}) for n in (1, 2)
    ]
    decide(large[:1], state=state)
    second = decide(large[1:], state=state)

    assert second.notices == []
    assert [(a.action, a.target) for a in second.actions] == [("require_step_up", "t2")]


def test_a_further_withdrawal_of_a_story_is_held_under_the_notice_that_told_of_it():
    """The user was told that no further withdrawal can leave; a verdict about that notice finds this one too."""
    state = UserState()
    first = decide([story()], state=state)
    further = decide([story("w2", at(0.1), "t2")], state=state)

    assert further.notices == []
    assert [(a.action, a.target) for a in further.actions] == [("hold_withdrawal", "t2")]
    assert further.findings[0].suppressed == "cooldown"
    assert further.findings[0].notice_id == first.notices[0].notice_id


# --- throttle ---------------------------------------------------------------------------------------------------------


def test_the_sixth_email_of_an_hour_waits_for_the_digest():
    """25 new devices in two minutes are five e-mails; the rest is told in the app at once and by one digest."""
    state = UserState()
    notices = [decide([finding(event=f"e{n}", subject=f"d{n}", when=at(minutes=n / 12))], state=state).notices[0] for n in range(25)]

    assert sum("email" in notice.channels for notice in notices) == 5
    assert [notice.digest for notice in notices[5:]] == [["email"]] * 20
    assert all("inapp" in notice.channels for notice in notices)


def test_an_hour_later_there_is_room_again():
    """The budget is of any hour, not of a calendar one."""
    state = UserState()
    for n in range(5):
        decide([finding(event=f"e{n}", subject=f"d{n}", when=at(minutes=n))], state=state)

    assert decide([finding(event="x", subject="x", when=at(minutes=59))], state=state).notices[0].digest == ["email"]
    assert decide([finding(event="y", subject="y", when=at(minutes=60))], state=state).notices[0].digest == []


@pytest.mark.parametrize(
    ("detector", "severity"), [("security_setting_changed", "notice"), ("login_new_country", "warning"), ("account_takeover", "critical")]
)
def test_security_changes_and_what_is_graver_are_never_throttled(detector, severity):
    """However many mails went out, these go."""
    state = UserState()
    for n in range(8):
        decide([finding(event=f"e{n}", subject=f"d{n}")], state=state)

    notice = decide([finding(detector, severity, event="x", subject="x")], state=state).notices[0]
    assert "email" in notice.channels
    assert notice.digest == []


# --- verdicts ---------------------------------------------------------------------------------------------------------


def pending(decision: Decision) -> Pending:
    first = decision.findings[0]
    found = [FoundBefore(f.finding_id, f.detector, f.severity, f.notice_id or "") for f in decision.findings]
    return Pending(first.event_id, first.occurred_at.timestamp(), b"", found)


def test_not_me_locks_the_account_whatever_the_severity():
    """The user's word freezes the account and signs out every device, after a mere notice too."""
    state = UserState()
    told = decide([finding()], state=state)
    decision = POLICY.decide_verdict(verdict(told.notices[0].notice_id), [], [pending(told)], state, NOON)

    assert [(a.action, a.target) for a in decision.actions] == [("freeze_account", None), ("revoke_sessions", None)]
    assert all(a.finding_ids == [told.findings[0].finding_id] for a in decision.actions)


def test_not_me_locks_once_whether_said_of_event_finding_or_notice():
    """The link and the exchange's own relay of the same answer are one lock."""
    state = UserState()
    told = decide([finding()], state=state)
    for about in (told.notices[0].notice_id, told.notices[0].notice_id, "e1", told.findings[0].finding_id):
        last = POLICY.decide_verdict(verdict(about), [], [pending(told)], state, NOON)

    assert last.actions == []


def test_an_analysts_fraud_is_recorded_and_the_hold_stays():
    """Only the user's word locks; a hold stays until it lapses or is cleared."""
    state = UserState()
    told = decide([story()], state=state)
    decision = POLICY.decide_verdict(verdict("w1", source="analyst"), [], [pending(told)], state, NOON)

    assert decision.actions == []
    assert [hold.transfer_id for hold in state.policy.holds] == ["t1"]


def test_what_clears_releases_the_hold_once():
    """A verdict that clears the findings releases what was held for them."""
    state = UserState()
    told = decide([story()], state=state)
    genuine = verdict(told.notices[0].notice_id, "genuine", "analyst")
    decision = POLICY.decide_verdict(genuine, [pending(told)], [], state, at(1))

    assert [(a.action, a.target) for a in decision.actions] == [("release", "t1")]
    assert POLICY.decide_verdict(genuine, [pending(told)], [], state, at(1)).actions == []


def test_a_verdict_that_clears_nothing_releases_nothing():
    """'This was me' from the suspect session is recorded by the engine and clears nothing: the hold stays."""
    state = UserState()
    decide([story()], state=state)

    assert POLICY.decide_verdict(verdict("w1", "genuine"), [], [], state, at(1)).actions == []
    assert state.policy.holds


def test_clearing_the_sign_in_does_not_release_the_withdrawal():
    """Whoever reads the owner's mail can clear the sign-in by its link; what the story holds stays held."""
    state = UserState()
    first = decide([finding(event="l1", when=at(-1))], state=state)
    state.pending.append(pending(first))
    decide([story()], state=state)
    decision = POLICY.decide_verdict(verdict(first.notices[0].notice_id, "genuine"), [pending(first)], [], state, at(1))

    assert decision.actions == []
    assert [hold.transfer_id for hold in state.policy.holds] == ["t1"]


def test_what_an_early_verdict_cleared_is_neither_told_nor_held():
    """The analyst's word came before the event: the finding is recorded with that reason."""
    decision = decide([msgspec.structs.replace(story(), suppressed="cleared")])

    assert (decision.notices, decision.actions) == ([], [])
    assert [found.suppressed for found in decision.findings] == ["cleared"]


def test_a_device_named_fraudulent_is_told_again():
    """What was told before a fraud verdict doesn't cool down the next attempt."""
    state = UserState()
    told = decide([finding()], state=state)
    POLICY.decide_verdict(verdict("e1"), [], [pending(told)], state, NOON)

    assert decide([finding(event="e2", when=at(1))], state=state).notices


# --- state ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_state_stays_small_under_attack():
    """Ten thousand devices in a day don't swell a profile."""
    state = UserState()
    for n in range(2000):
        decide([finding(event=f"e{n}", subject=f"d{n}", when=at(minutes=n))], state=state)
        decide([story(f"w{n}", at(minutes=n), f"t{n}")], state=state)

    policy = state.policy
    assert len(policy.told) <= MAX_TOLD
    assert len(policy.mails) <= MAX_MAILS
    assert len(profile.encode(UserState(policy=policy))) < 6000


MOMENTS = st.integers(0, 60 * 24 * 40)
STREAM = st.lists(
    st.tuples(MOMENTS, st.sampled_from(["login_new_device", "login_new_country", "security_setting_changed"]), st.sampled_from("abc")),
    max_size=40,
)


@given(STREAM, st.integers())
def test_batches_change_nothing(stream, seed):
    """The same findings give the same decisions however the worker's batches cut them and whenever the profile goes through Redis."""
    cut = random.Random(seed)
    whole, parts = UserState(), UserState()
    severity = {"login_new_country": "warning"}
    for n, (minute, detector, subject) in enumerate(stream):
        one = finding(detector, severity.get(detector, "notice"), event=f"e{n}", when=at(minutes=minute), subject=subject)
        expected = POLICY.decide(login(f"e{n}"), [one], whole, one.occurred_at)
        actual = POLICY.decide(login(f"e{n}"), [one], parts, one.occurred_at)
        assert actual == expected
        if cut.random() < 0.5:
            parts = profile.decode(profile.encode(parts))


@given(STREAM)
def test_every_finding_has_its_notice_or_its_reason(stream):
    """Nothing is dropped without a word: what isn't told says why."""
    state = UserState()
    for n, (minute, detector, subject) in enumerate(stream):
        decision = decide([finding(detector, event=f"e{n}", when=at(minutes=minute), subject=subject)], state=state)
        told = {notice.notice_id for notice in decision.notices}
        assert all((f.notice_id in told) or f.suppressed for f in decision.findings)
        assert len(decision.findings) == 1


# --- config/notices.yaml ----------------------------------------------------------------------------------------------


def test_the_defaults_are_designs_table():
    """Without a file the severities bring the same."""
    assert Rules().severities == load().severities


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cooldwon: 5", "cooldwon"),
        ("throttle: {emails: none}", "$.throttle.emails"),
        ("severities: {info: {channels: [pigeon]}}", "pigeon"),
        ("severities: {info: {channels: [inapp]}}", "missing critical, notice, warning"),
        ("kinds: [", "not YAML"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path, text, words):
    """The error says where it is and what was expected."""
    file = tmp_path / "notices.yaml"
    file.write_text(text)

    with pytest.raises(SettingsError) as raised:
        load(file)
    assert words in str(raised.value)
