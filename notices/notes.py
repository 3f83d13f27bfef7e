"""What the ledger has to say of a reader's record: why a channel is left out, a time is in UTC, a text in another language. No contact."""

from __future__ import annotations

from domain.events import User
from domain.locale import negotiate
from domain.messages import Notice
from notices.compose.catalogue import available
from notices.compose.recipients import email_address, phone_number
from notices.compose.view import Reader
from notices.preferences import clock_of, zone_of


def notes(notice: Notice, user: User | None, default_locale: str) -> list[str]:
    """In words, for whoever asks why a notice went out as it did; empty when all was in order. Says what is missing or unusable, never its
    value."""
    if user is None:
        return ["the user is not in the directory yet"]
    said = []
    if "email" in notice.channels and not email_address(user.email):
        said.append("email: what the user has is not an address" if user.email else "email: the user has no address")
    if "sms" in notice.channels and not phone_number(user.phone, user.region):
        said.append("sms: what the user has is not a phone number" if user.phone else "sms: the user has no phone number")
    if not user.time_zone:
        said.append("time zone: none, so times are in UTC")
    elif zone_of(user.time_zone) is None:
        said.append("time zone: unknown, so times are in UTC")
    reader = Reader.of(user, default_locale)
    if not user.locale:
        said.append(f"locale: none, so {reader.locale} by {reader.reason}")
    elif reader.reason in ("region", "default"):
        said.append(f"locale: not one that Vigil writes, so {reader.locale} by {reader.reason}")
    quiet = user.preferences.quiet_hours if user.preferences else None
    if quiet and (clock_of(quiet.start) is None or clock_of(quiet.end) is None):
        said.append("quiet hours: not two times HH:MM, so there are none")
    return said


def unusable(user: User) -> list[str]:
    """Fields of a reader's record that hold something of which nothing can be made: each reads as if it were absent."""
    quiet = user.preferences.quiet_hours if user.preferences else None
    odd = {
        "email": user.email and not email_address(user.email),
        "phone": user.phone and not phone_number(user.phone, user.region),
        "time_zone": user.time_zone and zone_of(user.time_zone) is None,
        "locale": user.locale and negotiate(user.locale, None, available()).reason == "default",
        "preferences.quiet_hours": quiet and (clock_of(quiet.start) is None or clock_of(quiet.end) is None),
    }
    return [name for name, is_odd in odd.items() if is_odd]
