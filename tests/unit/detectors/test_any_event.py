"""Any event that the schema allows, in any order, at any time: made from the structs themselves, so that a new field is tried as well."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from detectors.base import Sighting
from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.models.partition import Cohorts
from domain.events import STRUCTS, Event
from domain.habits import Habits
from domain.profile import MAX_PENDING, UserState, decode, encode
from tests.support.events import NOON, event
from tests.support.registry import loaded

pytestmark = pytest.mark.slow

REGISTRY = loaded()
DAY = 86_400.0
MONEY = ["0", "0.00000001", "1", "99.99", "5000.5", "97000.1", "9" * 40, "0." + "0" * 39 + "1"]
TEXTS = ["", "a", "b", "USDT", "BTC-USDT", "withdraw", "x" * 4096, "ü\u200f龍", "0xABCDEF0123456789abcdef0123456789ABCDEF01", "TKnown111"]
ADDRESSES = [
    "",
    "berlin",
    "vpn",
    "tokyo",
    "10.1.2.3",
    "192.168.0.1",
    "::1",
    "fe80::1",
    "2001:db8::7",
    "::ffff:203.0.113.9",
    "203.0.113.9",
    "nonsense",
]
AGENTS = ["Chrome 142 on Windows", "Safari 26 on iPhone", "python-requests/2.32", "?", ""]
TIMES = [0.0, 0.001, 1.0, 60.0, -60.0, 3_600.0, DAY, -DAY, 8 * DAY, 400 * DAY, -40 * DAY, -700_000 * DAY]
"""Seconds from noon: also clocks that jump ahead by a year, or back to the first century."""
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "event_id": st.integers(0, 30).map("e{}".format),
    "user_id": st.sampled_from(["u1", "u2", "u3"]),
    "occurred_at": st.sampled_from(TIMES).map(lambda at: (NOON + timedelta(seconds=at)).isoformat()),
    "about": st.integers(0, 30).map("e{}".format),
    "reference": st.sampled_from(["t1", "t2", ""]),
    "transfer_id": st.sampled_from(["t1", "t2", "t3", "t4"]),
    "session_id": st.sampled_from(["s1", "s2", ""]),
    "device_id": st.sampled_from(["d1", "d2", "", "x" * 4096]),
    "api_key_id": st.sampled_from(["k1", "k2", ""]),
    "ip": st.sampled_from(ADDRESSES),
    "user_agent": st.sampled_from(AGENTS),
}


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type, as they stand in JSON."""
    match kind:
        case inspect.UnionType(types=kinds):
            return st.one_of([of(one) for one in kinds])
        case inspect.LiteralType(values=values) | inspect.EnumType(cls=values):
            return st.sampled_from(list(values))
        case inspect.StructType():
            return fields(kind)
        case inspect.ListType(item_type=item):
            return st.lists(of(item), max_size=3)
        case inspect.DictType(value_type=value):
            return st.dictionaries(st.sampled_from(["en", "a"]), of(value), max_size=2)
        case inspect.StrType(pattern=pattern):
            return st.sampled_from(MONEY if pattern and "0-9" in pattern else TEXTS if kind.min_length is None else TEXTS[1:6])
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(0, 1000)
        case inspect.FloatType():
            return st.floats(0, 1000)
        case inspect.DateTimeType():
            return BY_NAME["occurred_at"]
        case inspect.NoneType():
            return st.none()
    return st.none()


def fields(struct: inspect.StructType) -> st.SearchStrategy[dict[str, Any]]:
    """The struct's fields; those that are optional may be absent."""
    known = {f.encode_name: BY_NAME[f.name] if f.name in BY_NAME else of(f.type) for f in struct.fields}
    needed = {f.encode_name for f in struct.fields if f.required}
    tag = {} if struct.tag_field is None else {struct.tag_field: st.just(struct.tag)}
    return st.fixed_dictionaries(
        {**{name: known[name] for name in needed}, **tag}, optional={name: known[name] for name in set(known) - needed}
    )


ANY = st.one_of([fields(inspect.type_info(struct)) for struct in STRUCTS.values()])  # type: ignore[arg-type]


def taken(raw: dict[str, Any]) -> Event | None:
    """The event; None for a combination that the schema refuses."""
    try:
        return msgspec.convert(raw, Event)
    except msgspec.ValidationError:
        return None


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(st.lists(ANY, min_size=1, max_size=25))
def test_no_detector_breaks_on_anything_that_the_schema_allows(stream: list[dict[str, Any]]) -> None:
    """Over three users with one crowd and the models of a partition: no error, risk in [0, 1], scores of findings in their range, what is
    kept is bounded and survives being stored."""
    engine = Engine(REGISTRY, NamedSurroundings(), Cohorts())
    states: defaultdict[str, UserState] = defaultdict(UserState)
    for one in filter(None, map(taken, stream)):
        engine.crowd_keys(one)
        state = states[one.user_id]
        outcome = engine.apply(one, state)

        assert not outcome.errors
        assert 0.0 <= outcome.risk <= 1.0
        assert all(0.0 < found.score <= 1.0 for found in outcome.findings)
        assert len(state.pending) <= MAX_PENDING
        assert encode(decode(encode(state))) == encode(state)
        assert len(encode(state)) < 300_000


@pytest.mark.parametrize("struct", STRUCTS.values(), ids=lambda struct: struct.__name__)
def test_every_type_of_event_is_tried(struct: type[Event]) -> None:
    """What is made of its schema can be taken, often enough."""
    seen: list[Event] = []

    @settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None, database=None, derandomize=True)
    @given(fields(inspect.type_info(struct)))  # type: ignore[arg-type]
    def look(raw: dict[str, Any]) -> None:
        if (one := taken(raw)) is not None:
            seen.append(one)

    look()
    assert seen
    assert {type(one) for one in seen} == {struct}


def test_a_million_trades_of_one_account() -> None:
    """Counted and learned by the detectors of trades that keep windows: the habits stay as small as after a day."""
    detectors = [REGISTRY.entries[name].detector for name in ("trade_burst", "trade_size")]
    habits, begin, sizes = Habits(), datetime(2026, 1, 1, tzinfo=UTC), []
    template = event("trade", order_id="o", action="fill", market="BTC-USDT", side="buy", quantity="1", usd_value="500")
    for n in range(1_000_000):
        if n % 10 == 0:  # ten a moment: making the events would take longer than learning them
            seen = Sighting(msgspec.structs.replace(template, occurred_at=begin + timedelta(seconds=n * 3)))
        for detector in detectors:
            assert detector is not None
            detector.count_one(seen, habits)
            detector.learn_one(seen, habits)
        if n % 100_000 == 9_999:
            sizes.append(len(msgspec.msgpack.encode(habits)))

    assert habits.trade.count == 1_000_000
    assert max(sizes) < 2_000
