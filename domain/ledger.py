"""What the ledger and the SQL store say to each other: drafts, rows, and the two ports between them.

The rules (what an entry holds, how it is sealed, how the chain runs) are the ledger's; the rows and transactions are the store's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import msgspec

from domain.messages import DeliveryStatus, Finding, Medium, Notice, Receipt
from domain.ports import Rendered, Unsent

EntryKind = Literal["notice", "rendering", "receipt", "answer", "erasure", "access"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
ROOT = -1
"""The partition number of the head that covers the list of chains."""


class Draft(msgspec.Struct, kw_only=True):
    """An entry before it has its number; `contents` (content id, plain bytes) are sealed under the user's key."""

    kind: EntryKind
    partition: int
    at: int
    """Microseconds since the epoch, as in every row."""
    user_id: str | None
    notice_id: str | None
    body: dict[str, Any]
    contents: list[tuple[str, bytes]] = []


class EntryRow(msgspec.Struct, frozen=True):
    """A row of `ledger_entries`. `hash` = SHA-256(hash before || body); `seal` proves that it was written with the secret key."""

    partition: int
    number: int
    """1, 2, 3 ... without a gap."""
    kind: str
    at: int
    user_id: str | None
    notice_id: str | None
    body: bytes
    seal: bytes
    hash: bytes


class ContentRow(msgspec.Struct, frozen=True):
    """A row of `ledger_contents`: what was sent, or why, encrypted under the key `key_id` of the user."""

    partition: int
    number: int
    content_id: str
    key_id: str
    sealed: bytes


class KeyRow(msgspec.Struct, frozen=True):
    """A row of `ledger_keys`: a user's key, wrapped by the master key. `partition`: the chain in which an erasure is written."""

    user_id: str
    key_id: str
    partition: int
    created_at: int
    wrapped: bytes


class HeadRow(msgspec.Struct, frozen=True):
    """A row of `ledger_heads`: the last number and hash of a chain, sealed; of ROOT: the number of chains and the hash of their list."""

    partition: int
    number: int
    seal: bytes
    hash: bytes


class Box(Protocol):
    """Seals values at rest: AES-256-GCM, bound to table, column and id."""

    def seal(self, table: str, column: str, row: str, plain: bytes) -> bytes:
        """`row`: the id of the row that the value stands in. Another nonce each time."""
        ...

    def open(self, table: str, column: str, row: str, sealed: bytes) -> bytes:
        """Raises ValueError when it was altered or belongs elsewhere."""
        ...


class Book(Protocol):
    """The ledger's rules, as the store needs them (ledger.book.Book). Pure but for random keys and nonces."""

    def notice(
        self,
        notice: Notice,
        rendered: Sequence[Rendered],
        statuses: Mapping[str, tuple[DeliveryStatus, str | None]],
        unsent: Sequence[Unsent],
        waiting: Sequence[Medium],
        at: int,
        notes: Sequence[str] = (),
    ) -> Draft:
        """The entry of a notice as the desk records it. Parameters as of Transaction.add_notice; `at`: microseconds since the epoch."""
        ...

    def rendering(self, partition: int, rendered: Sequence[Rendered], fallback_of: str | None, at: int, reason: str | None = None) -> Draft:
        """The entry of what waited and is composed now; `fallback_of`: the delivery whose place it takes."""
        ...

    def receipt(self, partition: int, receipt: Receipt) -> Draft:
        """The entry of what came of one attempt."""
        ...

    def answer(self, partition: int, notice_id: str, user_id: str, fields: Mapping[str, Any], client: bytes, at: int) -> Draft:
        """The entry of an answer; `client`, from where it came, is sealed."""
        ...

    def erasure(self, key: KeyRow, reason: str, at: int) -> Draft:
        """The entry that says a key is gone, and why; without the user."""
        ...

    def access(self, partition: int, who: str, reason: str, what: Mapping[str, Any], at: int) -> Draft:
        """The entry of what somebody of the staff looked at or did."""
        ...

    def new_key(self, user_id: str, partition: int, at: int) -> KeyRow:
        """A random key for a user, wrapped."""
        ...

    def extend(
        self, head: HeadRow | None, partition: int, drafts: Sequence[Draft], keys: Mapping[str, KeyRow]
    ) -> tuple[HeadRow, list[EntryRow], list[ContentRow]]:
        """The chain of `partition`, longer by `drafts`; `keys` by user id. Raises ValueError when the head was altered."""
        ...

    def root(self, partitions: Sequence[int]) -> HeadRow:
        """The head that covers the list of chains."""
        ...

    def is_root(self, row: HeadRow, partitions: Sequence[int]) -> bool:
        """Whether the row covers exactly these chains and carries our seal."""
        ...

    def mark(self, *parts: str) -> str:
        """Hexadecimal digits that stand for the parts, and that nobody without the secret key can make or guess from."""
        ...

    def open_content(self, content: ContentRow, key: KeyRow) -> bytes:
        """Plain bytes. Raises ValueError when altered."""
        ...

    def open_notice(self, plain: bytes) -> Notice:
        """The notice in the content whose id is the notice's."""
        ...

    def open_rendered(self, plain: bytes) -> tuple[str, str, bytes]:
        """Recipient, subject, payload of the content whose id is a delivery's."""
        ...


class Ends(msgspec.Struct, frozen=True):
    """One consistent look at the ends of the chains."""

    heads: list[HeadRow]
    last: dict[int, int]
    """Partition -> highest entry number there is."""
    last_content: dict[int, int]
    last_named: dict[int, int]
    """Partition -> highest entry number that notices and receipts name."""
    keys: list[KeyRow]


class LedgerReader(Protocol):
    """Rows of the ledger, for verification, search, export (stores.sql.ledger_rows.LedgerRows)."""

    def ends(self) -> Ends:
        """Raises Unavailable, as all of these."""
        ...

    def entries(self, partition: int, after: int, limit: int) -> list[EntryRow]:
        """By number, ascending, above `after`."""
        ...

    def contents(self, partition: int, first: int, last: int) -> list[ContentRow]:
        """Of the entries first..last, by number and id."""
        ...

    def search(
        self,
        *,
        user_id: str | None,
        kinds: Sequence[str],
        since: int | None,
        until: int | None,
        before: tuple[int, int, int] | None,
        limit: int,
    ) -> list[EntryRow]:
        """Newest first; `before`: (at, partition, number) of the last row before."""
        ...

    def of_notices(self, notice_ids: Sequence[str]) -> list[EntryRow]:
        """All entries about these notices, in the order of their chains."""
        ...

    def contents_by_id(self, content_ids: Iterable[str]) -> dict[str, ContentRow]:
        """Those there are, by id."""
        ...

    def user_keys(self, user_ids: Iterable[str]) -> dict[str, KeyRow]:
        """Those there are, by user; erased ones are missing."""
        ...

    def traces(self, identifier: str) -> tuple[list[Finding], list[str]]:
        """Findings and ids of notices that a finding's, a notice's or an event's id, or `topic/partition/offset`, leads to."""
        ...

    def transaction(self) -> AbstractContextManager[AccessLog]:
        """For the note that someone looked."""
        ...


class AccessLog(Protocol):
    """Where looks at what was masked are written down."""

    def add_access(self, who: str, reason: str, what: Mapping[str, Any], partition: int = 0) -> None:
        """A ledger entry: who looked at what, and why."""
        ...


def rfc3339(at: int) -> str:
    """Microseconds since the epoch as text, always with six digits."""
    return moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")


def micros(when: datetime) -> int:
    """A moment with offset as microseconds since the epoch, exact."""
    delta = when - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def moment(at: int) -> datetime:
    """The inverse of micros, in UTC."""
    return _EPOCH + _MICROSECOND * at
