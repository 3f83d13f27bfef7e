"""Templates: autoescaped Jinja2, strict about names; filters for times, severities and masked contacts."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from markupsafe import Markup

ROOT = Path(__file__).parent
STATIC = ROOT / "static"


@cache
def static_url(name: str) -> str:
    """`/static/look.css?v=...`: the name changes with the content, so it can be cached for good."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def segment(text: str) -> str:
    """A segment of an address, escaped whole: a slash in an id is no slash of the path."""
    return quote(text, safe="")


def utc(moment: datetime | None, form: str = "full") -> Markup:
    """A `<time>` in UTC: `full` 22 Nov 2026, 03:09:02 UTC; `clock` 03:09:02; `day` 22 Nov, 03:09."""
    if moment is None:
        return Markup('<span class="muted">never</span>')
    at = moment.astimezone(UTC)
    words = {
        "full": f"{at.day} {at:%b %Y, %H:%M:%S} UTC",
        "clock": f"{at:%H:%M:%S}",
        "day": f"{at.day} {at:%b, %H:%M}",
        "millis": f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}",
    }[form]
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat().replace("+00:00", "Z"), words)


def ago(moment: datetime | None, now: datetime) -> str:
    """`12 s`, `5 min`, `3 h`, `2 d`."""
    return "" if moment is None else duration(max(0.0, (now - moment).total_seconds()))


def duration(seconds: float) -> str:
    """In the largest unit that says enough: `0.4 s`, `12 s`, `5 min`, `3 h`, `2 d`."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{int(seconds)} s"


def number(value: float | int | None) -> str:
    """With thousands separators; small fractions keep one digit."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"


def short(text: str, head: int = 8, tail: int = 6) -> str:
    """The two ends of a hash or an address, for the eye to compare."""
    return text if len(text) <= head + tail + 1 else f"{text[:head]}…{text[len(text) - tail :]}"


def masked(contact: str | None) -> str:
    """A contact of which a colleague recognises the kind and the end, no more."""
    if not contact:
        return "none"
    name, at, domain = contact.partition("@")
    if at:
        return f"{name[:1]}••••@{domain}"
    return f"{contact[:3]} •••• {contact[-2:]}" if len(contact) > 6 else "••••"


def in_words(name: str) -> str:
    """`login_new_device` -> `Login new device`."""
    text = name.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(segment=segment, utc=utc, ago=ago, duration=duration, number=number, short=short, masked=masked, in_words=in_words)
    made.globals["static"] = static_url
    return made


ENVIRONMENT = _environment()


def render(template: str, **values: Any) -> str:
    return ENVIRONMENT.get_template(template).render(**values)


def page(template: str, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> Response[str]:
    """An HTML response."""
    return Response(render(template, **values), status_code=status, media_type="text/html", headers=headers or {})
