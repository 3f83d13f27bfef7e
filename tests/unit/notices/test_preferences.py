"""What a reader chose is honoured, but never against his safety."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.notices import load
from domain.events.user import Preferences, QuietHours, User
from domain.messages import Notice
from notices.notes import notes
from notices.preferences import class_of, next_digest, quiet_until, way
from tests.support import told

RULES = load()
TAIPEI, BERLIN = "Asia/Taipei", "Europe/Berlin"
NIGHT = QuietHours(start="22:00", end="08:00")
MIDNIGHT = datetime(2026, 11, 22, 16, tzinfo=UTC)
"""In Taipei."""
MORNING = datetime(2026, 11, 23, 0, tzinfo=UTC)
"""08:00 there."""


def user(zone: str | None = TAIPEI, **wanted: Any) -> User:
    return User(user_id="u7", time_zone=zone, preferences=Preferences(**wanted))


def notice(kind: str = "login_new_device", severity: Any = "notice", **fields: Any) -> Notice:
    return told.notice(kind=kind, severity=severity, **({"channels": ["email", "sms", "inapp"]} | fields))


@pytest.mark.parametrize(
    ("kind", "name"),
    [("tip", "tip"), ("tip_phishing", "tip"), ("announcement_maintenance", "announcement"), ("service_delayed", "service"),
     ("margin_low", "margin"), ("login_new_device", "security"), ("report_campaign", "security"), ("digest", "digest")],
)  # fmt: skip
def test_each_kind_is_of_one_class(kind: str, name: str):
    """Its family's; what is of no other class is security."""
    assert class_of(kind) == name


def test_a_muted_channel_is_left_out_with_the_reason():
    """A tip in the app only."""
    got = way(notice("tip_phishing", "info"), user(channels={"tip": ["inapp"]}), MORNING, RULES)

    assert got.notice.channels == ["inapp"]
    assert got.notice.suppressed == dict.fromkeys(["email", "sms"], "muted by the user's preferences (tip)")


def test_a_kind_is_chosen_before_its_class():
    """Who mutes security e-mails but wants those of new devices gets them."""
    wanted = user(channels={"security": [], "login_new_device": ["email"]})

    assert way(notice(), wanted, MORNING, RULES).notice.channels == ["email", "inapp"]
    assert way(notice("login_new_browser"), wanted, MORNING, RULES).notice.channels == ["inapp"]


def test_what_concerns_the_account_stays_in_the_app():
    """Only tips and announcements can be muted there."""
    wanted = user(channels={"security": [], "tip": []})

    assert way(notice(), wanted, MORNING, RULES).notice.channels == ["inapp"]
    assert way(notice("tip", "info"), wanted, MORNING, RULES).notice.channels == []


@pytest.mark.parametrize(
    ("kind", "severity"), [("login_new_country", "warning"), ("session_theft", "critical"), ("security_setting_changed", "notice")]
)
def test_nobody_can_mute_or_delay_a_grave_notice(kind: str, severity: str):
    """Nor a changed security setting: whoever took the account over could have chosen it."""
    wanted = user(channels={"security": [], kind: []}, quiet_hours=NIGHT, digest="daily")
    told_of = notice(kind, severity)

    got = way(told_of, wanted, MIDNIGHT, RULES)

    assert (got.notice, got.held, got.until) == (told_of, frozenset(), None)


def test_quiet_hours_hold_what_would_ring():
    """E-mail and SMS wait until they end; in the app it is at once."""
    got = way(notice(), user(quiet_hours=NIGHT), MIDNIGHT, RULES)

    assert (got.held, got.until) == ({"email", "sms"}, MORNING)
    assert got.reason == "quiet hours of the user until 2026-11-23T00:00Z"


def test_a_grave_margin_breaks_out_of_quiet_hours():
    """At 3 a.m. it is the only hour that helps; a tip waits whatever it says."""
    wanted = user(quiet_hours=NIGHT)

    assert not way(notice("margin_low", "warning"), wanted, MIDNIGHT, RULES).held
    assert way(notice("tip", "critical"), wanted, MIDNIGHT, RULES).held == {"email", "sms", "inapp"}
    assert way(notice("announcement_incident", "warning"), wanted, MIDNIGHT, RULES).held
    assert not way(notice("announcement_incident", "critical"), wanted, MIDNIGHT, RULES).held


def test_what_would_be_over_by_the_morning_is_suppressed_with_the_reason():
    """It stays in the app."""
    got = way(notice("margin_low", expires_at=MIDNIGHT + timedelta(minutes=30)), user(quiet_hours=NIGHT), MIDNIGHT, RULES)

    assert got.notice.channels == ["inapp"]
    assert set(got.notice.suppressed.values()) == {"quiet hours of the user until 2026-11-23T00:00Z, over before they end"}


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-28T23:30:00+01:00", "2026-03-29T03:30:00+02:00"),  # the hour from 2 to 3 is left out
        ("2026-10-25T00:30:00+02:00", "2026-10-25T02:30:00+02:00"),  # it comes twice
        ("2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"),
        ("2026-11-22T22:00:00+01:00", "2026-11-23T02:30:00+01:00"),
        ("2026-11-22T21:59:59+01:00", None),
        ("2026-11-23T02:30:00+01:00", None),
    ],
)  # fmt: skip
def test_quiet_hours_go_by_the_clock_on_the_wall(now: str, until: str | None):
    """From 22:00 to 02:30 in Berlin, also in the nights when the clock is changed."""
    wanted = Preferences(quiet_hours=QuietHours(start="22:00", end="02:30"))
    found = quiet_until(wanted, ZoneInfo(BERLIN), datetime.fromisoformat(now))

    assert found == (datetime.fromisoformat(until) if until else None)


@pytest.mark.parametrize(("start", "end"), [("22:00", "22:00"), ("24:00", "08:00"), ("late", "early"), ("22", "8")])
def test_odd_quiet_hours_are_none(start: str, end: str):
    """They delay nothing."""
    wanted = Preferences(quiet_hours=QuietHours(start=start, end=end))

    assert quiet_until(wanted, UTC, MIDNIGHT) is None


def test_who_wants_a_digest_gets_no_single_mails():
    """At info and notice; in the app each is at once."""
    got = way(notice(channels=["email", "inapp"]), user(digest="daily"), MIDNIGHT, RULES)

    assert (got.notice.channels, got.notice.digest) == (["inapp"], ["email"])
    assert got.digest_due == datetime(2026, 11, 23, 1, tzinfo=UTC), "09:00 in Taipei"


@pytest.mark.parametrize(
    "fields",
    [{"severity": "warning", "kind": "margin_low"}, {"thread": "story:account_takeover:1"}, {"kind": "announcement_maintenance"},
     {"expires_at": MIDNIGHT + timedelta(minutes=30)}],
)  # fmt: skip
def test_what_can_not_wait_breaks_out_of_the_digest(fields: dict[str, Any]):
    """What is graver, a further stage of a story, what would be over by then."""
    assert way(notice(**fields), user(digest="daily"), MIDNIGHT, RULES).notice.digest == []


def test_a_digest_comes_with_the_hour_and_not_in_the_night():
    """The next full hour; in quiet hours when they end."""
    zone = ZoneInfo(TAIPEI)
    hourly = Preferences(digest="hourly", quiet_hours=NIGHT)

    assert next_digest(hourly, zone, MORNING + timedelta(minutes=17, seconds=3), RULES) == MORNING + timedelta(hours=1)
    assert next_digest(hourly, zone, MIDNIGHT, RULES) == MORNING
    late = Preferences(digest="daily", quiet_hours=QuietHours(start="22:00", end="10:30"))
    assert next_digest(late, zone, MIDNIGHT, RULES) == MORNING + timedelta(hours=2, minutes=30)


def test_a_throttled_warning_that_is_over_before_the_digest_says_so():
    """No digest names what nobody needs to know any more."""
    got = way(notice("margin_low", channels=["inapp"], digest=["email"], expires_at=MORNING), None, MIDNIGHT, RULES).notice

    assert (got.digest, got.suppressed) == ([], {"email": "over before the next digest"})


def test_the_ledger_is_told_what_is_odd_about_the_reader():
    """In words, and without a contact."""
    odd = User(user_id="u7", email="not an address", phone="call me", time_zone="Mars/Phobos", locale="tlh",
               preferences=Preferences(quiet_hours=QuietHours(start="late", end="08:00")))  # fmt: skip

    assert notes(notice(), odd, "en") == [
        "email: what the user has is not an address",
        "sms: what the user has is not a phone number",
        "time zone: unknown, so times are in UTC",
        "locale: not one that Vigil writes, so en by default",
        "quiet hours: not two times HH:MM, so there are none",
    ]
    assert notes(notice(), None, "en") == ["the user is not in the directory yet"]
    assert notes(notice(channels=["email"]), User(user_id="u7", email="a@b.example", time_zone=TAIPEI, locale="de"), "en") == []
