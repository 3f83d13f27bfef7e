"""The whole rule side against the simulated exchange on a fixed seed: what is noticed, and how often honest people are disturbed."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detectors.score import States
from detectors.wiring import build_engine
from domain.decode import decode_any
from domain.events import Verdict
from embedded.exchange.attacks import KINDS, NOTICED_BY
from embedded.exchange.world import DAY, Exchange, with_attacks
from notices.policy import Policy
from stores.geo import GeoSurroundings

END = datetime.fromisoformat("2026-11-20T12:00:00Z").timestamp()
USERS, DAYS, ATTACKED_DAYS = 104, 24, 3.0


@dataclass
class Watched:
    """What came of the whole history."""

    exchange: Exchange
    detectors: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Attack id -> detectors that fired on its events."""
    told: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Attack id -> severities of its notices."""
    held: set[str] = field(default_factory=set)
    """Attacks for which the exchange was asked to hold a withdrawal."""
    benign: Counter[str] = field(default_factory=Counter)
    """`honest surprise` or the kind of a false alarm -> notices, counted before the first attack and after the quiet days."""
    benign_days: float = 0.0


@pytest.fixture(scope="module")
def watched() -> Watched:
    """A hundred people for 24 days, the last three with an attack every three quarters of an hour."""
    exchange = Exchange(11, USERS, END - DAYS * DAY)
    attacked_from = END - ATTACKED_DAYS * DAY
    drawn = with_attacks(exchange, END, attacked_from, 2700)
    engine = build_engine(GeoSurroundings(None, None, Path(__file__).parents[3] / "var" / "geo"))
    policy, states, out = Policy(), States(), Watched(exchange, benign_days=(attacked_from - exchange.quiet_until) / DAY)
    for at, line in drawn:
        event = decode_any(json.dumps(line).encode())
        state, now = states[event.user_id], datetime.fromtimestamp(at, UTC)
        outcome = engine.apply(event, state)
        assert not outcome.errors
        if isinstance(event, Verdict):
            policy.decide_verdict(event, outcome.cleared, outcome.condemned, state, now)
        if not outcome.findings:
            continue
        decision = policy.decide(event, outcome.findings, state, now)
        for finding in outcome.findings:
            if label := exchange.truth.get(finding.event_id):
                out.detectors[label.attack_id].add(finding.detector)
        for notice in decision.notices:
            if label := exchange.truth.get(notice.group):
                out.told[label.attack_id][notice.severity] += 1
            elif exchange.quiet_until <= at < attacked_from and notice.severity != "info":
                out.benign["honest surprise" if notice.group in exchange.surprises else notice.kind] += 1
        for action in decision.actions:
            if (label := exchange.truth.get(event.event_id)) and action.action == "hold_withdrawal":
                out.held.add(label.attack_id)
    return out


def attacks_of(watched: Watched, kind: str) -> set[str]:
    """Ids of the attacks of a kind."""
    return {label.attack_id for label in watched.exchange.truth.values() if label.attack == kind}


@pytest.mark.parametrize("kind", KINDS)
def test_every_attack_of_this_kind_is_noticed_and_told(watched: Watched, kind: str) -> None:
    """At least four of five by the detector made for it, and each of those tells its user."""
    attacks = attacks_of(watched, kind)
    noticed = {a for a in attacks if watched.detectors[a] & NOTICED_BY[kind]}

    assert len(attacks) >= 5
    assert len(noticed) >= 0.8 * len(attacks), {a: watched.detectors[a] for a in attacks - noticed}
    assert all(watched.told[a] for a in noticed)


def test_a_takeover_is_told_as_one_critical_story_and_held(watched: Watched) -> None:
    """The withdrawal that completes it is held."""
    attacks = attacks_of(watched, "takeover")

    assert all(watched.told[a]["critical"] == 1 for a in attacks)
    assert attacks <= watched.held


def test_honest_people_are_left_in_peace(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """Fewer than ten false alarms per 1,000 users a day; new phones, travel and new payees deserve their notice."""
    user_days = USERS * watched.benign_days
    surprises = watched.benign.pop("honest surprise", 0)
    alarms = sum(watched.benign.values())
    with capsys.disabled():
        print(
            f"\n  per 1,000 users a day: {1000 * alarms / user_days:.1f} false alarms {dict(watched.benign)},"
            f" {1000 * surprises / user_days:.1f} notices of honest surprises ({user_days:.0f} user-days)"
        )

    assert 1000 * alarms / user_days < 10
    assert surprises > 0
