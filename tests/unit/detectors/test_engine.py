"""Score, decide, learn; what waits, what is cleared, what is never counted twice."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from detectors.base import Detector, Score, Sighting
from detectors.cases import NamedSurroundings
from detectors.engine import Engine, Outcome
from detectors.models.partition import Cohorts
from detectors.registry import Registry
from domain.events import Login
from domain.habits import Habits
from domain.ids import finding_id, notice_id
from domain.messages import Source
from domain.profile import UserState, decode, encode
from tests.support.events import (
    DAY,
    ELSEWHERE,
    HOUR,
    LAPTOP,
    MINUTE,
    STRANGER,
    change,
    event,
    habits_of_a_month,
    login,
    verdict,
    withdrawal,
)

PHONE = {"device_id": "phone", "ip": "berlin", "user_agent": "Safari 26 on iPhone", "session_id": "new"}
KNOWN = LAPTOP | {"session_id": "past3"}


def names(outcome: Outcome) -> list[str]:
    return [finding.detector for finding in outcome.findings]


def test_a_finding_says_all_that_it_promises(engine: Engine, settled: UserState) -> None:
    """Ids, versions, source, reasons, facts."""
    source = Source("vigil.logins", 2, 17)
    outcome = engine.apply(login(0, PHONE, event_id="e1", mfa="totp"), settled, source)

    (found,) = outcome.findings
    assert found.finding_id == finding_id("e1", "login_new_device")
    assert found.source == source
    assert found.version == engine.registry.entries["login_new_device"].version
    assert found.config_hash == engine.registry.entries["login_new_device"].config_hash
    assert len(found.config_hash) == 16
    assert found.subject == "phone"
    assert found.reasons[0].value == "Safari on iPhone"
    assert found.reasons[0].usual == "Chrome on Windows"
    assert found.facts == {
        "session_id": "new",
        "device": "Safari on iPhone",
        "city": "Berlin",
        "country": "DE",
        "browser": "Safari 26",
        "mfa": "totp",
    }


def test_what_raised_a_finding_is_not_learned(engine: Engine, settled: UserState) -> None:
    """It tells each time: telling once is not the detectors' business."""
    for at in range(5):
        assert names(engine.apply(login(at * HOUR, PHONE), settled)) == ["login_new_device"]
    assert [device.label for device in settled.habits.login.devices] == ["Chrome on Windows"]


def test_after_a_quiet_day_it_is_known(engine: Engine, settled: UserState) -> None:
    """At the user's next event a day later, by event time."""
    engine.apply(login(0, PHONE, event_id="e1"), settled)
    assert names(engine.apply(login(DAY - 1, PHONE, event_id="e2"), settled)) == ["login_new_device"]

    outcome = engine.apply(login(DAY + 1, PHONE, event_id="e3"), settled)

    assert [p.event_id for p in outcome.cleared] == ["e1", "e2"]  # the second says no more than the first
    assert names(outcome) == []


def test_many_that_say_the_same_leave_little_behind(engine: Engine, settled: UserState) -> None:
    """Of a week abroad that nobody answers for, the sign-in that was told and the last two wait; one word clears them all."""
    away = LAPTOP | {"ip": "tokyo"}
    for at in range(20):
        engine.apply(login(at * 8 * HOUR, away | {"session_id": f"s{at}"}, event_id=f"e{at}"), settled)
    assert [p.event_id for p in settled.pending] == ["e0", "e18", "e19"]

    outcome = engine.apply(verdict("e0", 7 * DAY, source="analyst"), settled)

    assert len(outcome.cleared) == 3
    assert names(engine.apply(login(7 * DAY + HOUR, away), settled)) == []


def test_a_warning_waits_for_a_word(engine: Engine, settled: UserState) -> None:
    """A new country is told again after a quiet week."""
    away = LAPTOP | {"ip": "tokyo"}
    engine.apply(login(0, away), settled)

    assert "login_new_country" in names(engine.apply(login(7 * DAY, away), settled))


@pytest.mark.parametrize("about", ["e1", finding_id("e1", "login_new_device"), "the-notice"])
def test_the_owners_word_clears_by_event_finding_or_notice(engine: Engine, settled: UserState, about: str) -> None:
    """And the device is known from then on, also in a session of its own."""
    engine.apply(login(0, PHONE, event_id="e1"), settled)
    settled.pending[0].found[0].notice_id = "the-notice"

    outcome = engine.apply(verdict(about, MINUTE), settled)

    assert [p.event_id for p in outcome.cleared] == ["e1"]
    assert names(engine.apply(login(HOUR, PHONE | {"session_id": "other"}), settled)) == []


def test_his_word_from_the_suspect_session_clears_nothing(engine: Engine, settled: UserState) -> None:
    """The attacker answers too."""
    engine.apply(login(0, PHONE, event_id="e1"), settled)

    outcome = engine.apply(verdict("e1", MINUTE, client=PHONE), settled)

    assert (outcome.cleared, outcome.recorded) == ([], [])
    assert names(engine.apply(login(HOUR, PHONE | {"session_id": "other"}), settled)) == ["login_new_device"]


def test_a_session_of_a_flagged_login_does_not_become_known(engine: Engine, settled: UserState) -> None:
    """Nor by what is done in it afterwards."""
    away = LAPTOP | {"ip": "tokyo", "session_id": "abroad"}
    engine.apply(login(0, away, event_id="e1"), settled)
    engine.apply(withdrawal(MINUTE, client=away), settled)
    engine.apply(login(2 * MINUTE, LAPTOP | {"ip": "lagos", "session_id": "elsewhere"}, event_id="e2"), settled)

    outcome = engine.apply(verdict("e2", 3 * MINUTE, client={"session_id": "abroad"}), settled)

    assert outcome.cleared == []
    assert [p.event_id for p in outcome.recorded] == ["e2"]


@pytest.mark.parametrize(("client", "clears"), [(KNOWN, True), ({"ip": "berlin"}, True), ({"ip": "vpn"}, False), ({}, False)])
def test_a_warning_is_cleared_from_what_was_known_before(engine: Engine, settled: UserState, client: dict[str, Any], clears: bool) -> None:
    """A session or network of the time before; a link alone is recorded."""
    engine.apply(login(0, LAPTOP | {"ip": "tokyo", "session_id": "away"}, event_id="e1"), settled)

    outcome = engine.apply(verdict("e1", MINUTE, client=client), settled)

    assert ([p.event_id for p in outcome.cleared], [p.event_id for p in outcome.recorded]) == ((["e1"], []) if clears else ([], ["e1"]))


def test_a_link_to_a_changed_mailbox_clears_nothing(engine: Engine, settled: UserState) -> None:
    """Who changed the address reads the mail; the old contact's word counts."""
    engine.apply(change(0, "email_changed", STRANGER), settled)
    engine.apply(login(MINUTE, PHONE, event_id="e1"), settled)

    assert engine.apply(verdict("e1", HOUR, via="link"), settled).cleared == []
    assert len(engine.apply(verdict("e1", HOUR, via="old_contact"), settled).cleared) == 1


def test_fraud_is_never_learned(engine: Engine, settled: UserState) -> None:
    """What it came with is remembered: no quiet day clears that device again."""
    engine.apply(login(0, STRANGER, event_id="e1"), settled)
    outcome = engine.apply(verdict("e1", MINUTE, "fraud", "analyst"), settled)
    assert [p.event_id for p in outcome.condemned] == ["e1"]
    assert {c.kind for c in settled.condemned} == {"device", "network"}

    engine.apply(login(HOUR, STRANGER | {"ip": "berlin"}), settled)
    later = engine.apply(login(5 * DAY, STRANGER | {"ip": "berlin"}), settled)

    assert "login_new_device" in names(later)
    assert later.risk > 0.9


def test_fraud_ends_what_nobody_objected_to(registry: Registry) -> None:
    """Where no device ids are told: a network and a browser to which nobody objects say less from day to day. Somebody did."""
    engine, state = Engine(registry, NamedSurroundings(), Cohorts()), UserState()
    laptop = {key: value for key, value in LAPTOP.items() if key != "device_id"}
    stranger = laptop | {"ip": "potsdam", "user_agent": "Firefox 140 on Linux"}
    for day in range(-60, 0):
        engine.apply(login(day * DAY, laptop), state)
    engine.apply(login(0, stranger, event_id="e1"), state)
    soon = engine.apply(login(HOUR, stranger), state).risk
    engine.apply(verdict("e1", HOUR, "fraud", "analyst"), state)
    later = [engine.apply(login(day * DAY, stranger), state).risk for day in (1, 8, 20)]

    assert later == pytest.approx([later[0]] * 3, rel=0.01)
    assert later[0] > soon
    known = engine.apply(login(21 * DAY, stranger, event_id="e2"), state).risk
    engine.apply(verdict("e2", 21 * DAY + HOUR, "genuine", "analyst"), state)
    assert engine.apply(login(22 * DAY, stranger), state).risk < known / 10, "an analyst's second word counts"


def test_fraud_on_the_owners_device_does_not_condemn_it(engine: Engine, settled: UserState) -> None:
    """What the account knew before stays its owner's."""
    engine.apply(withdrawal(0, ELSEWHERE, event_id="e1"), settled)
    engine.apply(verdict("e1", MINUTE, "fraud", "user"), settled)

    assert [(c.kind, c.key) for c in settled.condemned] == [("address", ELSEWHERE)]


def test_an_analysts_second_word_counts(engine: Engine, settled: UserState) -> None:
    """Fraud first, then another sign-in from the device is called genuine: it is the owner's again."""
    engine.apply(login(0, PHONE, event_id="e1"), settled)
    engine.apply(verdict("e1", MINUTE, "fraud", "analyst"), settled)
    engine.apply(login(HOUR, PHONE, event_id="e2"), settled)
    engine.apply(verdict("e2", 2 * HOUR, "genuine", "analyst"), settled)

    assert settled.condemned == []
    assert names(engine.apply(login(3 * HOUR, PHONE), settled)) == []


@pytest.mark.parametrize(
    "about", ["e1", finding_id("e1", "login_new_device"), notice_id("e1", "u1", "login_new_device")], ids=["event", "finding", "notice"]
)
@pytest.mark.parametrize("label", ["genuine", "fraud"])
def test_a_verdict_that_comes_first_is_applied_when_its_event_comes(engine: Engine, settled: UserState, about: str, label: str) -> None:
    """Topics have no common order; the finding says that it was cleared, so that nobody is asked again."""
    engine.apply(verdict(about, MINUTE, label, "analyst"), settled)
    outcome = engine.apply(login(0, PHONE, event_id="e1"), settled)

    assert [p.event_id for p in (outcome.cleared if label == "genuine" else outcome.condemned)] == ["e1"]
    assert [f.suppressed for f in outcome.findings] == ["cleared" if label == "genuine" else None]
    assert names(engine.apply(login(HOUR, PHONE), settled)) == ([] if label == "genuine" else ["login_new_device"])
    assert settled.early_verdicts == []


def test_an_early_fraud_verdict_keeps_an_ordinary_event_from_being_learned(engine: Engine, settled: UserState) -> None:
    """Even where nothing stood out."""
    before = settled.habits.login.count
    engine.apply(verdict("e1", MINUTE, "fraud", "exchange"), settled)
    outcome = engine.apply(login(0, LAPTOP, event_id="e1"), settled)

    assert [p.event_id for p in outcome.condemned] == ["e1"]
    assert settled.habits.login.count == before


def test_a_verdict_about_an_ordinary_event_of_before_is_not_kept(engine: Engine, settled: UserState) -> None:
    """There is nothing to wait for."""
    engine.apply(login(0, event_id="e1"), settled)
    engine.apply(verdict("e1", MINUTE), settled)

    assert settled.early_verdicts == []


def test_an_event_published_again_counts_once(engine: Engine, settled: UserState) -> None:
    """Its findings are given again word for word while they wait; nothing is counted, learned or kept twice."""
    first = login(0, PHONE, event_id="e1")
    found = engine.apply(first, settled, Source("logins", 0, 1)).findings
    before = encode(settled)

    for offset in (2, 3, 4):
        again = engine.apply(first, settled, Source("logins", 0, offset))
        assert again.repeated
        assert again.findings == [msgspec.structs.replace(one, judged=None) for one in found]
    assert encode(settled) == before


def test_failures_published_again_count_once(engine: Engine, settled: UserState) -> None:
    """A broker's retry guesses no password."""
    guess = login(0, STRANGER, outcome="wrong_password", event_id="e1")
    for _ in range(5):
        engine.apply(guess, settled)

    assert len(settled.habits.login.failures) == 1


def test_a_late_event_breaks_no_statistic(engine: Engine, settled: UserState) -> None:
    """Logins that arrive in reverse leave what logins in order leave, but for the order of what was seen last."""
    forward, backward = decode(encode(settled)), decode(encode(settled))
    events = [login(at * HOUR, event_id=f"late{at}") for at in range(10)]
    for one in events:
        engine.apply(one, forward)
    for one in reversed(events):
        assert not engine.apply(one, backward).errors

    forward.recent = backward.recent = b""
    assert encode(forward) == encode(backward)


def test_replaying_gives_the_same_state_and_findings(registry: Registry) -> None:
    """Two engines, same events, byte for byte."""
    events = [
        *habits_of_a_month(),
        login(0, PHONE),
        change(HOUR, client=PHONE),
        withdrawal(2 * HOUR, ELSEWHERE, client=PHONE),
        verdict("nothing", 3 * HOUR),
    ]
    results = []
    for _ in range(2):
        engine, state = Engine(registry, NamedSurroundings()), UserState()
        found = [engine.apply(one, state).findings for one in events]
        results.append((encode(state), msgspec.json.encode(found)))

    assert results[0] == results[1]


class Broken(Detector):
    """Raises wherever it can."""

    events = (Login,)

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        raise RuntimeError("score")

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        raise RuntimeError("learn")

    count_one = learn_one

    def step_one(self, seen: Sighting, habits: Habits) -> str | None:
        raise RuntimeError("step")


class Wild(Detector):
    """Scores out of range."""

    events = (Login,)

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        return Score(value=float("nan"))


def test_one_bad_detector_stops_nobody(registry: Registry, settled: UserState) -> None:
    """Its errors are told with its id; the others' findings go out."""
    entries = dict(registry.entries)
    entries["bad"] = msgspec.structs.replace(registry.entries["login_new_browser"], id="bad", detector=Broken())
    entries["wild"] = msgspec.structs.replace(registry.entries["login_new_browser"], id="wild", detector=Wild())
    engine = Engine(Registry(entries), NamedSurroundings())

    outcome = engine.apply(login(0, PHONE), settled)

    assert names(outcome) == ["login_new_device"]
    assert {name for name, _ in outcome.errors} == {"bad", "wild"}


def test_a_detector_that_is_off_goes_on_learning(registry: Registry) -> None:
    """Switched on again it knows what there is."""
    state = UserState()
    off = Engine(registry.configured({"login_new_device": {"enabled": False}}), NamedSurroundings())
    for past in habits_of_a_month():
        off.apply(past, state)
    assert names(off.apply(login(0, PHONE), state)) == []

    on = Engine(registry, NamedSurroundings())
    assert names(on.apply(login(HOUR, PHONE), state)) == []
    assert names(on.apply(login(2 * HOUR, PHONE | {"device_id": "tablet"}), state)) == ["login_new_device"]


def test_threshold_and_severity_are_the_operators(registry: Registry, settled: UserState) -> None:
    """And show in the hash."""
    changed = registry.configured({"login_new_device": {"threshold": 0.7, "severity": "warning"}})
    engine = Engine(changed, NamedSurroundings())

    assert names(engine.apply(login(0, PHONE), settled)) == []
    (found, *_) = [f for f in engine.apply(login(HOUR, STRANGER), settled).findings if f.detector == "login_new_device"]
    assert found.severity == "warning"
    assert found.config_hash != registry.entries["login_new_device"].config_hash


def test_risk_ranks_what_is_odd_above_what_is_usual(engine: Engine, settled: UserState) -> None:
    """Whatever fired, and what is done in a suspect session above the same in a usual one."""
    usual = engine.apply(login(0, LAPTOP | {"session_id": "s1"}), settled).risk
    phone = engine.apply(login(HOUR, PHONE), settled).risk
    stranger = engine.apply(login(2 * HOUR, STRANGER | {"session_id": "s9"}), settled).risk
    paid = engine.apply(withdrawal(3 * HOUR, usd="100", client=LAPTOP | {"session_id": "s1"}), settled).risk
    drained = engine.apply(withdrawal(4 * HOUR, usd="100", client=STRANGER | {"session_id": "s9"}), settled).risk

    assert 0 <= usual < phone < stranger <= 1
    assert paid < drained


def test_events_without_a_detector_pass(engine: Engine) -> None:
    """Counted, nothing else."""
    plain = event(
        "announcement", kind="tip", severity="info", starts_at="2026-03-02T12:00:00Z", ends_at="2026-03-02T12:00:00Z", audience={}, title={},
        body={},
    )  # fmt: skip
    outcome = engine.apply(plain, UserState())
    assert (outcome.findings, outcome.errors, outcome.risk) == ([], [], 0.0)


def test_a_condemned_session_history_does_not_learn_its_payee(engine: Engine, settled: UserState) -> None:
    """A payment from a condemned device to somebody new is not cleared by silence."""
    engine.apply(login(0, STRANGER, event_id="e1"), settled)
    engine.apply(verdict("e1", MINUTE, "fraud", "analyst"), settled)
    engine.apply(withdrawal(HOUR, ELSEWHERE, client=STRANGER), settled)
    engine.apply(login(3 * DAY), settled)

    assert "withdrawal_new_address" in names(engine.apply(withdrawal(3 * DAY + HOUR, ELSEWHERE), settled))
