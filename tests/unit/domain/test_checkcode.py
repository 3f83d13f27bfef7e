"""The short code of a notice: as its reader types it, and what a slip does to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.checkcode import ALPHABET, CheckCodes, coded, codes_in, read

CODES = CheckCodes(b"k" * 32)
NUMBERS = st.integers(0, 2**35 - 1)


@given(NUMBERS)
def test_a_code_is_read_as_it_was_written(number):
    """Eight symbols in two groups, none of them I, L, O or U."""
    code = coded(number)

    assert read(code) == code
    assert len(code) == 9
    assert set(code) <= {*ALPHABET, "-"}


@given(NUMBERS, st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_found(number, place, symbol):
    """Whatever stands in its place."""
    symbols = list(coded(number).replace("-", ""))
    was, symbols[place] = symbols[place], symbol

    assert (read("".join(symbols)) is not None) == (symbol == was)


@given(NUMBERS, st.integers(0, 7), st.integers(0, 7))
def test_two_symbols_that_changed_places_are_found(number, one, other):
    """Neighbours or not."""
    symbols = list(coded(number).replace("-", ""))
    same = symbols[one] == symbols[other]
    symbols[one], symbols[other] = symbols[other], symbols[one]

    assert (read("".join(symbols)) is not None) == same


@pytest.mark.parametrize(
    "how", [str.lower, lambda c: c.replace("-", " "), lambda c: c.replace("-", ""), lambda c: f"  {c}\n", lambda c: c.replace("-", "–")]
)
def test_it_is_read_however_it_was_typed(how):
    """On a phone, by someone who is half awake."""
    code = CODES.of("n1")

    assert read(how(code)) == code


def test_letters_that_look_like_digits_are_read_as_those():
    """Crockford's rule: O is 0, I and L are 1; full-width letters are letters."""
    code = coded(1)
    assert code.startswith("0000-001")
    assert read("OOOO-ooI" + code[-1]) == read("0000-00l" + code[-1]) == read("００００-００１" + code[-1]) == code


@pytest.mark.parametrize("text", ["", "K7Q2", "K7Q2-M9X", "UUUU-UUUU", "K7Q2-M9XD-1", "ÄÖÜß-1234", "-", "0" * 5000, "\0" * 8, "𝟘" * 9])
def test_what_is_no_code_is_none(text):
    """Never an error."""
    assert read(text) is None


def test_codes_are_found_in_a_pasted_mail():
    """With what stands around them, each once, in their order."""
    first, second = CODES.of("n1"), CODES.of("n2")
    text = f"Notice \u2068{first}\u2069.\n#{second.replace('-', '')} [red-fox] https://exchange.example/n/abc {first}"

    assert codes_in(text) == [first, second]


def test_a_code_says_nothing_without_the_key():
    """Another key, other codes; near ids, far codes."""
    other = CheckCodes(b"o" * 32)
    names = [f"notice-{n}" for n in range(500)]

    assert CODES.of("n1") == CheckCodes(b"k" * 32).of("n1")
    assert not {CODES.of(name) for name in names} & {other.of(name) for name in names}
    assert len({CODES.of(name) for name in names}) == 500
