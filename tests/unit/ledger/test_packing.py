"""What is sealed is packed first, and what an earlier version packed still opens."""

import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.packing import pack, unpack


@given(st.binary(max_size=5_000))
def test_what_is_packed_comes_back(plain):
    """Any bytes, none included."""
    assert unpack(pack(plain)) == plain


@given(st.binary(max_size=5_000))
def test_what_an_earlier_version_packed_still_opens(plain):
    """A zlib stream, as ledgers begun before hold them."""
    assert unpack(zlib.compress(plain, 1)) == plain


def test_many_threads_pack_at_once():
    """Each with a packer of its own: none gets another's bytes."""
    texts = [f"{n} ".encode() * 2_000 for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: unpack(pack(text)), texts)) == texts


@pytest.mark.parametrize("wrong", [b"", b"neither", b"\x28\xb5\x2f\xfdcut"])
def test_what_was_never_packed_is_an_error_in_words(wrong):
    """As for every other altered content."""
    with pytest.raises(ValueError, match="not a packed content"):
        unpack(wrong)
