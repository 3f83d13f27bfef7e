"""What a text message took: its segments, the country of its number, and the price that config/notices.yaml names for both."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

import phonenumbers

from domain.messages import SmsCost
from domain.policy_rules import SmsPrices
from domain.ports import Rendered
from notices.compose.sms import measure

DEFAULT = "default"


class Billing:
    """Prices the messages that providers took."""

    def __init__(self, prices: SmsPrices | None = None):
        self.prices = prices or SmsPrices()

    def of(self, message: Rendered, provider: str | None) -> SmsCost | None:
        """None for what isn't a text message. Without a price for provider and country the cost is None: unknown, not nothing."""
        if message.channel != "sms":
            return None
        segments = measure(message.payload.decode("utf-8", "replace")).segments
        country = country_of(message.recipient)
        each = self._price(provider or "", country)
        if each is None:
            return SmsCost(country=country, segments=segments)
        return SmsCost(country=country, segments=segments, cost=f"{each * segments:.6f}", currency=self.prices.currency)

    def _price(self, provider: str, country: str) -> Decimal | None:
        own = self.prices.providers.get(provider, {})
        price = own.get(country, own.get(DEFAULT))
        return None if price is None else Decimal(price)


@lru_cache(maxsize=8192)
def country_of(number: str) -> str:
    """ISO 3166 code of a number's country; '' where it has none. A number that countries share (+1, +7, +44) is told by its digits."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""
