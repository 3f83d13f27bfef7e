"""The user directory: contacts, language, time zone, preferences."""

from typing import Literal

import msgspec

from domain.events.base import Id, Instant, Text


class PreviousContact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A contact that was replaced; told at critical for 30 days."""

    kind: Literal["email", "phone"]
    value: Text
    replaced_at: Instant


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """Hours without tips, in the user's zone; `HH:MM`."""

    start: Text
    end: Text


class Preferences(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the user wants; security notices at warning and critical ignore it."""

    channels: dict[str, list[Text]] | None = None
    quiet_hours: QuietHours | None = None
    digest: Literal["hourly", "daily"] | None = None


class ApiKeyState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An API key as the exchange keeps it; what is left out is not known."""

    created_at: Instant | None = None
    last_used_at: Instant | None = None
    """None: never used, or not known."""
    withdraws: bool | None = None
    """Whether it may take money out."""
    ip_restricted: bool | None = None


class Protection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What protects the account, as the exchange knows it: for the security report. What is left out is taken from events, or not known."""

    mfa: Literal["none", "totp", "sms", "email", "passkey"] | None = None
    whitelist: bool | None = None
    """Whether coins can leave to addresses on the user's list only."""
    api_keys: list[ApiKeyState] | None = None
    """Those that are valid; [] for none."""


class User(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of the compacted topic `users`. Only `user_id` is required."""

    user_id: Id
    locale: Text | None = None
    region: Text | None = None
    time_zone: Text | None = None
    tier: Literal["regular", "vip", "institutional"] | None = None
    experience: Literal["newcomer", "active"] | None = None
    created_at: Instant | None = None
    email: Text | None = None
    phone: Text | None = None
    anti_phishing_code: Text | None = None
    previous_contacts: list[PreviousContact] | None = None
    preferences: Preferences | None = None
    account_manager: Text | None = None
    """Name of the manager who gets a copy (config/notices.yaml), never an address."""
    protection: Protection | None = None
    holds: list[Text] | None = None
    """Assets that the user holds; absent: what his events tell. For announcements."""
    open_orders_in: list[Text] | None = None
    """Markets in which he has open orders; absent: what his events tell."""
