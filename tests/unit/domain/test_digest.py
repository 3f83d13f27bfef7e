"""Digests are the same for good."""

from __future__ import annotations

from hashlib import blake2b

import pytest

from domain.digest import digest
from domain.habits.login import fingerprint


@pytest.mark.parametrize("text", ["", "t-1", "0xAbC", "名前" * 500])
def test_a_digest_is_blake2b(text: str) -> None:
    """What profiles hold is found again, whatever was digested before."""
    digest("something else")

    assert digest(text) == blake2b(text.encode(), digest_size=8).digest()
    assert fingerprint(text) == int.from_bytes(digest(text), "big") >> 1


def test_a_lone_surrogate_has_one() -> None:
    """An exchange may send half a character."""
    assert digest("\ud800") != digest("\ud801")
