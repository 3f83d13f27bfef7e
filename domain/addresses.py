"""Addresses of blockchains as people see them: which are the same, and which only look the same.

Address poisoning (MetaMask, "Address poisoning scams"; Tsuchiya et al., USENIX Security 2025) makes an address that agrees with a known one
where wallets show it, at both ends, and sends dust from it, so that it is copied from the history by mistake.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

_HEX = re.compile(r"0x[0-9a-f]+", re.IGNORECASE)
_BECH32 = re.compile(r"([a-z]{2,12}1)[02-9ac-hj-np-z]{8,}", re.IGNORECASE)
_WITNESS = ("bc1", "tb1", "ltc1")
"""Leads after which one more character, the version, is the same for nearly everyone."""
_BASE58_BITS = math.log2(58)


@lru_cache(maxsize=16_384)
def normal(address: str) -> str:
    """The address in one spelling: lower case where case means nothing (hex with its checksum in capitals, bech32)."""
    address = address.strip()
    return address.lower() if _HEX.fullmatch(address) or _is_bech32(address) else address


@lru_cache(maxsize=16_384)
def lead(address: str) -> tuple[int, float]:
    """How many characters at the start of a normal address are everyone's on its network, and the bits that each one after tells."""
    if _HEX.fullmatch(address):
        return 2, 4.0
    bech32 = _BECH32.fullmatch(address)
    if bech32 and _is_bech32(address):
        start = bech32.group(1)
        return len(start) + (start in _WITNESS), 5.0
    return 1, _BASE58_BITS


def likeness(one: str, other: str) -> tuple[int, int, float]:
    """For two normal addresses: characters that agree after the lead, at the end, and the bits that chance would have had to guess.

    (0, 0, 0.0) where they are equal, of different networks, or where nothing in the middle differs.
    """
    start, bits = lead(one)
    if one == other or lead(other) != (start, bits) or one[:start] != other[:start]:
        return 0, 0, 0.0
    shorter = min(len(one), len(other))
    first = next((i for i in range(start, shorter) if one[i] != other[i]), shorter) - start
    last = next((i for i in range(shorter) if one[-1 - i] != other[-1 - i]), shorter)
    if start + first + last >= shorter:
        return 0, 0, 0.0
    return first, last, (first + last) * bits


def _is_bech32(address: str) -> bool:
    return bool(_BECH32.fullmatch(address)) and address in (address.lower(), address.upper())
