"""What a story may ask of its steps: one session throughout, a time a step, something that must not happen, stages told as they come."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from detectors import storybook
from detectors.story import completed, keep, tell
from domain.profile import MAX_STEPS, MAX_STEPS_A_KIND, Step

HOUR = 3600.0
SECONDS = {"a": 24 * HOUR, "b": 24 * HOUR, "c": 24 * HOUR, "x": 24 * HOUR}


def step(at: float, *, event: str = "", session: int = 1, address: int = 0, **said: str) -> Step:
    """An event at this hour, and what is said of it."""
    return Step("", 0, event or f"e{at}", at * HOUR, "", {"asset": event}, said=said, session=session, address=address)


def story(**changes: Any):
    """a, then b, then c within a day, unless told otherwise."""
    raw: dict[str, Any] = {
        "steps": [
            {"name": "step_login", "any": ["a"]},
            {"name": "step_change", "any": ["b"]},
            {"name": "step_withdrawal", "any": ["c"]},
        ]
    }
    for key, value in changes.items():
        if key in ("same", "unless"):
            raw[key] = value
        else:
            raw["steps"][{"first": 0, "second": 1, "third": 2}[key]].update(value)
    return storybook.build("tale", raw, {"window_hours": 24, "soon": 2})


def chains(tale: Any, steps: list[Step]) -> list[list[str]]:
    """Ids of the events of what is complete."""
    return [[part.step.event_id for part in chain] for chain in completed(tale, steps)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_steps_may_arrive_in_any_order(order: tuple[int, ...]) -> None:
    """Event time decides, not arrival."""
    events, steps = [step(1, a="device"), step(2, b="mfa_reset"), step(3, c="T1")], list[Step]()
    for place in order:
        assert chains(story(), steps) == []
        keep(steps, events[place], SECONDS)

    assert chains(story(), steps) == [["e1", "e2", "e3"]]


def test_one_session_throughout() -> None:
    """A step of another session, or of none that is known, is no part of it."""
    tale = story(same="session")

    assert chains(tale, [step(1, a="x"), step(2, b="x"), step(3, c="x")]) == [["e1", "e2", "e3"]]
    assert chains(tale, [step(1, a="x"), step(2, b="x", session=2), step(3, c="x")]) == []
    assert chains(tale, [step(1, a="x", session=0), step(2, b="x", session=0), step(3, c="x", session=0)]) == []


def test_a_step_may_share_something_with_the_one_before_only() -> None:
    """Money to the very address that was allowed before, from whatever session."""
    tale = story(third={"same": "address"})

    assert chains(tale, [step(1, a="x", session=5), step(2, b="x", address=9), step(3, c="x", address=9)]) == [["e1", "e2", "e3"]]
    assert chains(tale, [step(1, a="x", session=5), step(2, b="x", address=9), step(3, c="x", address=8)]) == []


def test_one_of_several_may_be_shared() -> None:
    """The session, or the address where an event names no session."""
    tale = story(third={"same": "session/address"})

    for session, address, fits in ((1, 9, True), (1, 0, True), (0, 9, True), (0, 8, False), (2, 0, False)):
        steps = [step(1, a="x"), step(2, b="x", session=1, address=9), step(3, c="x", session=session, address=address)]
        assert bool(chains(tale, steps)) is fits


def test_a_step_has_a_time_of_its_own() -> None:
    """Within so much of the step before; a parameter may say how much."""
    tale = story(second={"within": "soon"})

    assert chains(tale, [step(1, a="x"), step(3, b="x"), step(20, c="x")]) == [["e1", "e3", "e20"]]
    assert chains(tale, [step(1, a="x"), step(3.1, b="x"), step(20, c="x")]) == []


def test_a_later_beginning_is_found_where_the_first_is_too_long_ago() -> None:
    """Of two sign-ins the second fits."""
    tale = story(second={"within": "90m"})

    assert chains(tale, [step(1, a="x"), step(4, a="x"), step(5, b="x"), step(6, c="x")]) == [["e4", "e5", "e6"]]


def test_what_must_not_happen_ends_it() -> None:
    """Between the first step and the last, or so long before the first; elsewhere it changes nothing."""
    tale = story(unless=[{"any": ["x"], "before": "1h"}])
    plain = [step(3, a="x"), step(4, b="x"), step(6, c="x")]

    assert chains(tale, [*plain, step(5, event="no", x="passkey")]) == []
    assert chains(tale, [step(2.5, event="no", x="passkey"), *plain]) == []
    assert chains(tale, [step(1.5, event="no", x="passkey"), *plain]) == [["e3", "e4", "e6"]]
    assert chains(tale, [*plain, step(7, event="no", x="passkey")]) == [["e3", "e4", "e6"]]


def test_a_condition_may_outlast_a_quiet_day() -> None:
    """Where it says so: thieves wait until nobody asks any more."""
    condition = {"event": "account_change", "where": {"change": "api_key_created"}}
    patient = story(first={"any": [condition | {"patient": True}]}).steps[0]

    assert patient.patient == frozenset(patient.any)
    assert story(first={"any": [condition]}).steps[0].patient == frozenset()


def test_each_stage_is_told_once() -> None:
    """The second step at notice, the third at what the story has."""
    tale, steps = story(second={"severity": "notice"}), [step(1, a="x"), step(2, b="x")]
    stages = []
    for chain in completed(tale, steps):
        stages.append(tell(tale, chain).name)
    keep(steps, step(3, c="x"), SECONDS)
    for chain in completed(tale, steps):
        stages.append(tell(tale, chain).name)

    assert stages == ["step_change", "step_withdrawal"]
    assert completed(tale, steps) == []


def test_what_is_always_early_needs_no_order() -> None:
    """A step marked so may come first."""
    assert chains(story(second={"anytime": True}), [step(1, b="x"), step(2, a="x"), step(3, c="x")]) == [["e2", "e1", "e3"]]
    assert chains(story(), [step(1, b="x"), step(2, a="x"), step(3, c="x")]) == []


def test_only_the_words_that_count_count() -> None:
    """One of several is enough."""
    tale = story(second={"any": ["b", "x"], "values": ["mfa_reset"]})

    assert chains(tale, [step(1, a="y"), step(2, b="email_changed", x="mfa_reset"), step(3, c="y")]) == [["e1", "e2", "e3"]]
    assert chains(tale, [step(1, a="y"), step(2, b="email_changed"), step(3, c="y")]) == []


def test_what_an_earlier_version_kept_still_counts() -> None:
    """It kept an event for one step of one story."""
    old = Step("tale", 0, "old", HOUR, "device", {})

    assert chains(story(), [old, step(2, b="x"), step(3, c="x")]) == [["old", "e2", "e3"]]


def test_what_is_kept_is_bounded() -> None:
    """A flood of a kind keeps its first and its last; many kinds at once keep within the whole."""
    steps: list[Step] = []
    for n in range(100):
        keep(steps, step(n / 100, a="x"), SECONDS)
    assert len(steps) == MAX_STEPS_A_KIND
    assert (steps[0].at, steps[-1].at) == (0.0, 0.99 * HOUR)

    for n in range(200):
        keep(steps, step(1 + n / 100, **{f"k{n % 20}": "x"}), SECONDS | {f"k{m}": 24 * HOUR for m in range(20)})
    assert len(steps) <= MAX_STEPS
    assert any("a" in s.said for s in steps)


def test_what_is_too_old_goes() -> None:
    """Two windows after the last that names it: one for the story, one for events that come late."""
    steps: list[Step] = []
    for at in (0, 47, 49):
        keep(steps, step(at, a="x"), SECONDS)

    assert [s.at for s in steps] == [47 * HOUR, 49 * HOUR]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"steps": [{"name": "step_login", "any": ["a"]}]}, "at least two"),
        ({"steps": [{"name": "nonsense", "any": ["a"]}, {"name": "step_change", "any": ["b"]}]}, "steps[0].name"),
        ({"steps": [{"name": "step_login", "any": ["a"], "with": 3}, {"name": "step_change", "any": ["b"]}]}, "unknown keys: with"),
        ({"steps": [{"name": "step_login", "any": ["a"]}, {"name": "step_change", "any": ["b"], "same": "sesion"}]}, "steps[1].same"),
        ({"steps": [{"name": "step_login", "any": ["a"]}, {"name": "step_change", "any": ["b"], "within": "2 h"}]}, "steps[1].within"),
        ({"steps": [{"name": "step_login", "any": ["a"]}, {"name": "step_change", "any": ["b"], "asks": ["release"]}]}, "steps[1].asks"),
        ({"steps": [{"name": "step_login", "any": ["a"]}, {"name": "step_change", "any": ["zz"]}]}, "there is no detector zz"),
        (
            {"steps": [{"name": "step_login", "any": ["a"], "patient": ["b"]}, {"name": "step_change", "any": ["b"]}]},
            "steps[0].patient: b is not among any",
        ),
        (
            {"steps": [{"name": "step_login", "any": [{"event": "login", "where": {"outcom": "x"}}]}, {"name": "step_change", "any": ["b"]}]},
            "steps[0].any[0]: outcom: a login has no such field",
        ),
        (
            {"steps": [{"name": "step_login", "any": ["a"]}, {"name": "step_change", "any": [{"event": "transfer", "where": {"usd_value": {"below": 1}}}]}]},
            "steps[1].any[0]: where.usd_value",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(raw: dict[str, Any], said: str) -> None:
    """And what was expected."""
    with pytest.raises(ValueError) as caught:
        storybook.build("tale", raw, {"window_hours": 24}, {"a", "b", "c", "x"})

    assert said in str(caught.value)
