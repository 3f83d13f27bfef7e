"""Announcements in SQL: versions, who wrote and who approved them, and which one is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, func, insert, select, update

from domain.events import Announcement
from domain.ledger import Book, micros
from domain.messages import Source
from stores.sql import rows
from stores.sql.announcement_rows import DECODE, Reader, Standing, Version, a, standing_of, v, version_of
from stores.sql.announcement_tables import announcement_versions, announcements
from stores.sql.announcement_waves import SqlWaves
from stores.sql.chain import note_access
from stores.sql.engine import Database

TOLD_ALONE = ("cancelled", "resolved")
"""States in which only those are told who were told before."""


class SqlAnnouncements(SqlWaves):
    """Synchronous, thread-safe. What a colleague decides is written to the ledger in the same transaction."""

    def __init__(self, database: Database, book: Book):
        super().__init__(database)
        self.book = book

    def add(
        self, content: Announcement, announcement_id: str, *, author: str, source: str, state: str, send_at: datetime,
        expires_at: datetime, now: datetime, at: Source | None = None, approver: str | None = None, over: str | None = None,
        decided: str | None = None,
    ) -> int:  # fmt: skip
        """Adds a version, and makes it the one that is told when it is `approved`; its number, 0 where the event is known.

        `over`: why it is too late to tell it at all; `decided`: what its author decides by it, for the ledger.
        """
        with self.database.writing() as connection:
            if connection.execute(select(v.version).where(v.announcement_id == announcement_id, v.event_id == content.event_id)).first():
                return 0
            latest = connection.execute(select(func.max(v.version)).where(v.announcement_id == announcement_id)).scalar() or 0
            number = int(latest) + 1
            if not latest:
                fresh = {
                    "announcement_id": announcement_id, "source": source, "state": "draft", "version": 0, "reason": None, "scans": 0,
                    "scan_at": None, "wave_at": None, "waves": 0, "send_at": micros(send_at), "expires_at": micros(expires_at),
                    "created_at": micros(now), "updated_at": micros(now), "owner": None, "leased_until": 0,
                }  # fmt: skip
                connection.execute(rows.insert_new(connection, announcements), [fresh])
            connection.execute(
                insert(announcement_versions).values(
                    announcement_id=announcement_id, version=number, event_id=content.event_id, state=state, author=author,
                    approver=approver, content=msgspec.json.encode(content).decode(), created_at=micros(now),
                    decided_at=micros(now) if state == "approved" else None, topic=at.topic if at else None,
                    partition=at.partition if at else None, offset=at.offset if at else None,
                )
            )  # fmt: skip
            if state == "approved":
                _make_live(connection, announcement_id, number, content.status, send_at, expires_at, now, over)
            if decided is not None:
                self._note(connection, announcement_id, number, decided, author, now)
        return number

    def rewrite(self, announcement_id: str, version: int, content: Announcement, author: str, now: datetime) -> bool:
        """A draft is written anew; False when it is no draft of this author any more."""
        with self.database.writing() as connection:
            mine = and_(v.announcement_id == announcement_id, v.version == version, v.state == "draft", v.author == author)
            values = {"content": msgspec.json.encode(content).decode(), "created_at": micros(now)}
            return connection.execute(update(announcement_versions).where(mine).values(values)).rowcount == 1

    def submit(self, announcement_id: str, version: int, who: str, now: datetime) -> bool:
        """A draft, or a refused version, waits for approval from now on."""
        return self._move(announcement_id, version, ("draft", "refused"), "submitted", who, now, {"approver": None, "decided_at": None})

    def refuse(self, announcement_id: str, version: int, who: str, now: datetime) -> bool:
        """A submitted version goes back to its author."""
        return self._move(announcement_id, version, ("submitted",), "refused", who, now, {"approver": who, "decided_at": micros(now)})

    def approve(self, announcement_id: str, version: int, who: str, send_at: datetime, expires_at: datetime, now: datetime) -> bool:
        """A submitted version is told from now on. False when it isn't submitted any more, or `who` is its author."""
        with self.database.writing() as connection:
            found = connection.execute(
                select(v.author, v.state, v.content).where(v.announcement_id == announcement_id, v.version == version).with_for_update()
            ).first()
            if found is None or found.state != "submitted" or found.author == who:
                return False
            mine = and_(v.announcement_id == announcement_id, v.version == version)
            decided = {"state": "approved", "approver": who, "decided_at": micros(now)}
            connection.execute(update(announcement_versions).where(mine).values(decided))
            content = DECODE.decode(found.content)
            _make_live(connection, announcement_id, version, content.status, send_at, expires_at, now, None)
            self._note(connection, announcement_id, version, "approved", who, now)
        return True

    def versions(self, announcement_id: str) -> list[Version]:
        """All of them, the newest first."""
        with self.database.reading() as connection:
            found = connection.execute(select(announcement_versions).where(v.announcement_id == announcement_id).order_by(v.version.desc()))
            return [version_of(row) for row in found.mappings()]

    def version(self, announcement_id: str, number: int) -> Version | None:
        with self.database.reading() as connection:
            mine = and_(v.announcement_id == announcement_id, v.version == number)
            row = connection.execute(select(announcement_versions).where(mine)).mappings().first()
        return version_of(row) if row else None

    def standing(self, announcement_id: str) -> Standing | None:
        with self.database.reading() as connection:
            row = connection.execute(select(announcements).where(a.announcement_id == announcement_id)).mappings().first()
        return standing_of(row) if row else None

    def latest(self, limit: int = 200) -> list[tuple[Standing, Version]]:
        """Announcements with their newest version, what moved last first."""
        with self.database.reading() as connection:
            newest = select(v.announcement_id, func.max(v.version).label("n")).group_by(v.announcement_id).subquery()
            query = (
                select(announcements, announcement_versions)
                .join(newest, newest.c.announcement_id == a.announcement_id)
                .join(announcement_versions, and_(v.announcement_id == a.announcement_id, v.version == newest.c.n))
                .order_by(a.updated_at.desc(), a.announcement_id)
                .limit(limit)
            )
            heads, made = list(announcements.c), list(announcement_versions.c)
            found = connection.execute(query).all()
            width = len(heads)
            return [
                (
                    standing_of(dict(zip((c.name for c in heads), row[:width], strict=True))),
                    version_of(dict(zip((c.name for c in made), row[width:], strict=True))),
                )
                for row in found
            ]

    def _move(
        self, announcement_id: str, version: int, before: Sequence[str], state: str, who: str, now: datetime, decided: dict[str, Any]
    ) -> bool:  # fmt: skip
        with self.database.writing() as connection:
            mine = and_(v.announcement_id == announcement_id, v.version == version, v.state.in_(before))
            if not connection.execute(update(announcement_versions).where(mine).values({"state": state, **decided})).rowcount:
                return False
            self._note(connection, announcement_id, version, state, who, now)
        return True

    def _note(self, connection: Connection, announcement_id: str, version: int, act: str, who: str, now: datetime) -> None:
        what = {"announcement": announcement_id, "version": version, "decided": act}
        note_access(connection, self.book, who, act, what, micros(now))


def _make_live(
    connection: Connection, announcement_id: str, version: int, status: str, send_at: datetime, expires_at: datetime, now: datetime,
    over: str | None,
) -> None:  # fmt: skip
    """The version is told from now on, in place of the one before."""
    at = micros(now)
    values: dict[str, Any] = {
        "version": version, "reason": over, "scans": 0, "send_at": micros(send_at), "expires_at": micros(expires_at), "updated_at": at,
    }  # fmt: skip
    if over is not None:
        values |= {"state": "expired", "scan_at": None, "wave_at": None}
    elif status in TOLD_ALONE:
        values |= {"state": status, "scan_at": None, "wave_at": at}
    else:
        values |= {"state": "live", "scan_at": max(at, micros(send_at)), "wave_at": None}
    connection.execute(update(announcements).where(a.announcement_id == announcement_id, a.version < version).values(values))


__all__ = ["TOLD_ALONE", "Reader", "SqlAnnouncements", "Standing", "Version"]
