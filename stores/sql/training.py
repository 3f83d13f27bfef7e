"""What the trainer has to remember: rows that wait for a verdict, the models, the offsets up to which both hold. One transaction for all.

`open_training` also sees to it that there is one trainer at a time: who holds the lease writes, the others stand by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from domain.ledger import Book
from stores.sql.chain import chunks
from stores.sql.engine import Database
from stores.sql.schema import training_rows, training_state
from stores.sql.store import open_store

LEASE_SECONDS = 30.0
_LEASE = "lease"


class Lost(RuntimeError):
    """Another trainer has the lease."""


class TrainingRow(msgspec.Struct, frozen=True):
    """A record as the trainer encoded it."""

    event_id: str
    user_key: int
    """fingerprint() of the user id: an erased user's rows go."""
    at: float
    data: bytes
    settled: bool = False


class _Lease(msgspec.Struct):
    holder: str
    until: float


class Training:
    """Thread-safe. Raises Unavailable when the database doesn't answer."""

    def __init__(self, database: Database, holder: str):
        self._database, self._holder = database, holder

    def acquire(self, now: float) -> bool:
        """Whether this trainer is the one, for LEASE_SECONDS from `now` (seconds since the epoch)."""
        with self._database.writing() as connection:
            s = training_state
            held = connection.execute(select(s.c.data).where(s.c.name == _LEASE).with_for_update()).scalar()
            lease = msgspec.msgpack.decode(held, type=_Lease) if held else None
            if lease is not None and lease.holder != self._holder and lease.until > now:
                return False
            self._put(connection, _LEASE, msgspec.msgpack.encode(_Lease(self._holder, now + LEASE_SECONDS)), held is not None)
            return True

    def release(self) -> None:
        """Lets the next one begin at once."""
        with self._database.writing() as connection:
            held = connection.execute(select(training_state.c.data).where(training_state.c.name == _LEASE)).scalar()
            if held and msgspec.msgpack.decode(held, type=_Lease).holder == self._holder:
                connection.execute(delete(training_state).where(training_state.c.name == _LEASE))

    def rows(self) -> Iterator[list[TrainingRow]]:
        """All rows, the oldest first."""
        t = training_rows.c
        with self._database.reading() as connection:
            found = connection.execute(select(t.event_id, t.user_key, t.at, t.data, t.settled).order_by(t.at, t.event_id))
            for some in found.partitions(1_000):
                yield [TrainingRow(row[0], row[1], row[2] / 1e6, row[3], row[4]) for row in some]

    def state(self) -> dict[str, bytes]:
        """Models and offsets by name."""
        with self._database.reading() as connection:
            found = connection.execute(select(training_state.c.name, training_state.c.data).where(training_state.c.name != _LEASE))
            return {row[0]: row[1] for row in found}

    def checkpoint(
        self, now: float, taken: Sequence[TrainingRow], settled: Iterable[str], gone: Iterable[str], state: Mapping[str, bytes]
    ) -> None:
        """Everything since the last time, at once. Raises Lost, and writes nothing, when another trainer has taken over."""
        t = training_rows
        with self._database.writing() as connection:
            held = connection.execute(select(training_state.c.data).where(training_state.c.name == _LEASE).with_for_update()).scalar()
            if not held or msgspec.msgpack.decode(held, type=_Lease).holder != self._holder:
                raise Lost("another trainer has taken over")
            self._put(connection, _LEASE, msgspec.msgpack.encode(_Lease(self._holder, now + LEASE_SECONDS)), True)
            for names in chunks([*gone, *(row.event_id for row in taken)]):
                connection.execute(delete(t).where(t.c.event_id.in_(names)))
            if taken:
                connection.execute(
                    insert(t),
                    [
                        {"event_id": r.event_id, "user_key": r.user_key, "at": int(r.at * 1e6), "settled": r.settled, "data": r.data}
                        for r in taken
                    ],
                )
            marked = [{"name": name} for name in settled]
            if marked:
                connection.execute(update(t).where(t.c.event_id == bindparam("name")).values(settled=True), marked)
            known = set(connection.execute(select(training_state.c.name)).scalars())
            for name, data in state.items():
                self._put(connection, name, data, name in known)

    def close(self) -> None:
        self._database.close()

    @staticmethod
    def _put(connection: object, name: str, data: bytes, known: bool) -> None:
        s = training_state
        values = {"name": name, "data": data}
        statement = update(s).where(s.c.name == name).values(data=data) if known else insert(s).values(values)
        connection.execute(statement)  # type: ignore[attr-defined]


def open_training(url: str, book: Book, holder: str) -> Training:
    """The trainer's part of the database, its tables up to date. `holder`: a name that no other trainer has."""
    return Training(open_store(url, book).database, holder)
