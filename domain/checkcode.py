"""Short codes that people read, type and say: Crockford's base 32 (no I, L, O, U), eight symbols of which the last checks the others.

The check symbol is a weighted sum over GF(32): one wrong symbol, and any two that changed places, are always found. (A sum by Luhn misses
some of the latter.) A notice's code comes of its id by a keyed hash, HMAC-SHA256 (RFC 2104) cut to 35 bits: who doesn't have the key can't
tell the code of a notice, and one guess in 3.4e10 is right for a given notice.
"""

from __future__ import annotations

import hmac
import re
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""https://www.crockford.com/base32.html"""
SIZE = 8
CHECK_CODES = "check codes"
"""Purpose of the key from which all parts of Vigil make the same codes."""
_DATA = SIZE - 1
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_DASHES = r"\-\u2010\u2011\u2012\u2013\u2014\u2212_"
_GAPS = re.compile(rf"[\s{_DASHES}]+")
_IN_TEXT = re.compile(rf"(?<![0-9A-Za-z])([0-9A-Za-z]{{4}})[{_DASHES}]?([0-9A-Za-z]{{4}})(?![0-9A-Za-z])")
_ISOLATES = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u061c]")


def coded(number: int) -> str:
    """The 35 lowest bits of `number` as a code, in groups of four: `K7Q2-M9XD`."""
    data = [number >> 5 * place & 31 for place in range(_DATA - 1, -1, -1)]
    text = "".join(ALPHABET[value] for value in [*data, _check(data)])
    return f"{text[:4]}-{text[4:]}"


def read(text: str) -> str | None:
    """The code as it is written out, from what someone typed: small letters, O for 0, I and L for 1, gaps. None for what can't be one."""
    symbols = _GAPS.sub("", _plain(text[:64]).strip()).upper()
    if len(symbols) != SIZE or not all(symbol in _VALUES for symbol in symbols):
        return None
    *data, check = [_VALUES[symbol] for symbol in symbols]
    if _check(data) != check:
        return None
    number = 0
    for value in data:
        number = number << 5 | value
    return coded(number)


def codes_in(text: str, most: int = 50) -> list[str]:
    """Codes in a text, in its order, each once; at most `most`. A word may look like one (one in 32 of eight fitting letters does)."""
    found = (read(match[1] + match[2]) for match in _IN_TEXT.finditer(_plain(text)))
    return list(dict.fromkeys(code for code in found if code is not None))[:most]


class CheckCodes:
    """The codes of one exchange's notices. `key`: 32 secret bytes."""

    def __init__(self, key: bytes):
        self._key = key

    def of(self, notice_id: str) -> str:
        """The notice's code, always the same."""
        digest = hmac.digest(self._key, notice_id.encode("utf-8", "replace"), "sha256")
        return coded(int.from_bytes(digest[:8], "big"))


def _plain(text: str) -> str:
    """Full-width letters as others, and without marks that nobody sees."""
    return _ISOLATES.sub("", unicodedata.normalize("NFKC", text))


def _check(data: list[int]) -> int:
    """Sum of the symbols times a power of 2 each, which is another one for every place, in GF(32) by x^5 + x^2 + 1."""
    total = 0
    for value in data:
        total = _doubled(total ^ value)
    return total


def _doubled(value: int) -> int:
    value <<= 1
    return value ^ 0b100101 if value & 32 else value
