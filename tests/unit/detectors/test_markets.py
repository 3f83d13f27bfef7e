"""What markets are like just now, over all users of a partition."""

from __future__ import annotations

import math

import msgspec
import pytest

from detectors.models.markets import MARKETS, Markets


def walked(moves: float, step: float = 600.0) -> Markets:
    """A market whose price goes up and down by `moves` (of its logarithm) every `step` seconds for a day."""
    markets, price = Markets(), 100.0
    for n in range(144):
        price *= math.exp(moves if n % 2 else -moves)
        markets.marked("BTC-USDT", price, 1e9 + n * step)
    return markets


def test_volatility_is_that_of_a_day() -> None:
    """Moves of one in a thousand every ten minutes are 1.2 percent a day."""
    assert walked(0.001).volatility("BTC-USDT") == pytest.approx(0.012, rel=0.01)


def test_volatility_needs_an_hour_of_prices() -> None:
    """Before that, and of a market never seen, it isn't known."""
    markets = Markets()
    for n in range(6):
        markets.marked("BTC-USDT", 100.0, 1e9 + n * 600)

    assert markets.volatility("BTC-USDT") is None
    assert markets.volatility("ETH-USDT") is None


def test_prices_seconds_apart_are_not_compared() -> None:
    """Between bid and ask a price jumps; that is no volatility."""
    markets = Markets()
    for n in range(20_000):
        markets.marked("BTC-USDT", 100.0 + n % 7 / 7.0, 1e9 + n)

    assert 0.0 < (markets.volatility("BTC-USDT") or 0.0) < 0.1  # each jump counted would make it 1.0


def test_a_price_from_the_past_changes_nothing() -> None:
    """Readings may come late."""
    markets = walked(0.001)
    before = markets.export()
    markets.marked("BTC-USDT", 3.0, 1e9)

    assert markets.export() == before


def test_share_off_says_how_many_fills_were_as_far_from_the_mark() -> None:
    """Nothing while there are few."""
    markets = Markets()
    for n in range(7):
        markets.traded("THIN-USDT", 500.0, 1.0, 1e9 + n)
    assert markets.share_off("THIN-USDT", 400.0) == 0.0

    for n in range(10):
        markets.traded("THIN-USDT", 500.0 if n % 2 else 0.0, 1.0, 2e9 + n)
    assert markets.share_off("THIN-USDT", 400.0) == pytest.approx(11 / 18, abs=0.02)
    assert markets.share_off("THIN-USDT", 900.0) == 0.0


def test_markets_are_bounded_and_survive_export() -> None:
    """The market not seen for longest makes room; the restored model is the same; damaged data is refused."""
    markets = walked(0.001)
    for n in range(MARKETS + 10):
        markets.traded(f"M{n}", 2.0, 1.0, 2e9 + n)
    exported = msgspec.msgpack.decode(msgspec.msgpack.encode(markets.export()))
    again = Markets()
    again.restore(exported)

    assert len(exported) == MARKETS
    assert again.export() == markets.export()
    assert again.volatility("BTC-USDT") is None
    assert len(msgspec.msgpack.encode(exported)) < 40_000
    with pytest.raises((ValueError, TypeError)):
        again.restore([["M", "nonsense"]])
