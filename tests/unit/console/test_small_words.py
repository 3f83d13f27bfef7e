"""Small values in the console's pages."""

from __future__ import annotations

from console.html import duration, masked, number, short, utc
from tests.support.console import OWNER_EMAIL, OWNER_PHONE


def test_small_words():
    """Times, numbers and masks as people read them."""
    assert [duration(s) for s in (0.42, 12.0, 300.0, 7200.0, 200_000.0)] == ["0.4 s", "12 s", "5 min", "2 h", "2 d"]
    assert [number(n) for n in (1284, 1284.0, 0.25, None)] == ["1,284", "1,284", "0.2", "–"]
    assert short("a" * 40, 4, 4) == "aaaa…aaaa"
    assert short("abcdefgh", 4, 0) == "abcd…"
    assert [masked(c) for c in (OWNER_EMAIL, OWNER_PHONE, None, "12345")] == ["m••••@mail.example", "+31 •••• 12", "none", "••••"]
    assert utc(None) == '<span class="muted">never</span>'
