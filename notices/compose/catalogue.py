"""The words of one language: a gettext catalogue whose message ids are the English texts.

Placeholders are `{name}`. The .po files are read as they are, so that a fresh clone needs no compile step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from domain.locale import direction

LOCALE_DIR = Path(__file__).parent.parent / "locale"
DOMAIN = "vigil.po"
SOURCE = "en"

PLACEHOLDER = re.compile(r"\{(\w+)\}")
RIGHT_TO_LEFT_ISOLATE, FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2067", "\u2068", "\u2069"


class Words:
    """Texts of one language by their English ones. `words(text, name=value)` fills `{name}`; values are inserted as they are."""

    def __init__(self, locale: str, texts: Mapping[str, str], isolate: bool = False) -> None:
        self.locale = locale
        language = locale.split("-")[0]
        self.gap = "" if language in ("zh", "ja") else " "
        """Between two sentences."""
        self.comma = {"zh": "、", "ja": "、", "ar": "، "}.get(language, ", ")
        """Between the items of a list."""
        self.isolates = isolate
        """Whether values are isolated from the text around them."""
        self.edition = ""
        """Name of the edition that they are of (domain.wording); '' for the files of this release."""
        self.sources: Mapping[str, str] | None = None
        """The template files of that edition; None for those on disk."""
        self._texts = texts
        self._pieces: dict[str, tuple[str, ...]] = {}

    def __call__(self, message: str, /, **values: object) -> str:
        """The text of `message`. Raises KeyError for a placeholder without a value: a half-filled notice is never sent."""
        pieces = self._pieces.get(message) or self.pieces(message)
        if len(pieces) == 1:
            return pieces[0]
        if self.isolates:
            return "".join([isolated(str(values[piece])) if place % 2 else piece for place, piece in enumerate(pieces)])
        return "".join([str(values[piece]) if place % 2 else piece for place, piece in enumerate(pieces)])

    def pieces(self, message: str) -> tuple[str, ...]:
        """The text of `message`, split: words, placeholder's name, words, ... It has an odd length. Messages are of code and templates,
        so there is an end to what is kept."""
        made = self._pieces[message] = tuple(PLACEHOLDER.split(self._texts.get(message, message)))
        return made


def isolated(value: str) -> str:
    """So that a name or number doesn't turn the text around it. What holds isolates itself is a phrase of the language and runs its way."""
    return f"{RIGHT_TO_LEFT_ISOLATE if FIRST_STRONG_ISOLATE in value else FIRST_STRONG_ISOLATE}{value}{POP_ISOLATE}"


def po_file(locale: str) -> Path:
    """Where a language's catalogue is."""
    return LOCALE_DIR / locale.replace("-", "_") / "LC_MESSAGES" / DOMAIN


def read(locale: str) -> Catalog:
    """A language's catalogue with comments and flags, for the checks."""
    with po_file(locale).open("rb") as file:
        return read_po(file, locale=locale.replace("-", "_"))


@cache
def texts(locale: str) -> Mapping[str, str]:
    """Translations in use: neither empty nor marked as doubtful. English is its own source and has none."""
    if locale == SOURCE:
        return {}
    return {
        m.id: m.string for m in read(locale) if m.id and m.string and not m.fuzzy and isinstance(m.id, str) and isinstance(m.string, str)
    }


@cache
def words(locale: str) -> Words:
    """The words of a language that there is."""
    return Words(locale, texts(locale), isolate=direction(locale) == "rtl")


@cache
def available() -> tuple[str, ...]:
    """Languages that have a catalogue, English first."""
    found = sorted(path.parent.parent.name.replace("_", "-") for path in LOCALE_DIR.glob(f"*/LC_MESSAGES/{DOMAIN}"))
    return (SOURCE, *found)
