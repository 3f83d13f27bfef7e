"""Whatever comes, in whatever order: the engine holds what it promises."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from domain.events import Event
from domain.messages import Finding
from domain.profile import MAX_PENDING, UserState, decode, encode
from tests.support.events import event
from tests.support.registry import loaded

pytestmark = pytest.mark.slow

ENGINE = Engine(loaded(), NamedSurroundings())
CLIENT = st.fixed_dictionaries(
    {},
    optional={
        "session_id": st.sampled_from(["s1", "s2", ""]),
        "ip": st.sampled_from(["berlin", "lagos", "vpn", "10.0.0.1", "not an address", ""]),
        "device_id": st.sampled_from(["laptop", "phone", "", "x" * 4096]),
        "user_agent": st.sampled_from(["Chrome 142 on Windows", "Safari 26 on iPhone", "?"]),
    },
)
MONEY = st.sampled_from(["0", "0.00000001", "100", "5000.5", "9" * 40])
WORDS = st.sampled_from(["a", "b", ""])
KINDS: list[tuple[str, dict[str, st.SearchStrategy[Any]]]] = [
    ("login", {"outcome": st.sampled_from(["success", "wrong_password", "wrong_mfa", "blocked", "unknown_user"])}),
    ("account_change", {"change": st.sampled_from(["mfa_disabled", "password_reset", "email_changed", "api_key_created", "kyc_approved"])}),
    ("margin", {"account": WORDS, "equity_usd": MONEY, "maintenance_margin_usd": MONEY}),
    (
        "trade",
        {"order_id": WORDS, "action": st.just("fill"), "market": WORDS, "side": st.just("buy"), "quantity": MONEY, "usd_value": MONEY},
    ),
    (
        "transfer",
        {
            "transfer_id": st.sampled_from(["t1", "t2", "t3"]),
            "direction": st.sampled_from(["withdrawal", "deposit", "internal_out"]),
            "status": st.sampled_from(["requested", "completed", "failed", "rejected"]),
            "asset": WORDS,
            "amount": MONEY,
            "usd_value": MONEY | st.none(),
            "balance_usd": MONEY | st.none(),
            "address": st.sampled_from(["TKnown", "TStranger", "0xABCDEF0123456789abcdef0123456789ABCDEF01"]),
        },
    ),
    (
        "verdict",
        {
            "about": st.sampled_from([f"e{n}" for n in range(12)]),
            "label": st.sampled_from(["genuine", "fraud"]),
            "source": st.sampled_from(["user", "analyst", "exchange"]),
            "by": st.just("u1"),
        },
    ),
]
DAY = 86_400.0


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Up to forty events over twelve ids, so that some come twice; times from the first century to weeks around one day."""
    made = []
    for _ in range(draw(st.integers(1, 40))):
        kind, fields = draw(st.sampled_from(KINDS))
        at = draw(st.sampled_from([0.0, 60.0, -60.0, DAY, -DAY, 3 * DAY, -40 * DAY, -1_000 * DAY, -700_000 * DAY]))
        values = {name: draw(value) for name, value in fields.items()}
        made.append(event(kind, at, event_id=f"e{draw(st.integers(0, 11))}", client=draw(CLIENT), **values))
    return made


def said(findings: list[Finding]) -> bytes:
    """Findings as published, but for the risk: its rates are everybody's, and both states are judged by one engine."""
    return msgspec.json.encode([msgspec.structs.replace(found, judged=None) for found in findings])


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(events())
def test_nothing_that_decodes_breaks_it(stream: list[Event]) -> None:
    """No detector raises, risk stays in its range, what waits is bounded, and a state stored in between makes no difference."""
    kept, stored = UserState(), UserState()
    for one in stream:
        outcome = ENGINE.apply(one, kept)
        stored = decode(encode(stored))
        again = ENGINE.apply(one, stored)

        assert not outcome.errors
        assert 0.0 <= outcome.risk <= 1.0
        assert len(kept.pending) <= MAX_PENDING
        assert len({p.event_id for p in kept.pending}) == len(kept.pending)
        assert said(again.findings) == said(outcome.findings)
        assert encode(stored) == encode(kept)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(events())
def test_what_is_published_again_changes_nothing(stream: list[Event]) -> None:
    """Each event four times in a row: the same state and the same findings as once."""
    once, often = UserState(), UserState()
    for one in stream:
        first = ENGINE.apply(one, once)
        told = {f.finding_id for _ in range(4) for f in ENGINE.apply(one, often).findings}

        assert told == {f.finding_id for f in first.findings}
        assert encode(often) == encode(once)
