"""Sealing: what is sealed opens at its place, with its key, unaltered, and in no other way."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.keys import Keyring
from tests.support.told import SECRET

KEYS = Keyring(SECRET)
BOX = KEYS.box("directory")


@given(st.binary(max_size=2000), st.text(max_size=40))
def test_what_is_sealed_opens(plain: bytes, row: str) -> None:
    """Any bytes, any id."""
    assert BOX.open("t", "c", row, BOX.seal("t", "c", row, plain)) == plain


@given(st.integers(min_value=0), st.integers(1, 255))
def test_one_changed_bit_is_noticed(position: int, change: int) -> None:
    """Wherever it is: version, nonce, ciphertext, tag."""
    sealed = bytearray(BOX.seal("t", "c", "r", b"mei@mail.example"))
    sealed[position % len(sealed)] ^= change

    with pytest.raises(ValueError, match=r"altered|not a sealed value"):
        BOX.open("t", "c", "r", bytes(sealed))


@pytest.mark.parametrize("place", [("u", "c", "r"), ("t", "d", "r"), ("t", "c", "s"), ("t", "cr", ""), ("", "tc", "r")])
def test_a_value_put_elsewhere_does_not_open(place: tuple[str, str, str]) -> None:
    """Table, column and row are bound in."""
    with pytest.raises(ValueError, match="altered"):
        BOX.open(*place, BOX.seal("t", "c", "r", b"x"))


def test_purposes_and_secrets_have_keys_of_their_own() -> None:
    """What one box sealed another can't open."""
    sealed = BOX.seal("t", "c", "r", b"x")

    for other in (KEYS.box("inbox"), Keyring(SECRET + ".").box("directory")):
        with pytest.raises(ValueError, match="altered"):
            other.open("t", "c", "r", sealed)
    assert Keyring(SECRET).box("directory").open("t", "c", "r", sealed) == b"x"


def test_the_same_value_is_sealed_differently_each_time() -> None:
    """So that equal contacts can't be told by equal bytes."""
    assert len({BOX.seal("t", "c", "r", b"x") for _ in range(100)}) == 100


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x00" * 40, b"\x02" * 40])
def test_what_never_was_sealed_is_refused(sealed: bytes) -> None:
    """Empty, too short, of another version."""
    with pytest.raises(ValueError, match="not a sealed value"):
        BOX.open("t", "c", "r", sealed)


def test_without_a_secret_there_is_no_keyring() -> None:
    """In words that name the setting."""
    with pytest.raises(ValueError, match="VIGIL_SECRET_KEY is not set"):
        Keyring("")


def test_a_users_key_is_bound_to_its_row() -> None:
    """User, key id, partition and time: each changed column is noticed; what the key sealed opens after unwrapping anew."""
    row = KEYS.new_user_key("u7", 3, 1_000)
    sealed = KEYS.user_box(row).seal("t", "c", "r", b"words")

    assert Keyring(SECRET).user_box(row).open("t", "c", "r", sealed) == b"words"
    for changed in ({"user_id": "u8"}, {"key_id": "0"}, {"partition": 4}, {"created_at": 1_001}):
        with pytest.raises(ValueError, match="altered"):
            KEYS.user_box(msgspec.structs.replace(row, **changed))


def test_seals_keep_their_parts_apart() -> None:
    """`ab`, `c` isn't `a`, `bc`; a number isn't its neighbour."""
    seals = [
        KEYS.seal("ab", "c"),
        KEYS.seal("a", "bc"),
        KEYS.seal("abc"),
        KEYS.seal("a", 1, 23),
        KEYS.seal("a", 12, 3),
        KEYS.seal("a", b"123"),
    ]

    assert len(set(seals)) == 6
    assert {len(s) for s in seals} == {25}
