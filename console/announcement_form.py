"""The form of an announcement: what was typed becomes the value that the topic carries too, or a sentence for each thing that is wrong."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from domain.events import Announcement
from notices import announcing
from notices.compose.catalogue import available

LOCALES = tuple(available())
KINDS = {
    "maintenance": "Maintenance",
    "incident": "Incident",
    "scam_warning": "Warning of a scam",
    "rule_change": "Change of rules",
    "volatility": "Market risk: volatility",
    "delisting": "Market risk: delisting",
    "funding": "Market risk: funding",
    "network_upgrade": "Market risk: network upgrade",
    "tip": "Tip",
}
SEVERITIES = {
    "info": "info: in the app",
    "notice": "notice: e-mail, in the app",
    "warning": "warning: e-mail, SMS, in the app",
    "critical": "critical: the same, also in quiet hours",
}
EFFECTS = {
    "": "say nothing",
    "kept": "kept: filled as usual",
    "paused": "paused: neither filled nor cancelled",
    "cancelled": "cancelled when it begins",
}
MISSING = {"fallback": "gets it in the default language", "block": "blocks it until the text is there"}
TIERS = ("regular", "vip", "institutional")
TIMES = ("starts_at", "ends_at", "send_at", "expires_at", "protected_from", "protected_until")
LISTS = ("tier", "region", "locale", "holds", "open_orders_in", "markets")
LONGEST_TITLE = 140
_CLOCK = "%Y-%m-%dT%H:%M"
_APART = re.compile(r"[,;\s]+")


class Wrong(ValueError):
    """What was typed can't be taken; `sentences` say why."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = sentences


def empty(now: datetime) -> dict[str, str]:
    """The fields of a new one."""
    return {"kind": "maintenance", "severity": "notice", "missing_translation": "block", "effect": ""}


def filled(event: Announcement) -> dict[str, str]:
    """The fields as they were typed."""
    audience, orders, waves = event.audience, event.orders, event.waves
    values: dict[str, Any] = {
        "kind": event.kind, "severity": event.severity, "missing_translation": event.missing_translation,
        "starts_at": event.starts_at, "ends_at": event.ends_at, "send_at": event.send_at, "expires_at": event.expires_at,
        "tier": audience.tier, "region": audience.region, "locale": audience.locale, "holds": audience.holds,
        "open_orders_in": audience.open_orders_in,
    }  # fmt: skip
    if orders is not None:
        values |= {"effect": orders.effect, "protected_from": orders.protected_from, "protected_until": orders.protected_until}
        values["markets"] = orders.markets
    if waves is not None:
        values |= {"wave": waves.size, "gap": waves.gap_seconds}
    for locale in LOCALES:
        values[f"title.{locale}"], values[f"body.{locale}"] = event.title.get(locale), event.body.get(locale)
    return {name: _typed(value) for name, value in values.items() if value not in (None, [])}


def read(values: Mapping[str, str], announcement_id: str, now: datetime) -> Announcement:
    """The announcement that was typed. Raises Wrong with everything that has to be put right."""
    wrong: list[str] = []
    times: dict[str, datetime] = {}
    for name in TIMES:
        if text := values.get(name, "").strip():
            try:
                times[name] = datetime.strptime(text[:16], _CLOCK).replace(tzinfo=UTC)
            except ValueError:
                wrong.append(f"{name.replace('_', ' ')}: expected a day and a time, such as 2026-11-22T02:00")
    for name in ("starts_at", "ends_at"):
        if name not in times and not any(name.replace("_", " ") in one for one in wrong):
            wrong.append(f"{name.replace('_', ' ')}: is needed")
    numbers: dict[str, int] = {}
    for name, label in (("wave", "readers a wave"), ("gap", "seconds between waves")):
        if text := values.get(name, "").strip():
            if text.isdecimal() and len(text) < 9:
                numbers[name] = int(text)
            else:
                wrong.append(f"{label}: expected a whole number")
    lists = {name: [one for one in _APART.split(values.get(name, "")) if one] for name in LISTS}
    wrong += [f"tier: expected {', '.join(TIERS)}, not {one[:40]!r}" for one in lists["tier"] if one.lower() not in TIERS]
    title = {name: text for name in LOCALES if (text := values.get(f"title.{name}", "").strip())}
    body = {name: text for name in LOCALES if (text := values.get(f"body.{name}", "").strip())}
    wrong += [f"{name}: a title and a text belong together" for name in sorted(title.keys() ^ body.keys())]
    wrong += [f"{name}: the title has more than {LONGEST_TITLE} characters" for name in title if len(title[name]) > LONGEST_TITLE]
    wrong += [f"{name}: the text has more than {announcing.MAX_TEXT} characters" for name in body if len(body[name]) > announcing.MAX_TEXT]
    if wrong:
        raise Wrong(wrong)
    fields: dict[str, Any] = {
        "type": "announcement", "event_id": f"{announcement_id}:{secrets.token_hex(4)}", "user_id": "*", "occurred_at": now,
        "announcement_id": announcement_id, "kind": values.get("kind", ""), "severity": values.get("severity", ""),
        "starts_at": times["starts_at"], "ends_at": times["ends_at"], "send_at": times.get("send_at"),
        "expires_at": times.get("expires_at"), "missing_translation": values.get("missing_translation", ""), "title": title, "body": body,
        "audience": {name: lists[name] or None for name in LISTS if name != "markets"},
    }  # fmt: skip
    if values.get("effect"):
        fields["orders"] = {
            "effect": values["effect"], "protected_from": times.get("protected_from"), "protected_until": times.get("protected_until"),
            "markets": lists["markets"] or None,
        }  # fmt: skip
    if numbers:
        fields["waves"] = {"size": numbers.get("wave"), "gap_seconds": numbers.get("gap")}
    try:
        event = msgspec.convert(fields, Announcement)
    except msgspec.ValidationError as error:
        raise Wrong([str(error)]) from None
    if found := announcing.problems(event):
        raise Wrong(found)
    return event


def closing(event: Announcement, status: Any, now: datetime) -> Announcement:
    """What ends it, in fixed words under the title that was told."""
    return msgspec.structs.replace(
        event, event_id=f"{event.announcement_id or event.event_id}:{secrets.token_hex(4)}", status=status, occurred_at=now, send_at=None,
        body=dict.fromkeys(event.title, ""),
    )  # fmt: skip


def _typed(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(_CLOCK)
    return ", ".join(value) if isinstance(value, list) else str(value)
