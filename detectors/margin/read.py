"""What the margin detectors read from a reading, and what would help, in numbers."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from domain.events import Margin
from domain.events.margin import Position

_DOWN = Context(prec=28, rounding=ROUND_FLOOR)
"""A quotient of any two amounts never rounds up into a band, and one that is a band exactly stays it."""
_UP = Context(prec=28, rounding=ROUND_CEILING)
_TWO_DIGITS = Context(prec=2, rounding=ROUND_CEILING)
_PERCENT = Decimal("1E2")
_MOST = Decimal("1E15")
"""USD that nobody is told to add."""


def percent(event: Margin) -> Decimal:
    """Maintenance margin / equity in percent, at most 1000; nothing left of the equity counts as past liquidation.

    Decimal, as money is: in binary fractions 0.1760 of 0.22 would be less than 80 percent."""
    equity, maintenance = Decimal(event.equity_usd), Decimal(event.maintenance_margin_usd)
    if maintenance <= 0:
        return Decimal(0)
    return min(_DOWN.multiply(_DOWN.divide(maintenance, equity), _PERCENT), Decimal(1000)) if equity > 0 else Decimal(1000)


def account(event: Margin) -> str:
    """Its name, cut."""
    return event.account[:64]


def nearest(positions: list[Position]) -> Position | None:
    """The position that is liquidated first, among those that tell at which price."""
    priced = [p for p in positions if p.liquidation_price]
    return min(priced, key=_distance) if priced else None


def relief(event: Margin, target: Decimal) -> dict[str, str]:
    """Facts on how to bring the ratio down to `target` percent: USD to add, or by how much to cut the largest position.

    Maintenance margin is taken to be spread over the positions by their value; where that isn't known, or one position is not enough, only
    the USD are told. Both are rounded up."""
    equity, maintenance = Decimal(event.equity_usd), Decimal(event.maintenance_margin_usd)
    if target <= 0:
        return {}
    needed = _UP.divide(_UP.multiply(maintenance, _PERCENT), target)
    if needed <= equity or needed - equity > _MOST:
        return {}
    facts = {"add_usd": str((needed - equity).quantize(Decimal(1), rounding=ROUND_CEILING))}
    largest, weight = _largest(event.positions or [])
    if largest is not None:
        part = _UP.divide(1 - _DOWN.divide(equity, needed), weight)
        if part <= 1:
            cut = min(_TWO_DIGITS.multiply(part, Decimal(largest.size)), Decimal(largest.size))
            if cut > 0:
                facts |= {"cut_size": f"{cut.normalize():f}"[:64], "cut_market": largest.market[:64]}
    return facts


def distance(position: Position) -> float | None:
    """How far the price may still go before liquidation, as a logarithm; None where it isn't known."""
    mark, end = float(position.mark_price or 0), float(position.liquidation_price or 0)
    if not (0.0 < mark < math.inf and 0.0 < end < math.inf):
        return None
    return max(math.log(mark / end) if position.side == "long" else math.log(end / mark), 0.0)


def _distance(position: Position) -> float:
    """How far the price may still go, as a part of it; without a mark price, after all that have one."""
    mark = float(position.mark_price or 0)
    return abs(mark - float(position.liquidation_price or 0)) / mark if mark > 0.0 else float("inf")


def _largest(positions: list[Position]) -> tuple[Position | None, Decimal]:
    """The position worth most and its part of the worth of all, in (0, 1]; None where that isn't known."""
    sized = [p for p in positions if Decimal(p.size) > 0]
    if len(sized) == 1:
        return sized[0], Decimal(1)
    worth = [Decimal(p.size) * Decimal(p.mark_price or p.entry_price or 0) for p in sized]
    if not sized or min(worth) <= 0:
        return None, Decimal(1)
    at = worth.index(max(worth))
    return sized[at], _DOWN.divide(worth[at], sum(worth, Decimal(0)))
