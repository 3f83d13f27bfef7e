"""The notice desk's transaction: collected first, written in one go at its end, so that the database is locked for milliseconds only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

import msgspec
from sqlalchemy import Connection, delete, select, update

from domain.ids import delivery_id
from domain.ledger import Book, Draft, micros, moment
from domain.messages import DeliveryStatus, Finding, Medium, Notice, Receipt
from domain.ports import Rendered, Token, Unsent, Waiting
from stores.sql import rows
from stores.sql.bulk import insert_new_rows, insert_rows, rows_with
from stores.sql.chain import Chain, chunks
from stores.sql.engine import Database
from stores.sql.outbox import SqlOutbox
from stores.sql.schema import answer_tokens, answers, bus_outbox, deliveries, digest_parts, findings, notices, receipts, waiting
from stores.sql.tokens import token_hash

DAY = 86_400_000_000
MEDIA: tuple[Medium, ...] = get_args(Medium)


class _Unit(msgspec.Struct):
    """All rows that stand or fall with one entry of the ledger."""

    draft: Draft
    notice: dict[str, Any] | None = None
    deliveries: list[dict[str, Any]] = []
    receipts: list[Receipt] = []
    answer: dict[str, Any] | None = None
    tokens: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    digest: list[dict[str, Any]] = []
    parts: list[str] = []
    answer_locale: str = ""
    """Of the answer page from now on; '' as it is. The reader's record may come after the notice."""
    ends: tuple[str, str] | None = None
    """(notice id, channel) of what waited: the unit counts only when it still did."""


class _Over(NamedTuple):
    """Unsent notices of a thread, up to a time, that nobody is to get any more; `by`: what takes their place."""

    user_id: str
    thread: str
    until: int
    by: str
    reason: str


class SqlTransaction:
    """Implements domain.ports.Transaction. `now`: microseconds."""

    def __init__(self, database: Database, book: Book, now: int):
        self._database, self._book, self._now = database, book, now
        self._units: list[_Unit] = []
        self._over: list[_Over] = []
        self._ids: set[str] = set()
        self._findings: list[dict[str, Any]] = []
        self._bus: list[dict[str, Any]] = []
        self._owner: str | None = None
        self._until, self._room = 0, dict[Medium, int]()
        self.leased: set[str] = set()

    def known_notices(self, notice_ids: Iterable[str]) -> set[str]:
        ids = list(notice_ids)
        with self._database.reading() as connection:
            return known(connection, ids) | (self._ids & set(ids))

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
        if notice.notice_id in self._ids:
            return
        self._ids.add(notice.notice_id)
        statuses = statuses or {}
        now, chain = self._now, rows.partition_of(notice)
        said = {u.channel for u in unsent}
        left_out = [*unsent, *(Unsent(c, "suppressed", notice.suppressed[c]) for c in MEDIA if c in notice.suppressed and c not in said)]
        unit = _Unit(self._book.notice(notice, rendered, statuses, left_out, waiting, now, notes), notice=rows.notice_row(notice, now))
        for one in rendered:
            status, reason = statuses.get(one.delivery_id, ("queued", None))
            later = (held or {}).get(one.delivery_id)
            unit.deliveries.append(rows.delivery_row(one, status, reason, now, chain, due=None if later is None else micros(later)))
            if status != "queued" or reason:
                unit.receipts.append(self._receipt(one, status, reason))
        for channel, status, reason in ((u.channel, u.status, u.reason) for u in left_out):
            self._unsent(unit, notice, channel, status, reason)
        if tokens:
            unit.answer = {
                "notice_id": notice.notice_id,
                "user_id": notice.user_id,
                "kind": notice.kind,
                "severity": notice.severity,
                "locale": answer_locale,
                "expires_at": now + 3 * DAY if answer_until is None else micros(answer_until),
                "chain": chain,
            }
            unit.tokens = [_token_row(notice.notice_id, t) for t in tokens]
        until = now + 600_000_000 if waiting_until is None else micros(waiting_until)
        unit.waiting = [rows.waiting_row(notice.notice_id, notice.user_id, c, waiting_why, None, now, until, chain) for c in waiting]
        due = now if digest_due is None else micros(digest_due)
        own = {"notice_id": notice.notice_id, "user_id": notice.user_id, "due_at": due, "chain": chain}
        unit.digest = [own | {"channel": c} for c in notice.digest]
        unit.parts = notice.parts
        self._units.append(unit)

    def add_rendering(
        self, waiting: Waiting, rendered: Sequence[Rendered], tokens: Sequence[Token] = (), held: tuple[datetime, str] | None = None
    ) -> None:
        if not rendered:
            raise ValueError("nothing was composed")
        notice = waiting.notice
        chain = rows.partition_of(notice)
        due, reason = (micros(held[0]), held[1]) if held else (None, None)
        draft = self._book.rendering(chain, rendered, waiting.fallback_of, self._now, reason)
        unit = _Unit(draft, ends=(notice.notice_id, waiting.channel))
        unit.deliveries = [rows.delivery_row(r, "queued", reason, self._now, chain, waiting.fallback_of, due) for r in rendered]
        unit.receipts = [self._receipt(r, "queued", reason) for r in rendered if reason]
        unit.tokens = [_token_row(notice.notice_id, t) for t in tokens]
        unit.answer_locale = rendered[0].locale if tokens else ""
        self._units.append(unit)

    def give_up(
        self, waiting: Waiting, reason: str, fall_back: Medium | None = None, status: Literal["failed", "suppressed", "expired"] = "failed"
    ) -> None:
        notice, chain = waiting.notice, rows.partition_of(waiting.notice)
        receipt = Receipt(
            notice_id=notice.notice_id,
            user_id=notice.user_id,
            channel=waiting.channel,
            status=status,
            provider=None,
            provider_id=None,
            attempt=0,
            at=moment(self._now),
            reason=rows.clean(reason),
            delivery_id=delivery_id(notice.notice_id, waiting.channel, "current"),
        )
        unit = _Unit(self._book.receipt(chain, receipt), ends=(notice.notice_id, waiting.channel))
        self._unsent(unit, notice, waiting.channel, status, reason, waiting.fallback_of)
        used = {*notice.channels, *notice.suppressed}  # a muted channel takes no other's place
        if fall_back and fall_back not in used and waiting.why == "contact":
            until = self._now + rows.FALLBACK_WAIT
            unit.waiting = [
                rows.waiting_row(notice.notice_id, notice.user_id, fall_back, "fallback", receipt.delivery_id, self._now, until, chain)
            ]
        self._units.append(unit)

    def supersede(self, user_id: str, thread: str, until: datetime, by: str, reason: str) -> None:
        self._over.append(_Over(user_id, thread, micros(until), by, reason))

    def add_findings(self, findings: Sequence[Finding]) -> None:
        self._findings += [rows.finding_row(f, self._now) for f in findings]

    def put_bus(self, topic: str, key: str, value: bytes) -> None:
        self._bus.append(rows.bus_row(topic, key, value, self._now))

    def add_access(self, who: str, reason: str, what: Mapping[str, Any], partition: int = 0) -> None:
        self._units.append(_Unit(self._book.access(partition, who, reason, what, self._now)))

    def lease(self, owner: str, until: datetime, room: Mapping[Medium, int]) -> None:
        self._owner, self._until, self._room = owner, micros(until), dict(room)

    def commit(self) -> None:
        """Writes all of it, or nothing."""
        if not (self._units or self._findings or self._bus or self._over):
            return
        with self._database.writing() as connection:
            self._supersede(connection)
            if self._findings:
                insert_new_rows(connection, findings, self._findings)
            units = self._still_new(connection)
            if units:
                self._write(connection, units)
            insert_rows(connection, bus_outbox, self._bus)

    def _supersede(self, connection: Connection) -> None:
        """Ends what older notices of a thread have not sent. Whatever a sender holds is on its way and stays.

        Deliveries are locked before chains, and chains all at once, as everywhere: so two transactions never wait for each other.
        """
        ends: list[Receipt] = []
        chains = {u.draft.partition for u in self._units}
        for over in self._over:
            n, d = notices.c, deliveries.c
            older = select(n.notice_id).where(
                n.user_id == over.user_id, n.thread == over.thread, n.occurred_at <= over.until, n.notice_id != over.by
            )
            ids = connection.execute(older).scalars().all()
            for some in chunks(ids):
                unsent = select(deliveries).where(d.notice_id.in_(some), ~d.final, d.owner.is_(None)).order_by(d.delivery_id)
                for row in connection.execute(unsent.with_for_update(skip_locked=True)).mappings():
                    ends.append(rows.last_receipt(row, "suppressed", over.reason, moment(self._now)))
                    chains.add(row["chain"])
                self._give_up_waiting(connection, some, over)
                self._leave_out_of_digest(connection, some, over)
        if ends:
            Chain(connection, self._book).lock(chains)
            SqlOutbox.write(connection, self._book, [(end, None) for end in ends])

    def _give_up_waiting(self, connection: Connection, ids: Sequence[str], over: _Over) -> None:
        waits = connection.execute(select(waiting).where(waiting.c.notice_id.in_(ids))).mappings().all()
        if not waits:
            return
        told = rows.open_notices(connection, self._book, [row["notice_id"] for row in waits], [over.user_id])
        for row in waits:
            if notice := told.get(row["notice_id"]):
                one = Waiting(
                    notice=notice, channel=row["channel"], why=row["why"], since=moment(row["since"]), until=moment(row["until"]),
                    fallback_of=row["fallback_of"],
                )  # fmt: skip
                self.give_up(one, over.reason, status="suppressed")

    def _leave_out_of_digest(self, connection: Connection, ids: Sequence[str], over: _Over) -> None:
        """What waits for a digest that nobody needs to read any more. The same words as for all that isn't sent."""
        p, d = digest_parts.c, deliveries.c
        parts = connection.execute(select(digest_parts).where(p.notice_id.in_(ids)).with_for_update(skip_locked=True)).mappings().all()
        if not parts:
            return
        told = rows.open_notices(connection, self._book, [row["notice_id"] for row in parts], [over.user_id])
        for row in parts:
            connection.execute(delete(digest_parts).where(p.notice_id == row["notice_id"], p.channel == row["channel"]))
            name = delivery_id(row["notice_id"], row["channel"], "current")
            notice = told.get(row["notice_id"])
            if notice is None or connection.execute(select(d.delivery_id).where(d.delivery_id == name)).first():
                continue
            receipt = Receipt(
                notice_id=notice.notice_id, user_id=notice.user_id, channel=row["channel"], status="suppressed", provider=None,
                provider_id=None, attempt=0, at=moment(self._now), reason=rows.clean(over.reason), delivery_id=name,
            )  # fmt: skip
            unit = _Unit(self._book.receipt(rows.partition_of(notice), receipt))
            self._unsent(unit, notice, row["channel"], "suppressed", over.reason)
            self._units.append(unit)

    def _still_new(self, connection: Connection) -> list[_Unit]:
        """The units whose notice isn't known yet, or which still waited; decided under the lock of their chains."""
        chain = self._chain = Chain(connection, self._book)
        chain.lock(u.draft.partition for u in self._units)
        old = known(connection, [u.draft.notice_id or "" for u in self._units if u.notice])
        units = []
        for unit in self._units:
            if unit.notice and unit.draft.notice_id in old:
                continue
            if unit.ends and not _end_wait(connection, *unit.ends):
                continue
            units.append(unit)
        return units

    def _write(self, connection: Connection, units: Sequence[_Unit]) -> None:
        numbers = self._chain.append([u.draft for u in units])
        tables: dict[Any, list[dict[str, Any]]] = {
            t: [] for t in (notices, deliveries, receipts, answers, answer_tokens, waiting, digest_parts, bus_outbox)
        }
        for unit, number in zip(units, numbers, strict=True):
            at = {"number": number}
            if unit.notice:
                tables[notices].append(unit.notice | at)
            tables[deliveries] += [self._leased(row) | at for row in unit.deliveries]
            tables[receipts] += [rows.receipt_row(r, unit.draft.partition) | at for r in unit.receipts]
            tables[bus_outbox] += [rows.receipt_message(r, self._now) for r in unit.receipts]
            if unit.answer:
                tables[answers].append(unit.answer)
            tables[answer_tokens] += unit.tokens
            if unit.answer_locale and unit.ends:
                a = answers.c
                open_one = (a.notice_id == unit.ends[0]) & a.answered_at.is_(None)
                connection.execute(update(answers).where(open_one).values(locale=unit.answer_locale))
            tables[waiting] += unit.waiting
            tables[digest_parts] += unit.digest
            if unit.parts and unit.notice:
                channels = msgspec.json.decode(unit.notice["channels"])
                c = digest_parts.c
                for some in chunks(unit.parts):
                    connection.execute(delete(digest_parts).where(c.notice_id.in_(some), c.channel.in_(channels)))
        for table, new in tables.items():
            insert_rows(connection, table, new)

    def _leased(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row, its sender's from the start while there is room."""
        if self._owner is None or row["final"] or row["due_at"] > self._now or self._room.get(row["channel"], 0) < 1:
            return row
        self._room[row["channel"]] -= 1
        self.leased.add(row["delivery_id"])
        return row | {"owner": self._owner, "due_at": self._until}

    def _unsent(
        self, unit: _Unit, notice: Notice, channel: Medium, status: DeliveryStatus, reason: str | None, fallback_of: str | None = None
    ) -> None:
        nothing = Rendered(
            delivery_id=delivery_id(notice.notice_id, channel, "current"),
            notice_id=notice.notice_id,
            user_id=notice.user_id,
            kind=notice.kind,
            severity=notice.severity,
            channel=channel,
            recipient="",
            slot="current",
            locale="",
            locale_reason="",
            template="",
            subject="",
            payload=b"",
            expires_at=notice.expires_at,
        )
        unit.deliveries.append(rows.delivery_row(nothing, status, reason, self._now, rows.partition_of(notice), fallback_of))
        unit.receipts.append(self._receipt(nothing, status, reason))

    def _receipt(self, one: Rendered, status: DeliveryStatus, reason: str | None) -> Receipt:
        return Receipt(
            notice_id=one.notice_id,
            user_id=one.user_id,
            channel=one.channel,
            status=status,
            provider=None,
            provider_id=None,
            attempt=0,
            at=moment(self._now),
            reason=rows.clean(reason),
            delivery_id=one.delivery_id,
        )


def known(connection: Connection, notice_ids: Sequence[str]) -> set[str]:
    """Those that were recorded."""
    return {row[0] for row in rows_with(connection, notices, ("notice_id",), "notice_id", notice_ids)}


def _end_wait(connection: Connection, notice_id: str, channel: str) -> bool:
    done = connection.execute(delete(waiting).where(waiting.c.notice_id == notice_id, waiting.c.channel == channel))
    return done.rowcount == 1


def _token_row(notice_id: str, token: Token) -> dict[str, Any]:
    return {"token_hash": token_hash(token.token), "notice_id": notice_id, "slot": token.slot}
