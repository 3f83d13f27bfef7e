"""Announcements: whom one is for, which text he reads, and the notice that he gets. Pure.

Where the exchange's record of a user says what he holds and has open, that counts; else what his own events told (domain.habits.positions).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, get_args

import msgspec

from domain.events import Announcement
from domain.events.announcement import AnnouncementKind
from domain.events.user import User
from domain.habits.positions import Positions, named, pair
from domain.ids import notice_id
from domain.locale import negotiate
from domain.messages import Notice, Source
from domain.policy_rules import Rules
from notices.compose.catalogue import available
from notices.compose.formats import clean
from notices.lateness import TOO_OLD

KINDS: tuple[str, ...] = get_args(AnnouncementKind)
RISKS = frozenset({"volatility", "delisting", "funding", "network_upgrade"})
"""Warnings about a market: of an asset that is named in `holds`, open orders in its markets count too."""
THREAD = "announcement:"
MAX_TITLE, MAX_TEXT = 200, 3_000
"""Characters that go into a notice; the mail stays below 40 kB."""
WITHOUT_END = timedelta(days=7)
"""How long what has no length (it ends when it begins) may be told."""
AGAIN = (5.0, 30.0, 120.0)
"""Seconds after which the audience is looked for again: who came into the directory, or bought something, just after the announcement. The
last time is as late as a notice waits for its reader."""
OVER = "over before it was sent"
Status = Literal["active", "cancelled", "resolved"]


class Written(NamedTuple):
    """The text that a reader gets. `own`: in the language that he reads; else it is another one's, and all of the notice is in that."""

    locale: str
    title: str
    body: str
    own: bool


class Stake(NamedTuple):
    """What a reader has to do with a market: assets and margin markets held (domain.habits.positions.named), markets of open orders."""

    held: frozenset[str] = frozenset()
    markets: tuple[str, ...] = ()


NOTHING = Stake()


def kind_of(kind: str) -> str:
    """The kind of the notices of an announcement's kind. A tip is of the class of tips: who muted those doesn't get it."""
    return "tip_announcement" if kind == "tip" else f"announcement_{kind}"


def begins(announcement: Announcement) -> datetime:
    """When it may be told first."""
    return announcement.send_at or announcement.occurred_at


def ends(announcement: Announcement) -> datetime:
    """When it may be told last."""
    if announcement.expires_at is not None:
        return announcement.expires_at
    if announcement.ends_at > announcement.starts_at:
        return announcement.ends_at
    return max(announcement.ends_at, begins(announcement)) + WITHOUT_END


def too_late(announcement: Announcement, now: datetime, late_after: timedelta) -> str | None:
    """Why it isn't told at all any more; None where it is. What ends one is told however late it would have been to begin it."""
    if now - begins(announcement) > late_after:
        return TOO_OLD
    return OVER if announcement.status == "active" and ends(announcement) <= now else None


def look_again(looks: int, contact_wait: float) -> timedelta | None:
    """How long after the look number `looks` (the first: 1) the audience is looked for again; None when that was the last."""
    delays = [0.0, *(delay for delay in AGAIN if delay < contact_wait), contact_wait]
    return timedelta(seconds=delays[looks] - delays[looks - 1]) if looks < len(delays) else None


def texts(announcement: Announcement) -> dict[str, tuple[str, str]]:
    """Locale that Vigil writes -> title and body, where there are both; characters that nobody sees are none. What ends one may have a
    title alone. `zh` serves zh-CN, unless that has a text of its own."""
    known = available()
    found: dict[str, tuple[str, str]] = {}
    for name in sorted(announcement.title, key=lambda n: n not in known):
        choice = negotiate(name, None, known, "")
        title, body = announcement.title[name].strip(), announcement.body.get(name, "").strip()
        if choice.reason in ("user", "language") and clean(title) and (clean(body) or announcement.status != "active"):
            found.setdefault(choice.locale, (title, body))
    return found


def locale_of(user: User | None, default: str) -> str:
    """The language that the reader's notices are in."""
    return negotiate(user.locale, user.region, available(), default).locale if user else negotiate(None, None, available(), default).locale


def written(announcement: Announcement, user: User | None, default: str) -> Written | None:
    """The reader's text: in his language, else in his region's, else in the default one, else in any. None where there is none at all."""
    have = texts(announcement)
    if not have:
        return None
    wanted = locale_of(user, default)
    if wanted in have:
        return Written(wanted, *have[wanted], own=True)
    instead = negotiate(user.locale if user else None, user.region if user else None, have.keys(), default).locale
    chosen = instead if instead in have else sorted(have)[0]
    return Written(chosen, *have[chosen], own=False)


def stake_of(user: User | None, positions: Positions | None) -> Stake:
    """By the exchange's word where it gives one, else by the account's own events."""
    held = {named(one) for one in user.holds} if user and user.holds is not None else positions.held() if positions else set()
    markets = user.open_orders_in if user and user.open_orders_in is not None else positions.open_markets() if positions else []
    return Stake(frozenset(held), tuple(markets))


def asks_for_stake(announcement: Announcement) -> bool:
    """Whether it depends on what readers hold or have open, or says something about it."""
    audience = announcement.audience
    return bool(audience.holds or audience.open_orders_in) or announcement.orders is not None or announcement.kind == "maintenance"


def reaches(announcement: Announcement, user: User, stake: Stake, default: str) -> bool:
    """Whether it is for this user."""
    audience = announcement.audience
    if announcement.user_id not in ("*", user.user_id):
        return False
    if audience.tier and (user.tier or "regular") not in {one.strip().lower() for one in audience.tier}:
        return False
    if audience.region and (user.region or "").upper() not in {one.strip().upper() for one in audience.region}:
        return False
    if audience.locale and not _speaks(locale_of(user, default), audience.locale):
        return False
    if audience.holds or audience.open_orders_in:
        return bool(_held(announcement, stake) or _open_in(audience.open_orders_in or (), stake))
    return True


def announced(
    announcement: Announcement, user: User, stake: Stake, text: Written, *, thread: str, first: bool, rules: Rules,
    now: datetime, source: Source | None = None, before: Announcement | None = None,
) -> Notice:  # fmt: skip
    """The notice for one reader. `thread`: the announcement's id; `first`: he wasn't told an earlier version; `before`: that one. What ends
    an announcement doesn't say the same text again."""
    kind, status = kind_of(announcement.kind), announcement.status
    facts = {
        "title": text.title[:MAX_TITLE],
        "text": "" if status != "active" and before and text.body == before.body.get(text.locale) else cut(text.body, MAX_TEXT),
        "text_locale": "" if text.own else text.locale,
        "status": status if status != "active" else "" if first else "update",
        **_period(announcement),
        **(_about_orders(announcement, stake) if status == "active" else {}),
        "holdings": ",".join(_held(announcement, stake)) if status == "active" else "",
    }
    return Notice(
        notice_id=notice_id(announcement.event_id, user.user_id, kind),
        user_id=user.user_id,
        kind=kind,
        severity=announcement.severity,
        created_at=now,
        expires_at=ends(announcement) if status == "active" else None,
        finding_ids=[],
        channels=list(rules.severities[announcement.severity].channels),
        occurred_at=now,
        group=announcement.event_id,
        answerable=False,
        facts={name: value for name, value in facts.items() if value},
        source=source,
        thread=f"{THREAD}{thread}",
    )


def recall(notice: Notice) -> Notice:
    """What calls back the thread's unsent notices, and tells nobody."""
    return msgspec.structs.replace(notice, channels=[])


def untranslated(locales: Mapping[str, int], announcement: Announcement) -> list[str]:
    """Languages that readers have (locale -> how many) and the announcement has no text in."""
    have = texts(announcement)
    return sorted(locale for locale, count in locales.items() if count and locale not in have)


def problems(announcement: Announcement) -> list[str]:
    """What keeps it from being told at all, in words; [] when it can be."""
    found = []
    if not texts(announcement):
        found.append("there is no text in a language that Vigil writes: each needs a title and a body")
    if announcement.ends_at < announcement.starts_at:
        found.append("it ends before it begins")
    if ends(announcement) <= begins(announcement):
        found.append("it is over before it may be sent")
    orders = announcement.orders
    if orders and orders.protected_from and orders.protected_until and orders.protected_until <= orders.protected_from:
        found.append("the protection of open orders ends before it begins")
    return found


def cut(text: str, limit: int) -> str:
    """At most so many characters, with an ellipsis where it was longer."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _speaks(locale: str, wanted: Iterable[str]) -> bool:
    small = locale.lower()
    return any(small == one or small.startswith(f"{one}-") for one in (name.strip().replace("_", "-").lower() for name in wanted) if one)


def _held(announcement: Announcement, stake: Stake) -> list[str]:
    """Those of `holds` that the reader holds, as the announcement writes them; of a market risk also those that he has orders about."""
    held = set(stake.held)
    if announcement.kind in RISKS:
        held |= {named(part) for market in stake.markets for part in pair(market)[:2] if part}
    return [name for name in announcement.audience.holds or () if named(name) in held]


def _open_in(wanted: Iterable[str], stake: Stake) -> list[str]:
    names = {named(market) for market in wanted}
    return [market for market in stake.markets if named(market) in names]


def _concerned(announcement: Announcement, stake: Stake) -> Sequence[str]:
    """Markets of the reader's open orders that it is about."""
    wanted = (announcement.orders.markets if announcement.orders else None) or announcement.audience.open_orders_in
    if wanted:
        return _open_in(wanted, stake)
    return stake.markets if announcement.kind == "maintenance" or announcement.orders else ()


def _about_orders(announcement: Announcement, stake: Stake) -> dict[str, str]:
    """What happens to the reader's open orders; nothing for who has none."""
    markets, orders = _concerned(announcement, stake), announcement.orders
    if not markets:
        return {}
    facts = {"open_orders": ",".join(markets[:8])}
    if orders is None:
        return facts
    facts["effect"] = orders.effect
    if orders.protected_from or orders.protected_until:
        facts["protected_from"] = _said(orders.protected_from or announcement.starts_at)
        facts["protected_until"] = _said(orders.protected_until or announcement.ends_at)
    return facts


def _period(announcement: Announcement) -> dict[str, str]:
    """From when to when, where it has a length."""
    if announcement.status != "active" or announcement.ends_at <= announcement.starts_at:
        return {}
    return {"starts_at": _said(announcement.starts_at), "ends_at": _said(announcement.ends_at)}


def _said(moment: datetime) -> str:
    return moment.isoformat()
