"""The desk of these tests."""

from collections.abc import Iterator

import pytest

from tests.integration.notify.desk import Bench


@pytest.fixture
def bench(any_database: str) -> Iterator[Bench]:
    """On SQLite, then on PostgreSQL."""
    made = Bench(any_database)
    yield made
    made.store.close()
