"""What monitors are told of alert budgets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.models.alarms import DAY
from detectors.models.partition import Cohorts
from streams.kernel import Tally
from streams.metrics import Collector, Standing, text
from tests.support.registry import loaded


def page(budgets: dict[str, float] | None) -> str:
    """The metrics of a worker whose users raise thirty alarms of one score per 1,000 a day."""
    engine = Engine(loaded().configured({}, budgets), NamedSurroundings(), Cohorts())
    assert engine.cohorts is not None
    alarms = engine.cohorts(0).alarms
    for day in range(100, 110):
        for _ in range(1000):
            alarms.be(day * DAY + 60, (day - 1) * DAY, budgets or {}, {"login_risk": "login"})
        for _ in range(30):
            alarms.may_tell("login_risk", 0.9, True)
    tally: Any = Tally()
    tally.untold["login_risk", "budget"] += 3
    kernel: Any = SimpleNamespace(engine=engine, waiting_for="", cache=Empty())
    app: Any = SimpleNamespace(consumes=True)
    return text(Collector(Standing(app, "detect"), tally, kernel))


class Empty:
    """A cache."""

    size = 0

    def __len__(self) -> int:
        return 0


def test_a_budget_that_is_not_kept_is_a_figure() -> None:
    """By family, with what is told and allowed; and what was held back, by reason."""
    told = page({"login": 10.0})

    assert 'vigil_alert_budget_kept{family="login"} 0.0' in told
    assert 'vigil_alert_budget_budget{family="login"} 10.0' in told
    assert 'vigil_findings_untold_total{detector="login_risk",reason="budget"} 3.0' in told


def test_without_a_budget_there_is_no_figure() -> None:
    """Nothing to watch."""
    assert "vigil_alert_budget" not in page(None)
