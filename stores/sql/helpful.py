"""Whether notices helped: one vote a notice and user, which can be changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, case, delete, func, select, update

from domain.ledger import micros
from stores.sql.engine import Database
from stores.sql.rows import insert_new
from stores.sql.schema import deliveries, helpful_votes, notices

v = helpful_votes.c


class Result(NamedTuple):
    """Votes on what one template said in one language."""

    kind: str
    locale: str
    template: str
    helpful: int
    unhelpful: int


class HelpfulVotes:
    """Synchronous, thread-safe."""

    def __init__(self, database: Database):
        self._database = database

    def vote(self, notice_id: str, user_id: str, helpful: bool, via: Literal["inbox", "link"], now: datetime) -> bool:
        """Notes the vote, in place of an earlier one. False when this user has no such notice."""
        at = micros(now)
        with self._database.writing() as connection:
            own = (notices.c.notice_id == notice_id) & (notices.c.user_id == user_id)
            kind = connection.execute(select(notices.c.kind).where(own)).scalar()
            if kind is None:
                return False
            mine = (v.notice_id == notice_id) & (v.user_id == user_id)
            said = {"helpful": helpful, "via": via, "at": at}
            if connection.execute(update(helpful_votes).where(mine).values(said)).rowcount:
                return True
            locale, template = self._as_read(connection, notice_id, "inapp" if via == "inbox" else "email", kind)
            row = {"notice_id": notice_id, "user_id": user_id, "kind": kind, "locale": locale, "template": template, **said}
            if not connection.execute(insert_new(connection, helpful_votes).values(row)).rowcount:
                connection.execute(update(helpful_votes).where(mine).values(said))  # another tab was faster
            return True

    def votes_of(self, user_id: str, notice_ids: Sequence[str]) -> dict[str, bool]:
        """Notice -> whether it helped, of those voted on."""
        if not notice_ids:
            return {}
        wanted = select(v.notice_id, v.helpful).where(v.user_id == user_id, v.notice_id.in_(notice_ids[:500]))
        with self._database.reading() as connection:
            return {row[0]: bool(row[1]) for row in connection.execute(wanted)}

    def results(self, kind: str = "", locale: str = "", limit: int = 2000) -> list[Result]:
        """By kind, language and template version, the most votes first."""
        yes = func.sum(case((v.helpful, 1), else_=0))
        count = func.count()
        query = select(v.kind, v.locale, v.template, yes, count).group_by(v.kind, v.locale, v.template)
        if kind:
            query = query.where(v.kind == kind)
        if locale:
            query = query.where(v.locale == locale)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(count.desc(), v.kind, v.locale, v.template).limit(limit)).all()
        return [Result(row[0], row[1], row[2], int(row[3]), int(row[4]) - int(row[3])) for row in rows]

    def erase(self, user_id: str) -> None:
        """Takes the user's votes out."""
        with self._database.writing() as connection:
            connection.execute(delete(helpful_votes).where(v.user_id == user_id))

    @staticmethod
    def _as_read(connection: Connection, notice_id: str, channel: str, kind: str) -> tuple[str, str]:
        """Language and template of what was read: of that channel, else of any."""
        d = deliveries.c
        query = select(d.locale, d.template, d.channel).where(d.notice_id == notice_id, d.slot == "current").order_by(d.channel)
        found = connection.execute(query).all()
        row = next((row for row in found if row.channel == channel), found[0] if found else None)
        return (row.locale, row.template.partition("+")[0]) if row else ("", kind)
