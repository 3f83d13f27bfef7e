"""What a pasted message names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.checkcode import CheckCodes
from notices.checking import MOST, named_in, ours

CODES = CheckCodes(b"c" * 32)
ID = "0d3bd42a-88a8-5a36-8f3e-2d9a40c0b8a1"
HOME = "https://notices.exchange.example"


def test_ids_and_codes_are_found_among_words():
    """An id in capitals is the same id; a code in an id is none."""
    named = named_in(f"X-Vigil-Notice: {ID.upper()}\nour code {CODES.of('n1')}", HOME)

    assert named.ids == [ID]
    assert CODES.of("n1") in named.codes


def test_only_the_users_own_notices_are_found():
    """By id or by code."""
    named = named_in(f"{ID} {CODES.of('mine')} {CODES.of('not mine')}", HOME)

    assert ours(named, ["mine", "other", ID], CODES) == ["mine", ID]


def test_our_own_host_is_not_elsewhere():
    """Nor its name in capitals; but every other, and what only looks like it."""
    text = "https://NOTICES.exchange.example/n/1 https://notices.exchange.example.evil.test/ http://evil.test. http://[::1]:8080/"

    assert named_in(text, HOME).elsewhere[:2] == ["notices.exchange.example.evil.test", "evil.test"]


@given(st.text(max_size=3000))
def test_any_text_can_be_pasted(text):
    """Never an error, never more than a few of each."""
    named = named_in(text, HOME)

    assert len(named.ids) <= MOST
    assert len(named.codes) <= 50
    assert len(named.elsewhere) <= MOST
