"""Times, money and addresses as they are written on the wire."""

import string
from datetime import UTC, datetime
from random import Random

PRICES = {"USDT": 1.0, "BTC": 97_000.0, "ETH": 3_400.0}
NETWORKS = {"TRON": "USDT", "ETH": "ETH", "BTC": "BTC"}
"""Chain -> the asset that people withdraw on it here."""
_FORMS = {
    "TRON": ("T", string.digits + string.ascii_letters, 33),
    "ETH": ("0x", "0123456789abcdef", 40),
    "BTC": ("bc1q", "023456789acdefghjklmnpqrstuvwxyz", 38),
}


def stamp(at: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def money(value: float, places: int = 2) -> str:
    """A plain decimal string, never negative."""
    return f"{max(0.0, value):.{places}f}"


def amount(usd: float, asset: str) -> str:
    """What `usd` dollars are of an asset."""
    return money(usd / PRICES[asset], 2 if asset == "USDT" else 6)


def address(rng: Random, chain: str) -> str:
    """A fresh address of a chain: TRON, ETH or BTC."""
    lead, alphabet, length = _FORMS[chain]
    return lead + "".join(rng.choices(alphabet, k=length))


def lookalike(rng: Random, real: str, chain: str, same: int = 5) -> str:
    """Another address of the chain that begins (behind what all share) and ends with the same characters as `real`."""
    lead, alphabet, _ = _FORMS[chain]
    first = len(lead) + same - 1
    middle = "".join(rng.choices(alphabet, k=len(real) - first - same))
    return real[:first] + middle + real[-same:]
