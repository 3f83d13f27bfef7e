"""Messages that SQL owes to Kafka: written with what they tell of, published later, deleted once acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, func, insert, select, update

from domain.ledger import micros
from domain.ports import BusMessage
from stores.sql import rows
from stores.sql.chain import chunks
from stores.sql.engine import Database
from stores.sql.schema import bus_outbox

c = bus_outbox.c


class SqlBus:
    """Implements domain.ports.Bus."""

    def __init__(self, database: Database):
        self._database = database

    def put(self, topic: str, key: str, value: bytes) -> None:
        with self._database.writing() as connection:
            connection.execute(insert(bus_outbox), rows.bus_row(topic, key, value, micros(datetime.now(UTC))))

    def take(self, now: datetime, limit: int, lease_seconds: float = 30.0) -> list[BusMessage]:
        at = micros(now)
        due = select(c.message_id, c.topic, c.key, c.value).where(c.due_at <= at).order_by(c.message_id).limit(limit)
        with self._database.reading() as connection:
            if connection.execute(due.limit(1)).first() is None:
                return []
        with self._database.writing() as connection:
            taken = [BusMessage(*row) for row in connection.execute(due.with_for_update(skip_locked=True))]
            lease = at + round(lease_seconds * 1e6)
            for some in chunks([m.id for m in taken]):
                connection.execute(update(bus_outbox).where(c.message_id.in_(some)).values(due_at=lease))
        return taken

    def done(self, ids: Sequence[int]) -> None:
        if not ids:
            return
        with self._database.writing() as connection:
            for some in chunks(sorted(ids)):
                connection.execute(delete(bus_outbox).where(c.message_id.in_(some)))

    def depth(self) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(bus_outbox)).scalar_one()
