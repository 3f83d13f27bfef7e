"""A language that nobody speaks, to see at a glance what isn't translated: every text stands in ⟦ ⟧, accented and a third longer.

What shows without brackets never went through the catalogue; what breaks the layout would break it in German or Russian too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from notices.compose import changes
from notices.compose.catalogue import PLACEHOLDER, Words
from notices.compose.templates import Made, UnknownKind, kinds, parts_of

OPEN, CLOSE = "⟦", "⟧"
LOCALE = "en"
"""Dates, numbers and names of countries are the English ones."""

_ACCENTED = str.maketrans("aceilnorsuyzACEILNORSUYZ", "àçéîłñöřšüýžÀÇÉÎŁÑÖŘŠÜÝŽ")
_MARGIN = "~"
_VALUES = (
    "brand", "severity", "time", "amount", "device", "place", "country", "mfa", "account", "ratio", "equity", "maintenance", "count",
    "hours", "add", "cut", "cut_market", "concerns", "role", "points", "case", "title", "effect", "ticket_state",
)  # fmt: skip


def pseudo(text: str) -> str:
    """`text` as the language has it; placeholders stay."""
    pieces = PLACEHOLDER.split(text)
    said = "".join("{" + piece + "}" if place % 2 else piece.translate(_ACCENTED) for place, piece in enumerate(pieces))
    return f"{OPEN}{said}{_MARGIN * (len(text) // 3)}{CLOSE}"


class _Texts(dict[str, str]):
    """Has every text."""

    def get(self, key: str, default: Any = None) -> Any:
        return pseudo(key)


def words() -> Words:
    """The words of the language, to be used like any other's."""
    return Words(LOCALE, _Texts())


def show(kind: str) -> list[str]:
    """A kind's texts, one a line, where values show as their names. Raises notices.compose.templates.UnknownKind."""
    made = filled(kind, words())
    return [line for line in (made.subject, made.what, made.me, *made.not_me, made.tip, *made.sms) if line]


def filled(kind: str, language: Words, asked: str = "hold") -> Made:
    """A kind's template in any words, with the names of values in their place."""
    said: dict[str, Any] = {name: "{" + name + "}" for name in _VALUES}
    said |= {
        "_": language,
        "gap": language.gap,
        "asked": asked,
        "answerable": True,
        "young": False,
        "steps": [],
        "open_orders": True,
        "status": "update",
        "text": "",
        "change": changes.sentence("mfa_disabled", "", language),
    }
    return parts_of(kind, said)


def print_kinds(chosen: Sequence[str]) -> None:
    """`locales pseudo`: the texts of these kinds, of all where none is named. Raises UnknownKind before anything is printed."""
    unknown = [kind for kind in chosen if kind not in kinds()]
    if unknown:
        raise UnknownKind(", ".join(unknown))
    for kind in chosen or kinds():
        print(f"{kind}\n  " + "\n  ".join(show(kind)))


__all__ = ["CLOSE", "LOCALE", "OPEN", "kinds", "print_kinds", "pseudo", "show", "words"]
