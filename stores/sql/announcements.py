"""Announcements in SQL: versions and who decided them, readers and what they were told, and whose turn it is to send.

One row a reader and announcement, and the waves' notices go into the bus outbox in the transaction that marks their readers: so a kill
loses nobody and tells nobody twice, whichever process goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from domain.events import Announcement
from domain.ledger import micros, moment
from domain.messages import Notice, Source
from stores.sql import rows
from stores.sql.announcement_tables import announcement_readers, announcement_versions, announcements
from stores.sql.bulk import insert_rows
from stores.sql.chain import chunks
from stores.sql.engine import Database
from stores.sql.schema import bus_outbox, deliveries

a, v, r = announcements.c, announcement_versions.c, announcement_readers.c
_DECODE = msgspec.json.Decoder(Announcement)
UNHEARD = ("suppressed", "expired", "failed", "rejected")
TOLD_ALONE = ("cancelled", "resolved")
"""States in which only those are told who were told before."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version, as it was written and decided."""

    announcement_id: str
    version: int
    state: Literal["draft", "submitted", "approved", "refused"]
    author: str
    approver: str | None
    content: Announcement
    created_at: datetime
    decided_at: datetime | None
    source: Source | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An announcement as a whole. `version` is the one that is told, 0 before any is."""

    announcement_id: str
    source: str
    state: str
    version: int
    reason: str | None
    scans: int
    scan_at: datetime | None
    wave_at: datetime | None
    waves: int
    send_at: datetime
    expires_at: datetime
    created_at: datetime
    updated_at: datetime


class Reader(msgspec.Struct, frozen=True):
    """Someone whose turn it is. `told`: the version that he was told last, 0 for none."""

    user_id: str
    told: int
    notice_id: str | None


class Progress(msgspec.Struct, frozen=True):
    """Readers found, told the present version, told any."""

    readers: int
    now: int
    ever: int


class SqlAnnouncements:
    """Synchronous, thread-safe."""

    def __init__(self, database: Database):
        self.database = database

    # -- versions

    def add(
        self, content: Announcement, announcement_id: str, *, author: str, source: str, state: str, send_at: datetime,
        expires_at: datetime, now: datetime, at: Source | None = None, approver: str | None = None, over: str | None = None,
    ) -> int:  # fmt: skip
        """Adds a version, and makes it the one that is told when it is `approved`; its number, 0 where the event is known.

        `over`: why it is too late to tell it at all.
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
        return number

    def rewrite(self, announcement_id: str, version: int, content: Announcement, author: str, now: datetime) -> bool:
        """A draft is written anew; False when it is no draft of this author any more."""
        with self.database.writing() as connection:
            mine = and_(v.announcement_id == announcement_id, v.version == version, v.state == "draft", v.author == author)
            values = {"content": msgspec.json.encode(content).decode(), "created_at": micros(now)}
            return connection.execute(update(announcement_versions).where(mine).values(values)).rowcount == 1

    def submit(self, announcement_id: str, version: int, now: datetime) -> bool:
        """A draft, or a refused version, waits for approval from now on."""
        return self._move(announcement_id, version, ("draft", "refused"), "submitted", None, None)

    def refuse(self, announcement_id: str, version: int, who: str, now: datetime) -> bool:
        """A submitted version goes back to its author."""
        return self._move(announcement_id, version, ("submitted",), "refused", who, now)

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
            content = _DECODE.decode(found.content)
            _make_live(connection, announcement_id, version, content.status, send_at, expires_at, now, None)
        return True

    def versions(self, announcement_id: str) -> list[Version]:
        """All of them, the newest first."""
        with self.database.reading() as connection:
            found = connection.execute(select(announcement_versions).where(v.announcement_id == announcement_id).order_by(v.version.desc()))
            return [_version(row) for row in found.mappings()]

    def version(self, announcement_id: str, number: int) -> Version | None:
        with self.database.reading() as connection:
            mine = and_(v.announcement_id == announcement_id, v.version == number)
            row = connection.execute(select(announcement_versions).where(mine)).mappings().first()
        return _version(row) if row else None

    def standing(self, announcement_id: str) -> Standing | None:
        with self.database.reading() as connection:
            row = connection.execute(select(announcements).where(a.announcement_id == announcement_id)).mappings().first()
        return _standing(row) if row else None

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
                    _standing(dict(zip((c.name for c in heads), row[:width], strict=True))),
                    _version(dict(zip((c.name for c in made), row[width:], strict=True))),
                )
                for row in found
            ]

    # -- sending

    def claim(self, owner: str, now: datetime, lease_seconds: float, limit: int = 20) -> list[Standing]:
        """Those of which something is due, for this worker alone until the lease is over. Cheap when nothing is."""
        at = micros(now)
        due = and_(
            or_(a.wave_at <= at, a.scan_at <= at, and_(a.state.in_(("live", "blocked")), a.expires_at <= at)),
            or_(a.leased_until <= at, a.owner == owner),
        )
        with self.database.reading() as connection:
            if connection.execute(select(a.announcement_id).where(due).limit(1)).first() is None:
                return []
        with self.database.writing() as connection:
            found = connection.execute(
                select(announcements).where(due).order_by(a.send_at, a.announcement_id).limit(limit).with_for_update(skip_locked=True)
            ).mappings().all()  # fmt: skip
            until = at + round(lease_seconds * 1e6)
            for row in found:
                mine = a.announcement_id == row["announcement_id"]
                connection.execute(update(announcements).where(mine).values(owner=owner, leased_until=until))
        return [_standing(row) for row in found]

    def renew(self, announcement_id: str, owner: str, until: datetime) -> bool:
        """Keeps it a while longer; False when another worker has taken it."""
        with self.database.writing() as connection:
            mine = and_(a.announcement_id == announcement_id, a.owner == owner)
            return connection.execute(update(announcements).where(mine).values(leased_until=micros(until))).rowcount == 1

    def release(self, announcement_id: str, owner: str) -> None:
        with self.database.writing() as connection:
            mine = and_(a.announcement_id == announcement_id, a.owner == owner)
            connection.execute(update(announcements).where(mine).values(owner=None, leased_until=0))

    def add_readers(self, announcement_id: str, readers: Sequence[tuple[str, str]]) -> None:
        """(user id, locale); those who are known stay as they are."""
        if not readers:
            return
        with self.database.writing() as connection:
            new = [
                {"announcement_id": announcement_id, "user_id": user, "locale": locale, "version": 0, "wave": 0}
                for user, locale in readers
            ]  # fmt: skip
            for some in chunks(new, 500):
                connection.execute(rows.insert_new(connection, announcement_readers), list(some))

    def scanned(self, announcement_id: str, version: int, next_at: datetime | None, now: datetime) -> None:
        """The audience of that version was looked for; a wave is due now, unless one waits already."""
        with self.database.writing() as connection:
            mine = and_(a.announcement_id == announcement_id, a.version == version, a.state == "live")
            wave = func.coalesce(a.wave_at, micros(now))
            values = {"scans": a.scans + 1, "scan_at": None if next_at is None else micros(next_at), "wave_at": wave}
            connection.execute(update(announcements).where(mine).values(values))

    def locales(self, announcement_id: str) -> Counter[str]:
        """How many readers each language has."""
        with self.database.reading() as connection:
            found = connection.execute(
                select(r.locale, func.count()).where(r.announcement_id == announcement_id).group_by(r.locale)
            ).all()  # fmt: skip
        return Counter({row[0]: row[1] for row in found})

    def end(self, announcement_id: str, version: int, state: str, reason: str, now: datetime) -> None:
        """`blocked` or `expired`: nothing more of this version goes out."""
        with self.database.writing() as connection:
            mine = and_(a.announcement_id == announcement_id, a.version == version)
            values = {"state": state, "reason": reason, "scan_at": None, "wave_at": None, "updated_at": micros(now)}
            connection.execute(update(announcements).where(mine).values(values))

    def turn(self, announcement_id: str, version: int, limit: int, *, told_alone: bool) -> list[Reader]:
        """Readers who were not told this version yet, those who wait for an update first. `told_alone`: only those who were told before."""
        mine = [r.announcement_id == announcement_id, r.version < version]
        if told_alone:
            mine.append(r.version > 0)
        query = select(r.user_id, r.version, r.notice_id).where(*mine).order_by(r.version.desc(), r.user_id).limit(limit)
        with self.database.reading() as connection:
            return [Reader(*row) for row in connection.execute(query)]

    def unheard(self, notice_ids: Sequence[str]) -> set[str]:
        """Those of which no channel reached its reader, nor is about to: what was composed is still unsent. What isn't composed yet, is."""
        d = deliveries.c
        fates: dict[str, bool] = {}
        with self.database.reading() as connection:
            for some in chunks(sorted(set(notice_ids))):
                for row in connection.execute(select(d.notice_id, d.status, d.owner, d.attempt).where(d.notice_id.in_(some))):
                    unsent = row.status in UNHEARD or (row.status == "queued" and row.owner is None)
                    fates[row.notice_id] = fates.get(row.notice_id, True) and unsent
        return {name for name, unsent in fates.items() if unsent}

    def tell(
        self, standing: Standing, notices: Sequence[tuple[Reader, Notice | None]], gone: Sequence[str], next_at: datetime | None,
        now: datetime, *, ends_wave: bool,
    ) -> bool:  # fmt: skip
        """One wave, or a part of one: its readers are marked and their notices owed to `notices`, in one transaction. False, and nothing
        is written, when another version has come meanwhile. `gone`: readers whom it isn't for any more; `next_at`: of the next wave."""
        name, version, at = standing.announcement_id, standing.version, micros(now)
        with self.database.writing() as connection:
            row = connection.execute(
                select(a.version, a.state, a.waves, a.scan_at).where(a.announcement_id == name).with_for_update()
            ).first()  # fmt: skip
            if row is None or row.version != version or row.state != standing.state:
                return False
            owed = []
            for reader, notice in notices:
                mine = and_(r.announcement_id == name, r.user_id == reader.user_id, r.version == reader.told)
                values = {
                    "version": version,
                    "wave": row.waves + 1,
                    "told_at": at,
                    "notice_id": notice.notice_id if notice else reader.notice_id,
                }
                if connection.execute(update(announcement_readers).where(mine).values(values)).rowcount and notice is not None:
                    owed.append(rows.bus_row("notices", reader.user_id, msgspec.json.encode(notice), at))
            insert_rows(connection, bus_outbox, owed)
            for some in chunks(sorted(gone)):
                connection.execute(delete(announcement_readers).where(r.announcement_id == name, r.user_id.in_(some)))
            if ends_wave:
                wave_at = None if next_at is None else micros(next_at)
                told = 1 if notices else 0
                mine_too = a.announcement_id == name
                connection.execute(
                    update(announcements)
                    .where(mine_too)
                    .values(wave_at=wave_at, waves=a.waves + told, updated_at=at if told else a.updated_at)
                )
        return True

    def progress(self, announcement_id: str) -> Progress:
        """How far it is."""
        with self.database.reading() as connection:
            live = select(a.version).where(a.announcement_id == announcement_id).scalar_subquery()
            row = connection.execute(
                select(
                    func.count(),
                    func.count().filter(and_(r.version == live, r.version > 0)),
                    func.count().filter(r.version > 0),
                ).where(r.announcement_id == announcement_id)
            ).one()
        return Progress(row[0], row[1], row[2])

    def states(self) -> dict[str, int]:
        """How many announcements are in each state."""
        with self.database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(select(a.state, func.count()).group_by(a.state))}

    def _move(
        self, announcement_id: str, version: int, before: Sequence[str], state: str, who: str | None, now: datetime | None
    ) -> bool:  # fmt: skip
        with self.database.writing() as connection:
            mine = and_(v.announcement_id == announcement_id, v.version == version, v.state.in_(before))
            values = {"state": state, "approver": who, "decided_at": micros(now) if now else None}
            return connection.execute(update(announcement_versions).where(mine).values(values)).rowcount == 1


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


def _version(row: Any) -> Version:
    source = Source(row["topic"], row["partition"], row["offset"]) if row["topic"] is not None else None
    return Version(
        announcement_id=row["announcement_id"], version=row["version"], state=row["state"], author=row["author"], approver=row["approver"],
        content=_DECODE.decode(row["content"]), created_at=moment(row["created_at"]),
        decided_at=None if row["decided_at"] is None else moment(row["decided_at"]), source=source,
    )  # fmt: skip


def _standing(row: Any) -> Standing:
    def when(name: str) -> datetime | None:
        return None if row[name] is None else moment(row[name])

    return Standing(
        announcement_id=row["announcement_id"], source=row["source"], state=row["state"], version=row["version"], reason=row["reason"],
        scans=row["scans"], scan_at=when("scan_at"), wave_at=when("wave_at"), waves=row["waves"], send_at=moment(row["send_at"]),
        expires_at=moment(row["expires_at"]), created_at=moment(row["created_at"]), updated_at=moment(row["updated_at"]),
    )  # fmt: skip
