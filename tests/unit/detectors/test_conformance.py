"""What every detector keeps to, asked of each in the registry."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from detectors.base import NORMAL, Gate, Score, Sighting, WarmingUp
from detectors.cases import NOON, NamedSurroundings, fill, history, run_case
from detectors.engine import Engine
from detectors.models.partition import Cohorts
from detectors.registry import Entry
from domain.addresses import normal
from domain.crowd import SETS, MemoryCrowd
from domain.events import Event
from domain.facts import FACTS
from domain.habits import Habits
from domain.profile import UserState, decode, encode
from domain.severity import SEVERITIES
from tests.support.registry import loaded

REGISTRY = loaded()
DETECTORS = [pytest.param(entry, id=entry.id) for entry in REGISTRY.detectors]
ALL = [pytest.param(entry, id=entry.id) for entry in REGISTRY.entries.values()]
CASES = [
    pytest.param(entry, case, id=f"{entry.id}: {case['name']}", marks=() if place == 0 else pytest.mark.slow)
    for entry in REGISTRY.entries.values()
    for place, case in enumerate(entry.cases)
]
"""The first of each is among the quick tests."""
PLACES = NamedSurroundings()


class Watched(MemoryCrowd):
    """A crowd that notes what was read, and counts what was added."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[tuple[str, str]] = set()
        self.added = 0

    def count(self, kind: str, key: str, at: float, seconds: float | None = None) -> int:
        self.read.add((kind, key))
        return super().count(kind, key, at, seconds)

    def members(self, kind: str, key: str, at: float, seconds: float | None = None) -> list[tuple[str, float]]:
        self.read.add((kind, key))
        return super().members(kind, key, at, seconds)

    def add(self, kind: str, key: str, member: str, at: float) -> None:
        self.added += 1
        assert 0 < len(key) <= 128
        assert 0 < len(member) <= 128
        super().add(kind, key, member, at)


def sighting(event: Any, crowd: MemoryCrowd | None = None, models: Any = None, lists: dict[str, str] | None = None) -> Sighting:
    listed = (lists or {}).get(normal(getattr(event, "address", None) or ""), "")
    return Sighting(event, PLACES.place(event.where.ip), PLACES.agent(event.where.user_agent), models, crowd or MemoryCrowd(), listed)


def played(entry: Entry) -> Iterator[tuple[Sighting, Habits]]:
    """The first and the last sightings of each of the detector's cases, with habits as they are just before; all detectors learn. Each
    user has habits of his own, the crowd is shared."""
    assert entry.detector is not None
    for case in entry.cases:
        everyone: defaultdict[str, Habits] = defaultdict(Habits)
        crowd = fill(Watched(), case)
        models = Cohorts()(0) if case.get("partition") else None
        events = [*history(case), msgspec.convert(_event(case), Event)]
        for at, event in enumerate(events):
            seen, habits = sighting(event, crowd, models, case.get("lists")), everyone[event.user_id]
            if isinstance(event, entry.detector.events) and (at < 3 or len(events) - at <= 6):
                yield seen, habits
            learn(seen, habits)


def learn(seen: Sighting, habits: Habits) -> None:
    """As normal, by every detector of the event's type."""
    mine = [e.detector for e in REGISTRY.detectors if e.detector is not None and isinstance(seen.event, e.detector.events)]
    for detector in mine:
        detector.count_one(seen, habits)
    for detector in mine:
        detector.learn_one(seen, habits)


def _event(case: dict[str, Any]) -> dict[str, Any]:
    only = {"history": [{**case["event"], "at": "-0s"}]}
    return msgspec.to_builtins(next(iter(history(only))))


def copies(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


def bare(event: Any) -> Any:
    """The event with every field that is not required left out."""
    required = {
        f.name for f in msgspec.structs.fields(type(event)) if f.default is msgspec.NODEFAULT and f.default_factory is msgspec.NODEFAULT
    }
    raw = msgspec.to_builtins(event)
    return msgspec.convert({name: value for name, value in raw.items() if name in required | {"type"}}, Event)


@pytest.mark.parametrize(("entry", "case"), CASES)
def test_a_case_goes_as_its_yml_says(entry: Entry, case: dict[str, Any]) -> None:
    """History through the engine, then the event."""
    assert run_case(REGISTRY, entry, case) is None


@pytest.mark.parametrize("entry", ALL)
def test_it_has_a_firing_and_a_silent_case(entry: Entry) -> None:
    """One of each at least, under names of their own."""
    assert {bool(case["fires"]) for case in entry.cases} == {True, False}
    assert len({case["name"] for case in entry.cases}) == len(entry.cases)


@pytest.mark.parametrize("entry", ALL)
def test_it_says_what_it_is(entry: Entry) -> None:
    """Description, what it names, severity, version."""
    assert len(entry.description) > 40
    assert entry.why
    assert entry.version
    assert entry.severity in SEVERITIES
    assert entry.taxonomy


@pytest.mark.slow
@pytest.mark.parametrize("entry", DETECTORS)
def test_scoring_changes_nothing_and_keeps_to_its_range(entry: Entry) -> None:
    """Habits are as before, scores in [0, 1], contributions add up, features are named in the .yml, facts in the vocabulary."""
    assert entry.detector is not None
    scored = 0
    for seen, habits in played(entry):
        before = copies(habits)
        score = entry.detector.score_one(seen, habits)
        assert copies(habits) == before
        assert entry.detector.score_one(seen, habits) == score
        if isinstance(score, WarmingUp):
            continue
        assert isinstance(score, Score)
        assert 0.0 <= score.value <= 1.0
        if score.value > 0:
            scored += 1
            assert math.isclose(sum(reason.contribution for reason in score.reasons), score.value, abs_tol=1e-9)
            assert {reason.feature for reason in score.reasons} <= set(entry.why)
            assert set(score.facts) <= set(FACTS)
            assert all(isinstance(value, str) and 0 < len(value) <= 400 for value in score.facts.values())
            assert score.severity is None or score.severity in SEVERITIES
    assert scored


@pytest.mark.slow
@pytest.mark.parametrize("entry", DETECTORS)
def test_it_names_the_sets_that_it_reads(entry: Entry) -> None:
    """What is read of the crowd was declared by crowd_one, or it would be missing in the worker; and scoring adds nothing there."""
    assert entry.detector is not None
    for seen, habits in played(entry):
        crowd = seen.crowd
        assert isinstance(crowd, Watched)
        crowd.read.clear()
        before, named = crowd.added, set(entry.detector.crowd_one(seen))
        entry.detector.score_one(seen, habits)
        entry.detector.step_one(seen, habits)
        assert crowd.added == before
        entry.detector.count_one(seen, msgspec.msgpack.decode(copies(habits), type=Habits))
        assert crowd.read <= named
        assert {kind for kind, _ in named} <= set(SETS)


def passes(gate: Gate, event: Any) -> bool:
    return all(getattr(event, name) in allowed for name, allowed in gate.get(type(event), {}).items())


@pytest.mark.slow
@pytest.mark.parametrize("entry", DETECTORS)
def test_what_gates_keep_out_would_have_been_nothing(entry: Entry) -> None:
    """On the events of its cases, whichever detector keeps them out: one that isn't judged would be NORMAL and no step, one that isn't
    counted or learned would change nothing. So a gate saves time, and hides nothing."""
    for seen, habits in played(entry):
        crowd, before = seen.crowd, copies(habits)
        assert isinstance(crowd, Watched)
        added = crowd.added
        for other in REGISTRY.detectors:
            detector = other.detector
            if detector is None or not isinstance(seen.event, detector.events):
                continue
            if not passes(detector.judges, seen.event):
                assert detector.score_one(seen, habits) is NORMAL, other.id
                assert not detector.step_one(seen, habits), other.id
            if not passes(detector.counts, seen.event):
                detector.count_one(seen, habits)
            if not passes(detector.teaches, seen.event):
                detector.learn_one(seen, habits)
            assert (copies(habits), crowd.added) == (before, added), other.id


@pytest.mark.slow
@pytest.mark.parametrize("entry", DETECTORS)
def test_it_scores_before_it_has_learned_anything(entry: Entry) -> None:
    """A fresh account is warming up or normal, never an error; only what must always be told may fire."""
    assert entry.detector is not None
    for seen, _ in played(entry):
        score = entry.detector.score_one(seen, Habits())
        assert isinstance(score, WarmingUp | Score)


@pytest.mark.slow
@pytest.mark.parametrize("entry", DETECTORS)
def test_features_may_be_missing(entry: Entry) -> None:
    """Events with required fields alone: after full habits, and learned among them."""
    assert entry.detector is not None
    for seen, habits in played(entry):
        poor = sighting(bare(seen.event))
        score = entry.detector.score_one(poor, habits)
        assert isinstance(score, WarmingUp) or 0.0 <= score.value <= 1.0
        other = msgspec.msgpack.decode(copies(habits), type=Habits)
        entry.detector.count_one(poor, other)
        entry.detector.learn_one(poor, other)
        entry.detector.step_one(poor, other)


@pytest.mark.slow
@pytest.mark.parametrize("entry", DETECTORS)
def test_what_it_learned_survives_encoding(entry: Entry) -> None:
    """The next score is the same from decoded habits."""
    assert entry.detector is not None
    for seen, habits in played(entry):
        again = msgspec.msgpack.decode(copies(habits), type=Habits)
        assert copies(again) == copies(habits)
        assert entry.detector.score_one(seen, again) == entry.detector.score_one(seen, habits)


def hostile(n: int) -> Iterator[Event]:
    """Events that an attacker would send to blow a profile up: everything different each time, names as long as they may be."""
    rng = random.Random(5)
    for i in range(n):
        long = f"{rng.getrandbits(64):016x}" * (250 if i % 40 == 0 else 1 + i % 2)
        at = NOON + timedelta(seconds=i * rng.choice([0, 1, 900]))
        agent = f"{long[:900]} on {long[:900]}"
        client = {"session_id": "s" + long, "ip": f"2001:db8:{i:x}::1", "device_id": "d" + long, "user_agent": agent, "channel": "web"}
        base = {"event_id": f"h{i}", "user_id": "u", "occurred_at": at.isoformat(), "client": client}
        yield msgspec.convert(base | rng.choice(HOSTILE)(rng, long), Event)


HOSTILE: list[Callable[[random.Random, str], dict[str, Any]]] = [
    lambda rng, long: {"type": "login", "outcome": rng.choice(["success", "wrong_password"])},
    lambda rng, long: {
        "type": "transfer",
        "transfer_id": long,
        "direction": rng.choice(["withdrawal", "deposit", "internal_out"]),
        "status": rng.choice(["requested", "completed", "failed"]),
        "asset": long,
        "network": long,
        "amount": str(rng.getrandbits(40)),
        "usd_value": rng.choice(["0.01", str(rng.getrandbits(40))]),
        "balance_usd": str(rng.getrandbits(40)),
        "address": "0x" + long,
        "memo": long,
        "counterparty_user_id": long,
    },
    lambda rng, long: {
        "type": "trade",
        "order_id": long,
        "action": "fill",
        "market": long,
        "side": "buy",
        "quantity": "1",
        "usd_value": "5",
    },
    lambda rng, long: {
        "type": "account_change",
        "change": "api_key_created",
        "detail": {"new": long, "permissions": ["withdraw"] * 50, "address": long},
    },
    lambda rng, long: {
        "type": "margin",
        "account": long,
        "equity_usd": "100",
        "maintenance_margin_usd": str(rng.randrange(120)),
        "positions": [{"market": long, "side": "long", "size": "1"}] * 20,
    },
]


@pytest.mark.slow
def test_hostile_input_does_not_grow_a_profile() -> None:
    """Ten thousand events, each with its own device, session, address, market: the state stays bounded, and no detector raises."""
    engine, state = Engine(REGISTRY, PLACES), UserState()
    sizes = []
    for event in hostile(10_000):
        outcome = engine.apply(event, state)
        assert not outcome.errors
        sizes.append(len(encode(state)) if int(event.event_id[1:]) % 500 == 0 else 0)
    assert max(sizes) < 300_000
    assert len(encode(decode(encode(state)))) == len(encode(state))
    assert len(copies(state.habits)) < 32_000


@pytest.mark.slow
def test_learning_alone_is_bounded() -> None:
    """The same, taken as normal event by event: what is learned without limit would show here."""
    habits = Habits()
    for event in hostile(10_000):
        learn(sighting(event), habits)
    assert len(copies(habits)) < 32_000
