"""Orders, fills and cancels."""

from typing import Literal

from domain.events.base import Input, Money, Text, approximate
from domain.once import once


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

    @once
    def usd(self) -> float | None:
        """USD value, approximately; None where not told, or nothing."""
        return approximate(self.usd_value) or None

    @once
    def against_someone(self) -> bool:
        """Whether the other side is told."""
        return self.counterparty_user_id is not None

    @once
    def worse(self) -> float | None:
        """By which part of the mark price a fill was worse than the mark for the account, below 0 where it was better; None where it can't
        be told. At most 10: prices may be nonsense."""
        if self.action != "fill" or self.mark_price is None or self.price is None:
            return None
        mark, price = float(self.mark_price), float(self.price)
        if mark <= 0.0 or price <= 0.0:
            return None
        off = price / mark - 1.0
        return max(-1.0, min(off if self.side == "buy" else -off, 10.0))

    @once
    def times(self) -> float:
        """Leverage: 1 where not told, at most 1,000."""
        return min(max(approximate(self.leverage) or 1.0, 1.0), 1000.0)
