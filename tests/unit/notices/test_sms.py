"""How many segments a text message takes."""

from __future__ import annotations

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from notices.compose.sms import fit, measure, plain

ALPHABET = st.text(st.sampled_from("abcÄöé€[]{}^|\\~\f\nΩ@_ 中é🦊’"), max_size=400)


@given(ALPHABET)
def test_segments_are_counted_as_others_count_them(text):
    """Cross-checked with another implementation, over escapes and surrogate pairs at every boundary."""
    assert measure(text).segments == max(1, len(smsutil.split(text).parts))


@pytest.mark.parametrize(
    ("text", "segments"),
    [("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2), ("中" * 70, 1), ("中" * 71, 2), ("中" * 134, 2), ("中" * 135, 3),
     ("🦊" * 35, 1), ("🦊" * 36, 2), ("🦊" * 66, 2), ("🦊" * 67, 3)],
)  # fmt: skip
def test_the_limits_of_both_encodings(text, segments):
    """160/153 and 70/67; escapes and surrogate pairs count twice and are not cut."""
    assert measure(text).segments == segments


def test_typography_is_made_plain():
    """One no-break space or curly quote would turn 160 characters into 70."""
    assert plain("1\u202f250,50\u00a0€ ‘x’ “y” … \u2068z\u2069") == "1 250,50 € 'x' \"y\" ... z"


def test_the_longest_wording_that_fits_is_taken():
    """And the shortest where none does: a message that is too long beats none."""
    assert fit(["a" * 400, "b" * 300, "c"]) == ("b" * 300, 1)
    assert fit(["a" * 400, "b" * 350]) == ("b" * 350, 1)
    with pytest.raises(ValueError, match="no wording"):
        fit([])
