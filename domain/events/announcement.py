"""Maintenance, incidents, warnings of scams and markets, rule changes, tips."""

from typing import Annotated, Literal

import msgspec

from domain.events.base import Id, Input, Instant, LongText, Text

AnnouncementKind = Literal[
    "maintenance", "incident", "scam_warning", "rule_change", "tip", "volatility", "delisting", "funding", "network_upgrade"
]


class Audience(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom it is for; an empty or absent list means everyone. All lists are to be met, but one of `holds` and `open_orders_in` will do."""

    tier: list[Text] | None = None
    region: list[Text] | None = None
    holds: list[Text] | None = None
    """Assets, or markets of margin positions."""
    open_orders_in: list[Text] | None = None
    """Markets."""
    locale: list[Text] | None = None
    """Languages as the reader gets them, `zh-TW`; `zh` is every Chinese."""


class OpenOrders(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happens to open orders while it lasts."""

    effect: Literal["kept", "paused", "cancelled"]
    """Kept: filled as usual; paused: neither filled nor cancelled; cancelled when it begins."""
    protected_from: Instant | None = None
    protected_until: Instant | None = None
    markets: list[Text] | None = None
    """Absent: those of the audience's `open_orders_in`, or all."""


class Waves(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many readers are told at once, and seconds until the next."""

    size: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    gap_seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] | None = None


class Announcement(Input, frozen=True, kw_only=True, omit_defaults=True, tag="announcement"):
    """An announcement; `user_id` is `*`, or the one user whom it is for. Title and body by locale."""

    kind: AnnouncementKind
    severity: Literal["info", "notice", "warning", "critical"]
    starts_at: Instant
    ends_at: Instant
    audience: Audience
    title: dict[str, Text]
    body: dict[str, LongText]
    announcement_id: Id | None = None
    """What a later event updates, cancels or resolves; absent: the event's own id."""
    status: Literal["active", "cancelled", "resolved"] = "active"
    send_at: Instant | None = None
    """Not before; absent: at once."""
    expires_at: Instant | None = None
    """Not after; absent: `ends_at`."""
    missing_translation: Literal["fallback", "block"] = "fallback"
    """A reader's language without a text: he gets another one, or nobody is told until it is there."""
    waves: Waves | None = None
    orders: OpenOrders | None = None
