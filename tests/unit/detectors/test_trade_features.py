"""What the risk model reads of a trade, and that it ranks what is odd above what is usual."""

from __future__ import annotations

import math
from typing import Any

import pytest

from detectors.base import Sighting
from detectors.cases import NamedSurroundings
from detectors.engine import Engine
from detectors.models.features import trade as features
from domain.events import Trade
from domain.profile import UserState
from tests.support.events import DAY, HOUR, LAPTOP, STRANGER, event, login
from tests.support.registry import loaded

PLACES = NamedSurroundings()
MAKER = "market-maker"


def trade(at: float, client: dict[str, Any] | None = None, **fields: Any) -> Trade:
    """A fill near the mark."""
    made = event(
        "trade", at, **{"order_id": "o", "action": "fill", "market": "BTC-USDT", "side": "buy", "quantity": "1", "usd_value": "500",
                        "price": "100.05", "mark_price": "100", "counterparty_user_id": MAKER, "client": client or LAPTOP, **fields}
    )  # fmt: skip
    assert isinstance(made, Trade)
    return made


@pytest.fixture
def trader() -> tuple[Engine, UserState]:
    """A month of a sign-in and four trades a day."""
    engine, state = Engine(loaded(), PLACES), UserState()
    for day in range(-30, 0):
        engine.apply(login(day * DAY), state)
        for n in range(4):
            engine.apply(trade(day * DAY + n * HOUR, usd_value=str(300 + 100 * n)), state)
    return engine, state


def row(state: UserState, one: Trade) -> dict[str, float]:
    seen = Sighting(one, PLACES.place(one.where.ip), PLACES.agent(one.where.user_agent))
    return dict(zip(features.NAMES, features.features(seen, state.habits), strict=True))


def test_a_usual_trade_looks_usual(trader: tuple[Engine, UserState]) -> None:
    """Nothing strange, no larger than before, no evidence."""
    found = row(trader[1], trade(0.0))

    assert (found["new_market"], found["strange_device"], found["strange_network"]) == (0.0, 0.0, 0.0)
    assert abs(found["own"]) < 1.0
    assert found["over_most"] <= 0.0
    assert found["worse"] == pytest.approx(0.05)
    assert features.evidence(tuple(found.values())) == ()


def test_what_is_odd_is_read_off(trader: tuple[Engine, UserState]) -> None:
    """A stranger who buys a coin never traded, far too dear and far too large, with leverage."""
    found = row(trader[1], trade(0.0, STRANGER, market="X-USDT", usd_value="60000", price="130", leverage="20", counterparty_user_id="m"))

    assert (found["new_market"], found["strange_device"], found["strange_network"]) == (1.0, 1.0, 1.0)
    assert found["over_most"] == pytest.approx(math.log(60_000 / 600), abs=0.1)
    assert found["leverage"] == pytest.approx(math.log(20), abs=0.1)
    assert found["lost"] == pytest.approx(18_000)
    assert {name for name, nats in features.evidence(tuple(found.values())) if nats > 0} >= {"own", "strange_device"}


def test_a_bare_trade_of_an_unknown_account_has_a_row() -> None:
    """Missing values are NaN, and evidence of nothing."""
    bare = event("trade", 0.0, order_id="o", action="order", market="BTC-USDT", side="buy", quantity="1")
    assert isinstance(bare, Trade)
    found = row(UserState(), bare)

    assert math.isnan(found["usd"])
    assert math.isnan(found["strange_key"])
    assert features.evidence(tuple(found.values())) == ()


def test_risk_ranks_trades_by_how_odd_they_are(trader: tuple[Engine, UserState]) -> None:
    """A usual one, a large one, and value given away to someone."""
    engine, state = trader
    usual = engine.apply(trade(60.0), state).risk
    large = engine.apply(trade(120.0, usd_value="4000"), state).risk
    given = [engine.apply(trade(180.0 + n, usd_value="2000", price="120", counterparty_user_id="mallory"), state).risk for n in range(4)]

    assert usual < large < given[-1]
    assert usual < given[0] < given[-1]
