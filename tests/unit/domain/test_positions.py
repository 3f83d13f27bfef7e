"""What an account holds and has open, by its own events alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from detectors.engine import Engine
from domain.events import Event, Margin, Trade, Transfer
from domain.habits.positions import MAX_ORDERS, Positions, named, pair
from domain.place import NO_AGENT, NOWHERE
from domain.profile import UserState, decode, encode
from tests.support.registry import loaded

AT = "2026-11-22T10:00:00Z"


def event(kind: str, **fields: Any) -> Any:
    return msgspec.convert({"type": kind, "event_id": str(hash(str(fields))), "user_id": "u7", "occurred_at": AT} | fields, Event)


def trade(action: str, order: str = "o1", quantity: str = "1", **more: Any) -> Trade:
    values = {"action": action, "order_id": order, "market": "BTC-USDT", "side": "buy", "quantity": quantity, "price": "100"}
    return event("trade", **(values | more))


def transfer(direction: str, amount: str, status: str = "completed") -> Transfer:
    return event("transfer", transfer_id="t", direction=direction, status=status, asset="btc", amount=amount, address="a")


def after(*events: Any) -> Positions:
    found = Positions()
    for one in events:
        {Trade: found.note_trade, Transfer: found.note_transfer, Margin: found.note_margin}[type(one)](one)
    return found


@pytest.mark.parametrize(
    ("events", "markets"),
    [
        ([trade("order")], ["BTC-USDT"]),
        ([trade("order"), trade("fill", quantity="0.4")], ["BTC-USDT"]),
        ([trade("order"), trade("fill", quantity="0.4"), trade("fill", quantity="0.6")], []),
        ([trade("order"), trade("cancel")], []),
        ([trade("order"), trade("cancel", order="o2")], ["BTC-USDT"]),
        ([trade("order", order_type="market")], []),
        ([trade("order"), trade("order"), trade("cancel")], []),
        ([trade("fill")], []),
    ],
    ids=["placed", "filled in part", "filled", "cancelled", "another one cancelled", "at market", "told twice", "never placed"],
)
def test_an_order_is_open_until_it_is_filled_or_cancelled(events: list[Any], markets: list[str]):
    """By its id and what is left of its quantity."""
    assert after(*events).open_markets() == markets


@pytest.mark.parametrize(
    ("events", "held"),
    [
        ([transfer("deposit", "2")], {"BTC"}),
        ([transfer("deposit", "2", "requested")], set()),
        ([transfer("deposit", "2"), transfer("withdrawal", "2")], set()),
        ([transfer("deposit", "0.3"), transfer("withdrawal", "0.1"), transfer("withdrawal", "0.2")], set()),
        ([transfer("withdrawal", "5"), transfer("internal_in", "1")], {"BTC"}),
        ([trade("fill")], {"BTC"}),
        ([trade("fill"), trade("fill", order="o2", side="sell")], {"USDT"}),
        ([trade("fill", market="BTC-USDT-PERP")], set()),
        ([trade("order")], set()),
    ],
    ids=["deposited", "on its way", "gone again", "gone in parts", "more than was known went", "bought", "sold", "a future", "wanted"],
)
def test_an_asset_is_held_while_more_came_in_than_went(events: list[Any], held: set[str]):
    """What was there before is unknown: an amount never falls below nothing."""
    assert after(*events).held() == held


def test_an_open_margin_position_counts_as_held_until_it_is_closed():
    """The market, and the asset that it is about."""
    reading = {"account": "cross", "equity_usd": "1", "maintenance_margin_usd": "0"}
    opened = event("margin", **reading, positions=[{"market": "ETH-USDT-PERP", "side": "long", "size": "1"}])

    assert after(opened).held() == {"ETH", "ETHUSDTPERP"}
    assert after(opened, event("margin", **reading, event_id="no positions told")).held() == {"ETH", "ETHUSDTPERP"}
    assert after(opened, event("margin", **reading, positions=[])).held() == set()


def test_what_is_kept_is_bounded():
    """A market maker's thousand orders take no more than thirty-two."""
    found = after(*(trade("order", order=f"o{n}", market=f"M{n}-USDT") for n in range(1000)))

    assert len(found.orders) == MAX_ORDERS
    assert found.open_markets()[-1] == "M999-USDT"


@pytest.mark.parametrize("name", ["btc-usdt", "BTC/USDT", "BTC_USDT", "BTCUSDT"])
def test_exchanges_write_a_market_in_many_ways(name: str):
    """They are one."""
    assert named(name) == "BTCUSDT"
    assert pair(name) == ("BTC", "USDT", True)


class Nowhere:
    def place(self, ip: str | None) -> Any:
        return NOWHERE

    def agent(self, user_agent: str | None) -> Any:
        return NO_AGENT


@pytest.mark.slow
def test_the_engine_keeps_positions_of_each_event_and_the_profile_holds_them():
    """Trades, transfers and margin readings, through what is written to Redis."""
    engine, state = Engine(loaded(), Nowhere()), UserState()
    margin = {
        "account": "cross",
        "equity_usd": "1",
        "maintenance_margin_usd": "0",
        "positions": [{"market": "SOL-USDT-PERP", "side": "long", "size": "1"}],
    }
    for one in (trade("order"), transfer("deposit", "1"), event("margin", **margin)):
        assert not engine.apply(one, state).errors
    kept = decode(encode(state)).habits.positions

    assert kept.open_markets() == ["BTC-USDT"]
    assert kept.held() == {"BTC", "SOL", "SOLUSDTPERP"}
