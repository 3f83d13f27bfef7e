"""Connections. SQLite: WAL, every commit on disk, one writer at a time in the process; PostgreSQL: a pool."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.ports import Unavailable

BUSY_MILLISECONDS = 30_000
CONNECT_SECONDS = 10
"""An address behind which nothing answers is given up after so long; `?connect_timeout=` of the URL says otherwise."""
PRAGMAS = (
    f"busy_timeout={BUSY_MILLISECONDS}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "cache_size=-16000",
    "wal_autocheckpoint=2000",
)
PASSING = ("locked", "busy", "disk i/o", "unable to open", "is full")
"""What SQLite says when the same call may work later."""


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; None for another database. Raises ValueError for what is no URL."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # without the URL: it holds a password
        raise ValueError("VIGIL_DATABASE__URL: expected sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME") from None
    return Path(parsed.database).absolute() if parsed.get_backend_name() == "sqlite" and parsed.database else None


class Database:
    """`with writing() as connection` is one transaction, `with reading() as connection` one consistent look. Thread-safe.

    Both raise domain.ports.Unavailable when the database doesn't answer, is locked by another process, or ended a deadlock.
    """

    def __init__(self, url: str):
        self.url = url
        self.path = sqlite_path(url)
        self._lock = threading.RLock()
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = _sqlite(url, "BEGIN IMMEDIATE", size=1)
            self._reader = _sqlite(url, "BEGIN", size=8)
        else:
            self._writer = create_engine(
                url,
                connect_args={} if "connect_timeout" in make_url(url).query else {"connect_timeout": CONNECT_SECONDS},
                hide_parameters=True,
                pool_size=8,
                max_overflow=8,
                pool_timeout=15,
                pool_pre_ping=True,
                isolation_level="READ COMMITTED",
            )
            event.listen(self._writer, "before_cursor_execute", _fit_all, retval=True)
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Commits at the end, rolls back on an error. On SQLite it takes the write lock at once, so that it never fails half way."""
        with _in_our_words():
            if self.path is None:
                with self._writer.begin() as connection:
                    yield connection
            else:
                with self._lock, self._writer.begin() as connection:
                    yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot; never waits for writers."""
        with _in_our_words(), self._reader.begin() as connection:
            yield connection

    def after_erasure(self) -> None:
        """Takes what was deleted out of SQLite's write-ahead log too. Best effort: a reader at work delays it to the next checkpoint."""
        if self.path is None:
            return
        with self._lock, self._writer.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes what is not in use."""
        self._writer.dispose()
        self._reader.dispose()


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("no database connection was free in time") from error
    except DBAPIError as error:
        said = str(error.orig)
        ours = type(error.orig).__module__.startswith("sqlite3")
        passing = any(word in said.lower() for word in PASSING) if ours else isinstance(error, OperationalError | InterfaceError)
        if ours and "not a database" in said:
            raise RuntimeError("VIGIL_DATABASE__URL: the file is not a SQLite database") from error
        if error.connection_invalidated or passing:
            raise Unavailable(f"the database: {said.splitlines()[0] if said else type(error.orig).__name__}") from error
        raise


def _sqlite(url: str, begin: str, size: int) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, pool_size=size, max_overflow=0, pool_timeout=60, connect_args={"check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # sqlite3 begins nothing by itself: `begin` below does
        for pragma in PRAGMAS:
            connection.execute("PRAGMA " + pragma)

    event.listen(engine, "before_cursor_execute", _fit_all, retval=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _fit_all(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> tuple[str, Any]:
    """Looked-up text may be anything that a stranger put into an address: what no database can hold becomes what none holds."""
    if not many:
        if isinstance(parameters, dict):
            parameters = {name: fit(value) for name, value in parameters.items()}
        else:
            parameters = tuple(fit(value) for value in parameters)
    return statement, parameters


def fit(value: Any) -> Any:
    """Text without NUL (PostgreSQL) and lone surrogates (UTF-8); other values as they are."""
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
