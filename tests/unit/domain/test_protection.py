"""The security report: what protects an account, what is missing, what is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events.user import ApiKeyState, Protection, User
from domain.habits.account import Changed
from domain.habits.keys import ApiKey
from domain.profile import UserState
from domain.protection import STEPS, WORTH, Part, Report, Seen, report

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BOTH = frozenset({"email", "sms"})


def user(**fields: Any) -> User:
    return User(user_id="u7", email="a@b.example", phone="+31612345678", **fields)


def made(known: User | None, state: UserState | None = None, **seen: Any) -> Report:
    return report("u7", known, state, Seen(**({"contacts": BOTH, "open_findings": 0} | seen)), NOW)


def part(found: Report, name: str) -> Part:
    return next(one for one in found.parts if one.part == name)


SAFE = Protection(mfa="passkey", whitelist=True, api_keys=[])


def test_an_account_with_everything_has_a_hundred_points():
    """And steps that are good for everyone."""
    found = made(user(protection=SAFE, anti_phishing_code="red-fox"))

    assert (found.score, found.best) == (100, 100)
    assert {one.state for one in found.parts} == {"good"}
    assert found.steps == ["own_password", "email_account", "codes"]


def test_of_a_stranger_nothing_is_claimed():
    """Not known, no points, and the score says up to where it might go."""
    found = report("u7", None, None, Seen(), NOW)

    assert {one.state for one in found.parts} == {"unknown"}
    assert (found.score, found.best) == (0, 100)
    assert found.steps == ["check_mfa", "check_whitelist", "own_password"]


MFA = st.sampled_from([None, "none", "totp", "sms", "email", "passkey"])
WHEN = st.none() | st.integers(0, 400).map(lambda days: NOW - days * DAY)
KEY = st.builds(
    ApiKeyState, created_at=WHEN, last_used_at=WHEN, withdraws=st.none() | st.booleans(), ip_restricted=st.none() | st.booleans()
)
PROTECTION = st.none() | st.builds(Protection, mfa=MFA, whitelist=st.none() | st.booleans(), api_keys=st.none() | st.lists(KEY, max_size=3))
USER = st.none() | st.builds(User, user_id=st.just("u7"), protection=PROTECTION, anti_phishing_code=st.none() | st.just("red-fox"))
SEEN = st.builds(
    Seen, open_findings=st.none() | st.integers(0, 9), contacts=st.sets(st.sampled_from(sorted(BOTH))).map(frozenset),
    bounced=st.sets(st.sampled_from(sorted(BOTH))).map(frozenset),
)  # fmt: skip


@given(USER, SEEN)
def test_the_parts_always_add_up(known: User | None, seen: Seen):
    """To the score; with the unknown to the best; three steps, each once, in the order of their urgency."""
    found = report("u7", known, None, seen, NOW)

    assert found.score == sum(one.points for one in found.parts)
    assert found.best == found.score + sum(one.of for one in found.parts if one.state == "unknown")
    assert 0 <= found.score <= found.best <= 100 == sum(WORTH.values())
    assert [one.part for one in found.parts] == list(WORTH)
    assert all((one.points == one.of) == (one.state == "good") for one in found.parts)
    assert all(one.points == 0 for one in found.parts if one.state in ("missing", "unknown"))
    assert len(found.steps) == len(set(found.steps)) == 3
    assert [STEPS.index(step) for step in found.steps] == sorted(STEPS.index(step) for step in found.steps)


@pytest.mark.parametrize(
    ("told", "seen_at_sign_in", "state", "detail"),
    [
        ("totp", "", "good", "mfa_strong"),
        ("sms", "totp", "partly", "mfa_weak"),
        ("none", "totp", "missing", "mfa_off"),
        (None, "passkey", "good", "mfa_strong"),
        (None, "email", "partly", "mfa_weak"),
        (None, "on", "partly", "mfa_on"),
        (None, "none", "missing", "mfa_unused"),
        (None, "", "unknown", "unknown"),
    ],
)
def test_the_second_factor_is_as_the_exchange_says_else_as_it_was_used(told: Any, seen_at_sign_in: str, state: str, detail: str):
    """The exchange's word goes before what the last sign-in showed."""
    profile = UserState()
    profile.habits.account.mfa = seen_at_sign_in
    found = part(made(user(protection=Protection(mfa=told)), profile), "mfa")

    assert (found.state, found.detail) == (state, detail)


def test_a_sign_in_without_a_factor_says_nothing_once_there_is_one():
    """A known device may be let off; only that it was switched off takes it away."""
    account = UserState().habits.account
    seen = []
    account.see_mfa("none", 10)
    seen.append(account.mfa)
    account.note(Changed(20, "mfa_enabled", True, False))
    account.see_mfa("none", 30)
    seen.append(account.mfa)
    account.see_mfa("totp", 40)
    account.see_mfa("sms", 35)  # a late event
    seen.append(account.mfa)
    account.note(Changed(50, "mfa_disabled", True, True))
    seen.append(account.mfa)
    account.note(Changed(60, "mfa_reset", True, True))
    seen.append(account.mfa)

    assert seen == ["none", "on", "totp", "none", ""]


def test_the_address_list_is_off_when_it_was_switched_off():
    """That it is on only the exchange can say: an address that was put on a list restricts nothing by itself."""
    profile = UserState()
    profile.habits.account.note(Changed(20, "address_whitelisted", True, False))
    before = part(made(user(), profile), "whitelist").state
    profile.habits.account.note(Changed(30, "whitelist_disabled", True, True))

    assert before == "unknown"
    assert part(made(user(), profile), "whitelist").state == "missing"
    assert part(made(user(protection=Protection(whitelist=True)), profile), "whitelist").state == "good"


@pytest.mark.parametrize(
    ("keys", "state", "detail", "count"),
    [
        ([], "good", "keys_none", 0),
        ([ApiKeyState(last_used_at=NOW - DAY, withdraws=False)], "good", "keys_fine", 0),
        ([ApiKeyState(last_used_at=NOW - DAY, withdraws=True, ip_restricted=True)], "good", "keys_fine", 0),
        ([ApiKeyState(last_used_at=NOW - 91 * DAY)], "partly", "keys_stale", 1),
        ([ApiKeyState(created_at=NOW - 91 * DAY), ApiKeyState(created_at=NOW)], "partly", "keys_stale", 1),
        ([ApiKeyState(last_used_at=NOW, withdraws=True), ApiKeyState(created_at=NOW - 91 * DAY)], "missing", "keys_open", 1),
    ],
)
def test_api_keys_are_judged_by_use_and_rights(keys: list[ApiKeyState], state: str, detail: str, count: int):
    """Ninety days without use are stale; one that withdraws from anywhere is worse."""
    found = part(made(user(protection=Protection(api_keys=keys))), "keys")

    assert (found.state, found.detail, found.count) == (state, detail, count)


def test_of_keys_that_only_the_profile_knows_just_the_unused_ones_are_told():
    """It can't know of keys that were never used."""
    profile = UserState()
    profile.habits.keys.keys = [ApiKey(1, 0, int((NOW - DAY).timestamp()))]
    fresh = part(made(user(), profile), "keys").state
    profile.habits.keys.keys.append(ApiKey(2, 0, int((NOW - 91 * DAY).timestamp())))
    stale = part(made(user(), profile), "keys")

    assert fresh == "unknown"
    assert (stale.state, stale.count) == ("partly", 1)


@pytest.mark.parametrize(
    ("seen", "state", "detail", "step"),
    [
        ({"contacts": BOTH}, "good", "contacts_both", ""),
        ({"contacts": frozenset({"email"})}, "partly", "contacts_one", "contacts"),
        ({"contacts": BOTH, "bounced": frozenset({"email"})}, "partly", "contacts_bounced", "contacts_fix"),
        ({"contacts": frozenset({"email"}), "bounced": frozenset({"email"})}, "missing", "contacts_none", "contacts_fix"),
        ({"contacts": frozenset()}, "missing", "contacts_none", "contacts"),
    ],
)
def test_contacts_count_when_messages_arrive_there(seen: dict[str, Any], state: str, detail: str, step: str):
    """One that messages came back from doesn't."""
    found = made(user(protection=SAFE, anti_phishing_code="red-fox"), **seen)

    assert (part(found, "contacts").state, part(found, "contacts").detail) == (state, detail)
    assert (found.steps[0] if step else "") == step


def test_the_gravest_gaps_are_the_next_steps():
    """A second factor before anything, then the warnings that wait."""
    found = made(user(protection=Protection(mfa="none", whitelist=False, api_keys=[])), open_findings=2)

    assert found.steps == ["mfa_on", "findings", "whitelist"]
    assert part(found, "findings").count == 2
