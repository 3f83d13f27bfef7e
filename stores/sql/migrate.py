"""Brings a database to this version's tables, once, also when several processes start together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from stores.sql.engine import Database

VERSION = "0010"
"""The latest file in migrations/versions."""
FOLDER = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 0x76696769_6C  # any number that others don't take: "vigil"


class StoreError(RuntimeError):
    """The database can't be used as it is; the text says what to do."""


def version_of(connection: Connection) -> str | None:
    """The schema that the database has; None when it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(database: Database, begin: Callable[[Connection], object]) -> bool:
    """True when tables were made or changed; `begin` is called once in a database's life, with its first tables.

    Raises StoreError when the database is of a newer Vigil.
    """
    with database.reading() as connection:
        if version_of(connection) == VERSION:
            return False
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        before = version_of(connection)
        if before == VERSION:
            return False
        _run(connection, before)
        if before is None:
            begin(connection)
        return True


def _run(connection: Connection, before: str | None) -> None:
    # Imported here: it takes a third of a second, and nearly every start needs none of it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    if before is not None and before not in {r.revision for r in ScriptDirectory(str(FOLDER)).walk_revisions()}:
        words = f"the database has schema {before}, which is newer than this Vigil knows ({VERSION})"
        raise StoreError(words + ": start the newer Vigil, or restore a backup")
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, VERSION)
