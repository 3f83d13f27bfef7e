"""Profiles in a real Redis: what a worker that keeps them in memory must notice."""

import pytest

from embedded.redis import Redis
from stores.redis_client import connect, connect_async
from stores.redis_profiles import RedisProfiles, erase


async def test_an_emptied_redis_is_noticed_by_every_worker(redis_server: Redis) -> None:
    """By the one that left its mark there, too; once, not for ever."""
    first, second = RedisProfiles(connect_async(redis_server.url)), RedisProfiles(connect_async(redis_server.url))
    before = [await first.same(), await second.same(), await first.same()]
    connect(redis_server.url).flushall()
    after = [await first.same(), await second.same(), await first.same(), await second.same()]
    await first.close()
    await second.close()

    assert before == [True, True, True]
    assert after == [False, False, True, True]


@pytest.mark.parametrize("emptied", [False, True])
async def test_an_erased_user_is_named_once_and_nothing_is_left_of_him(redis_server: Redis, emptied: bool) -> None:
    """Also what a batch under way wrote after the erasure; and when the count of erasures began anew."""
    client = connect(redis_server.url)
    profiles = RedisProfiles(connect_async(redis_server.url))
    await profiles.save({"u1": b"one", "u2": b"two"})
    await profiles.same()
    for name in ("u7", "u8", "u9"):
        erase(client, name)
    before = await profiles.erased({"u1", "u2"})
    if emptied:
        client.flushall()
        await profiles.save({"u2": b"two"})
    erase(client, "u1")
    at_once = client.get("vigil:profile:u1")
    await profiles.save({"u1": b"one"})
    await profiles.same()

    named = [await profiles.erased({"u1", "u2"}), await profiles.erased({"u1", "u2"})]
    left = await profiles.load(["u1", "u2"])
    await profiles.close()

    assert (before, at_once, named) == ([], None, [["u1"], []])
    assert left == {"u1": None, "u2": b"two"}
