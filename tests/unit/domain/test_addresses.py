"""Which addresses are the same, and which only look the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import lead, likeness, memos_alike, normal

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
        ("bitcoincash:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
        ("UQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqEBI", "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N"),
        ("EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N", "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N"),
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
        assert (first + last) * bits - 1e-9 <= found[2] <= (found[0] + found[1]) * bits + 1e-9


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


def test_letters_that_agree_but_for_their_case_tell_a_bit_less() -> None:
    """Five at the end, of which three in another case."""
    first, last, bits = likeness("TQ5nWcbAbKz8yD7rmYp2LkfVt4sHgE9uXa", "TXk3vBqLmN7rYp2sHgE9uD4fWcAzKe9UxA")

    assert (first, last) == (0, 5)
    assert bits == pytest.approx(5 * lead("T")[1] - 4)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("3120747", "3120477", True),
        ("3120747", "3120748", True),
        ("3120747", "312074", True),
        ("3120747", "31207474", True),
        ("3120747", "3120747", False),
        ("3120747", "3125749", False),
        ("1207", "1208", False),
        ("", "3120747", False),
    ],
)
def test_memos_a_slip_apart(one: str, other: str, alike: bool) -> None:
    """One character changed, missing, added, or two swapped, in memos long enough."""
    assert memos_alike(one, other) is alike
    assert memos_alike(other, one) is alike
