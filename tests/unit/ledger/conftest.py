"""A ledger in memory."""

import pytest
from hypothesis import settings

from ledger.book import Book
from tests.support.paper import Paper
from tests.support.told import SECRET

# A busy machine is no failure.
settings.register_profile("vigil", deadline=None)
settings.load_profile("vigil")


@pytest.fixture
def book() -> Book:
    return Book(SECRET)


@pytest.fixture
def paper(book: Book) -> Paper:
    return Paper(book)
