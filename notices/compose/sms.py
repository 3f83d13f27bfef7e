"""How many segments a text message takes, and the longest wording that fits.

GSM-7 (3GPP TS 23.038): 160 characters alone, 153 in a chain, characters of the extension table count twice. Anything else makes it UCS-2:
70 alone, 67 in a chain, in UTF-16 code units; neither an escape pair nor a surrogate pair may be cut by a segment's end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MAX_SEGMENTS = 2

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")

_PLAIN = str.maketrans(
    {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."}
    | dict.fromkeys("\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
)


class Length(NamedTuple):
    """Encoding (`GSM-7` or `UCS-2`), size in its units, number of segments."""

    encoding: str
    units: int
    segments: int


def plain(text: str) -> str:
    """Without what would turn 160 characters into 70 for nothing: no-break spaces, curly quotes, dashes, direction marks."""
    return text.translate(_PLAIN)


def measure(text: str) -> Length:
    """What the text takes on the air."""
    if all(c in _BASIC or c in _EXTENDED for c in text):
        sizes, alone, chained, encoding = [2 if c in _EXTENDED else 1 for c in text], 160, 153, "GSM-7"
    else:
        sizes, alone, chained, encoding = [2 if ord(c) > 0xFFFF else 1 for c in text], 70, 67, "UCS-2"
    units = sum(sizes)
    if units <= alone:
        return Length(encoding, units, 1)
    segments, room = 1, chained
    for size in sizes:
        if size > room:
            segments, room = segments + 1, chained
        room -= size
    return Length(encoding, units, segments)


def fit(wordings: Iterable[str], segments: int = MAX_SEGMENTS) -> tuple[str, int]:
    """The first wording that takes at most so many segments and its place; the shortest when none does. Raises ValueError without any."""
    shortest: tuple[int, str, int] | None = None
    for place, wording in enumerate(wordings):
        length = measure(wording)
        if length.segments <= segments:
            return wording, place
        if shortest is None or length.units < shortest[0]:
            shortest = (length.units, wording, place)
    if shortest is None:
        raise ValueError("no wording given")
    return shortest[1], shortest[2]
