"""Which of the languages that Vigil writes a user gets, and why.

`zh-TW, zh-HK, zh-MO, zh-Hant -> zh-TW; other zh -> zh-CN; pt-* -> pt-BR; else the language; else the region's; else the default.`
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, NamedTuple

LocaleReason = Literal["user", "language", "region", "default"]

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})

_SUBTAGS = re.compile(r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$")
_TRADITIONAL = {"tw", "hk", "mo", "hant"}

REGIONS: dict[str, str] = {
    region: locale
    for locale, regions in {
        "zh-CN": "CN SG",
        "zh-TW": "TW HK MO",
        "ja": "JP",
        "ko": "KR",
        "es": "ES MX AR CO CL PE VE EC GT CU BO DO HN PY SV NI CR PA UY GQ PR",
        "fr": "FR BE LU MC SN CI ML CM CD",
        "de": "DE AT CH LI",
        "tr": "TR",
        "vi": "VN",
        "ru": "RU BY KZ KG",
        "pt-BR": "BR PT AO MZ CV",
        "ar": "AE SA EG KW QA BH OM JO LB IQ YE SY PS LY TN DZ MA SD MR",
    }.items()
    for region in regions.split()
}
"""Region -> the language that most people read there; a region not listed reads the default."""


class Choice(NamedTuple):
    """A locale and how it was found: the user's own, its language's, the region's, the default."""

    locale: str
    reason: LocaleReason


def negotiate(wanted: str | None, region: str | None, available: Collection[str], default: str = "en") -> Choice:
    """The locale of `available` for a user's `locale` and `region`. Malformed tags count as absent; `default` is what remains."""
    if wanted and len(wanted) <= 35 and _SUBTAGS.match(wanted):
        tag = _canonical(wanted)
        if tag in available:
            return Choice(tag, "user")
        language = _language(wanted)
        if language in available:
            return Choice(language, "language")
    by_region = REGIONS.get((region or "").upper(), "")
    if by_region in available:
        return Choice(by_region, "region")
    return Choice(default if default in available else "en", "default")


def direction(locale: str) -> Literal["ltr", "rtl"]:
    """How a locale's text runs."""
    return "rtl" if locale.split("-")[0] in RIGHT_TO_LEFT else "ltr"


def _canonical(tag: str) -> str:
    """`ZH_tw` -> `zh-TW`."""
    language, *rest = tag.replace("_", "-").split("-")
    return "-".join([language.lower(), *(part.upper() if len(part) == 2 else part.title() for part in rest)])


def _language(tag: str) -> str:
    language, *rest = tag.lower().replace("_", "-").split("-")
    if language == "zh":
        traditional = "hans" not in rest and not _TRADITIONAL.isdisjoint(rest)
        return "zh-TW" if traditional else "zh-CN"
    return "pt-BR" if language == "pt" else language
