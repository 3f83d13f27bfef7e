"""Editions of words (domain.wording.Edition): what a kind's notice is put into words with, in one language, from this release's files.

The words are those of the template, of the templates that it extends, of the mail's layouts, and of the code that composes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from jinja2.ext import babel_extract as jinja_extract

from domain.wording import SHORT, Edition
from notices.compose import catalogue
from notices.compose.catalogue import Words
from notices.compose.templates import LAYOUTS, TEMPLATE_DIR, kinds, source

MANIFEST = TEMPLATE_DIR / "APPROVED"
"""The editions that come approved with this release: `kind locale edition`, a line each."""
DIGITS = 24
"""Of an edition's name in the manifest."""
NOT_OF_NOTICES = frozenset(
    f"{name}.py"
    for name in (
        "pages",
        "stopping",
        "checking",
        "glossary",
        "locales",
        "pseudo",
        "editions",
        "preview",
        "intake",
        "approval",
        "sign",
        "warm",
    )
)
"""Code whose texts stand on pages of the console, in no notice."""
_REFERS = re.compile(r"{%-?\s*(?:extends|include|import|from)\s+[\"']([^\"']+)[\"']")


def on_disk(kind: str, locale: str) -> Edition:
    """The edition of this release. Raises LookupError for an unknown kind."""
    said = catalogue.texts(locale)
    files = {name: _source(name) for name in _files(kind)}
    return Edition(
        kind=kind,
        locale=locale,
        files=files,
        texts={text: said.get(text, text) for name in files for text in _texts_of(name)},
        shared={text: said.get(text, text) for text in _shared()},
    )


@cache
def name_of(kind: str, locale: str) -> str:
    """The name of the edition of this release."""
    return on_disk(kind, locale).name


def every() -> Iterator[Edition]:
    """All editions of this release."""
    for kind in kinds():
        for locale in catalogue.available():
            yield on_disk(kind, locale)


def tree() -> str:
    """SHA-256 over every file that editions are made of: the same as long as no edition changed. Milliseconds."""
    digest = sha256()
    for path in [*_all_files(), *(catalogue.po_file(locale) for locale in catalogue.available()[1:])]:
        digest.update(f"{path.name}\x00{path.stat().st_size}\x00".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def approved_by_release() -> Mapping[tuple[str, str], str]:
    """(kind, locale) -> the beginning of the edition's name, by the manifest. Empty when there is none."""
    if not MANIFEST.is_file():
        return {}
    lines = (line.split() for line in MANIFEST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return {(kind, locale): edition for kind, locale, edition in lines}


def manifest() -> str:
    """What the manifest holds, in 16 hex digits; '' when there is none."""
    return sha256(MANIFEST.read_bytes()).hexdigest()[:16] if MANIFEST.is_file() else ""


def is_released(edition: Edition) -> bool:
    """Whether it comes approved with this release."""
    expected = _released().get((edition.kind, edition.locale), "")
    return len(expected) == DIGITS and edition.name.startswith(expected)


def sign() -> list[str]:
    """Writes the manifest anew; the lines that are new. Who reviews the change of the file signs the words off."""
    before = set(MANIFEST.read_text(encoding="utf-8").splitlines()) if MANIFEST.is_file() else set()
    lines = [f"{kind} {locale} {name_of(kind, locale)[:DIGITS]}" for kind in kinds() for locale in catalogue.available()]
    MANIFEST.write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return [line for line in lines if line not in before]


def unsigned() -> list[str]:
    """`kind locale` of editions that differ from the manifest, and of lines in it that nothing stands behind any more."""
    said = approved_by_release()
    here = {(kind, locale): name_of(kind, locale)[:DIGITS] for kind in kinds() for locale in catalogue.available()}
    return [f"{kind} {locale}" for kind, locale in sorted({*said, *here}) if said.get((kind, locale)) != here.get((kind, locale))]


def words_of(edition: Edition) -> Words:
    """The words of an edition, to be used like those on disk."""
    # What the code has come to say since, the edition doesn't know: that is this release's. A gap or a word in English would be worse.
    texts = {**catalogue.texts(edition.locale), **edition.shared, **edition.texts}
    made = Words(edition.locale, texts, isolate=catalogue.words(edition.locale).isolates)
    made.sources, made.edition = dict(edition.files), edition.name
    return made


def version(kind: str, words: Words) -> str:
    """Eight hex digits that change with any word that goes into a message: the beginning of the edition's name."""
    return (words.edition or name_of(kind, words.locale))[:SHORT]


_HEAD = """# The words of this release as they were signed off: kind, language, the beginning of the edition's SHA-256.
# What differs from its line is not sent before two people approved it in the console (docs/catalogue.md).
# `make approved` writes this file; reviewing its change is the sign-off.
"""


@cache
def _released() -> Mapping[tuple[str, str], str]:
    return approved_by_release()


@cache
def _files(kind: str) -> tuple[str, ...]:
    """A kind's template, those that it extends or takes from, and the layouts."""
    if kind not in kinds():
        raise LookupError(kind)
    found: dict[str, None] = {}
    wanted = [kinds()[kind]]
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = None
            wanted += _REFERS.findall(_source(name))
    return (*found, *LAYOUTS)


def _source(name: str) -> str:
    found = source(name)
    if found is None:
        raise LookupError(name)
    return found


@cache
def _texts_of(name: str) -> tuple[str, ...]:
    """The English texts of a template file."""
    found: dict[str, None] = {}
    for call in jinja_extract(BytesIO(_source(name).encode()), ["_"], [], {"silent": "false"}):
        said = call[2]
        for text in said if isinstance(said, tuple | list) else [said]:
            if isinstance(text, str) and text:
                found.setdefault(text)
                break
    return tuple(found)


@cache
def _shared() -> tuple[str, ...]:
    """The English texts of everything else that may stand in a notice."""
    from notices.compose.locales import messages  # it reads templates, which read editions' names

    return tuple(text for text, places in messages().items() if any(_of_notices(place) for place in places))


def _of_notices(place: str) -> bool:
    return not place.endswith(".jinja") and place not in NOT_OF_NOTICES


def _all_files() -> list[Path]:
    templates = sorted(path for path in TEMPLATE_DIR.rglob("*") if path.is_file() and path != MANIFEST)
    return [*templates, *sorted(path for path in Path(__file__).parent.glob("*.py") if path.name not in NOT_OF_NOTICES)]
