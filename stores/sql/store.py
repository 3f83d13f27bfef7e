"""The SQL store: everything that must never be lost. `open_store` brings the tables up to date first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import cast

import structlog
from sqlalchemy import delete, insert, select, tuple_, update

from domain.habits.login import fingerprint
from domain.ids import delivery_id
from domain.ledger import ROOT, Book, HeadRow, micros, moment
from domain.messages import Medium, Notice
from domain.ports import DigestDue, Waiting
from stores.sql import announcement_tables, rows
from stores.sql.answers import SqlAnswers
from stores.sql.bus import SqlBus
from stores.sql.callbacks import SqlCallbacks
from stores.sql.cases import Cases
from stores.sql.chain import Chain, chunks, contents_by_id, user_keys
from stores.sql.engine import Database
from stores.sql.helpful import HelpfulVotes
from stores.sql.ledger_rows import LedgerRows
from stores.sql.migrate import StoreError, upgrade
from stores.sql.outbox import SqlOutbox
from stores.sql.schema import (
    answer_tokens,
    answers,
    deliveries,
    digest_parts,
    helpful_votes,
    ledger_heads,
    ledger_keys,
    redriven,
    refusals,
    training_rows,
    waiting,
)
from stores.sql.schema import notices as notices_table
from stores.sql.transaction import SqlTransaction, known
from stores.sql.undelivered import SqlUndelivered
from stores.sql.usage import SqlUsage
from stores.sql.wordings import SqlWordings

log = structlog.get_logger(__name__)

RETRY = 1_000_000
"""Microseconds until what waits is given again."""
LOST_RETRY = 3_600_000_000
"""The same where the notice can't be read any more."""
UNTOLD = ("suppressed", "expired", "failed", "rejected")
DIGEST_LEASE = 60_000_000


class Store:
    """Implements domain.ports.Store. Thread-safe; one a process and database."""

    def __init__(self, database: Database, book: Book):
        self.database, self.book = database, book
        self.outbox = SqlOutbox(database, book)
        self.answers = SqlAnswers(database, book)
        self.bus = SqlBus(database)
        self.callbacks = SqlCallbacks(database, book)
        self.undelivered = SqlUndelivered(database, book)
        self.usage = SqlUsage(database)
        self.votes = HelpfulVotes(database)
        self.cases = Cases(database, book)
        self.wordings = SqlWordings(database, book)
        self.ledger = LedgerRows(database, self.transaction)

    @contextmanager
    def transaction(self, now: datetime | None = None) -> Iterator[SqlTransaction]:
        """Committed at the end; an error inside leaves nothing. `now`: for tests."""
        made = SqlTransaction(self.database, self.book, micros(now or datetime.now(UTC)))
        yield made
        made.commit()

    def known_notices(self, notice_ids: Iterable[str]) -> set[str]:
        with self.database.reading() as connection:
            return known(connection, list(notice_ids))

    def notices(self, notice_ids: Sequence[str]) -> dict[str, Notice]:
        """Notices whole, by id; unknown and erased ones are left out."""
        with self.database.reading() as connection:
            found = rows.contents_users(connection, notice_ids)
            return rows.open_notices(connection, self.book, list(found), found.values())

    def thread_starts(self, threads: Collection[tuple[str, str]], since: datetime) -> dict[tuple[str, str], str]:
        """(user id, thread) -> the first notice of the thread that went out by e-mail, or is about to, recorded from `since` on."""
        n, d = notices_table.c, deliveries.c
        mailed = (d.notice_id == n.notice_id) & (d.channel == "email") & d.status.not_in(UNTOLD)
        found: dict[tuple[str, str], str] = {}
        with self.database.reading() as connection:
            for user_id, thread in set(threads):
                own = (n.user_id == user_id) & (n.recorded_at >= micros(since)) & (n.thread == thread)
                first = select(n.notice_id).join(deliveries, mailed).where(own).order_by(n.recorded_at, n.occurred_at).limit(1)
                if (row := connection.execute(first).first()) is not None:
                    found[user_id, thread] = row[0]
        return found

    def delivery_ids(self, notice_id: str) -> set[str]:
        """What of a notice was put into words, or ended without."""
        with self.database.reading() as connection:
            found = select(deliveries.c.delivery_id).where(deliveries.c.notice_id == notice_id)
            return set(connection.execute(found).scalars())

    def waiting(self, now: datetime, limit: int = 200) -> list[Waiting]:
        at = micros(now)
        w = waiting.c
        # By their turn, not their age: more than can be looked at in a second must not keep the rest from ever being.
        due = select(waiting).where(w.due_at <= at).order_by(w.due_at, w.since).limit(limit)
        with self.database.reading() as connection:
            if connection.execute(due.limit(1)).first() is None:
                return []
        with self.database.writing() as connection:
            taken = connection.execute(due.with_for_update(skip_locked=True)).mappings().all()
            for row in taken:
                mine = (w.notice_id == row["notice_id"]) & (w.channel == row["channel"])
                connection.execute(update(waiting).where(mine).values(due_at=at + RETRY))
            notices = rows.open_notices(connection, self.book, [r["notice_id"] for r in taken], [r["user_id"] for r in taken])
            if lost := [row["notice_id"] for row in taken if row["notice_id"] not in notices]:
                connection.execute(update(waiting).where(w.notice_id.in_(lost)).values(due_at=at + LOST_RETRY))
        return [
            Waiting(
                notice=notices[row["notice_id"]],
                channel=cast(Medium, row["channel"]),
                why=row["why"],
                since=moment(row["since"]),
                until=moment(row["until"]),
                fallback_of=row["fallback_of"],
            )
            for row in taken
            if row["notice_id"] in notices
        ]

    def hasten_waiting(self, user_ids: Sequence[str]) -> int:
        """What waits for contacts of these users comes next: their record is there. Number of rows."""
        count = 0
        with self.database.writing() as connection:
            for some in chunks(sorted(user_ids)):
                done = connection.execute(update(waiting).where(waiting.c.user_id.in_(some)).values(due_at=0))
                count += done.rowcount
        return count

    def digests(self, now: datetime, limit: int = 100) -> list[DigestDue]:
        """Each (user, channel) whose oldest part is due, with all its parts; given again after a minute unless a notice took them."""
        at = micros(now)
        d = digest_parts.c
        with self.database.reading() as connection:
            if connection.execute(select(d.notice_id).where(d.due_at <= at).limit(1)).first() is None:
                return []
        with self.database.writing() as connection:
            due = connection.execute(select(d.user_id, d.channel).where(d.due_at <= at).distinct().limit(limit)).all()
            made = []
            for user_id, channel in due:
                own = (d.user_id == user_id) & (d.channel == channel)
                parts = (
                    connection.execute(select(digest_parts).where(own).order_by(d.due_at, d.notice_id).with_for_update()).mappings().all()
                )
                if not parts or parts[0]["due_at"] > at:
                    continue  # another worker has them
                connection.execute(update(digest_parts).where(own).values(due_at=at + DIGEST_LEASE))
                notices = rows.open_notices(connection, self.book, [p["notice_id"] for p in parts], [user_id])
                told = sorted(notices.values(), key=lambda n: (n.occurred_at, n.notice_id))
                if told:
                    made.append(DigestDue(user_id=user_id, channel=channel, notices=told, due_at=moment(parts[0]["due_at"])))
        return made

    def erase(self, user_id: str, reason: str, now: datetime) -> bool:
        at = micros(now)
        with self.database.writing() as connection:
            d = deliveries.c
            mine = select(deliveries).where(d.user_id == user_id, ~d.final).order_by(d.delivery_id).with_for_update()
            unsent = connection.execute(mine).mappings().all()
            ends = [rows.last_receipt(row, "suppressed", "erased", now) for row in unsent]
            SqlOutbox.write(connection, self.book, [(end, None) for end in ends])
            key = user_keys(connection, [user_id]).get(user_id)
            if key is not None:
                Chain(connection, self.book).append([self.book.erasure(key, reason, at)])
                connection.execute(delete(ledger_keys).where(ledger_keys.c.user_id == user_id))
            for table in (announcement_tables.announcement_readers, waiting, digest_parts, helpful_votes, refusals):
                connection.execute(delete(table).where(table.c.user_id == user_id))
            old = select(answers.c.notice_id).where(answers.c.user_id == user_id)
            connection.execute(delete(answer_tokens).where(answer_tokens.c.notice_id.in_(old)))
            connection.execute(delete(training_rows).where(training_rows.c.user_key == fingerprint(user_id)))
            had_findings = rows.empty_findings(connection, user_id)
        if key is not None:
            self.database.after_erasure()
        return key is not None or had_findings

    def delivered_in_app(self, since: datetime, chunk: int) -> Iterator[list[tuple[str, str, bytes]]]:
        """(user id, notice id, words as JSON) of what was put into inboxes about notices recorded from `since` on, oldest first. Left out
        is what erased users were told, and what can't be read any more. Holds no more than a chunk of them at once."""
        n, d = notices_table.c, deliveries.c
        after = (micros(since), "")
        while True:
            with self.database.reading() as connection:
                later = tuple_(n.recorded_at, n.notice_id) > after
                page = connection.execute(
                    select(n.recorded_at, n.notice_id).where(later).order_by(n.recorded_at, n.notice_id).limit(chunk)
                ).all()  # fmt: skip
                if not page:
                    return
                after = tuple(page[-1])
                names = [delivery_id(row.notice_id, "inapp", "current") for row in page]
                there = (d.delivery_id.in_(names), d.status == "delivered")
                by_id = {row.delivery_id: row for row in connection.execute(select(d.delivery_id, d.user_id, d.notice_id).where(*there))}
                found = [by_id[name] for name in names if name in by_id]
                keys = {key.key_id: key for key in user_keys(connection, {row.user_id for row in found}).values()}
                contents = contents_by_id(connection, list(by_id))
            items = []
            for row in found:
                content = contents.get(row.delivery_id)
                if content is not None and (key := keys.get(content.key_id)) is not None:
                    try:
                        words = self.book.open_rendered(self.book.open_content(content, key))[2]
                    except Exception:  # altered: `ledger verify` says so, and the other inboxes must not wait for it
                        log.error("an item of the inbox can't be read any more", delivery_id=row.delivery_id)
                        continue
                    items.append((row.user_id, row.notice_id, words))
            yield items

    def told_since(self, since: datetime) -> list[tuple[str, str, str]]:
        """(id, kind, severity) of the notices about events from `since` on, in their order; digests are about other notices, and
        announcements (without a finding) about nobody's events."""
        n = notices_table.c
        of_events = (n.topic.is_not(None), n.parts == "[]", n.finding_ids != "[]")
        wanted = select(n.notice_id, n.kind, n.severity).where(n.occurred_at >= micros(since), *of_events)
        with self.database.reading() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(wanted.order_by(n.occurred_at, n.notice_id))]

    def redriven(self, places: Sequence[tuple[str, int, int]]) -> set[tuple[str, int, int]]:
        """Those of (topic, partition, offset) that were sent again."""
        r = redriven.c
        with self.database.reading() as connection:
            topics = sorted({topic for topic, _, _ in places})
            found = connection.execute(select(r.topic, r.partition, r.offset).where(r.topic.in_(topics)))
            return {(row[0], row[1], row[2]) for row in found} & set(places)

    def mark_redriven(self, places: Sequence[tuple[str, int, int]], now: datetime) -> None:
        """Notes that they were sent again."""
        fresh = sorted(set(places) - self.redriven(places))
        if fresh:
            with self.database.writing() as connection:
                new = [{"topic": topic, "partition": p, "offset": o, "at": micros(now)} for topic, p, o in fresh]
                connection.execute(rows.insert_new(connection, redriven), new)

    def close(self) -> None:
        self.database.close()


def open_store(url: str, book: Book, *, check_key: bool = True) -> Store:
    """The store at `url` (SQLAlchemy), its tables up to date. Safe when processes start at once.

    Raises StoreError when the database is of a newer Vigil or (`check_key`) was begun with another secret key, Unavailable when it doesn't
    answer.
    """
    database = Database(url)
    try:
        upgrade(database, lambda connection: connection.execute(insert(ledger_heads), rows.head_values(book.root([]))))
        if check_key:
            with database.reading() as connection:
                heads = [HeadRow(*row) for row in connection.execute(select(ledger_heads))]
            chains = [h.partition for h in heads if h.partition != ROOT]
            if not any(h.partition == ROOT and book.is_root(h, chains) for h in heads):
                raise StoreError("the ledger was begun with another secret_key, or was altered: `ledger verify` says more")
    except BaseException:
        database.close()
        raise
    return Store(database, book)
