"""What its reader wants to be told of, on which channel and when: muted channels, quiet hours, digests. Pure; `now` decides.

Security notices at warning and critical, and changes of security settings, go out at once on all their channels, whatever the reader chose:
whoever took the account over could have chosen it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple, cast
from zoneinfo import ZoneInfo

import msgspec

from domain.events.user import Preferences, User
from domain.messages import Medium, Notice
from domain.policy_rules import Rules
from notices.threads import STORY

Class = Literal["security", "margin", "service", "announcement", "tip", "digest"]
CLASSES: frozenset[str] = frozenset(["margin", "service", "announcement", "tip", "digest"])
OPTIONAL: frozenset[str] = frozenset(["tip", "announcement"])
"""What a reader can do without: he may unsubscribe, and it isn't sent where it would only come back."""
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MUTED = "muted by the user's preferences"
_FULL_HOUR = timedelta(hours=1)


class Way(NamedTuple):
    """How a notice goes to its reader."""

    notice: Notice
    """With the channels that are told now or after quiet hours, those left to a digest, and those suppressed with the reason."""
    held: frozenset[Medium] = frozenset()
    """Channels that wait until `until`."""
    until: datetime | None = None
    reason: str | None = None
    digest_due: datetime | None = None
    """When the reader's own digest is due; None: the throttle's time."""


def class_of(kind: str) -> Class:
    """What a kind counts as in preferences: its family, security for all that is of no other class."""
    family = kind.partition("_")[0]
    return cast(Class, family) if family in CLASSES else "security"


def is_optional(kind: str) -> bool:
    """Whether its reader may unsubscribe from the kind."""
    return class_of(kind) in OPTIONAL


def always(notice: Notice, rules: Rules) -> bool:
    """Whether no preference touches the notice."""
    return class_of(notice.kind) == "security" and (notice.severity in ("warning", "critical") or rules.kind(notice.kind).always_email)


def way(notice: Notice, user: User | None, now: datetime, rules: Rules, *, may_digest: bool = True) -> Way:
    """How the notice goes to `user`; as it is where nothing is known of him. `may_digest`: False once its moment for a digest is over."""
    if notice.digest and notice.expires_at is not None:
        gone = dict.fromkeys(notice.digest, "over before the next digest")
        notice = msgspec.structs.replace(notice, digest=[], suppressed=notice.suppressed | gone)
    wanted = user.preferences if user else None
    if user is None or wanted is None or always(notice, rules):
        return Way(notice)
    notice = _muted(notice, wanted)
    zone = zone_of(user.time_zone) or UTC
    due = None
    if may_digest and wanted.digest and _for_digest(notice):
        notice = msgspec.structs.replace(
            notice, channels=[one for one in notice.channels if one != "email"], digest=list(dict.fromkeys([*notice.digest, "email"]))
        )
    if notice.digest and wanted.digest:
        due = next_digest(wanted, zone, now, rules)
    until = quiet_until(wanted, zone, now)
    if until is None or _breaks_out(notice):
        return Way(notice, digest_due=due)
    if notice.expires_at is not None and notice.expires_at <= until:
        return Way(_over(notice, until), digest_due=due)
    held = frozenset(one for one in notice.channels if _disturbs(one, notice))
    return Way(notice, held, until if held else None, f"quiet hours of the user until {_said(until)}" if held else None, due)


def quiet_until(wanted: Preferences, zone: tzinfo, now: datetime) -> datetime | None:
    """When the quiet hours end that `now` falls into; None outside of them. By the clock on the reader's wall, also when it is changed."""
    hours = wanted.quiet_hours
    start, end = clock_of(hours.start if hours else None), clock_of(hours.end if hours else None)
    if start is None or end is None or start == end or not _is_quiet(now.astimezone(zone), start, end):
        return None
    for moment in _moments(now, zone, end):
        if not _is_quiet(moment.astimezone(zone), start, end):
            return moment
    return None


def next_digest(wanted: Preferences, zone: tzinfo, now: datetime, rules: Rules) -> datetime:
    """The next full hour, or the next time of the daily digest; where that lies in quiet hours, their end."""
    local = now.astimezone(zone)
    if wanted.digest == "hourly":
        due = now + _FULL_HOUR - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    else:
        due = next(_moments(now, zone, clock_of(rules.daily_digest) or time(9)))
    return quiet_until(wanted, zone, due) or due


@lru_cache(maxsize=1024)
def zone_of(name: str | None) -> tzinfo | None:
    """The zone of an IANA name; None when it is unknown."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


def _muted(notice: Notice, wanted: Preferences) -> Notice:
    """A choice for the kind comes before one for its class. It only takes channels away; what concerns the account stays in the app."""
    choices, kind, group = wanted.channels or {}, notice.kind, class_of(notice.kind)
    name = kind if kind in choices else group
    chosen = choices.get(name)
    if chosen is None or group == "digest":
        return notice
    kept = set(chosen) | ({"inapp"} if group not in ("tip", "announcement") else set())
    muted = [one for one in dict.fromkeys([*notice.channels, *notice.digest]) if one not in kept]
    return msgspec.structs.replace(
        notice,
        channels=[one for one in notice.channels if one in kept],
        digest=[one for one in notice.digest if one in kept],
        suppressed=notice.suppressed | dict.fromkeys(muted, f"{_MUTED} ({name})"),
    )


def _for_digest(notice: Notice) -> bool:
    """Whether its e-mail may wait for the reader's digest. A further stage of a story may not, nor what would be over by then."""
    return (
        "email" in notice.channels
        and notice.severity in ("info", "notice")
        and notice.expires_at is None
        and not notice.thread.startswith(STORY)
        and class_of(notice.kind) in ("security", "margin", "service")
    )


def _breaks_out(notice: Notice) -> bool:
    """What is told in quiet hours too. A tip never is, an announcement only when it is critical."""
    group = class_of(notice.kind)
    if group in ("tip", "announcement"):
        return group == "announcement" and notice.severity == "critical"
    return notice.severity in ("warning", "critical") or notice.thread.startswith(STORY)


def _disturbs(channel: Medium, notice: Notice) -> bool:
    """An item in the app waits for its reader by itself; a tip there waits for the morning too, for apps may ring."""
    return channel != "inapp" or class_of(notice.kind) in ("tip", "announcement")


def _over(notice: Notice, until: datetime) -> Notice:
    gone = {one: f"quiet hours of the user until {_said(until)}, over before they end" for one in notice.channels if _disturbs(one, notice)}
    kept = [one for one in notice.channels if one not in gone]
    return msgspec.structs.replace(notice, channels=kept, suppressed=notice.suppressed | gone)


def _is_quiet(local: datetime, start: time, end: time) -> bool:
    clock = local.time().replace(second=0, microsecond=0)
    return start <= clock < end if start < end else clock >= start or clock < end


def _moments(now: datetime, zone: tzinfo, clock: time) -> Iterator[datetime]:
    """The moments after `now` at which the clock shows `clock`, ascending. An hour that is left out in spring reads as the one after it."""
    today, found = now.astimezone(zone).date(), set()
    for days in (0, 1, 2):
        for fold in (0, 1):
            moment = datetime.combine(today + timedelta(days=days), clock, zone).replace(fold=fold).astimezone(UTC)
            if moment > now and (fold == 0 or moment.astimezone(zone).time() == clock):
                found.add(moment)
    yield from sorted(found)


def clock_of(text: str | None) -> time | None:
    """The time of day `HH:MM`; None for anything else."""
    match = _TIME.fullmatch((text or "").strip())
    return time(int(match[1]), int(match[2])) if match else None


def _said(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
