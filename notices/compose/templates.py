"""The templates: one file a kind under notices/templates/ for the words, one layout for the mail's HTML, one for its text.

Words are plain text and meet markup only in the layout, which escapes them. The layout's MJML is compiled before it is filled: a user's
string never meets the XML parser.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import mrml
from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notices.compose import catalogue

TEMPLATE_DIR = Path(__file__).parent.parent / "templates"
_NEXT = "\x1f"


class Made(NamedTuple):
    """What a kind's template says."""

    subject: str
    what: str
    me: str
    not_me: list[str]
    tip: str
    sms: list[str]


class UnknownKind(LookupError):
    """There is no template for this kind of notice."""


def _environment(autoescape: bool) -> ImmutableSandboxedEnvironment:
    # Plain text is escaped by the layout that it is put into, not here.
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATE_DIR), undefined=StrictUndefined, autoescape=autoescape, keep_trailing_newline=False
    )


_words = _environment(autoescape=False)
_markup = _environment(autoescape=True)


@cache
def kinds() -> Mapping[str, str]:
    """Kind -> path of its template."""
    return {path.stem: path.relative_to(TEMPLATE_DIR).as_posix() for path in sorted(TEMPLATE_DIR.glob("*/*.jinja"))}


def parts_of(kind: str, values: Mapping[str, Any]) -> Made:
    """The template of `kind`, filled. Raises UnknownKind, and jinja2.UndefinedError for a value that isn't there."""
    text = _template(kind).render(**values, next=_NEXT)
    subject, what, me, not_me, tip, sms = (part.strip() for part in text.split(_NEXT))
    return Made(subject, what, me, _lines(not_me), tip, _lines(sms))


@cache
def _template(kind: str) -> Template:
    path = kinds().get(kind)
    if path is None:
        raise UnknownKind(kind)
    return _words.get_template(path)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@cache
def html_layout() -> Template:
    """The mail's HTML, compiled from MJML."""
    compiled = mrml.to_html((TEMPLATE_DIR / "layout.mjml").read_text(encoding="utf-8"))
    return _markup.from_string(compiled.content)


@cache
def text_layout() -> Template:
    """The mail's text part."""
    return _words.get_template("layout.txt.jinja")


@cache
def version(kind: str, locale: str) -> str:
    """Eight hex digits that change with any template or text that went into a message."""
    digest = sha256()
    shared = [path for path in sorted(TEMPLATE_DIR.iterdir()) if path.is_file()]
    for path in [*shared, TEMPLATE_DIR / kinds()[kind]]:
        digest.update(path.read_bytes())
    if locale != catalogue.SOURCE:
        digest.update(catalogue.po_file(locale).read_bytes())
    return digest.hexdigest()[:8]
