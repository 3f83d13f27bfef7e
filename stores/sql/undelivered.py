"""Deliveries that ended without reaching anybody: found, and queued once more after their cause was mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

import msgspec
from sqlalchemy import Connection, RowMapping, and_, delete, func, literal_column, select, update

from domain.ledger import Book, micros, moment
from domain.messages import Medium, Receipt
from stores.sql import rows
from stores.sql.chain import chunks, contents_by_id, user_keys
from stores.sql.engine import Database
from stores.sql.outbox import SqlOutbox
from stores.sql.schema import ENDED, ENDS, deliveries, waiting

CONTACT_WAIT = 600_000_000
"""Microseconds for which one that was never composed waits for the user's contact again."""
d = deliveries.c


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries: all that is given holds."""

    ids: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ("failed",)
    channel: str | None = None
    reason: str | None = None
    """A part of the reason, whatever the case."""
    exact_reason: str | None = None
    since: datetime | None = None


class Redriven(NamedTuple):
    """Ids that are queued again, and how many were left out, by why."""

    queued: list[str]
    left: dict[str, int]


class SqlUndelivered:
    """Thread-safe."""

    def __init__(self, database: Database, book: Book):
        self._database, self._book = database, book

    def find(self, wanted: Wanted, limit: int = 500) -> list[dict[str, Any]]:
        """The newest `limit`, as rows with times as datetimes; no contact is among what they hold."""
        columns = (d.delivery_id, d.notice_id, d.user_id, d.kind, d.severity, d.channel, d.status, d.reason, d.provider, d.attempt,
                   d.created_at, d.updated_at, d.expires_at)  # fmt: skip
        query = select(*columns).where(_meant(wanted)).order_by(d.updated_at.desc(), d.delivery_id).limit(limit)
        with self._database.reading() as connection:
            found = [dict(row) for row in connection.execute(query).mappings()]
        for row in found:
            for name in ("created_at", "updated_at", "expires_at"):
                row[name] = None if row[name] is None else moment(row[name])
        return found

    def groups(self, wanted: Wanted, limit: int = 50) -> list[dict[str, Any]]:
        """Channel, status, reason, `count` and `last` of what ended alike, the most frequent first."""
        count, last = func.count().label("count"), func.max(d.updated_at).label("last")
        query = select(d.channel, d.status, d.reason, count, last).where(_meant(wanted)).group_by(d.channel, d.status, d.reason)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(count.desc(), last.desc()).limit(limit)).mappings()
            return [dict(row) | {"last": moment(row["last"])} for row in found]

    def redrive(self, wanted: Wanted, who: str, now: datetime, limit: int = 10_000) -> Redriven:
        """Queues them once more, at once due, with a receipt that says who did it. What was composed goes out as it was, under the same
        Message-ID; what never was waits for the user's contact. Those of erased users and those whose time is over stay as they are."""
        with self._database.reading() as connection:
            ids = connection.execute(select(d.delivery_id).where(_meant(wanted)).order_by(d.updated_at).limit(limit)).scalars().all()
        queued: list[str] = []
        left: Counter[str] = Counter()
        for some in chunks(ids, 200):
            with self._database.writing() as connection:
                queued += self._redrive(connection, some, wanted.statuses, who, now, left)
        return Redriven(queued, dict(left))

    def _redrive(
        self, connection: Connection, ids: Sequence[str], statuses: Collection[str], who: str, now: datetime, left: Counter[str]
    ) -> list[str]:
        ended = d.delivery_id.in_(ids) & d.final & d.status.in_(statuses)
        found = connection.execute(select(deliveries).where(ended).order_by(d.delivery_id).with_for_update()).mappings().all()
        keys = user_keys(connection, sorted({row["user_id"] for row in found}))
        composed = contents_by_id(connection, [row["delivery_id"] for row in found])
        again: list[RowMapping] = []
        at = micros(now)
        for row in found:
            if row["expires_at"] is not None and row["expires_at"] <= at:
                left["its time is over"] += 1
            elif row["user_id"] not in keys:
                left["its user was erased"] += 1
            else:
                again.append(row)
        for some in chunks([row["delivery_id"] for row in again]):
            # A day of tries begins anew.
            connection.execute(update(deliveries).where(d.delivery_id.in_(some)).values(final=False, created_at=at))
        SqlOutbox.write(connection, self._book, [(_queued(row, who, now), now) for row in again])
        for row in again:
            if row["delivery_id"] not in composed:
                self._wait_again(connection, row, at)
        return [row["delivery_id"] for row in again]

    def _wait_again(self, connection: Connection, row: RowMapping, at: int) -> None:
        """Nobody's address was known: the desk composes it when there is one. Its row comes back with what becomes of it."""
        connection.execute(delete(deliveries).where(d.delivery_id == row["delivery_id"]))
        new = rows.waiting_row(
            row["notice_id"], row["user_id"], row["channel"], "contact", row["fallback_of"], at, at + CONTACT_WAIT, row["chain"]
        )
        connection.execute(rows.insert_new(connection, waiting), new)


def _meant(wanted: Wanted) -> Any:
    statuses = [status for status in wanted.statuses if status in ENDS]
    said = [d.final, d.status.in_(statuses), literal_column(ENDED)]
    if wanted.ids:
        said.append(d.delivery_id.in_(wanted.ids) | d.notice_id.in_(wanted.ids))
    if wanted.channel:
        said.append(d.channel == wanted.channel)
    if wanted.exact_reason is not None:
        said.append(d.reason == wanted.exact_reason)
    if wanted.reason:
        said.append(func.lower(d.reason).contains(wanted.reason.lower(), autoescape=True))
    if wanted.since:
        said.append(d.updated_at >= micros(wanted.since))
    return and_(*said)


def _queued(row: RowMapping, who: str, now: datetime) -> Receipt:
    return Receipt(
        notice_id=row["notice_id"], user_id=row["user_id"], channel=cast(Medium, row["channel"]), status="queued", provider=None,
        provider_id=None, attempt=0, at=now, reason=f"sent again by {who}"[:200], delivery_id=row["delivery_id"],
    )  # fmt: skip
