"""The story of a takeover, whichever of its events arrives last."""

from __future__ import annotations

from itertools import permutations

import pytest

from detectors import story
from detectors.engine import Engine
from domain.events import Event
from domain.ids import finding_id
from domain.messages import Finding, Source
from domain.profile import Step, UserState, decode, encode
from tests.support.events import DAY, ELSEWHERE, HOME, HOUR, LAPTOP, STRANGER, change, login, verdict, withdrawal

THERE = STRANGER | {"session_id": "theirs"}


def takeover(last: float = 0.0) -> list[Event]:
    """Sign-in, change, withdrawal, four minutes in all."""
    return [
        login(last - 240, THERE, event_id="in"),
        change(last - 120, client=THERE, event_id="off"),
        withdrawal(last, ELSEWHERE, "9000", THERE, event_id="out", transfer_id="t-out"),
    ]


def told(engine: Engine, state: UserState, events: list[Event]) -> list[Finding]:
    """What the story says while these are applied in this order."""
    found = []
    for at, event in enumerate(events):
        outcome = engine.apply(event, state, Source("x", 0, at))
        assert not outcome.errors
        found += [f for f in outcome.findings if f.detector == "account_takeover"]
    return found


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=lambda order: "".join("LCW"[i] for i in order))
def test_it_is_told_once_whatever_arrives_last(engine: Engine, settled: UserState, order: tuple[int, ...]) -> None:
    """All six orders give the same finding, named by the withdrawal."""
    events = takeover()
    found = told(engine, settled, [events[i] for i in order])

    assert len(found) == 1
    story = found[0]
    assert story.finding_id == finding_id("out", "account_takeover")
    assert story.event_id == "out"
    assert story.occurred_at == events[2].occurred_at
    assert story.severity == "critical"
    assert story.story_events == ["in", "off", "out"]
    assert story.subject == "in"
    assert [r.feature for r in story.reasons] == ["step_login", "step_change", "step_withdrawal"]
    assert [r.value for r in story.reasons] == ["device,country", "mfa_disabled", ELSEWHERE]
    assert story.facts["transfer_id"] == "t-out"
    assert story.facts["first_at"] == "2026-03-02T11:56:00Z"
    assert story.facts["city"] == "Lagos"
    assert story.source == Source("x", 0, order.index(2))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_its_finding_waits_with_the_withdrawal(engine: Engine, settled: UserState, order: tuple[int, ...]) -> None:
    """So a verdict about the finding finds the withdrawal and the other two."""
    events = takeover()
    told(engine, settled, [events[i] for i in order])

    waiting = {p.event_id: p for p in settled.pending}
    assert set(waiting) == {"in", "off", "out"}
    assert "account_takeover" in [f.detector for f in waiting["out"].found]

    outcome = engine.apply(verdict(finding_id("out", "account_takeover"), 600, "fraud", "analyst"), settled)

    assert {p.event_id for p in outcome.condemned} == {"in", "off", "out"}
    assert not settled.pending


def test_a_state_that_was_stored_in_between_goes_on(engine: Engine, settled: UserState) -> None:
    """Each event meets the state as Redis gives it back."""
    state = settled
    found = []
    for event in takeover():
        state = decode(encode(state))
        found += told(engine, state, [event])

    assert [f.event_id for f in found] == ["out"]


def test_an_account_too_young_for_single_detectors_is_told_too(engine: Engine) -> None:
    """Two sign-ins make no history to judge a device by; the three steps speak for themselves."""
    state = UserState()
    told(engine, state, [login(-5 * HOUR), login(-3 * HOUR)])

    assert [f.event_id for f in told(engine, state, takeover())] == ["out"]


def test_detectors_that_are_off_still_give_their_material(engine: Engine, settled: UserState) -> None:
    """Switching a detector off mutes its own findings alone."""
    names = ("login_new_device", "login_new_country", "security_setting_changed", "withdrawal_new_address")
    engine.reconfigure(engine.registry.configured({name: {"enabled": False} for name in names}))

    assert [f.event_id for f in told(engine, settled, takeover())] == ["out"]


def test_switched_off_it_says_nothing(engine: Engine, settled: UserState) -> None:
    """And says it again once it is on and the next withdrawal comes."""
    registry = engine.registry
    engine.reconfigure(registry.configured({"account_takeover": {"enabled": False}}))
    assert told(engine, settled, takeover()) == []

    engine.reconfigure(registry)
    again = told(engine, settled, [withdrawal(60, "TAnotherStranger", client=THERE)])
    assert len(again) == 2  # the first one's withdrawal had not been told either


def test_a_second_withdrawal_is_told_for_itself(engine: Engine, settled: UserState) -> None:
    """Each withdrawal of the story has to be held, so each has its finding; the subject stays the first step's."""
    found = told(engine, settled, [*takeover(), withdrawal(60, "TAnotherStranger", client=THERE, event_id="out2")])

    assert [(f.event_id, f.subject) for f in found] == [("out", "in"), ("out2", "in")]


def test_the_owners_word_about_the_device_ends_it(engine: Engine, settled: UserState) -> None:
    """Cleared, the sign-in is no step any more; what follows is the owner's."""
    events = takeover()
    told(engine, settled, events[:2])
    cleared = engine.apply(verdict("in", -60, client=LAPTOP | {"session_id": "past1"}), settled).cleared

    assert [p.event_id for p in cleared] == ["in"]
    assert told(engine, settled, events[2:]) == []


def test_his_own_word_from_the_suspect_session_does_not(engine: Engine, settled: UserState) -> None:
    """Said in the session in question it clears nothing."""
    events = takeover()
    told(engine, settled, events[:2])
    engine.apply(verdict("in", -60, client=THERE), settled)

    assert len(told(engine, settled, events[2:])) == 1


def test_a_quiet_day_ends_it(engine: Engine, settled: UserState) -> None:
    """A device told and not contradicted for a day is the owner's: a change and a new payee two days later are ordinary."""
    told(engine, settled, [login(-2 * DAY, LAPTOP | {"device_id": "phone"}, event_id="phone")])
    later = [change(-HOUR), withdrawal(0, ELSEWHERE)]

    assert told(engine, settled, later) == []
    assert "phone" not in [step.event_id for step in settled.steps]


def test_a_quiet_day_does_not_end_what_is_patient() -> None:
    """A step that a story waits for longer stays, as unanswered; somebody's word takes it away."""
    steps = [
        Step("", 0, "moved", 0.0, "", said={"session_stolen": "network"}),
        Step("", 0, "phone", 0.0, "", said={"login_new_device!": "x"}),
    ]
    patient = frozenset({"session_stolen"})

    assert [s.event_id for s in story.cleared(steps, "phone", patient)] == ["moved"]
    assert [(s.event_id, s.unanswered) for s in story.cleared(steps, "moved", patient)] == [("moved", True), ("phone", False)]
    assert [s.event_id for s in story.cleared(steps, "moved", frozenset())] == ["phone"]


def test_a_payee_that_was_paid_before_ends_no_story(engine: Engine, settled: UserState) -> None:
    """Money to a known address stays out of it."""
    events = takeover()
    assert told(engine, settled, [*events[:2], withdrawal(0, HOME, client=THERE)]) == []


@pytest.mark.parametrize(
    ("what", "is_told"), [("password_reset", True), ("mfa_reset", True), ("recovery_requested", True), ("email_changed", False)]
)
def test_a_reset_may_come_before_the_sign_in(engine: Engine, settled: UserState, what: str, is_told: bool) -> None:
    """Who takes over by a reset signs in after it; a change made before by the owner is no part of it."""
    events = [change(-600, what, LAPTOP), login(-300, THERE), withdrawal(0, ELSEWHERE, client=THERE)]

    for order in permutations(range(3)):
        state = decode(encode(settled))
        assert bool(told(engine, state, [events[i] for i in order])) is is_told


def test_the_window_counts_from_the_first_step(engine: Engine, settled: UserState) -> None:
    """A minute within a day is told, a minute beyond it is not."""
    inside = [login(-DAY + 60, THERE), change(-600, client=THERE), withdrawal(0, ELSEWHERE, client=THERE)]
    outside = [login(-DAY - 60, THERE), change(-600, client=THERE), withdrawal(0, ELSEWHERE, client=THERE)]

    assert len(told(engine, decode(encode(settled)), inside)) == 1
    assert told(engine, decode(encode(settled)), outside) == []


def test_a_flood_of_devices_does_not_wash_the_first_one_away(engine: Engine, settled: UserState) -> None:
    """Steps are bounded by kind, and forty sign-ins from new devices leave the one before the change where it is."""
    flood = [login(-3000 + 10 * i, {"device_id": f"bot{i}", "ip": "lagos"}) for i in range(40)]
    events = [login(-3600, THERE), change(-3500, client=THERE), *flood, withdrawal(0, ELSEWHERE, client=THERE)]

    found = told(engine, settled, events)
    assert len(settled.steps) <= 24
    assert len(found) == 1
