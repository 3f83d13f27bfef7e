"""The outbox: senders claim due rows, send, and record what came of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast, get_args

import msgspec
import structlog
from sqlalchemy import Connection, RowMapping, func, insert, select, update

from domain.ledger import Book, Draft, micros, moment
from domain.messages import Medium, Receipt
from domain.ports import Delivery, Rendered
from domain.severity import SEVERITIES
from stores.sql import rows
from stores.sql.bulk import insert_rows, locked, rows_with, update_rows
from stores.sql.chain import Chain, chunks, contents_by_id, user_keys
from stores.sql.dead_contacts import note_all_dead
from stores.sql.engine import Database
from stores.sql.schema import bus_outbox, deliveries, receipts, waiting
from stores.sql.usage import count_sms

MEDIA: tuple[Medium, ...] = get_args(Medium)
URGENCIES = range(len(SEVERITIES))
STATE = ("delivery_id", "kind", "status", "reason", "final", "chain")
"""What a receipt is judged by; `chain` and `kind` never change."""
CHANGING = ("delivery_id", "status", "reason", "provider", "provider_id", "attempt", "updated_at", "final", "due_at", "owner")

UNREADABLE = "what was composed can't be read any more: see `ledger verify`"

log = structlog.get_logger(__name__)
c = deliveries.c


class SqlOutbox:
    """Implements domain.ports.Outbox."""

    def __init__(self, database: Database, book: Book):
        self._database, self._book = database, book

    def claim(
        self, owner: str, now: datetime, limit: int, lease_seconds: float, channels: Collection[Medium] | None = None
    ) -> list[Delivery]:
        at = micros(now)
        wanted = MEDIA if channels is None else tuple(channels)
        with self._database.reading() as connection:
            anything = select(c.delivery_id).where(~c.final, c.channel.in_(wanted), c.urgency.in_(URGENCIES), c.due_at <= at).limit(1)
            if connection.execute(anything).first() is None:
                return []
        with self._database.writing() as connection:
            ids = _due(connection, wanted, at, limit)
            lease = {"owner": owner, "due_at": at + round(lease_seconds * 1e6)}
            for some in chunks(ids):
                connection.execute(update(deliveries).where(c.delivery_id.in_(some), ~c.final).values(lease))
        if not ids:
            return []
        with self._database.reading() as connection:
            order = {name: i for i, name in enumerate(ids)}
            found = [r for some in chunks(ids) for r in connection.execute(select(deliveries).where(c.delivery_id.in_(some))).mappings()]
            opened, spoilt = self._opened(connection, sorted(found, key=lambda r: order[r["delivery_id"]]), at)
        if spoilt:
            log.error("deliveries can't be read any more", deliveries=[row["delivery_id"] for row in spoilt])
            self.record([(rows.last_receipt(row, "failed", UNREADABLE, now), None) for row in spoilt])
        return opened

    def hasten(self, channel: Medium, now: datetime, limit: int | None = None) -> int:
        at = micros(now)
        # What nobody tried yet waits for its reader's quiet hours to end, not for a provider.
        later = (~c.final, c.channel == channel, c.due_at > at, c.owner.is_(None), c.attempt > 0)
        wanted = select(c.delivery_id).where(*later).order_by(c.urgency, c.due_at)
        return self._move(wanted.limit(limit) if limit is not None else wanted, at)

    def release(self, owner: str | None, now: datetime) -> int:
        held = c.owner.is_not(None) if owner is None else c.owner == owner
        return self._move(select(c.delivery_id).where(~c.final, held), micros(now))

    def record(
        self, results: Sequence[tuple[Receipt, datetime | None]], fall_back: Mapping[str, Medium] | None = None, dead: Collection[str] = ()
    ) -> None:
        if not results:
            return
        with self._database.writing() as connection:
            self.write(connection, self._book, results, fall_back)
            note_all_dead(connection, self._book, dead, max(receipt.at for receipt, _ in results))

    @staticmethod
    def write(
        connection: Connection,
        book: Book,
        results: Sequence[tuple[Receipt, datetime | None]],
        fall_back: Mapping[str, Medium] | None = None,
    ) -> None:
        """`record` inside a transaction that does more."""
        _Recording(connection, book, fall_back or {}).run([(_cleaned(r), again) for r, again in results])

    def depth(self, now: datetime) -> dict[str, int]:
        with self._database.reading() as connection:
            found = connection.execute(select(c.channel, func.count()).where(~c.final).group_by(c.channel)).all()
        return {**dict.fromkeys(MEDIA, 0), **{row[0]: row[1] for row in found}}

    def next_due(self) -> datetime | None:
        with self._database.reading() as connection:
            first = connection.execute(select(func.min(c.due_at)).where(~c.final)).scalar()
        return None if first is None else moment(first)

    def _move(self, wanted: Any, at: int) -> int:
        with self._database.writing() as connection:
            ids = connection.execute(wanted.with_for_update(skip_locked=True)).scalars().all()
            for some in chunks(ids):
                connection.execute(update(deliveries).where(c.delivery_id.in_(some)).values(owner=None, due_at=at))
        return len(ids)

    def _opened(self, connection: Connection, found: Sequence[RowMapping], at: int) -> tuple[list[Delivery], list[RowMapping]]:
        """The deliveries, and the rows of which nobody knows any more what they were to say: they must not hold up the rest."""
        keys = user_keys(connection, {row["user_id"] for row in found})
        contents = contents_by_id(connection, [row["delivery_id"] for row in found])
        opened, spoilt = [], []
        for row in found:
            key, content = keys.get(row["user_id"]), contents.get(row["delivery_id"])
            if key is None or content is None or content.key_id != key.key_id:
                continue  # erased between the claim and now
            try:
                words = self._book.open_rendered(self._book.open_content(content, key))
            except Exception:  # altered, or cut by whoever restored a backup: whatever opening it raises
                spoilt.append(row)
                continue
            opened.append(_delivery(row, *words, at))
        return opened, spoilt


class _Recording:
    """One transaction of receipts."""

    def __init__(self, connection: Connection, book: Book, fall_back: Mapping[str, Medium]):
        self.connection, self.book, self.fall_back = connection, book, fall_back
        self.changes: dict[str, dict[str, Any]] = {}
        self.news: list[tuple[Receipt, Draft]] = []
        self.kinds: dict[str, str] = {}

    def run(self, results: Sequence[tuple[Receipt, datetime | None]]) -> None:
        states = self._states(sorted({r.delivery_id for r, _ in results}))
        self.kinds = {name: state["kind"] for name, state in states.items()}
        ended: list[tuple[Receipt, dict[str, Any]]] = []
        for receipt, again in results:
            state = states.get(receipt.delivery_id)
            if state is None:
                continue  # a callback about something that we never sent
            same = receipt.status == state["status"] == "queued" and receipt.reason == state["reason"]
            if not same:
                self.news.append((receipt, self.book.receipt(state["chain"], receipt)))
            if state["final"] and again is not None:
                continue  # a slow sender whose lease was over: another one has ended it meanwhile
            state |= _after(receipt, again)
            self.changes[receipt.delivery_id] = state
            if again is None and receipt.delivery_id in self.fall_back:
                ended.append((receipt, state))
        self._write()
        for receipt, state in ended:
            self._fall_back(receipt, state)

    def _states(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        found = rows_with(self.connection, deliveries, STATE, "delivery_id", ids, locked(self.connection, "ORDER BY delivery_id"))
        return {row[0]: dict(zip(STATE, row, strict=True)) for row in found}

    def _write(self) -> None:
        numbers = Chain(self.connection, self.book).append([draft for _, draft in self.news])
        update_rows(self.connection, deliveries, "delivery_id", [{k: state[k] for k in CHANGING} for state in self.changes.values()])
        new = [rows.receipt_row(r, d.partition) | {"number": n} for (r, d), n in zip(self.news, numbers, strict=True)]
        insert_rows(self.connection, receipts, new)
        insert_rows(self.connection, bus_outbox, [rows.receipt_message(r, micros(r.at)) for r, _ in self.news])
        count_sms(self.connection, [(r, self.kinds[r.delivery_id]) for r, _ in self.news if r.sms])

    def _fall_back(self, receipt: Receipt, state: Mapping[str, Any]) -> None:
        other, notice = self.fall_back[receipt.delivery_id], receipt.notice_id
        used = select(c.delivery_id).where(c.notice_id == notice, c.channel == other, c.slot == "current")
        waits = select(waiting.c.channel).where(waiting.c.notice_id == notice, waiting.c.channel == other)
        if self.connection.execute(used.limit(1)).first() or self.connection.execute(waits).first():
            return
        now = micros(receipt.at)
        until = now + rows.FALLBACK_WAIT
        row = rows.waiting_row(notice, receipt.user_id, other, "fallback", receipt.delivery_id, now, until, state["chain"])
        self.connection.execute(insert(waiting), row)


def _due(connection: Connection, channels: Sequence[str], at: int, limit: int) -> list[str]:
    """Ids of due rows, gravest first, locked. A probe of the index for each severity and channel: what waits for later, and what is due
    beyond `limit`, is never walked over, however long the queue."""
    ids: list[str] = []
    for urgency in URGENCIES:
        for channel in channels:
            due = select(c.delivery_id).where(~c.final, c.channel == channel, c.urgency == urgency, c.due_at <= at)
            due = due.order_by(c.due_at).limit(limit - len(ids))
            ids += connection.execute(due.with_for_update(skip_locked=True)).scalars()
            if len(ids) >= limit:
                return ids
    return ids


def _after(receipt: Receipt, again: datetime | None) -> dict[str, Any]:
    now = micros(receipt.at)
    return {
        "status": receipt.status,
        "reason": receipt.reason,
        "provider": receipt.provider,
        "provider_id": receipt.provider_id,
        "attempt": receipt.attempt,
        "updated_at": now,
        "final": again is None,
        "due_at": now if again is None else micros(again),
        "owner": None,
    }


def _cleaned(receipt: Receipt) -> Receipt:
    return msgspec.structs.replace(receipt, reason=rows.clean(receipt.reason), provider_id=rows.clean(receipt.provider_id))


def _delivery(row: RowMapping, recipient: str, subject: str, payload: bytes, at: int) -> Delivery:
    rendered = Rendered(
        delivery_id=row["delivery_id"],
        notice_id=row["notice_id"],
        user_id=row["user_id"],
        kind=row["kind"],
        severity=row["severity"],
        channel=cast(Medium, row["channel"]),
        recipient=recipient,
        slot=row["slot"],
        locale=row["locale"],
        locale_reason=row["locale_reason"],
        template=row["template"],
        subject=subject,
        payload=payload,
        expires_at=None if row["expires_at"] is None else moment(row["expires_at"]),
    )
    return Delivery(
        rendered=rendered,
        status=row["status"],
        attempt=row["attempt"],
        created_at=moment(row["created_at"]),
        due_at=moment(at),
        fallback_of=row["fallback_of"],
    )
