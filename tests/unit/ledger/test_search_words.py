"""What a terminal is told of a search."""

import pytest

from ledger.search import counted


@pytest.mark.parametrize(("count", "said"), [(0, "0 notices"), (1, "1 notice"), (2, "2 notices"), (12_345, "12,345 notices")])
def test_notices_are_counted_in_words(count: int, said: str) -> None:
    """One is one, and thousands can be read."""
    assert counted(count) == said
