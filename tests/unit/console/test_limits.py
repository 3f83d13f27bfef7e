"""Who is counted as one when guesses are limited."""

from __future__ import annotations

import pytest

from console.limits import Guesses, folded


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("from 2001:db8:1:2::9", "from 2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("user:7", "user:7"),
        ("as ana", "as ana"),
        ("", ""),
    ],
)
def test_a_network_of_one_reader_is_one_client(client, counted):
    """Who has 2^64 addresses isn't 2^64 guessers."""
    assert folded(client) == counted


def test_another_address_of_the_same_network_is_no_fresh_start():
    """Another network is."""
    guesses = Guesses(2, 0.001, lambda: 0.0)
    for host in range(2):
        guesses.wrong(f"2001:db8::{host:x}")

    assert not guesses.allowed("2001:db8::beef")
    assert guesses.allowed("2001:db8:0:1::1")
    assert guesses.retry_after("2001:db8::1") == 1000


def test_it_forgets_with_time_and_the_longest_unseen():
    """One guess is forgiven after so long; memory has an end."""
    at = [0.0]
    guesses = Guesses(1, 0.5, lambda: at[0], clients=2)
    guesses.wrong("a")
    blocked = guesses.allowed("a")
    at[0] = 1.0
    forgiven = guesses.allowed("a")
    for name in "abc":
        guesses.wrong(name)

    assert (blocked, forgiven) == (False, True)
    assert len(guesses._wrong) == 2
