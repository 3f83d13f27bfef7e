"""What a user is not told again, and how many mails an hour he gets."""

from __future__ import annotations

import pytest

from domain.profile import UserState
from tests.unit.notices.builders import at, finding
from tests.unit.notices.deciding import decide, story

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
