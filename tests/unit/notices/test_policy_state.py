"""What policy remembers stays small and whole; what can be set."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.notices import load
from config.settings import SettingsError
from domain import profile
from domain.policy_rules import Rules
from domain.profile import UserState
from notices.told import MAX_MAILS, MAX_TOLD
from tests.unit.notices.builders import at, finding, login
from tests.unit.notices.deciding import POLICY, decide, story

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
