"""A database is brought up to date once, refused when it is of a newer Vigil, and is what schema.py says."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from domain.ports import Unavailable
from ledger.book import Book
from stores.sql.engine import Database
from stores.sql.migrate import FOLDER, VERSION
from stores.sql.schema import metadata
from stores.sql.store import StoreError, open_store
from tests.support.told import NOW, SECRET, notice, rendered


def test_the_migrations_make_what_the_schema_says(any_database: str) -> None:
    """Whoever changes schema.py writes a migration too."""
    open_store(any_database, Book(SECRET)).close()
    database = Database(any_database)
    with database.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
    database.close()

    assert differences == []


def test_the_latest_migration_is_the_version_that_is_opened() -> None:
    """Else a new file would never run."""
    assert ScriptDirectory(str(FOLDER)).get_current_head() == VERSION


def test_opening_again_changes_nothing(any_database: str) -> None:
    """What was written is there."""
    first = open_store(any_database, Book(SECRET))
    with first.transaction(NOW) as tx:
        tx.add_notice(notice(), [rendered(notice())])
    first.close()
    again = open_store(any_database, Book(SECRET))
    known = again.known_notices([notice().notice_id])
    again.close()

    assert known == {notice().notice_id}


def test_a_newer_database_is_refused_in_words(any_database: str) -> None:
    """An old worker must not write what a newer one can't read."""
    open_store(any_database, Book(SECRET)).close()
    database = Database(any_database)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()

    with pytest.raises(StoreError, match="schema 9999, which is newer than this Vigil"):
        open_store(any_database, Book(SECRET))


def test_a_database_that_does_not_answer_is_said() -> None:
    """Unavailable, not a stack of the driver's own."""
    with pytest.raises(Unavailable):
        open_store("postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2", Book(SECRET))


def test_errors_do_not_show_what_was_to_be_written(any_database: str) -> None:
    """A contact or a token in a statement's parameters must not reach the log."""
    store = open_store(any_database, Book(SECRET))
    with pytest.raises(Exception, match="hidden") as caught, store.database.writing() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "mei@mail.example"})
    store.close()

    assert "mei@" not in str(caught.value)
