"""What the rules need from the outside; adapters are in stores/."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from domain.events.base import Client
from domain.events.user import User
from domain.events.verdict import Verdict
from domain.messages import DeliveryStatus, Finding, Medium, Notice, Receipt
from domain.place import Agent, Place


class Unavailable(Exception):
    """A part that Vigil needs (Redis, SQL, Kafka) does not answer now: the same call may work later, the data is not at fault."""


class Surroundings(Protocol):
    """What an address and a user agent say. Pure look-ups, microseconds; never raise, NOWHERE / NO_AGENT when unknown."""

    def place(self, ip: str | None) -> Place:
        """Country, city, network of an IPv4 or IPv6 address in text; NOWHERE for None, a private one, or what is no address."""
        ...

    def agent(self, user_agent: str | None) -> Agent:
        """Browser, version and system of a User-Agent header."""
        ...

    def listed(self, address: str) -> str:
        """Name of the list (sanctions, known scams) that holds the address (domain.addresses.normal); '' where none does."""
        ...


class ProfileStore(Protocol):
    """Encoded user states by user id (async, Redis)."""

    async def load(self, user_ids: Sequence[str]) -> dict[str, bytes | None]:
        """Every id that was asked for, None where nothing is kept. Raises Unavailable."""
        ...

    async def save(self, states: Mapping[str, bytes]) -> None:
        """All of them, or Unavailable and perhaps some: saving again changes nothing."""
        ...


class Directory(Protocol):
    """The user directory (Redis). Synchronous; call from a worker thread or use the batch forms."""

    def get_many(self, user_ids: Sequence[str]) -> dict[str, User | None]:
        """Every id that was asked for, None for who is not in it. Raises Unavailable."""
        ...

    def put_many(self, users: Iterable[User]) -> None:
        """Takes the place of what was kept of these users. Raises Unavailable."""
        ...

    def erase(self, user_id: str) -> None:
        """Forgets the user; nothing happens for one who is not in it. Raises Unavailable."""
        ...

    def loaded(self) -> bool:
        """False when Redis was emptied since the last load: `users` has to be read anew and notices wait."""
        ...

    def mark_loaded(self) -> None:
        """`users` was read to its end: `loaded` is True until Redis is emptied."""
        ...


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


class Unsent(msgspec.Struct, frozen=True):
    """A channel of a notice on which nothing is composed or sent, and why: suppressed, expired, failed."""

    channel: Medium
    status: DeliveryStatus
    reason: str | None


class Delivery(msgspec.Struct, kw_only=True):
    """A row of the outbox as claimed by a sender; contact and payload decrypted."""

    rendered: Rendered
    status: DeliveryStatus
    attempt: int
    """Attempts made before this one."""
    created_at: datetime
    """When it was queued: retries end a day after."""
    due_at: datetime
    fallback_of: str | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A channel of a notice that isn't composed yet: its contact isn't known (`contact`), it takes the place of another (`fallback`), or
    its words wait for approval (`words`)."""

    notice: Notice
    channel: Medium
    why: Literal["contact", "fallback", "words"]
    since: datetime
    until: datetime
    """When to give up."""
    fallback_of: str | None = None


class DigestDue(msgspec.Struct, frozen=True, kw_only=True):
    """Notices of one user left to a digest whose time has come."""

    user_id: str
    channel: Medium
    notices: list[Notice]
    due_at: datetime


class Token(msgspec.Struct, frozen=True):
    """An answer link's secret, as it stands in the message to one contact (slot)."""

    token: str
    slot: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer link: bound to notice and user, hashed at rest, single use."""

    notice_id: str
    user_id: str
    kind: str
    severity: str
    locale: str
    expires_at: datetime
    slot: str = "current"
    answered_at: datetime | None = None
    answer: str | None = None
    recorded_only: bool = False
    """It was answered by a `me` that decides nothing: `not_me` still counts."""
    case: str | None = None
    """Number of the case that a `not_me` opened."""
    notice: Notice | None = None
    """None when the user was erased."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an answer. `decided`: it counts; `answered`: another did before; `expired`; `unknown`: no such token."""

    outcome: Literal["decided", "answered", "expired", "unknown"]
    answer: Answer | None = None
    verdict: Verdict | None = None


class BusMessage(msgspec.Struct, frozen=True):
    """A row of the bus outbox, to be published; `topic` without prefix."""

    id: int
    topic: str
    key: str
    value: bytes


class Outbox(Protocol):
    """Deliveries in SQL (synchronous, called from threads). All times UTC-aware."""

    def claim(
        self, owner: str, now: datetime, limit: int, lease_seconds: float, channels: Collection[Medium] | None = None
    ) -> list[Delivery]:
        """Due rows (of `channels` alone, where given), gravest first, leased to `owner`: no other sender gets them until the lease is
        over (SKIP LOCKED on PostgreSQL). Asked four times a second: cheap when nothing is due."""
        ...

    def hasten(self, channel: Medium, now: datetime, limit: int | None = None) -> int:
        """Rows of a channel that wait for a later try are due now (its provider is back); number of rows. Leased ones stay."""
        ...

    def record(
        self, results: Sequence[tuple[Receipt, datetime | None]], fall_back: Mapping[str, Medium] | None = None, dead: Collection[str] = ()
    ) -> None:
        """Receipts, each with the time of the next attempt (None: final), as status, receipt, ledger entry and message for `receipts`,
        in one transaction. Final ones named in `fall_back` (delivery id -> other channel) begin to wait for composition on that
        channel, unless the notice used it. A repeated `queued` for the same reason moves the row on and writes nothing else. `dead`:
        deliveries whose contact doesn't exist; its owner is told in the app, once for each contact."""
        ...

    def release(self, owner: str | None, now: datetime) -> int:
        """Gives back what `owner` (None: anyone) leased and didn't record; number of rows."""
        ...

    def depth(self, now: datetime) -> dict[str, int]:
        """Rows not final, by channel."""
        ...

    def next_due(self) -> datetime | None:
        """When the next row is due (or its lease ends); None when nothing is to be sent."""
        ...


class Answers(Protocol):
    """Answer links."""

    def find(self, token: str) -> Answer | None:
        """What the link stands for, answered or not; None for a token that never was. Raises Unavailable."""
        ...

    def of_notice(self, notice_id: str) -> Answer | None:
        """The same by notice; None for one without a link."""
        ...

    def decide(self, token: str, answer: Literal["me", "not_me"], now: datetime, client: Client | None) -> Decision:
        """One transaction: the answer, its ledger entry, and the verdict for the bus. Only the first of many at once is `decided`."""
        ...

    def decide_notice(
        self, notice_id: str, answer: Literal["me", "not_me"], now: datetime, client: Client | None, via: str = "inbox"
    ) -> Decision:
        """As `decide`, from within the app: `via` says from where, for the ledger."""
        ...


class Bus(Protocol):
    """Messages that SQL owes to Kafka."""

    def take(self, now: datetime, limit: int, lease_seconds: float = 30.0) -> list[BusMessage]:
        """Oldest first; taken ones are not given again until the lease is over."""
        ...

    def put(self, topic: str, key: str, value: bytes) -> None:
        """One message, in a transaction of its own."""
        ...

    def done(self, ids: Sequence[int]) -> None:
        """Kafka has them; ids of `take`."""
        ...

    def depth(self) -> int:
        """Messages not done, claimed ones among them."""
        ...


class Transaction(Protocol):
    """One SQL transaction of the notice desk. Nothing is written before it ends; a notice known by then is left out whole."""

    def known_notices(self, notice_ids: Iterable[str]) -> set[str]:
        """Those of the ids that were recorded before."""
        ...

    def add_notice(
        self,
        notice: Notice,
        rendered: Sequence[Rendered] = (),
        *,
        statuses: Mapping[str, tuple[DeliveryStatus, str | None]] | None = None,
        unsent: Sequence[Unsent] = (),
        tokens: Sequence[Token] = (),
        answer_locale: str = "en",
        answer_until: datetime | None = None,
        waiting: Sequence[Medium] = (),
        waiting_until: datetime | None = None,
        digest_due: datetime | None = None,
        held: Mapping[str, datetime] | None = None,
        notes: Sequence[str] = (),
        waiting_why: Literal["contact", "words"] = "contact",
    ) -> None:
        """The notice, its deliveries, tokens, what waits, and its ledger entry.

        `statuses`: delivery id -> (status, reason) where a rendered one isn't to be sent, or not yet (`queued` with a reason);
        `held`: delivery id -> when it is due; `notes`: what the ledger has to say of how it was told; `unsent`: channels without rendering
        (`notice.suppressed` is taken by itself); `digest_due`: for the channels of `notice.digest`. A notice with `parts` takes them
        out of what waits for a digest on its channels."""
        ...

    def add_rendering(
        self, waiting: Waiting, rendered: Sequence[Rendered], tokens: Sequence[Token] = (), held: tuple[datetime, str] | None = None
    ) -> None:
        """What waited is composed now: deliveries and a ledger entry. `held`: when it is due, and why not at once."""
        ...

    def give_up(
        self, waiting: Waiting, reason: str, fall_back: Medium | None = None, status: Literal["failed", "suppressed", "expired"] = "failed"
    ) -> None:
        """What waited for a contact ends, with a receipt; `fall_back` begins to wait in its place, unless the notice used it."""
        ...

    def supersede(self, user_id: str, thread: str, until: datetime, by: str, reason: str) -> None:
        """What notices of the thread up to `until` have not sent ends `suppressed`; not that of the notice `by`, which takes their place,
        nor what a sender has claimed."""
        ...

    def add_findings(self, findings: Sequence[Finding]) -> None:
        """Idempotent by finding id."""
        ...

    def lease(self, owner: str, until: datetime, room: Mapping[Medium, int]) -> None:
        """What this transaction queues is claimed by `owner` at once, up to `room` by channel; the others are for whoever claims them."""
        ...

    leased: set[str]
    """After the commit: ids of the deliveries that were. What another worker had written already is not among them."""

    def put_bus(self, topic: str, key: str, value: bytes) -> None:
        """A message that Kafka gets once this is committed."""
        ...

    def add_access(self, who: str, reason: str, what: Mapping[str, Any], partition: int = 0) -> None:
        """A ledger entry: someone looked at what is masked."""
        ...


class Store(Protocol):
    """The SQL store (stores.sql.store.Store). Synchronous, thread-safe."""

    outbox: Outbox
    answers: Answers
    bus: Bus

    def transaction(self, now: datetime | None = None) -> AbstractContextManager[Transaction]:
        """`now` dates its entries in the ledger; the clock without. Raises Unavailable; then nothing of it was written."""
        ...

    def known_notices(self, notice_ids: Iterable[str]) -> set[str]:
        """Those of the ids that were recorded."""
        ...

    def waiting(self, now: datetime, limit: int = 200) -> list[Waiting]:
        """What can be tried again, oldest first; each is given again after a second."""
        ...

    def digests(self, now: datetime, limit: int = 100) -> list[DigestDue]:
        """Digests that are due, by user and channel, with the notices that go into each."""
        ...

    def thread_starts(self, threads: Collection[tuple[str, str]], since: datetime) -> dict[tuple[str, str], str]:
        """(user id, thread) -> the first notice of the thread that went out by e-mail, recorded from `since` on."""
        ...

    def erase(self, user_id: str, reason: str, now: datetime) -> bool:
        """Deletes the user's key, words and contacts; False when nothing was known of him. The chain stays verifiable."""
        ...

    def close(self) -> None: ...
