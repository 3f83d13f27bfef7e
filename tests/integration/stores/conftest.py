"""A store on each database."""

from collections.abc import Iterator

import pytest

from ledger.book import Book
from stores.sql.store import Store, open_store
from tests.support.told import SECRET


@pytest.fixture
def book() -> Book:
    return Book(SECRET)


@pytest.fixture
def store(any_database: str, book: Book) -> Iterator[Store]:
    """An empty store, once on SQLite and once on PostgreSQL."""
    made = open_store(any_database, book)
    yield made
    made.close()
