"""Brings a database to this version's tables, once, also when several processes start together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from stores.sql.engine import Database

FOLDER = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 0x76696769_6C  # any number that others don't take: "vigil"


class StoreError(RuntimeError):
    """The database can't be used as it is; the text says what to do."""


def version_of(connection: Connection) -> str | None:
    """The schema that the database has; None when it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database, begin: Callable[[Connection], object]) -> bool:
    """True when tables were made or changed; `begin` is called once in a database's life, with its first tables.

    Raises StoreError when the database is of a newer Vigil.
    """
    with database.reading() as connection:
        script = ScriptDirectory(str(FOLDER))
        known = [revision.revision for revision in script.walk_revisions()]
        if _checked(version_of(connection), known) == known[0]:
            return False
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        before = _checked(version_of(connection), known)
        if before == known[0]:
            return False
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if before is None:
            begin(connection)
        return True


def _checked(version: str | None, known: list[str]) -> str | None:
    if version is not None and version not in known:
        raise StoreError(
            f"the database has schema {version}, which is newer than this Vigil ({known[0]}): start the newer one, or restore a backup"
        )
    return version
