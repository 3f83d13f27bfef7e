"""The sending side of announcements in SQL: whose turn it is, and what was told.

One row a reader and announcement, and the waves' notices go into the bus outbox in the transaction that marks their readers: so a kill
loses nobody and tells nobody twice, whichever process goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, and_, delete, func, or_, select, update

from domain.ledger import micros
from domain.messages import Notice
from stores.sql import rows
from stores.sql.announcement_rows import Progress, Reader, Standing, a, r, standing_of
from stores.sql.announcement_tables import announcement_readers, announcements
from stores.sql.bulk import insert_rows
from stores.sql.chain import chunks
from stores.sql.engine import Database
from stores.sql.schema import bus_outbox, deliveries

UNHEARD = ("suppressed", "expired", "failed", "rejected")


class SqlWaves:
    """Synchronous, thread-safe."""

    def __init__(self, database: Database):
        self.database = database

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
        return [standing_of(row) for row in found]

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
            still = _still(connection, name, [reader for reader, _ in notices])
            mine = [(reader, notice) for reader, notice in notices if reader.user_id in still]
            told_now = [
                (version, row.waves + 1, at, notice.notice_id if notice else reader.notice_id, name, reader.user_id)
                for reader, notice in mine
            ]
            if told_now:
                connection.exec_driver_sql(_mark_told(connection.dialect.name), told_now)
            owed = [
                rows.bus_row("notices", reader.user_id, msgspec.json.encode(notice), at) for reader, notice in mine if notice is not None
            ]
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
        return self.progress_of([announcement_id])[announcement_id]

    def progress_of(self, announcement_ids: Sequence[str]) -> dict[str, Progress]:
        """How far each of them is."""
        found = dict.fromkeys(announcement_ids, Progress(0, 0, 0))
        told = r.version > 0
        counts = (func.count(), func.count().filter(and_(r.version == a.version, told)), func.count().filter(told))
        with self.database.reading() as connection:
            for some in chunks(list(found)):
                query = select(r.announcement_id, *counts).join(announcements, a.announcement_id == r.announcement_id)
                for row in connection.execute(query.where(r.announcement_id.in_(some)).group_by(r.announcement_id)):
                    found[row[0]] = Progress(*row[1:])
        return found

    def states(self) -> dict[str, int]:
        """How many announcements are in each state."""
        with self.database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(select(a.state, func.count()).group_by(a.state))}


def _still(connection: Connection, announcement_id: str, readers: Sequence[Reader]) -> set[str]:
    """Those who were told nothing since they were read."""
    told = {reader.user_id: reader.told for reader in readers}
    found: set[str] = set()
    for some in chunks(sorted(told)):
        rows_ = connection.execute(select(r.user_id, r.version).where(r.announcement_id == announcement_id, r.user_id.in_(some)))
        found |= {user for user, version in rows_ if told[user] == version}
    return found


def _mark_told(dialect: str) -> str:
    """One statement of the driver's own for many readers."""
    mark = "?" if dialect == "sqlite" else "%s"
    columns = ", ".join(f"{one} = {mark}" for one in ("version", "wave", "told_at", "notice_id"))
    return f"UPDATE announcement_readers SET {columns} WHERE announcement_id = {mark} AND user_id = {mark}"  # noqa: S608 - fixed names
