"""The templates: one file a kind under notices/templates/ for the words, one layout for the mail's HTML, one for its text.

Words are plain text and meet markup only in the layout, which escapes them. The layout's MJML is compiled before it is filled: a user's
string never meets the XML parser.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import mrml
from jinja2 import ChoiceLoader, DictLoader, FunctionLoader, Template

from domain.locale import direction
from notices.compose.catalogue import Words
from notices.compose.folding import Folded, skeleton

TEMPLATE_DIR = Path(__file__).parent.parent / "templates"
LAYOUTS = ("layout.mjml", "layout.txt.jinja")
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


@cache
def source(name: str) -> str | None:
    """A template file as it was when it was first asked for: what is named as an edition is what is filled. None where there is none."""
    path = TEMPLATE_DIR / name
    return path.read_text(encoding="utf-8") if path.is_file() else None


_loader = FunctionLoader(source)


@cache
def kinds() -> Mapping[str, str]:
    """Kind -> path of its template."""
    return {path.stem: path.relative_to(TEMPLATE_DIR).as_posix() for path in sorted(TEMPLATE_DIR.glob("*/*.jinja"))}


def parts_of(kind: str, values: Mapping[str, Any]) -> Made:
    """The template of `kind`, filled, in the words of `values["_"]`. Raises UnknownKind, and jinja2.UndefinedError for a value that isn't
    there."""
    if kind not in kinds():
        raise UnknownKind(kind)
    text = _template(kind, values["_"]).render(**values, next=_NEXT)
    subject, what, me, not_me, tip, sms = (part.strip() for part in text.split(_NEXT))
    return Made(subject, what, me, _lines(not_me), tip, _lines(sms))


@lru_cache(maxsize=4096)
def _template(kind: str, words: Words) -> Template:
    return _environment(words).get_template(_path(kind, words))


@lru_cache(maxsize=2048)  # thirteen, and one for each edition that is sent in place of what is on disk
def _environment(words: Words) -> Folded:
    # Plain text is escaped by the layout that it is put into, not here.
    return Folded(words, ChoiceLoader([DictLoader(words.sources), _loader]) if words.sources else _loader)


def _path(kind: str, words: Words) -> str:
    """Of the kind's template: in the edition that the words are of it may be elsewhere."""
    own = (name for name in words.sources or () if PurePosixPath(name).stem == kind and "/" in name)
    return next(own, "") or kinds()[kind]


@lru_cache(maxsize=2048)
def tip_text(kind: str, words: Words, brand: str) -> str:
    """What a tip says, to stand in a notice of another kind; '' for none."""
    if not kind:
        return ""
    plain = {"_": words, "brand": brand, "gap": words.gap, "answerable": False, "asked": "", "severity": "info", "points": "", "steps": []}
    return parts_of(kind, plain).what


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


_FONTS = {
    "zh-CN": "-apple-system, Segoe UI, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Noto Sans SC, sans-serif",
    "zh-TW": "-apple-system, Segoe UI, PingFang TC, Microsoft JhengHei, Noto Sans CJK TC, Noto Sans TC, sans-serif",
    "ja": "-apple-system, Segoe UI, Hiragino Sans, Yu Gothic UI, Meiryo, Noto Sans CJK JP, Noto Sans JP, sans-serif",
    "ko": "-apple-system, Segoe UI, Apple SD Gothic Neo, Malgun Gothic, Noto Sans CJK KR, Noto Sans KR, sans-serif",
    "ar": "-apple-system, Segoe UI, Noto Sans Arabic, Tahoma, Arial, sans-serif",
}
_FONT = "-apple-system, Segoe UI, Roboto, Noto Sans, Helvetica, Arial, sans-serif"
_LINE_HEIGHTS = {"zh-CN": "1.7", "zh-TW": "1.7", "ja": "1.7", "ko": "1.6", "ar": "1.8"}


@lru_cache(maxsize=1024)
def html_layout(words: Words, headings: tuple[tuple[str, str], ...]) -> Template:
    """The mail's HTML for a language and its fixed `headings` (name, text), in quoted-printable: these are put in once, the rest with each
    mail."""
    return skeleton(_html(words.locale, _layout(LAYOUTS[0], words)), markup=True, fixed=dict(headings))


@lru_cache(maxsize=256)
def _html(locale: str, source: str) -> str:
    """The layout, compiled from MJML."""
    rtl = direction(locale) == "rtl"
    fixed = {
        "locale": locale,
        "dir": direction(locale),
        "start": "right" if rtl else "left",
        "end": "left" if rtl else "right",
        "font": _FONTS.get(locale, _FONT),
        "line_height": _LINE_HEIGHTS.get(locale, "1.5"),
    }
    for name, value in fixed.items():
        source = source.replace("{{ " + name + " }}", value)
    # Without fonts: for known names MJML asks Google for a web font, which would tell it who reads when.
    made = str(mrml.to_html(source, render_options=mrml.RenderOptions(fonts={})).content)
    # MJML hides the preview's words in white on white as well, which mail filters hold against a message.
    return made.replace("font-size:1px;color:#ffffff;", "font-size:1px;color:#132023;")


@lru_cache(maxsize=1024)
def text_layout(words: Words, headings: tuple[tuple[str, str], ...]) -> Template:
    """The mail's text part, in quoted-printable, with its fixed `headings`."""
    return skeleton(_layout(LAYOUTS[1], words), markup=False, fixed=dict(headings))


def _layout(name: str, words: Words) -> str:
    return (words.sources or {}).get(name) or source(name) or ""
