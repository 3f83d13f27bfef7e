"""What the sentences of notices/compose/reasons.py have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from domain.messages import Reason
from notices.compose.catalogue import Words
from notices.compose.formats import Formats

Facts = Mapping[str, str]
Say = Callable[[Reason, Facts, Formats, Words], Sequence[str]]

MAX_NAMES = 3
_MINUTES_A_DAY = 1440


def names(text: str | None, read: Callable[[str], str], comma: str) -> str:
    """The first few of a comma list, each put in words."""
    known = [read(part.strip()) for part in (text or "").split(",") if part.strip()]
    return comma.join(dict.fromkeys(known[:MAX_NAMES]))


def value(reason: Reason, facts: Facts, name: str) -> str:
    """The fact of that name, else what the reason itself says, as text."""
    return facts.get(name) or ("" if reason.value is None else str(reason.value))


def days(formats: Formats, text: str) -> str:
    """So many days in words, `3 months`; '' for none or no number."""
    try:
        span = float(text) * _MINUTES_A_DAY
    except ValueError:
        return ""
    return formats.duration(str(span)) if span > 0 else ""


def window(formats: Formats, facts: Facts) -> str:
    """The length of the window that the facts name, in words; '' when they name none."""
    if facts.get("window_minutes"):
        return formats.duration(facts["window_minutes"])
    return hours(formats, facts.get("window_hours"))


def hours(formats: Formats, text: str | None) -> str:
    """So many hours in words; '' when unknown."""
    try:
        return formats.duration(str(float(text or "") * 60))
    except ValueError:
        return ""
