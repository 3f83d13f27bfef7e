"""Sets over all accounts in a real Redis: two workers see one crowd."""

from __future__ import annotations

import random

import pytest

from domain import crowd
from domain.crowd import MemoryCrowd, Window
from embedded.redis import Redis
from stores.crowd import PREFIX, RedisCrowd
from stores.redis_client import connect, connect_async

T1, T2 = ("payers", "T1"), ("payers", "T2")
NOW = 1_795_341_600.123


@pytest.fixture(autouse=True)
def _a_kind_of_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(crowd.SETS, "payers", Window(seconds=100.0, most=5))


@pytest.fixture
def empty(redis_server: Redis) -> Redis:
    connect(redis_server.url).flushall()
    return redis_server


async def test_what_one_worker_adds_another_counts(empty: Redis) -> None:
    """To the millisecond; sets that were not asked for are not there, those without members are empty."""
    client = connect_async(empty.url)
    first, second = RedisCrowd(client), RedisCrowd(client)
    await first.load([T1])
    first.add(*T1, "u1", NOW)
    first.add(*T2, "ü2", NOW + 1)
    seen_by_itself = first.count(*T1, NOW)
    await first.save()
    await second.load([T1, T2, ("payers", "T3")])
    seen = second.members(*T1, NOW), second.members(*T2, NOW + 1), second.count("payers", "T3", NOW)
    await second.load([T2])
    not_asked = second.count(*T1, NOW)
    await client.aclose()

    assert seen_by_itself == 1
    assert seen == ([("u1", NOW)], [("ü2", NOW + 1)], 0)
    assert not_asked == 0


async def test_a_batch_that_is_replayed_adds_nothing(empty: Redis) -> None:
    """The same members with the same times; an older time never takes the place of a newer one."""
    client = connect_async(empty.url)
    sets = RedisCrowd(client)
    for at in (NOW, NOW, NOW - 50):
        await sets.load([T1])
        sets.add(*T1, "u1", at)
        await sets.save()
    await sets.load([T1])
    await client.aclose()

    assert sets.members(*T1, NOW) == [("u1", NOW)]


async def test_sets_stay_small_and_go_away(empty: Redis) -> None:
    """Of many the newest stay, the old go with the next that comes, and what nobody adds to expires by itself."""
    client, look = connect_async(empty.url), connect(empty.url)
    sets = RedisCrowd(client)
    for n in range(2_500):
        sets.add(*T1, f"u{n}", NOW + n / 1_000)
    sets.add(*T2, "u1", NOW)
    await sets.save()
    many = look.zrange(PREFIX + "payers:T1", 0, -1)
    sets.add(*T1, "later", NOW + 50)
    await sets.save()
    full = look.zrange(PREFIX + "payers:T1", 0, -1)
    sets.add(*T1, "last", NOW + 150)
    await sets.save()
    await client.aclose()

    assert many == [f"u{n}".encode() for n in range(2_495, 2_500)]
    assert full == [*many[1:], b"later"]
    assert look.zrange(PREFIX + "payers:T1", 0, -1) == [b"last"]
    assert 100 < look.ttl(PREFIX + "payers:T2") <= 3_700


async def test_it_answers_as_the_sets_in_memory_do(empty: Redis) -> None:
    """A thousand random additions in batches, in time order: every count is that of a crowd that never left memory."""
    dice, client = random.Random(3), connect_async(empty.url)
    here, there, at = MemoryCrowd(), RedisCrowd(client), NOW
    for _ in range(50):
        events = []
        for _ in range(20):
            at += dice.choice([0.0, 0.5, 9.0])
            events.append((f"T{dice.randrange(4)}", f"u{dice.randrange(12)}", at))
        await there.load([("payers", key) for key, _, _ in events])
        for key, member, moment in events:
            assert there.count("payers", key, moment) == here.count("payers", key, moment)
            assert there.count("payers", key, moment, 10.0) == here.count("payers", key, moment, 10.0)
            for sets in (here, there):
                sets.add("payers", key, member, moment)
        await there.save()
    await client.aclose()
