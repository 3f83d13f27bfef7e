"""Addresses of blockchains as people see them: which are the same, and which only look the same.

Address poisoning (MetaMask, "Address poisoning scams"; Tsuchiya et al., USENIX Security 2025) makes an address that agrees with a known one
where wallets show it, at both ends, and sends dust from it, so that it is copied from the history by mistake.
"""

from __future__ import annotations

import binascii
import math
import re
from functools import lru_cache

_HEX = re.compile(r"0x[0-9a-f]+", re.IGNORECASE)
_BECH32 = re.compile(r"([a-z]{2,12}1)[02-9ac-hj-np-z]{8,}", re.IGNORECASE)
_WITNESS = ("bc1", "tb1", "ltc1", "addr1")
"""Leads after which one more character, the version, is the same for nearly everyone."""
_TON = re.compile(r"[EU]Q[A-D][0-9A-Za-z_+/-]{45}")
_CASH = "bitcoincash:"
_BASE58_BITS = math.log2(58)
_CASE_BITS = 1.0
"""What a letter tells less where it agrees but for its case."""
_SHORTEST_MEMO = 5


@lru_cache(maxsize=16_384)
def normal(address: str) -> str:
    """The address in one spelling: lower case where case means nothing (hex with its checksum in capitals, bech32), without the scheme of
    Bitcoin Cash, in the bounceable form of TON."""
    address = address.strip()
    if _HEX.fullmatch(address) or _is_bech32(address):
        return address.lower()
    if address[: len(_CASH)].lower() == _CASH:
        return address[len(_CASH) :].lower()
    return _bounceable(address) if _TON.fullmatch(address) else address


@lru_cache(maxsize=16_384)
def lead(address: str) -> tuple[int, float]:
    """How many characters at the start of a normal address are everyone's on its network, and the bits that each one after tells."""
    if _HEX.fullmatch(address):
        return 2, 4.0
    bech32 = _BECH32.fullmatch(address)
    if bech32 and _is_bech32(address):
        start = bech32.group(1)
        return len(start) + (start in _WITNESS), 5.0
    if _TON.fullmatch(address):
        return 3, 6.0
    return 1, _BASE58_BITS


def likeness(one: str, other: str) -> tuple[int, int, float]:
    """For two normal addresses: characters that agree after the lead, at the end, and the bits that chance would have had to guess. Eyes
    don't mind case: a letter that agrees but for it counts, and tells a bit less.

    (0, 0, 0.0) where they are equal, of different networks, or where nothing in the middle differs.
    """
    start, bits = lead(one)
    if one == other or lead(other) != (start, bits) or one[:start] != other[:start]:
        return 0, 0, 0.0
    shorter = min(len(one), len(other))
    plain, alike = one.lower(), other.lower()
    first = next((i for i in range(start, shorter) if plain[i] != alike[i]), shorter) - start
    last = next((i for i in range(shorter) if plain[-1 - i] != alike[-1 - i]), shorter)
    if start + first + last >= shorter:
        return 0, 0, 0.0
    agree = first + last
    exact = sum(one[i] == other[i] for i in range(start, start + first)) + sum(one[-1 - i] == other[-1 - i] for i in range(last))
    return first, last, agree * bits - (agree - exact) * _CASE_BITS


def memos_alike(one: str, other: str) -> bool:
    """Whether two memos of one address are a slip apart: a character changed, left out, added, or two neighbours swapped. Short ones never
    are, there chance makes too many."""
    shorter, longer = sorted((one, other), key=len)
    if one == other or len(shorter) < _SHORTEST_MEMO or len(longer) - len(shorter) > 1:
        return False
    start = next((i for i, character in enumerate(shorter) if character != longer[i]), len(shorter))
    if len(shorter) < len(longer):
        return shorter[start:] == longer[start + 1 :]
    swapped = shorter[start : start + 2] == longer[start : start + 2][::-1] and shorter[start + 2 :] == longer[start + 2 :]
    return swapped or shorter[start + 1 :] == longer[start + 1 :]


def _bounceable(address: str) -> str:
    """TON writes one account in two ways, `EQ` and `UQ`, which differ in a flag and the checksum."""
    raw = binascii.a2b_base64(address.replace("-", "+").replace("_", "/"))
    data = b"\x11" + raw[1:34]
    return (
        binascii.b2a_base64(data + binascii.crc_hqx(data, 0).to_bytes(2, "big"), newline=False).decode().replace("+", "-").replace("/", "_")
    )


def _is_bech32(address: str) -> bool:
    return bool(_BECH32.fullmatch(address)) and address in (address.lower(), address.upper())
