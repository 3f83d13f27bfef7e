"""The ledger's rows for those who read them: verification, search, export, explanation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, func, or_, select, tuple_

from domain.ledger import AccessLog, ContentRow, Ends, EntryRow, HeadRow, KeyRow
from domain.messages import Finding
from stores.sql.chain import chunks, contents_by_id, user_keys
from stores.sql.engine import Database
from stores.sql.schema import findings, ledger_contents, ledger_entries, ledger_heads, ledger_keys, notices, receipts

e, c = ledger_entries.c, ledger_contents.c
MOST = 200
_FINDING = msgspec.json.Decoder(Finding)


class LedgerRows:
    """Implements domain.ledger.LedgerReader. Each call is one consistent look."""

    def __init__(self, database: Database, transaction: Callable[[], AbstractContextManager[AccessLog]]):
        self._database, self.transaction = database, transaction

    def ends(self) -> Ends:
        with self._database.reading() as connection:
            named: dict[int, int] = {}
            for table in (notices, receipts):
                for chain, number in connection.execute(select(table.c.chain, func.max(table.c.number)).group_by(table.c.chain)):
                    named[chain] = max(named.get(chain, 0), number)
            return Ends(
                heads=[HeadRow(*row) for row in connection.execute(select(ledger_heads).order_by(ledger_heads.c.partition))],
                last=_last(connection, ledger_entries),
                last_content=_last(connection, ledger_contents),
                last_named=named,
                keys=[KeyRow(*row) for row in connection.execute(select(ledger_keys).order_by(ledger_keys.c.user_id))],
            )

    def entries(self, partition: int, after: int, limit: int) -> list[EntryRow]:
        wanted = select(ledger_entries).where(e.partition == partition, e.number > after).order_by(e.number).limit(limit)
        return self._entries(wanted)

    def contents(self, partition: int, first: int, last: int) -> list[ContentRow]:
        wanted = select(c.partition, c.number, c.content_id, c.key_id, c.sealed)
        wanted = wanted.where(c.partition == partition, c.number.between(first, last)).order_by(c.number, c.content_id)
        with self._database.reading() as connection:
            return [ContentRow(*row) for row in connection.execute(wanted)]

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
        wanted = select(ledger_entries).where(e.kind.in_(kinds))
        if user_id is not None:
            wanted = wanted.where(e.user_id == user_id)
        if since is not None:
            wanted = wanted.where(e.at >= since)
        if until is not None:
            wanted = wanted.where(e.at < until)
        if before is not None:
            wanted = wanted.where(tuple_(e.at, e.partition, e.number) < before)
        return self._entries(wanted.order_by(e.at.desc(), e.partition.desc(), e.number.desc()).limit(limit))

    def of_notices(self, notice_ids: Sequence[str]) -> list[EntryRow]:
        found: list[EntryRow] = []
        for some in chunks(notice_ids):
            found += self._entries(select(ledger_entries).where(e.notice_id.in_(some)))
        return sorted(found, key=lambda row: (row.partition, row.number))

    def contents_by_id(self, content_ids: Iterable[str]) -> dict[str, ContentRow]:
        with self._database.reading() as connection:
            return contents_by_id(connection, content_ids)

    def user_keys(self, user_ids: Iterable[str]) -> dict[str, KeyRow]:
        with self._database.reading() as connection:
            return user_keys(connection, user_ids)

    def traces(self, identifier: str) -> tuple[list[Finding], list[str]]:
        f, n = findings.c, notices.c
        place = _place(identifier)
        with self._database.reading() as connection:
            about = or_(f.finding_id == identifier, f.event_id == identifier, f.notice_id == identifier)
            told = or_(n.notice_id == identifier, n.event_id == identifier)
            if place:
                about = or_(about, and_(f.topic == place[0], f.partition == place[1], f.offset == place[2]))
                told = or_(told, and_(n.topic == place[0], n.partition == place[1], n.offset == place[2]))
            found = {row.finding_id: row for row in connection.execute(select(findings).where(about).limit(MOST))}
            ids = [*connection.execute(select(n.notice_id).where(told).order_by(n.recorded_at).limit(MOST)).scalars()]
            ids += [row.notice_id for row in found.values() if row.notice_id]
            ids = list(dict.fromkeys(ids))
            for listed in connection.execute(select(n.finding_ids).where(n.notice_id.in_(ids))).scalars():
                missing = [name for name in msgspec.json.decode(listed) if name not in found]
                found |= {row.finding_id: row for row in connection.execute(select(findings).where(f.finding_id.in_(missing)))}
        rows = sorted(found.values(), key=lambda row: (row.occurred_at, row.finding_id))
        return [_FINDING.decode(row.body) for row in rows], ids

    def _entries(self, wanted: Select[Any]) -> list[EntryRow]:
        with self._database.reading() as connection:
            return [EntryRow(*row) for row in connection.execute(wanted)]


def _place(text: str) -> tuple[str, int, int] | None:
    """`topic/partition/offset`, if it is that."""
    topic, _, rest = text.partition("/")
    partition, _, offset = rest.partition("/")
    if topic and all(part.isascii() and part.isdigit() and len(part) < 19 for part in (partition, offset)) and len(partition) < 10:
        return topic, int(partition), int(offset)
    return None


def _last(connection: Connection, table: Any) -> dict[int, int]:
    return {row[0]: row[1] for row in connection.execute(select(table.c.partition, func.max(table.c.number)).group_by(table.c.partition))}
