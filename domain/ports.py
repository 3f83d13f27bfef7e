"""What the rules need from the outside; adapters are in stores/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from domain.events.user import User
from domain.messages import DeliveryStatus, Finding, Medium, Notice, Receipt
from domain.place import Agent, Place


class Surroundings(Protocol):
    """What an address and a user agent say. Pure look-ups, microseconds; never raise, NOWHERE / NO_AGENT when unknown."""

    def place(self, ip: str | None) -> Place: ...

    def agent(self, user_agent: str | None) -> Agent: ...


class ProfileStore(Protocol):
    """Encoded user states by user id (async, Redis)."""

    async def load(self, user_ids: Sequence[str]) -> dict[str, bytes | None]: ...

    async def save(self, states: Mapping[str, bytes]) -> None: ...


class Directory(Protocol):
    """The user directory (Redis). Synchronous; call from a worker thread or use the batch forms."""

    def get_many(self, user_ids: Sequence[str]) -> dict[str, User | None]: ...

    def put_many(self, users: Iterable[User]) -> None: ...

    def erase(self, user_id: str) -> None: ...

    def loaded(self) -> bool:
        """False when Redis was emptied since the last load: `users` has to be read anew and notices wait."""
        ...

    def mark_loaded(self) -> None: ...


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one recipient on one channel, exactly as its reader gets it."""

    delivery_id: str
    notice_id: str
    user_id: str
    kind: str
    severity: str
    channel: Medium
    recipient: str
    """E-mail address, phone number (E.164), or the user id in-app."""
    slot: str
    """`current`, or `old-1` ...: which contact of the user."""
    locale: str
    locale_reason: str
    """How the locale was found: `user`, `language`, `region`, `default`."""
    template: str
    """Kind and version of the template, e.g. `login_new_device@3f2a91c0`."""
    subject: str
    payload: bytes
    """E-mail: the RFC 5322 message; SMS: the text in UTF-8; in-app: the inbox item as JSON."""
    expires_at: datetime | None = None


class Delivery(msgspec.Struct, kw_only=True):
    """A row of the outbox as claimed by a sender; contact and payload decrypted."""

    rendered: Rendered
    status: DeliveryStatus
    attempt: int
    """Attempts made before this one."""
    created_at: datetime
    due_at: datetime
    fallback_of: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer link: bound to notice and user, hashed at rest, single use."""

    notice_id: str
    user_id: str
    kind: str
    severity: str
    locale: str
    expires_at: datetime
    answered_at: datetime | None = None
    answer: str | None = None
    notice: Notice | None = None


class Outbox(Protocol):
    """Deliveries in SQL (synchronous, called from threads). All times UTC-aware."""

    def claim(self, owner: str, now: datetime, limit: int, lease_seconds: float) -> list[Delivery]:
        """Due rows, leased to `owner`: no other sender gets them until the lease is over (SKIP LOCKED on PostgreSQL)."""
        ...

    def record(self, results: Sequence[tuple[Receipt, datetime | None]]) -> None:
        """Receipts, each with the time of the next attempt (None: final); with their messages for `receipts`, in one transaction."""
        ...

    def depth(self, now: datetime) -> dict[str, int]:
        """Rows not final, by channel."""
        ...


class Transaction(Protocol):
    """One SQL transaction of the notice desk."""

    def known_notice(self, notice_id: str) -> bool: ...

    def add_notice(self, notice: Notice, rendered: Sequence[Rendered], statuses: Mapping[str, tuple[DeliveryStatus, str | None]]) -> None:
        """The notice, its deliveries and its ledger entry. `statuses`: delivery id -> (status, reason) where it isn't to be sent."""
        ...

    def add_findings(self, findings: Sequence[Finding]) -> None: ...


class Store(Protocol):
    """The SQL store."""

    outbox: Outbox

    def transaction(self) -> AbstractContextManager[Transaction]: ...
