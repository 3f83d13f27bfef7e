"""Holding the languages to notices/locale/GLOSSARY.md: the same thing has the same name in every text of a language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from notices.compose.catalogue import LOCALE_DIR, PLACEHOLDER

FILE = LOCALE_DIR / "GLOSSARY.md"
_NOTE = re.compile(r"\s*\([^)]*\)")
_EXCEPTION = re.compile(r"- ([\w, -]+): `(.+)` \((.+)\)")


class Term(NamedTuple):
    """What it is called in English and, by locale, in the others; the forms of a word, the word itself first."""

    english: tuple[str, ...]
    forms: Mapping[str, tuple[str, ...]]


class Glossary(NamedTuple):
    """The table, and what is excepted: locale, English text (`*`: every one), first English form of the term."""

    terms: list[Term]
    excepted: frozenset[tuple[str, str, str]]


class BrokenGlossary(ValueError):
    """The file isn't as it says of itself."""


def load(file: Path = FILE) -> Glossary:
    """The glossary. Raises BrokenGlossary with the line that can't be read."""
    terms: list[Term] = []
    excepted: set[tuple[str, str, str]] = set()
    locales: list[str] = []
    section = ""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("## "):
            section = line[3:].strip()
        elif line.startswith("|") and not line.startswith("| ---"):
            cells = [_NOTE.sub("", cell).strip() for cell in line.strip("|").split("|")]
            if not locales:
                locales = cells[1:]
            elif len(cells) == len(locales) + 1 and all(cells):
                forms = {locale: _forms(cell) for locale, cell in zip(locales, cells[1:], strict=True)}
                terms.append(Term(_forms(cells[0]), forms))
            else:
                raise BrokenGlossary(f"{file.name}, line {number}: expected {len(locales) + 1} cells, none of them empty")
        elif section == "Exceptions" and line.startswith("- "):
            found = _EXCEPTION.fullmatch(line)
            if found is None:
                raise BrokenGlossary(f"{file.name}, line {number}: expected - locale, locale: `English text` (word)")
            for locale in found[1].split(","):
                excepted.add((locale.strip(), found[2], found[3]))
    return Glossary(terms, frozenset(excepted))


def strays(glossary: Glossary, locale: str, english: str, translation: str) -> Iterator[Term]:
    """The terms that `english` names and `translation` calls something else."""
    small, other = (PLACEHOLDER.sub("", text).lower() for text in (english, translation))
    for term in glossary.terms:
        word = term.english[0]
        if not any(form.lower() in small for form in term.english):
            continue
        if not {(locale, english, word), (locale, "*", word)}.isdisjoint(glossary.excepted):
            continue
        if not any(form.lower() in other for form in term.forms.get(locale, ())):
            yield term


def _forms(cell: str) -> tuple[str, ...]:
    return tuple(form.strip() for form in cell.split(",") if form.strip())
