"""The library of tips, the one that stands in a notice, and which one is sent to whom and when."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.events import User
from domain.events.user import Protection
from domain.protection import Report, Seen, report
from notices.compose import Reader
from notices.compose.catalogue import available, words
from notices.compose.templates import kinds, parts_of, tip_text
from notices.compose.view import parts
from notices.preferences import class_of
from notices.tips import schedule
from notices.tips.library import BrokenLibrary, Tip, fitting, groups_of, library, load, matches
from tests.unit.notices.samples import NAMES, notice

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EVERY = 14 * DAY


def reader(**fields: Any) -> User:
    return User(user_id="u7", **fields)


def unprotected(user: User) -> Report:
    return report(user.user_id, user, None, Seen(), NOW)


# -- the library


def test_there_are_enough_tips_for_everyone():
    """Two dozen at least, for each group of readers and for who uses what."""
    tips = library()

    assert len(tips) >= 24
    assert len({tip.topic for tip in tips}) >= 6
    for group in ("newcomer", "active", "vip"):
        assert any(tip.audience != ("newcomer", "active", "vip") and group in tip.audience for tip in tips), group
    assert {"api", "margin", "withdrawals"} <= {tip.uses for tip in tips}


def test_each_tip_is_a_kind_of_notice_of_its_own():
    """With a template, of the class that its reader may unsubscribe from; and no template is left over."""
    written = {kind for kind in kinds() if kind.startswith("tip_")} - {"tip_security_report", "tip_announcement"}

    assert {tip.id for tip in library()} == written
    assert {class_of(tip.id) for tip in library()} == {"tip"}


def test_what_a_tip_fits_is_a_kind_or_a_family():
    """A misspelt kind would silently leave a notice without its own tip."""
    for tip in library():
        assert [pattern for pattern in tip.fits if not any(matches(pattern, kind) for kind in kinds())] == [], tip.id


@pytest.mark.parametrize("locale", available())
def test_every_tip_is_said_in_every_language(locale: str):
    """Its text stands in notices, its title is the subject: neither is the English one elsewhere, and no two are the same."""
    said = {tip.id: tip_text(tip.id, words(locale), "Example") for tip in library()}
    subjects = {tip.id: parts_of(tip.id, VALUES | {"_": words(locale)}).subject for tip in library()}

    assert len(set(said.values())) == len(set(subjects.values())) == len(library())
    if locale != "en":
        assert not set(said.values()) & {tip_text(tip.id, words("en"), "Example") for tip in library()}


VALUES = {"brand": "Example", "gap": " ", "answerable": False, "asked": "", "severity": "info", "points": "", "steps": []}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("- {id: tip_a, topic: fraud, fits: []}", "length >= 1"),
        ("- {id: a, topic: fraud, fits: [digest]}", "regex"),
        ("- {id: tip_a, topic: weather, fits: [digest]}", "weather"),
        ("- {id: tip_a, topic: fraud, fits: [digest], audience: [whale]}", "whale"),
        ("- {id: tip_a, topic: fraud, fits: [digest], colour: red}", "colour"),
        ("- {id: tip_a, topic: fraud, fits: [digest]}\n- {id: tip_a, topic: fraud, fits: [digest]}", "more than once"),
        ("- [", "while parsing"),
    ],
)
def test_a_broken_library_says_what_is_wrong(tmp_path, text: str, wrong: str):
    """Nothing of it is used."""
    file = tmp_path / "library.yml"
    file.write_text(text)

    with pytest.raises(BrokenLibrary, match=wrong):
        load(file)


# -- in a notice


@pytest.mark.parametrize("name", NAMES)
def test_each_notice_holds_one_fitting_tip(name: str):
    """Of the library, for who is known and for who isn't; what is a tip itself holds none."""
    one = notice(name)
    for user in (None, reader(), reader(experience="newcomer"), reader(tier="vip", experience="active", anti_phishing_code="red-fox")):
        tip = fitting(one.kind, one.notice_id, user, NOW)
        if class_of(one.kind) == "tip":
            assert tip == ""
            continue
        assert tip in {tip.id for tip in library()}
        assert parts(one, Reader("en"), "Example", user=user).tip == tip_text(tip, words("en"), "Example")


def test_a_kinds_own_tips_go_before_its_familys():
    """Who confirmed a sign-in that he didn't start reads of that, not of codes in general."""
    told = {fitting("login_mfa_fatigue", f"n{number}", None, NOW) for number in range(50)}

    assert told == {"tip_confirm"}
    assert {fitting("login_after_failures", f"n{number}", None, NOW) for number in range(50)} == {"tip_two_factor"}
    assert {fitting("trade_size", f"n{number}", None, NOW) for number in range(50)} == {"tip_unused_keys"}


def test_tips_of_a_kind_take_turns_and_stay_with_their_notice():
    """A notice has the same tip on each channel and whenever it is composed; another notice of its kind may have another."""
    told = [fitting("report_campaign", f"n{number}", None, NOW) for number in range(300)]
    again = [fitting("report_campaign", f"n{number}", None, NOW) for number in range(300)]
    counts = Counter(told)

    assert told == again
    assert set(counts) == {"tip_never_ask", "tip_check_messages", "tip_anti_phishing_code"}
    assert min(counts.values()) > 60


@pytest.mark.parametrize(
    ("user", "kind", "tip"),
    [
        (reader(anti_phishing_code="red-fox"), "report_campaign", "tip_anti_phishing_code"),
        (reader(protection=Protection(mfa="totp")), "login_after_failures", "tip_two_factor"),
        (reader(protection=Protection(whitelist=True)), "withdrawal_large", "tip_address_list"),
        (reader(experience="active"), "withdrawal_new_address", "tip_small_amount"),
        (reader(experience="newcomer"), "login_risk", "tip_passkey"),
        (reader(), "login_new_country", "tip_account_manager"),
    ],
)
def test_nobody_is_advised_what_he_has_done_or_is_not_meant_by(user: User, kind: str, tip: str):
    """What is in order, what is for other readers."""
    assert tip not in {fitting(kind, f"n{number}", user, NOW) for number in range(100)}


def test_a_vip_reads_what_is_for_him():
    """Among the others."""
    told = {fitting("login_new_country", f"n{number}", reader(tier="vip"), NOW) for number in range(100)}

    assert told == {"tip_account_manager", "tip_email_account"}


@pytest.mark.parametrize(
    ("fields", "groups"),
    [
        ({}, set()),
        ({"experience": "active"}, {"active"}),
        ({"created_at": NOW - 30 * DAY}, {"newcomer"}),
        ({"created_at": NOW - 91 * DAY}, {"active"}),
        ({"created_at": NOW - 30 * DAY, "experience": "active", "tier": "institutional"}, {"active", "vip"}),
    ],
)
def test_who_a_reader_is_goes_by_the_exchange_and_then_by_the_account_age(fields: Any, groups: set[str]):
    """Nothing is guessed of who is unknown."""
    assert groups_of(reader(**fields), NOW) == groups


# -- sent by itself


def test_a_slot_comes_once_in_its_span_and_evenly_over_the_users():
    """Each user has a moment of his own, and the window after it; so not everybody is told on the day that tips are switched on."""
    users = [f"u{number}" for number in range(1000)]
    due = [user for user in users if schedule.slot("tip", user, NOW, EVERY) is not None]
    of_one = [schedule.slot("tip", "u7", NOW + n * DAY / 4, EVERY) for n in range(4 * 140)]
    numbers = [number for number in of_one if number is not None]

    assert 45 < len(due) < 100  # one day of fourteen
    assert len(set(numbers)) in (10, 11)
    assert all(count == 4 for count in list(Counter(numbers).values())[1:-1])


def test_the_report_has_slots_of_its_own():
    """A tip and the report don't come together for everybody."""
    users = [f"u{number}" for number in range(300)]
    tips, reports = ({user for user in users if schedule.slot(name, user, NOW, EVERY) is not None} for name in ("tip", "report"))

    assert tips - reports
    assert reports - tips


@pytest.mark.parametrize(
    ("zone", "awake"), [("Asia/Taipei", False), ("Europe/Amsterdam", True), ("America/Los_Angeles", False), (None, True)]
)
def test_a_tip_comes_by_day(zone: str | None, awake: bool):
    """At noon UTC it is 20:00 in Taipei and 04:00 in Los Angeles."""
    assert schedule.awake(reader(time_zone=zone), NOW) is awake


def pick(user: User, told: dict[str, datetime] | None = None, uses: Any = ()) -> Tip | None:
    return schedule.pick(library(), user, told or {}, uses, unprotected(user), NOW)


def test_no_tip_comes_twice_in_ninety_days():
    """Told one after the other a reader runs out of tips; the first may come again when ninety days are over."""
    user, told = reader(experience="newcomer"), {}
    while (tip := pick(user, told)) is not None:
        assert tip.id not in told
        told[tip.id] = NOW - len(told) * timedelta(hours=1)
    first = next(iter(told))

    assert len(told) >= 12
    assert pick(user, told | {first: NOW - timedelta(days=89, hours=23)}) is None
    again = pick(user, told | {first: NOW - 90 * DAY})
    assert again is not None
    assert again.id == first


def test_what_is_missing_comes_first():
    """Who has no anti-phishing code is told to choose one; who has one isn't."""
    first = pick(reader(protection=Protection(mfa="totp", whitelist=True, api_keys=[])))
    every, told = [], {}
    settled = reader(anti_phishing_code="red-fox", protection=Protection(mfa="totp", whitelist=True))
    while (tip := pick(settled, told, {"api", "withdrawals"})) is not None:
        every.append(tip.id)
        told[tip.id] = NOW

    assert first is not None
    assert first.id == "tip_anti_phishing_code"
    assert not {"tip_anti_phishing_code", "tip_two_factor", "tip_address_list"} & set(every)


def test_tips_for_a_product_go_to_who_uses_it():
    """And to nobody else; what only makes sense in a notice isn't sent by itself."""

    def all_of(user: User, uses: Any) -> set[str]:
        told: dict[str, datetime] = {}
        while (tip := pick(user, told, uses)) is not None:
            told[tip.id] = NOW
        return set(told)

    plain, trader = all_of(reader(), ()), all_of(reader(experience="active"), {"api", "margin"})

    assert not {"tip_key_rights", "tip_margin_for_a_fee", "tip_room_to_move"} & plain
    assert {"tip_key_rights", "tip_margin_for_a_fee", "tip_room_to_move"} <= trader
    assert "tip_faster_for_a_fee" not in plain | trader


def test_every_tip_of_a_slot_has_the_same_id():
    """So of two workers that choose differently one tells; the next slot has another id."""
    one, other = (schedule.tip_notice("u7", kind, 5, NOW, ["inapp"]) for kind in ("tip_codes", "tip_devices"))

    assert one.notice_id == other.notice_id == schedule.identity("tip", 5, "u7")
    assert schedule.tip_notice("u7", "tip_codes", 6, NOW, ["inapp"]).notice_id != one.notice_id
    assert schedule.tip_notice("u8", "tip_codes", 5, NOW, ["inapp"]).notice_id != one.notice_id
    assert not one.answerable
    assert one.severity == "info"
    assert one.expires_at == NOW + 2 * DAY
