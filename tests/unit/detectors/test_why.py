"""Why an event has its risk: contributions that add up, values, and how much history stands behind them."""

from __future__ import annotations

import pytest

from detectors.engine import Engine
from detectors.models.supervised import Supervised
from detectors.models.why import FEW, attached, judgement
from domain.habits import Habits
from domain.profile import UserState
from tests.support.events import ELSEWHERE, HOUR
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
    own = [found for found in outcome.findings if found.event_id == outcome.findings[0].event_id]
    assert own

    told = attached(outcome.findings, engine.risk, outcome.judged, settled.habits, "another event")

    assert all(found.judged is None for found in told)
