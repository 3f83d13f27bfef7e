"""The level of a margin account."""

from typing import Literal

import msgspec

from domain.events.base import Input, Money, Text


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One open position."""

    market: Text
    side: Literal["long", "short"]
    size: Money
    entry_price: Money | None = None
    mark_price: Money | None = None
    liquidation_price: Money | None = None
    leverage: Money | None = None


class Margin(Input, frozen=True, kw_only=True, omit_defaults=True, tag="margin"):
    """Margin level; liquidation when maintenance / equity reaches 1."""

    account: Text
    equity_usd: Money
    maintenance_margin_usd: Money
    positions: list[Position] | None = None
