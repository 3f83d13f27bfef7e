"""Which addresses are the same, and which only look the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import lead, likeness, normal

HEX = st.text("0123456789abcdef", min_size=40, max_size=40).map(lambda s: "0x" + s)
BASE58 = st.text("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", min_size=33, max_size=33).map(lambda s: "T" + s)
BECH32 = st.text("023456789acdefghjklmnpqrstuvwxyz", min_size=38, max_size=38).map(lambda s: "bc1q" + s)
ADDRESS = st.one_of(HEX, BASE58, BECH32)


@pytest.mark.parametrize(
    ("written", "spelling"),
    [
        ("0x52908400098527886E0F7030069857D2E4169EE7", "0x52908400098527886e0f7030069857d2e4169ee7"),
        ("BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
        ("TQ5nWcbAbKz8yD7rmYp2LkfVt4sHgE9uXa", "TQ5nWcbAbKz8yD7rmYp2LkfVt4sHgE9uXa"),
        ("  1BoatSLRHtKNngkdXEeobR76b53LETtpyT ", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"),
        ("0xnothex", "0xnothex"),
        ("", ""),
    ],
)
def test_case_counts_only_where_the_network_says_so(written: str, spelling: str) -> None:
    """Hex and bech32 are the same in capitals; base58 isn't."""
    assert normal(written) == spelling


@pytest.mark.parametrize(
    ("address", "start"),
    [
        ("0x52908400098527886e0f7030069857d2e4169ee7", 2),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", 4),
        ("cosmos1qnk2n4nlkpw9xfqntladh74w6ujtulwnmxnh3k", 7),
        ("TQ5nWcbAbKz8yD7rmYp2LkfVt4sHgE9uXa", 1),
        ("rExchangeShared11111111111111111", 1),
    ],
)
def test_the_beginning_that_everyone_shares(address: str, start: int) -> None:
    """0x, bc1q, T: it tells nothing."""
    assert lead(address)[0] == start


@given(ADDRESS)
def test_an_address_is_never_like_itself(address: str) -> None:
    """Equal is not alike."""
    assert likeness(normal(address), normal(address)) == (0, 0, 0.0)


@given(ADDRESS, ADDRESS)
def test_likeness_is_mutual(one: str, other: str) -> None:
    """Whichever is known first."""
    assert likeness(normal(one), normal(other)) == likeness(normal(other), normal(one))


@given(ADDRESS, st.integers(1, 6), st.integers(4, 6), st.data())
def test_an_address_made_to_resemble_another_shows_how_much(address: str, first: int, last: int, data: st.DataObject) -> None:
    """At least the characters that were copied at either end are counted, and the bits follow."""
    start, bits = lead(address)
    alphabet = {2: "0123456789abcdef", 4: "023456789acdefghjklmnpqrstuvwxyz"}.get(start, "123456789ABCDEFGHJKLMNPQRSTUVWXYZ")
    middle = len(address) - start - first - last
    fake = address[: start + first] + data.draw(st.text(alphabet, min_size=middle, max_size=middle)) + address[-last:]

    found = likeness(normal(fake), normal(address))

    if fake != address:
        assert found[0] >= first
        assert found[1] >= last
        assert found[2] == pytest.approx((found[0] + found[1]) * bits)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0x52908400098527886e0f7030069857d2e4169ee7", "TQ5nWcbAbKz8yD7rmYp2LkfVt4sHgE9uXa"),
        ("TQ5nWcbAbKz8yD7rmYp2LkfVt4sHgE9uXa", "1Q5nWcbAbKz8yD7rmYp2LkfVt4sHgE9uXa"),
        ("TQ5nWcbAbKz8", "TQ5nWcbAbKz8yD7rmYp2"),
        ("", "T"),
    ],
)
def test_other_networks_and_cut_addresses_are_not_alike(one: str, other: str) -> None:
    """What differs in kind, or nowhere in the middle, is no imitation."""
    assert likeness(one, other) == (0, 0, 0.0)
