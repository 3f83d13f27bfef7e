"""Maintenance, incidents, warnings, rule changes, tips."""

from typing import Literal

import msgspec

from domain.events.base import Input, Instant, LongText, Text


class Audience(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom it is for; an empty or absent list means everyone."""

    tier: list[Text] | None = None
    region: list[Text] | None = None
    holds: list[Text] | None = None
    open_orders_in: list[Text] | None = None


class Announcement(Input, frozen=True, kw_only=True, omit_defaults=True, tag="announcement"):
    """An announcement; `user_id` is `*`. Title and body by locale."""

    kind: Literal["maintenance", "incident", "scam_warning", "rule_change", "tip"]
    severity: Literal["info", "notice", "warning", "critical"]
    starts_at: Instant
    ends_at: Instant
    audience: Audience
    title: dict[str, Text]
    body: dict[str, LongText]
