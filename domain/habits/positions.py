"""What an account holds and has open, as far as its own events tell: announcements about an asset or a market go to whom it concerns.

Not a balance sheet. What was there before Vigil began to watch is unknown, so an amount never falls below nothing; an asset counts as held
while more of it is known to have come in than to have gone. Kept by detectors' `count_one`, normal or not.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from domain.events import Margin, Trade, Transfer
from domain.habits.login import fingerprint

MAX_ASSETS = 32
MAX_ORDERS = 32
MAX_ACCOUNTS = 8
MAX_MARKETS = 16
_DUST = 1e-9
"""Part of the quantity below which an order counts as filled, and of an inflow below which nothing is left: amounts are binary here."""
_APART = re.compile(r"[-_/: ]+")
_QUOTES = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD", "EUR", "TRY", "BRL", "JPY", "BTC", "ETH", "BNB")
_IN = ("deposit", "internal_in")


class Order(msgspec.Struct, array_like=True):
    """An order that was neither filled nor cancelled."""

    key: int
    """fingerprint() of its id."""
    market: str
    left: float
    """Of its quantity."""


class Positions(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered."""

    assets: dict[str, float] = {}
    """Asset -> what more came in than went, the one moved last at the end."""
    orders: list[Order] = []
    """The newest last; the oldest go beyond the bound."""
    margin: dict[str, list[str]] = {}
    """Margin account -> markets of its open positions."""

    def held(self) -> set[str]:
        """Assets held, and markets of margin positions with the asset that they are about; all as `named` writes them."""
        found = {named(asset) for asset, amount in self.assets.items() if amount > 0.0}
        for markets in self.margin.values():
            found |= {named(market) for market in markets} | {named(pair(market)[0]) for market in markets}
        return found

    def open_markets(self) -> list[str]:
        """Markets with open orders, as the exchange writes them, each once."""
        return list(dict.fromkeys(order.market for order in self.orders))

    def note_trade(self, event: Trade) -> None:
        """Takes an order, a fill or a cancel. An order at market is filled at once or not at all: it is never open."""
        if event.action == "order":
            key = fingerprint(event.order_id)
            if event.order_type != "market" and not any(order.key == key for order in self.orders):
                self.orders.append(Order(key, event.market[:64], float(event.quantity)))
                del self.orders[:-MAX_ORDERS]
            return
        key = fingerprint(event.order_id) if self.orders else 0
        if event.action == "cancel":
            self.orders = [order for order in self.orders if order.key != key]
            return
        filled = float(event.quantity)
        for order in self.orders:
            if order.key == key:
                order.left -= filled
                if order.left <= filled * _DUST:
                    self.orders.remove(order)
                break
        base, quote, spot = pair(event.market[:64])
        if spot:
            sign = 1.0 if event.side == "buy" else -1.0
            self._move(base, sign * filled)
            if quote and event.price is not None:
                self._move(quote, -sign * filled * float(event.price))

    def note_transfer(self, event: Transfer) -> None:
        """Takes what has come or gone for good."""
        if event.status == "completed":
            amount = float(event.amount)
            self._move(event.asset, amount if event.direction in _IN else -amount)

    def note_margin(self, event: Margin) -> None:
        """Takes the positions of a margin account, as they are now; one that names none at all changes nothing."""
        if event.positions is None:
            return
        markets = [p.market[:64] for p in event.positions if float(p.size) > 0.0][:MAX_MARKETS]
        self.margin.pop(event.account[:64], None)
        if markets:
            self.margin[event.account[:64]] = list(dict.fromkeys(markets))
            while len(self.margin) > MAX_ACCOUNTS:
                del self.margin[next(iter(self.margin))]

    def _move(self, asset: str, amount: float) -> None:
        name = asset[:16].upper()
        known = self.assets.pop(name, 0.0)
        left = known + amount
        if left > abs(amount) * _DUST:
            self.assets[name] = left
            while len(self.assets) > MAX_ASSETS:
                del self.assets[next(iter(self.assets))]


def named(name: str) -> str:
    """An asset or market as it is compared: `btc-usdt`, `BTC/USDT` and `BTCUSDT` are one."""
    return _APART.sub("", name).upper()


@lru_cache(maxsize=1_024)
def pair(market: str) -> tuple[str, str, bool]:
    """Base, quote ('' where unknown), and whether it is a spot market: `BTC-USDT` is, `BTC-USDT-PERP` is not."""
    parts = [part for part in _APART.split(market[:64].upper()) if part]
    if len(parts) >= 2:
        return parts[0], parts[1], len(parts) == 2 and parts[1] not in ("PERP", "SWAP")
    name = parts[0] if parts else ""
    for quote in _QUOTES:
        if name.endswith(quote) and len(name) > len(quote):
            return name[: -len(quote)], quote, True
    return name, "", False
