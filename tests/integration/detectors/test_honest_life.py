"""A month of honest life, told as a figure: how often these detectors speak, and that what is no surprise costs next to nothing."""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec
import pytest

from detectors.engine import Engine
from detectors.models.partition import Cohorts
from detectors.registry import Registry
from domain.events import Event
from domain.profile import UserState
from embedded.exchange.world import Exchange
from tests.support.surroundings import real_surroundings

USERS, DAYS, ORIGIN = 100, 30, 1_770_000_000.0
ALLOWED = {"withdrawal_large": 3, "withdrawal_rapid_drain": 0, "withdrawal_lookalike_address": 0, "trade_burst": 0, "margin_low": 0}
"""Findings in 3,000 days of users: the large withdrawal's threshold alone lets one in three hundred pass, that is three."""


def test_honest_life_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """Habits, pay days, new payees and phones: what people do deliberately is told once, the rest hardly ever."""
    exchange, states = Exchange(4, USERS, ORIGIN), defaultdict[str, UserState](UserState)
    engine = Engine(Registry.load(), real_surroundings(), Cohorts())
    told = dict[tuple[str, str, str], float]()
    found, unexplained = Counter[str](), Counter[str]()
    for at, raw in exchange.ordinary(ORIGIN + DAYS * 86_400.0):
        event = msgspec.convert(raw, Event)
        outcome = engine.apply(event, states[event.user_id])
        assert not outcome.errors
        for finding in outcome.findings:
            key = (finding.user_id, finding.detector, finding.subject or "")
            if at - told.get(key, 0.0) > 86_400.0:
                told[key] = at
                found[finding.detector] += 1
                unexplained[finding.detector] += event.event_id not in exchange.surprises

    with capsys.disabled():
        print()
        for name, number in sorted(found.items()):
            print(
                f"  {name}: {1000 * number / USERS / DAYS:.1f} per 1,000 users a day, of which without a cause {unexplained[name]} in all"
            )
    assert {name: found[name] for name in ALLOWED if found[name] > ALLOWED[name]} == {}
    assert unexplained["security_setting_changed"] == 0
