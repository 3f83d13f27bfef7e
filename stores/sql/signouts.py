"""Sessions of the console that were ended before their time: known to every console, and after a restart."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from domain.ledger import micros
from stores.sql import rows
from stores.sql.engine import Database
from stores.sql.schema import ended_sessions

e = ended_sessions.c


class SqlEnded:
    """Synchronous, thread-safe."""

    def __init__(self, database: Database):
        self._database = database

    def add(self, session: str, until: datetime, now: datetime) -> None:
        """The session is over. Kept until it would have ended by itself; those beyond are forgotten."""
        with self._database.writing() as connection:
            connection.execute(delete(ended_sessions).where(e.until <= micros(now)))
            connection.execute(rows.insert_new(connection, ended_sessions), [{"session": session, "until": micros(until)}])

    def has(self, session: str) -> bool:
        """Whether it was ended."""
        with self._database.reading() as connection:
            return connection.execute(select(e.until).where(e.session == session)).first() is not None
