"""Who gets a notice: the account's contacts, and at critical or when a contact changed the ones they replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import phonenumbers

from domain.events import User
from domain.messages import Medium, Notice, OldContact
from domain.policy_rules import Managers
from notices.preferences import is_optional

CURRENT = "current"
MANAGER = "manager"
OLD_CONTACTS_FOR = timedelta(days=30)
MAX_OLD = 4

_MAIL = re.compile(r"[^\s<>()\[\]\\,;:\"@\x00-\x1f\x7f]{1,64}@[^\s<>()\[\]\\,;:\"@\x00-\x1f\x7f]{1,255}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_CHANGED = {"email_changed": "email", "phone_changed": "phone"}


class Recipient(NamedTuple):
    """One address on one channel. `slot`: `current`, or `old-` and a short hash of the replaced contact, which stays the same whenever and
    from whichever source it is read."""

    channel: Medium
    address: str
    slot: str


def recipients(notice: Notice, user: User | None, now: datetime) -> list[Recipient]:
    """Everyone that the notice goes to, each address once on a channel; a channel without a usable contact is left out.

    In-app needs no contact. A replaced contact is told on its own channel, whether the notice uses that channel or not.
    """
    found: dict[tuple[Medium, str], Recipient] = {}
    for recipient in (*_current(notice, user), *_old(notice, user, now)):
        found.setdefault((recipient.channel, recipient.address.lower()), recipient)
    return list(found.values())


def manager_copy(notice: Notice, user: User | None, managers: Managers) -> list[Recipient]:
    """The account manager, when the user has one and the notice goes out by e-mail at a severity that they want. What all clients are told,
    an announcement or a tip, would come to him as often as he has clients: not that."""
    if user is None or is_optional(notice.kind) or "email" not in notice.channels or notice.severity not in managers.severities:
        return []
    address = managers.people.get(user.account_manager or "") or managers.tiers.get(user.tier or "regular")
    address = email_address(address)
    return [Recipient("email", address, MANAGER)] if address else []


def slots(notice: Notice, to: Sequence[Recipient]) -> list[str]:
    """The slots of its recipients that need an answer link of their own, `current` first: none where there is nothing to answer."""
    if not notice.answerable:
        return []
    return list(dict.fromkeys([CURRENT, *(r.slot for r in to if r.channel != "inapp" and r.slot != MANAGER)]))


def missing(notice: Notice, to: Sequence[Recipient]) -> list[Medium]:
    """Channels of the notice for which the directory has no usable contact (yet), so that they have no recipient."""
    have = {r.channel for r in to if r.slot == CURRENT}
    return [channel for channel in notice.channels if channel not in have]


def email_address(text: str | None) -> str | None:
    """The address, or None for what can't be one. Nothing that could end a header line or name a second recipient passes."""
    text = (text or "").strip()
    return text if _MAIL.fullmatch(text) else None


def phone_number(text: str | None, region: str | None = None) -> str | None:
    """E.164, or None. A national number is read by the region."""
    text = (text or "").strip()
    digits = re.sub(r"[\s().\-/]", "", text)
    if _E164.fullmatch(digits):
        return digits
    if not region or not digits.isascii() or not digits.isdigit():
        return None
    try:
        number = phonenumbers.parse(digits, region.upper())
    except phonenumbers.NumberParseException:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)) if phonenumbers.is_possible_number(number) else None


def contacts_of(user: User | None) -> dict[Medium, str]:
    """Where messages to the user can be sent, by channel; in the app they always can."""
    if user is None:
        return {}
    found: dict[Medium, str | None] = {"email": email_address(user.email), "sms": phone_number(user.phone, user.region)}
    return {channel: address for channel, address in found.items() if address}


def _current(notice: Notice, user: User | None) -> Iterator[Recipient]:
    region = user.region if user else None
    contacts = {"email": email_address(user.email if user else None), "sms": phone_number(user.phone if user else None, region)}
    for contact in notice.new_contacts:
        # The event may be faster than the directory: the contact it still shows is the one just replaced.
        if _behind(notice, contact, user):
            contacts["email" if contact.kind == "email" else "sms"] = _address(contact.kind, contact.value, user)
    for channel in notice.channels:
        if channel == "inapp":
            yield Recipient("inapp", notice.user_id, CURRENT)
        elif address := contacts[channel]:
            yield Recipient(channel, address, CURRENT)


def _old(notice: Notice, user: User | None, now: datetime) -> Iterator[Recipient]:
    contacts = [(contact.kind, contact.value) for contact in notice.old_contacts]
    for contact in notice.new_contacts:
        if user is not None and _behind(notice, contact, user):
            contacts.append((contact.kind, (user.email if contact.kind == "email" else user.phone) or ""))
    of_account = notice.kind == "security_setting_changed" or notice.kind.startswith("account_")
    changed = _CHANGED.get(notice.facts.get("change", "")) if of_account else None
    for previous in (user and user.previous_contacts) or ():
        fresh = now - previous.replaced_at <= OLD_CONTACTS_FOR
        if fresh and (notice.severity == "critical" or previous.kind == changed):
            contacts.append((previous.kind, previous.value))
    for kind, value in contacts[:MAX_OLD]:
        if address := _address(kind, value, user):
            yield Recipient("email" if kind == "email" else "sms", address, "old-" + sha256(address.lower().encode()).hexdigest()[:8])


def _behind(notice: Notice, new: OldContact, user: User | None) -> bool:
    """Whether the directory still shows what the change replaced: the contact that it names as the old one or, where it names none, any
    other than the new one."""
    usable = _address(new.kind, new.value, user)
    shown = _address(new.kind, (user.email if new.kind == "email" else user.phone) or "", user) if user else None
    if usable is None or shown is None:
        return False
    olds = [_address(old.kind, old.value, user) for old in notice.old_contacts if old.kind == new.kind]
    named = {old.lower() for old in olds if old}
    return shown.lower() in named if named else shown.lower() != usable.lower()


def _address(kind: str, value: str, user: User | None) -> str | None:
    if "**" in value:  # masked by the exchange: it names nobody
        return None
    return email_address(value) if kind == "email" else phone_number(value, user.region if user else None)
