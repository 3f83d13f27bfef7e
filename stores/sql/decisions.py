"""What analysts decide of findings: kept, written to the ledger, and sent as a verdict that can be withdrawn for some seconds."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, insert, select, update

from domain.events.verdict import Verdict
from domain.ledger import Book, micros
from stores.sql.chain import note_access
from stores.sql.engine import Database
from stores.sql.schema import bus_outbox, decisions

UNDO_SECONDS = 10
"""How long a verdict waits before it goes out."""
MARGIN_SECONDS = 1
"""Before its time it can't be withdrawn any more: the publisher's clock may be a little ahead."""


class Decisions:
    """Synchronous, thread-safe."""

    def __init__(self, database: Database, book: Book):
        self.database, self.book = database, book

    def decide(self, verdict: Verdict, now: datetime) -> None:
        """The decision, its entry in the ledger, and its verdict for the bus, which goes out after UNDO_SECONDS: all or nothing. The same
        verdict again changes nothing."""
        due = micros(now + timedelta(seconds=UNDO_SECONDS))
        with self.database.writing() as connection:
            if connection.execute(select(decisions.c.at).where(decisions.c.verdict_id == verdict.event_id)).first():
                return
            row = insert(bus_outbox).values(topic="verdicts", key=verdict.user_id, value=msgspec.json.encode(verdict), due_at=due)
            (message_id,) = connection.execute(row).inserted_primary_key or (None,)
            connection.execute(
                insert(decisions).values(
                    verdict_id=verdict.event_id, finding_id=verdict.about, user_id=verdict.user_id, label=verdict.label,
                    by=verdict.by, at=micros(now), message_id=message_id,
                )
            )  # fmt: skip
            what = {"finding_id": verdict.about, "verdict_id": verdict.event_id, "decided": verdict.label}
            note_access(connection, self.book, verdict.by, verdict.label, what, micros(now))

    def withdraw(self, verdict_id: str, who: str, now: datetime) -> bool:
        """True when the verdict had not gone out: then nobody will ever hear of it, and the ledger says who took it back. False when it is
        too late or there is none."""
        with self.database.writing() as connection:
            latest = micros(now - timedelta(seconds=UNDO_SECONDS - MARGIN_SECONDS))
            row = connection.execute(
                select(decisions.c.message_id).where(
                    decisions.c.verdict_id == verdict_id, decisions.c.withdrawn_at.is_(None), decisions.c.at > latest
                )
            ).first()
            if row is None:
                return False
            connection.execute(delete(bus_outbox).where(bus_outbox.c.message_id == row.message_id))
            connection.execute(update(decisions).where(decisions.c.verdict_id == verdict_id).values(withdrawn_at=micros(now)))
            note_access(connection, self.book, who, "undone", {"verdict_id": verdict_id, "decided": "undone"}, micros(now))
            return True
