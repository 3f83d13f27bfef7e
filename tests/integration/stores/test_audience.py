"""The audience of announcements in a real Redis: everyone in the directory, and what profiles say that they hold and have open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from domain.events.user import User
from domain.habits.positions import Order, Positions
from domain.profile import UserState, encode
from embedded.redis import Redis
from ledger.keys import Keyring
from stores.audience import RedisAudience
from stores.directory import RedisDirectory
from stores.redis_client import connect
from stores.redis_profiles import PREFIX
from tests.support.told import SECRET


@pytest.fixture
def parts(redis_server: Redis) -> Iterator[tuple[RedisAudience, RedisDirectory, Any]]:
    client = connect(redis_server.url)
    directory = RedisDirectory(client, Keyring(SECRET).box("directory"))
    yield RedisAudience(client, directory), directory, client
    client.close()


def profile(**positions: Any) -> bytes:
    state = UserState()
    state.habits.positions = Positions(**positions)
    return encode(state)


def test_everyone_in_the_directory_is_found_once_asked(parts: tuple[RedisAudience, RedisDirectory, Any]):
    """More than one page of them, beside keys of other kinds; ids may have any characters."""
    audience, directory, client = parts
    names = [*(f"u{n}" for n in range(2500)), "u/5 5", "用户", "vigil:user:x"]
    directory.put_many([User(user_id=name) for name in names])
    directory.mark_loaded()
    client.mset({f"vigil:profile:p{n}": b"x" for n in range(3000)})

    found = [user.user_id for users in audience.users() for user in users]
    assert set(found) == set(names)


def test_positions_are_read_from_profiles(parts: tuple[RedisAudience, RedisDirectory, Any]):
    """Of those who have one that can be read; a damaged one is as if there were none."""
    audience, _, client = parts
    client.set(PREFIX + "u1", profile(assets={"BTC": 1.5}, orders=[Order(1, "ETH-USDT", 2.0)]))
    client.set(PREFIX + "u2", b"\xff not a profile")
    client.set(PREFIX + "u3", profile())

    found = audience.positions([f"u{n}" for n in range(1, 1200)])
    assert set(found) == {"u1", "u3"}
    assert found["u1"].held() == {"BTC"}
    assert found["u1"].open_markets() == ["ETH-USDT"]


def test_who_was_erased_is_found_no_more(parts: tuple[RedisAudience, RedisDirectory, Any]):
    """Neither among all nor by name."""
    audience, directory, _ = parts
    directory.put_many([User(user_id="u1"), User(user_id="u2")])
    directory.erase("u1")

    assert [user.user_id for users in audience.users() for user in users] == ["u2"]
    assert audience.some(["u1", "u2"])["u1"] is None
