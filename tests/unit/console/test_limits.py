"""Who is counted as one when guesses are limited."""

from __future__ import annotations

import pytest

from console.limits import Bucket, Guesses, folded, take_all
from domain.ports import Unavailable


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
        ("as " + "a" * 60_000, "as " + "a" * 197),
        ("", ""),
    ],
)
def test_a_network_of_one_reader_is_one_client(client, counted):
    """Who has 2^64 addresses isn't 2^64 guessers."""
    assert folded(client) == counted


def test_another_address_of_the_same_network_is_no_fresh_start():
    """Another network is."""
    guesses = Bucket(2, 0.001, lambda: 0.0)
    for host in range(2):
        guesses.add(f"2001:db8::{host:x}", 1)

    assert guesses.wait("2001:db8::beef") == 1000
    assert guesses.wait("2001:db8:0:1::1") == 0


def test_it_forgets_with_time_and_the_longest_unseen():
    """One guess is forgiven after so long; memory has an end."""
    at = [0.0]
    guesses = Bucket(1, 0.5, lambda: at[0], clients=2)
    guesses.add("a", 1)
    blocked = guesses.wait("a")
    at[0] = 2.0
    forgiven = guesses.wait("a")
    for name in "abc":
        guesses.add(name, 1)

    assert (blocked, forgiven) == (2, 0)
    assert len(guesses._wrong) == 2


class Elsewhere:
    """What the other consoles counted: `full` for how many seconds; None: Redis is away."""

    def __init__(self, full: int | None):
        self.full = full
        self.taken: list[tuple[str, str, int]] = []

    async def take(self, name: str, client: str, burst: int, per_second: float, more: int) -> int:
        if self.full is None:
            raise Unavailable("Redis is away")
        if self.full == 0 or more < 0:
            self.taken.append((name, client, more))
        return 0 if more < 0 else self.full


async def test_what_other_consoles_counted_holds_here():
    """Though nobody guessed here; and what isn't allowed isn't counted."""
    guesses = Guesses(2, 1.0, lambda: 0.0)
    guesses.share("link", Elsewhere(7))

    assert [await guesses.take("a"), await guesses.wait("a")] == [7, 7]
    guesses.share("link", Elsewhere(0))
    assert [await guesses.take("a"), await guesses.take("a"), await guesses.take("a")] == [0, 0, 1]


async def test_while_redis_is_away_each_console_counts_by_itself():
    """From where it was: an outage is no fresh start."""
    guesses, there = Guesses(2, 1.0, lambda: 0.0), Elsewhere(0)
    guesses.share("link", there)
    await guesses.take("2001:db8::1")
    there.full = None

    assert [await guesses.take("2001:db8::2"), await guesses.take("2001:db8::3")] == [0, 1]
    assert there.taken == [("link", "2001:db8::/64", 1)]


async def test_of_several_limits_all_are_counted_or_none():
    """Who is held up by one doesn't use up the other."""
    by_user, by_address = Guesses(5, 1.0, lambda: 0.0), Guesses(1, 1.0, lambda: 0.0)
    both = [(by_user, "u7"), (by_address, "203.0.113.7")]

    assert [await take_all(both) for _ in range(9)] == [0] + [1] * 8
    assert [await by_user.take("u7") for _ in range(5)] == [0, 0, 0, 0, 1]


async def test_what_was_no_wrong_guess_is_given_back():
    """However often one signs in."""
    guesses = Guesses(1, 0.01, lambda: 0.0)
    for _ in range(3):
        assert await guesses.take("as ana") == 0
        await guesses.give_back("as ana")
