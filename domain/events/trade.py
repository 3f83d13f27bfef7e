"""Orders, fills and cancels."""

from typing import Literal

from domain.events.base import Input, Money, Text


class Trade(Input, frozen=True, kw_only=True, omit_defaults=True, tag="trade"):
    """An order placed, filled or cancelled."""

    order_id: Text
    action: Literal["order", "fill", "cancel"]
    market: Text
    side: Literal["buy", "sell"]
    quantity: Money
    order_type: Text | None = None
    price: Money | None = None
    usd_value: Money | None = None
    leverage: Money | None = None
    mark_price: Money | None = None
    counterparty_user_id: Text | None = None
