"""Times, places, money and names as their reader writes them (Babel), and the cleaning of what others wrote.

Values come from events and the directory, where an attacker chooses some of them (a device's name, an address): `clean` leaves neither line
breaks nor direction overrides nor links, and cuts them short.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Context, Decimal, InvalidOperation, localcontext
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_timedelta, get_timezone_name
from babel.numbers import format_currency, format_decimal

from notices.compose.catalogue import Words

_DISTRICT = re.compile(r"\s*\([^)]*\)$")
_SPACES = re.compile(r"\s+")
_LINKS = re.compile(r"(?i)[a-z][a-z0-9+.-]{1,12}:[/\\]{2}|www\.|(?:mailto|(?:java|vb)script):|\b(?:tel|sms|tg|data):(?=\S|$)")
_HOST_DOT = re.compile(r"(?<=[\w)\]-])[.．｡](?=[^\W\d_]{2})|(?<=[A-Za-z0-9])。(?=[A-Za-z]{2})")
_SIGNS = re.compile(r"(?<=[.．｡。:/\\@])")
_UNSEEN = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
_MOST = 64
"""How many times the limit is looked at: the rest of a long text is cut off unseen."""
_EXACT = Context(prec=100)
_JOINERS = "\u200c\u200d"
_WITH_REGION = {
    "en": frozenset(["US", "GB", "AU", "CA", "IE", "NZ", "SG", "HK"]),
    "es": frozenset(["ES", "MX", "AR", "CL", "CO", "PE"]),
    "fr": frozenset(["FR", "BE", "CA", "LU"]),
    "de": frozenset(["DE", "AT"]),
    "ar": frozenset(["AE", "SA", "EG", "KW", "QA"]),
}
"""Countries that write dates and numbers in their own way in a language. Elsewhere the language decides: an English text with Dutch commas
misleads about an amount."""


@lru_cache(maxsize=8192)
def clean(value: str | None, limit: int = 64, own: bool = False) -> str:
    """One line of visible text of at most `limit` characters, with nothing that a mail reader would turn into a link; '' for None.

    Schemes and `www.` go; the dot of what could be a host is written `[.]`, which stays readable and is no link anywhere. `own`: words of
    the exchange itself (its name may be a host), whose dots stay.
    """
    if not value:
        return ""
    value = value[: limit * _MOST]
    if value.isascii() and value.isprintable():
        line = value.strip()
    else:
        kept = [c if c in _JOINERS or unicodedata.category(c) not in _UNSEEN else " " if c.isspace() else "" for c in value]
        line = _SPACES.sub(" ", "".join(kept)).strip()
    # Only now: what was hidden between the letters of a link is gone. Taking one away may leave another.
    while (less := _LINKS.sub("", line)) != line:
        line = less
    if not own:
        line = _HOST_DOT.sub("[.]", line)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def pieces(text: str) -> list[str]:
    """The text cut behind each sign that a host or an address needs: side by side in markup they read as one, and a mail reader that looks
    for links in a stretch of text finds none."""
    return [piece for piece in _SIGNS.split(text) if piece]


class Formats:
    """Formats of one language, region and time zone. Unknown zones read as UTC."""

    def __init__(self, words: Words, region: str | None, zone: str | None) -> None:
        self._ = words
        self.babel = _babel_locale(words.locale, region)
        self.zone = _zone(zone)

    def local(self, moment: datetime) -> datetime:
        """The moment in the reader's zone."""
        return moment.astimezone(self.zone)

    def time(self, moment: datetime) -> str:
        """`04:09`."""
        local = self.local(moment)
        return f"{local.hour:02}:{local.minute:02}"

    def moment(self, moment: datetime) -> str:
        """`Sunday, 22 November 2026, 04:09 (Central European Standard Time)`."""
        local = self.local(moment)
        return self._(
            "{date}, {time} ({zone})",
            date=_full_date(local.date(), self.babel),
            time=self.time(moment),
            zone=self._zone_name(local),
        )

    def until(self, moment: datetime) -> str:
        """`24 November, 04:09`."""
        return self._("{date}, {time}", date=_day(self.local(moment).date(), self.babel), time=self.time(moment))

    def duration(self, minutes: str | None) -> str:
        """`6 minutes`, `95 minutes`, `3 hours`; '' when unknown. The next unit begins at three of it: rounding hides no hour."""
        return _duration(minutes or "", self.babel)

    def amount(self, amount: str | None, asset: str | None) -> str:
        """An amount of crypto, exact to the last digit, `2.40 BTC`; zeros that only pad are left out from the third decimal on."""
        number = _decimal(amount or "")
        if number is None:
            return ""
        whole, _, decimals = f"{number:f}".partition(".")
        decimals = decimals[:2] + decimals[2:].rstrip("0")
        if decimals.strip("0") == "" and len(whole) > 3:
            decimals = ""  # 1250.000000 is 1,250: padding, not precision
        text = _whole(whole, self.babel)
        if decimals:
            text += self._decimal_symbol + decimals
        return f"{text} {clean(asset, 16)}".strip()

    def money(self, usd: str | None) -> str:
        """An amount of US dollars; '' when unknown."""
        return _money(usd or "", self.babel)

    def country(self, code: str | None) -> str:
        """A country's name, the code where there is none."""
        code = (code or "").upper()
        return str(self.babel.territories.get(code) or clean(code, 8))

    def place(self, city: str | None, code: str | None) -> str:
        """`Toronto, Canada`; what of it is known."""
        town, land = clean(_DISTRICT.sub("", city or "")), self.country(code)
        return self._("{city}, {country}", city=town, country=land) if town and land else land or town

    def device(self, label: str | None) -> str:
        """A device in words; labels read `Chrome on Windows`, `iPhone app`, `app`."""
        text = clean(label)
        if text == "app":
            return self._("the app")
        if text.endswith(" app"):
            return self._("{system} app", system=text.removesuffix(" app"))
        browser, on, system = text.partition(" on ")
        return self._("{browser} on {system}", browser=browser, system=system) if on else browser

    def _zone_name(self, local: datetime) -> str:
        return _zone_name(self.babel, str(self.zone), local.utcoffset(), local)

    @cached_property
    def _decimal_symbol(self) -> str:
        return format_decimal(Decimal("0.5"), locale=self.babel)[1]


@lru_cache(maxsize=4096)
def _full_date(day: date, locale: Locale) -> str:
    return str(format_date(day, "full", locale=locale))


@lru_cache(maxsize=4096)
def _day(day: date, locale: Locale) -> str:
    return str(format_skeleton("MMMMd", datetime(day.year, day.month, day.day, tzinfo=UTC), locale=locale))


_zone_names: dict[tuple[str, str, timedelta | None], str] = {}


def _zone_name(locale: Locale, zone: str, offset: timedelta | None, local: datetime) -> str:
    """Cached by offset: a zone's name differs in summer."""
    key = (str(locale), zone, offset)
    if key not in _zone_names:
        if len(_zone_names) > 4096:
            _zone_names.clear()
        _zone_names[key] = "UTC" if zone == "UTC" else str(get_timezone_name(local, "long", locale=locale))
    return _zone_names[key]


@lru_cache(maxsize=1024)
def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return UTC
    except KeyError:
        return UTC


@lru_cache(maxsize=1024)
def _babel_locale(locale: str, region: str | None) -> Locale:
    parts = locale.split("-")
    if region and region.upper() in _WITH_REGION.get(parts[0], ()):
        return Locale.parse(f"{parts[0]}_{region.upper()}")
    return Locale.parse("_".join(parts))


@lru_cache(maxsize=4096)
def _duration(minutes: str, locale: Locale) -> str:
    try:
        span = timedelta(minutes=max(1.0, float(minutes)))
    except (ValueError, OverflowError):
        return ""
    return str(format_timedelta(span, granularity="minute", locale=locale, threshold=3))


@lru_cache(maxsize=4096)
def _money(usd: str, locale: Locale) -> str:
    number = _decimal(usd)
    if number is None:
        return ""
    with localcontext(_EXACT):
        return str(format_currency(number, "USD", locale=locale))


@lru_cache(maxsize=4096)
def _whole(number: str, locale: Locale) -> str:
    with localcontext(_EXACT):
        return str(format_decimal(Decimal(number), locale=locale))


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and -40 <= number.adjusted() <= 40 else None
