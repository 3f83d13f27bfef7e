"""Profiles in a real Redis: what a worker that keeps them in memory must notice."""

import pytest

from embedded.redis import Redis
from stores.redis_client import connect, connect_async
from stores.redis_profiles import Fenced, RedisProfiles, erase


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


async def test_who_no_longer_owns_a_partition_writes_nothing_of_it(redis_server: Redis) -> None:
    """A worker that was paused for too long: what the new owner learned stays; of its other partitions everything is written."""
    paused, now = RedisProfiles(connect_async(redis_server.url)), RedisProfiles(connect_async(redis_server.url))
    for partition in (0, 1):
        await paused.claim(partition)
    await paused.save({"u0": b"old", "u1": b"old"}, {"u0": 0, "u1": 1})
    await now.claim(1)
    await now.save({"u1": b"new"}, {"u1": 1})

    with pytest.raises(Fenced, match=r"^1$"):
        await paused.save({"u0": b"later", "u1": b"later"}, {"u0": 0, "u1": 1})
    found = await now.load(["u0", "u1"])
    paused.disclaim()
    with pytest.raises(Fenced, match=r"^0$"):
        await paused.save({"u0": b"much later"}, {"u0": 0})
    await paused.close()
    await now.close()

    assert found == {"u0": b"later", "u1": b"new"}


async def test_profiles_are_written_although_redis_forgot_its_scripts(redis_server: Redis) -> None:
    """As after a restart: the script is loaded again."""
    profiles = RedisProfiles(connect_async(redis_server.url))
    await profiles.claim(0)
    await profiles.save({"u0": b"one"}, {"u0": 0})
    connect(redis_server.url).script_flush()
    await profiles.save({"u0": b"two"}, {"u0": 0})
    found = await profiles.load(["u0"])
    await profiles.close()

    assert found == {"u0": b"two"}
