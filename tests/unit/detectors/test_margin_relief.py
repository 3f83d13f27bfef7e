"""What is told to do about a margin account that comes near liquidation does help."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from detectors.margin.read import percent, relief
from domain.events import Margin
from tests.support.events import event

TARGET = Decimal(75)
AMOUNTS = st.decimals("0.01", "1000000", places=2).map(str)


def reading(equity: str, maintenance: str, *positions: dict[str, str]) -> Margin:
    """A margin account with these positions."""
    made = event("margin", account="cross", equity_usd=equity, maintenance_margin_usd=maintenance, positions=list(positions))
    assert isinstance(made, Margin)
    return made


@given(equity=AMOUNTS, maintenance=AMOUNTS)
def test_adding_what_is_told_brings_the_ratio_below_the_target(equity: str, maintenance: str) -> None:
    """For any equity and maintenance margin; and a dollar less than that would not."""
    facts = relief(reading(equity, maintenance), TARGET)

    if percent(reading(equity, maintenance)) <= TARGET:
        assert facts == {}
    else:
        enough = Decimal(equity) + Decimal(facts["add_usd"])
        assert percent(reading(str(enough), maintenance)) <= TARGET
        assert enough - 1 <= 0 or Decimal(maintenance) * 100 / (enough - 1) > TARGET


@given(equity=AMOUNTS, maintenance=AMOUNTS, size=st.decimals("0.0001", "1000", places=4).map(str))
def test_cutting_what_is_told_brings_the_ratio_below_the_target(equity: str, maintenance: str, size: str) -> None:
    """Where the only position is cut, maintenance margin shrinks with it."""
    facts = relief(reading(equity, maintenance, {"market": "BTC-PERP", "side": "long", "size": size}), TARGET)

    if facts:
        left = 1 - Decimal(facts["cut_size"]) / Decimal(size)
        assert Decimal(0) <= left < 1
        assert Decimal(maintenance) * left * 100 <= TARGET * Decimal(equity)


def test_of_several_positions_the_one_worth_most_is_cut() -> None:
    """By as much as the others leave it to do."""
    small = {"market": "SOL-PERP", "side": "long", "size": "10", "mark_price": "200"}
    large = {"market": "BTC-PERP", "side": "short", "size": "0.1", "mark_price": "80000"}

    facts = relief(reading("1000", "1000", small, large), TARGET)

    assert facts == {"add_usd": "334", "cut_size": "0.032", "cut_market": "BTC-PERP"}


def test_no_cut_is_told_where_it_would_not_be_enough_or_is_not_known() -> None:
    """Adding money always helps."""
    unpriced = {"market": "SOL-PERP", "side": "long", "size": "10"}
    many = [{"market": f"M{n}", "side": "long", "size": "1", "mark_price": "100"} for n in range(9)]

    assert relief(reading("100", "100", unpriced, unpriced), TARGET) == {"add_usd": "34"}
    assert relief(reading("100", "100", *many), TARGET) == {"add_usd": "34"}
    assert relief(reading("0", "30", {"market": "M", "side": "long", "size": "2"}), TARGET)["cut_size"] == "2"
