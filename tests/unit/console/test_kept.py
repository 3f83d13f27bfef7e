"""What takes long to read is kept."""

from __future__ import annotations

import asyncio

from console.kept import MOST, Kept


class Slow:
    """Something that takes so many seconds to read, and the clock that says so."""

    def __init__(self, seconds: float):
        self.seconds, self.at, self.reads = seconds, 0.0, 0

    def clock(self) -> float:
        return self.at

    def read(self) -> int:
        self.at += self.seconds
        self.reads += 1
        return self.reads


async def test_what_took_long_is_kept_ten_times_as_long():
    """Then it is read again."""
    slow = Slow(3.0)
    kept = Kept(slow.clock)
    first = [await kept.get("a", slow.read) for _ in range(3)]
    slow.at = 29.9
    still = await kept.get("a", slow.read)
    slow.at = 30.0

    assert (first, still, await kept.get("a", slow.read)) == ([1, 1, 1], 1, 2)


async def test_what_is_quick_is_read_each_time():
    """Unless it is wanted otherwise."""
    quick = Slow(0.01)
    kept = Kept(quick.clock)

    assert [await kept.get("a", quick.read) for _ in range(3)] == [1, 2, 3]
    assert [await kept.get("b", quick.read, 1.0) for _ in range(3)] == [4, 4, 4]


async def test_who_asks_at_once_shares_the_work():
    """And an error is nobody's but who read."""
    slow = Slow(3.0)
    kept = Kept(slow.clock)

    assert await asyncio.gather(*(kept.get("a", slow.read) for _ in range(5))) == [1] * 5


async def test_memory_has_an_end():
    """The oldest goes."""
    slow = Slow(1.0)
    kept = Kept(lambda: 0.0)
    for name in range(MOST + 5):
        await kept.get(name, slow.read, 1.0)

    assert (len(kept._made), len(kept._reading)) == (MOST, MOST)
