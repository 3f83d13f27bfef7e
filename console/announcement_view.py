"""What the pages of an announcement show of it: how many people it reaches, by language, and how it reads in each."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from email import message_from_bytes, policy
from typing import Any

import msgspec

from console.services import Services
from domain.checkcode import coded
from domain.events import Announcement, User
from domain.habits.positions import named
from domain.messages import Medium
from domain.policy_rules import Rules
from notices import announcing
from notices.compose import Composer, sms
from notices.compose.catalogue import available
from notices.compose.preview import SAMPLE_CODE, Preview, reader_of
from stores.audience import Audience

EVERY: tuple[Medium, ...] = ("email", "sms", "inapp")
MOST = 500_000
"""Users that are looked through for a count; with more it says "at least"."""


class Row(msgspec.Struct, frozen=True):
    """A language: how many readers, whether there is a text, and in which language its readers get it ('' for nobody is told)."""

    locale: str
    people: int
    written: bool
    instead: str


class Reach(msgspec.Struct, frozen=True):
    """`known`: False where nothing is known of users; `whole`: everyone was looked at."""

    rows: list[Row]
    total: int
    known: bool = True
    whole: bool = True

    @property
    def missing(self) -> list[str]:
        """Languages that readers have and the announcement hasn't."""
        return [row.locale for row in self.rows if row.people and not row.written]


def reach(event: Announcement, audience: Audience | None, default: str) -> Reach:
    """Who would be told if it went out now, by what Vigil knows of users. Blocks: call it in a thread."""
    if audience is None:
        return Reach(_rows(event, Counter(), default), 0, known=False)
    found: Counter[str] = Counter()
    seen: set[str] = set()
    for users in audience.users():
        fresh = [user for user in users if user.user_id not in seen]
        seen.update(user.user_id for user in fresh)
        stakes = audience.positions([user.user_id for user in fresh]) if announcing.asks_for_stake(event) else {}
        for user in fresh:
            if announcing.reaches(event, user, announcing.stake_of(user, stakes.get(user.user_id)), default):
                found[announcing.locale_of(user, default)] += 1
        if len(seen) >= MOST:
            return Reach(_rows(event, found, default), found.total(), whole=False)
    return Reach(_rows(event, found, default), found.total())


def reached(event: Announcement, locales: Counter[str], default: str) -> Reach:
    """Of one that goes out: its readers as they were written down."""
    return Reach(_rows(event, locales, default), locales.total())


def preview(services: Services, event: Announcement, locale: str, now: datetime, *, first: bool = True) -> Preview | None:
    """How it reads in a language, for someone whom it concerns in every way; None where there is no text at all."""
    reader = reader_of(locale)
    text = announcing.written(event, reader, services.default_locale)
    if text is None:
        return None
    wanted = (event.orders.markets if event.orders else None) or event.audience.open_orders_in or ["BTC-USDT"]
    stake = announcing.Stake(frozenset(named(one) for one in event.audience.holds or ()), tuple(wanted))
    notice = announcing.announced(event, reader, stake, text, thread=event.announcement_id or "", first=first, rules=Rules(), now=now)
    composer = Composer(services.brand, services.public_url, services.default_locale, check_code=lambda _: coded(SAMPLE_CODE))
    made = {one.channel: one for one in composer.compose(notice, reader, {}, now, channels=EVERY)}
    mail: Any = message_from_bytes(made["email"].payload, policy=policy.default)
    said = made["sms"].payload.decode()
    return Preview(
        subject=made["email"].subject, html=str(mail.get_body(("html",)).get_content()), text=str(mail.get_body(("plain",)).get_content()),
        sms=said, length=sms.measure(said), item=msgspec.json.decode(made["inapp"].payload),
    )  # fmt: skip


def _rows(event: Announcement, people: Counter[str], default: str) -> list[Row]:
    have = announcing.texts(event)
    rows = []
    for locale in available():
        text = announcing.written(event, User(user_id="x", locale=locale), default)
        blocked = text is None or (event.missing_translation == "block" and locale not in have)
        rows.append(Row(locale, people[locale], locale in have, "" if blocked or text is None else text.locale))
    return sorted(rows, key=lambda row: (-row.people, not row.written, row.locale))
