"""Why an event has its risk: contributions that add up, values, and how much history stands behind them."""

from __future__ import annotations

import msgspec
import pytest

from detectors.engine import Engine
from detectors.models.supervised import Supervised
from detectors.models.why import FEW, attached, judgement
from detectors.score import learning
from domain.events import Verdict
from domain.habits import Habits
from domain.messages import Finding
from domain.profile import UserState
from tests.support.events import DAY, ELSEWHERE, HOUR, verdict, withdrawal
from tests.unit.detectors.test_risk import TRANSFER, judged


def test_contributions_add_up_to_the_log_odds_and_carry_the_values_seen(engine: Engine, settled: UserState) -> None:
    """Without labels, and with a model that has learned something."""
    plain = judged(engine, settled, usd="5000", address=ELSEWHERE).judged
    said = judgement(engine.risk, plain, settled.habits)

    assert sum(part.nats for part in said.parts) == pytest.approx(said.log_odds, abs=0.02)
    assert said.frauds_learned == 0
    assert {"own", "base"} <= {part.feature for part in said.parts}

    model = Supervised(TRANSFER)
    for n in range(60):
        model.learn(plain.row, float(n % 3), n % 2 == 0, 1.0)
    engine.risk.models = {"transfer": model}
    later = judged(engine, settled, 2 * HOUR, "700", ELSEWHERE).judged
    taught, taught_row = judgement(engine.risk, later, settled.habits), later.row

    assert sum(part.nats for part in taught.parts) == pytest.approx(taught.log_odds, abs=0.02)
    assert taught.frauds_learned == 30
    values = dict(zip(TRANSFER.names, taught_row, strict=True))
    assert all(part.value == pytest.approx(values[part.feature], abs=1e-4) for part in taught.parts if part.value is not None)
    assert any(part.value is not None for part in taught.parts)


def test_too_little_history_is_said(engine: Engine, settled: UserState) -> None:
    """Of whom nothing is known, what is common among all stands in; a few events are shrunk towards it."""
    settled.habits.spending.count = FEW
    known = judgement(engine.risk, judged(engine, settled).judged, settled.habits)
    fresh = UserState()
    first = judged(engine, fresh).judged
    nobody = judgement(engine.risk, first, Habits())
    little = Habits()
    little.spending.count = FEW - 1

    assert (known.leans_on, known.history >= FEW) == ("own", True)
    assert (nobody.leans_on, nobody.history) == ("all", 0)
    assert judgement(engine.risk, first, little).leans_on == "few"


def test_only_findings_on_the_event_itself_carry_its_risk(engine: Engine, settled: UserState) -> None:
    """A story that an earlier event completes is not about this one."""
    outcome = judged(engine, settled, usd="5000", address=ELSEWHERE)
    bare = [msgspec.structs.replace(found, judged=None) for found in outcome.findings]
    assert bare

    told = attached(bare, engine.risk, outcome.judged, settled.habits, "another event")

    assert all(found.judged is None for found in told)


def test_the_engine_says_why_with_each_finding(engine: Engine, settled: UserState) -> None:
    """Whatever fired, the risk of its event is told with it."""
    outcome = engine.apply(withdrawal(HOUR, ELSEWHERE, "5000"), settled)

    assert outcome.findings
    for found in outcome.findings:
        assert isinstance(found, Finding)
        assert found.judged is not None
        assert found.judged.risk == pytest.approx(outcome.risk, abs=1e-5)


def test_an_address_that_its_owner_condemned_is_held_against_him_once(engine: Engine, settled: UserState) -> None:
    """While frauds are known there, that is evidence which fades; the device that a thief used stays condemned as it is."""
    learner = learning(engine, supervised=False)
    paid = engine.apply(withdrawal(HOUR, ELSEWHERE, "5000", event_id="stolen"), settled)
    learner.take(paid.record)
    told = verdict("stolen", DAY, "fraud", "exchange")
    engine.apply(told, settled)
    assert isinstance(told, Verdict)
    learner.verdict(told)

    again = engine.apply(withdrawal(20 * DAY, ELSEWHERE, "100", event_id="later"), settled).judged
    much_later = engine.apply(withdrawal(90 * DAY, ELSEWHERE, "100", event_id="much later"), settled).judged

    assert "suspicion" not in dict(again.parts)
    assert dict(again.parts)["address_frauds"] > dict(much_later.parts).get("address_frauds", 0.0)
