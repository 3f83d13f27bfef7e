"""Alert budgets: thresholds that find themselves, and what is told whatever they say."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from detectors.budget import Budget, standing
from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.models.alarms import BINS, DAY, Alarms, bin_of, floor_of
from detectors.models.partition import Cohorts
from detectors.registry import Registry
from domain.profile import UserState
from tests.support.events import LAPTOP, STRANGER, habits_of_a_month, login
from tests.support.registry import loaded

BUDGETS, FAMILIES = {"login": 10.0}, {"login_risk": "login", "login_new_device": "login"}


def lived(alarms: Alarms, days: int, users: int, scores: Any, start: int = 100, detector: str = "login_risk") -> list[list[bool]]:
    """By day what was told of `scores(day)`, of so many users who are there each day."""
    told = []
    for day in range(start, start + days):
        for _ in range(users):
            alarms.be(day * DAY + 60, (day - 1) * DAY, BUDGETS, FAMILIES)
        told.append([alarms.may_tell(detector, score, True) for score in scores(day)])
    return told


def test_a_threshold_finds_the_score_that_keeps_to_the_budget() -> None:
    """Fifty alarms a thousand users a day of all scores; ten are told, the most anomalous."""
    rng, alarms = random.Random(1), Alarms()
    told = lived(alarms, 20, 1000, lambda day: [1 - rng.random() for _ in range(50)])

    assert sum(told[0]) == 50  # nothing is known on the first day
    late = [sum(day) for day in told[8:]]
    assert 5 <= sum(late) / len(late) <= 11
    assert alarms.cut("login_risk") == pytest.approx(0.8, abs=0.08)
    assert alarms.standing(BUDGETS, FAMILIES)[0].kept


def test_within_the_budget_nothing_is_held_back() -> None:
    """Eight of ten allowed."""
    rng, alarms = random.Random(2), Alarms()
    told = lived(alarms, 15, 1000, lambda day: [1 - rng.random() for _ in range(8)])

    assert all(map(all, told))
    assert alarms.cut("login_risk") == 0.0


def test_each_detector_of_a_family_keeps_the_same_part() -> None:
    """One that speaks often and one that speaks seldom; both of a quarter of what they'd say."""
    rng, alarms = random.Random(3), Alarms()
    often: list[bool] = []
    seldom: list[bool] = []
    for day in range(100, 130):
        often += lived(alarms, 1, 1000, lambda _: [1 - rng.random() for _ in range(32)], day)[0]
        seldom += [alarms.may_tell("login_new_device", 1 - rng.random() / 2, True) for _ in range(8)]

    assert sum(often[-640:]) / 640 == pytest.approx(0.2, abs=0.08)
    assert sum(seldom[-160:]) / 160 == pytest.approx(0.2, abs=0.13)


def test_what_cannot_be_told_apart_is_told_and_said() -> None:
    """Thirty of one score: none is better than another; the budget isn't kept, and that is said."""
    alarms = Alarms()
    told = lived(alarms, 15, 1000, lambda day: [0.9] * 30)
    family = alarms.standing(BUDGETS, FAMILIES)[0]

    assert all(map(all, told))
    assert (family.kept, family.calibrated) == (False, True)
    assert family.told == pytest.approx(30, rel=0.1)
    assert family.raised == pytest.approx(family.told)


def test_a_change_in_the_world_is_followed() -> None:
    """Twice as many from one day on: a week later the budget is kept again."""
    rng, alarms = random.Random(4), Alarms()
    lived(alarms, 15, 1000, lambda day: [1 - rng.random() for _ in range(20)])
    told = lived(alarms, 20, 1000, lambda day: [1 - rng.random() for _ in range(60)], start=115)

    assert sum(map(sum, told[10:])) / 10 <= 12
    assert alarms.standing(BUDGETS, FAMILIES)[0].kept


def test_too_few_users_make_no_measure() -> None:
    """A partition with twenty users a day tells all for weeks."""
    rng, alarms = random.Random(5), Alarms()
    told = lived(alarms, 20, 20, lambda day: [rng.random()])

    assert all(map(all, told))
    assert not alarms.standing(BUDGETS, FAMILIES)[0].calibrated


def test_it_goes_on_after_a_restart() -> None:
    """What was exported and restored cuts like the one before, and stays small."""
    rng, one, two = random.Random(6), Alarms(), Alarms()
    lived(one, 12, 1000, lambda day: [1 - rng.random() for _ in range(50)])
    kept = msgspec.msgpack.encode(one.export())
    two.restore(msgspec.msgpack.decode(kept, strict=False))

    assert len(kept) < 4096
    assert two.cut("login_risk") == one.cut("login_risk") > 0
    assert two.export() == one.export()


@pytest.mark.parametrize(
    "broken", [{}, {"day": 1}, None, [1], {"day": 1, "active": 1, "today": 0, "raised": {"x": {99: 1}}, "told": {}, "cuts": {}}]
)
def test_what_is_damaged_is_refused(broken: Any) -> None:
    """As models of partitions are: a fresh one takes its place."""
    with pytest.raises((KeyError, TypeError, IndexError, ValueError)):
        Alarms().restore(broken)


def test_bins_are_fine_where_it_matters() -> None:
    """In order, from nothing to certainty."""
    scores = [0.0, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0]
    bins = [bin_of(score) for score in scores]

    assert bins == sorted(set(bins))
    assert (bins[0], bins[-1]) == (0, BINS - 1)
    assert all(floor_of(place) <= score for place, score in zip(bins, scores, strict=True))


def tight(registry: Registry) -> tuple[Engine, Any]:
    """An engine whose login family may tell next to nothing, with a partition that has seen enough of high scores."""
    engine = Engine(registry.configured({}, {"login": 0.001}), NamedSurroundings(), Cohorts())
    alarms = engine.cohorts(0).alarms if engine.cohorts else None
    for name in ("login_new_device", "login_new_browser", "login_risk", "login_new_country"):
        alarms._cuts[name] = BINS - 1
    alarms.day = 10**6
    return engine, alarms


def test_what_is_over_the_budget_is_found_and_not_told(registry: Registry) -> None:
    """The finding says why; its event waits like any other."""
    engine, _ = tight(registry)
    state = UserState()
    for past in habits_of_a_month():
        engine.apply(past, state)
    found = engine.apply(login(0, LAPTOP | {"device_id": "another"}, event_id="new"), state).findings

    assert {(f.detector, f.suppressed) for f in found if f.severity == "notice"} >= {("login_new_device", "budget")}
    assert "new" in [p.event_id for p in state.pending]


def test_what_is_grave_is_told_whatever_the_budget(registry: Registry) -> None:
    """Another country is a warning."""
    engine, _ = tight(registry)
    state = UserState()
    for past in habits_of_a_month():
        engine.apply(past, state)
    found = engine.apply(login(0, STRANGER), state).findings

    told = {f.detector for f in found if f.suppressed is None}
    assert "login_new_country" in told
    assert "login_new_device" not in told


def test_a_user_is_counted_once_a_day_and_what_says_the_same_too() -> None:
    """Ten logins from one new device are one alarm of one user."""
    budget, alarms, state = Budget({"login": 5.0}, FAMILIES), Alarms(), UserState()
    engine = Engine(loaded(), NamedSurroundings())
    for past in habits_of_a_month():
        engine.apply(past, state)
    for n in range(10):
        event = login(60.0 * n, LAPTOP | {"device_id": "another"})
        findings = engine.apply(event, state).findings
        budget.spend(findings, event, UserState() if not n else state, alarms)

    assert sum(alarms.raised["login_new_device"]) <= 1.0
    assert alarms._today == 1.0


def test_a_worker_stands_for_all_its_partitions(registry: Registry) -> None:
    """Counted together, by active users."""
    engine = Engine(registry.configured({}, BUDGETS), NamedSurroundings(), Cohorts())
    assert engine.cohorts is not None
    rng = random.Random(7)
    for partition, alarms_a_day in ((0, 40), (3, 0)):
        lived(engine.cohorts(partition).alarms, 10, 1000, lambda day, n=alarms_a_day: [1 - rng.random() for _ in range(n)])
    family = standing(engine)[0]

    assert (family.family, family.budget, family.calibrated) == ("login", 10.0, True)
    assert family.raised == pytest.approx(20, rel=0.15)
    assert family.told < family.raised


def test_without_budgets_nothing_is_asked(registry: Registry) -> None:
    """The configuration that comes along has none."""
    engine = Engine(registry, NamedSurroundings(), Cohorts())

    assert engine.budget is None
    assert standing(engine) == []
