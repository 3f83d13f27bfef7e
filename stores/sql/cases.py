"""Cases: what a user's "not me" opens for the security team. One a notice; its number is for people to say, and tells nothing."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from domain.checkcode import coded, read
from domain.ledger import Book, micros, moment
from domain.ports import Answer
from stores.sql.chain import note_access
from stores.sql.engine import Database
from stores.sql.schema import cases

c = cases.c
PREFIX = "C-"
LONGEST_OUTCOME = 500
_TIMES = ("opened_at", "closed_at")


def opened(connection: Connection, answer: Answer, via: str, at: int) -> str:
    """Opens a case for the answered notice, in the transaction of the answer; its number. A notice that has one keeps it."""
    known = of_notice(connection, answer.notice_id)
    if known is not None:
        return known
    number = ""
    while not number or connection.execute(select(c.number).where(c.number == number)).first() is not None:
        number = PREFIX + coded(secrets.randbits(35))
    about = {"notice_id": answer.notice_id, "user_id": answer.user_id, "kind": answer.kind, "severity": answer.severity}
    connection.execute(insert(cases).values(number=number, **about, via=via, opened_at=at))
    return number


def of_notice(connection: Connection, notice_id: str) -> str | None:
    """The number of the notice's case; None when it has none."""
    found = connection.execute(select(c.number).where(c.notice_id == notice_id)).scalar()
    return None if found is None else str(found)


def written(number: str) -> str | None:
    """A case number as it is written out, from what someone typed, with or without its prefix; None for what can't be one."""
    text = number.strip().upper()
    code = read(text.removeprefix(PREFIX)) or read(text.removeprefix("C").lstrip(" -"))
    return PREFIX + code if code else None


class Cases:
    """Synchronous, thread-safe. Times out are UTC datetimes."""

    def __init__(self, database: Database, book: Book):
        self._database, self._book = database, book

    def get(self, number: str) -> dict[str, Any] | None:
        """By its number, as it was typed."""
        name = written(number)
        found = self._rows(select(cases).where(c.number == name)) if name else []
        return found[0] if found else None

    def of_notices(self, notice_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Case by notice."""
        found = self._rows(select(cases).where(c.notice_id.in_(notice_ids[:500]))) if notice_ids else []
        return {row["notice_id"]: row for row in found}

    def latest(self, *, user_id: str = "", still_open: bool | None = None, limit: int = 200) -> list[dict[str, Any]]:
        """Newest first. `still_open`: only those that are, or only those that aren't."""
        query = select(cases).order_by(c.opened_at.desc(), c.number).limit(limit)
        if user_id:
            query = query.where(c.user_id == user_id)
        if still_open is not None:
            query = query.where(c.closed_at.is_(None) if still_open else c.closed_at.is_not(None))
        return self._rows(query)

    def open_count(self) -> int:
        with self._database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(cases).where(c.closed_at.is_(None))).scalar_one())

    def close(self, number: str, who: str, outcome: str, now: datetime) -> bool:
        """Closes it, and writes to the ledger who did and what came of it. False when there is no such case, or it is closed already: the
        first word stands."""
        at, outcome = micros(now), outcome[:LONGEST_OUTCOME]
        with self._database.writing() as connection:
            closed = {"closed_at": at, "closed_by": who, "outcome": outcome}
            if not connection.execute(update(cases).where(c.number == number, c.closed_at.is_(None)).values(closed)).rowcount:
                return False
            about = connection.execute(select(c.notice_id).where(c.number == number)).scalar_one()
            note_access(connection, self._book, who, outcome, {"notice_id": about, "case": number, "decided": "closed"}, at)
        return True

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        with self._database.reading() as connection:
            found = [dict(row) for row in connection.execute(query).mappings()]
        for row in found:
            for name in _TIMES:
                row[name] = None if row[name] is None else moment(row[name])
        return found
