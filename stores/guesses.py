"""Counts of wrong guesses in Redis: all consoles together fill one bucket a client, which empties again with time."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from math import ceil
from typing import Any

import redis.asyncio

from domain.ports import Unavailable
from stores.redis_client import answering

PREFIX = "vigil:guesses:"
ANSWER_SECONDS = 0.5
"""A page doesn't wait longer for a count."""
AWAY_SECONDS = 5.0
"""Once Redis didn't answer, it isn't asked again for so long: not every reader has to wait."""

_TAKE = """
local clock = redis.call('TIME')
local now, rate, more = tonumber(clock[1]) + tonumber(clock[2]) / 1000000, tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = 0
if kept[1] and kept[2] then
  level = math.max(0, tonumber(kept[1]) - math.max(0, now - tonumber(kept[2])) * rate)
end
if more >= 0 and level + 1 > tonumber(ARGV[1]) then return tostring((level + 1 - tonumber(ARGV[1])) / rate) end
if more ~= 0 then
  level = math.max(0, level + more)
  if level == 0 then
    redis.call('DEL', KEYS[1])
  else
    redis.call('HSET', KEYS[1], 'level', string.format('%.6f', level), 'at', string.format('%.6f', now))
    redis.call('PEXPIRE', KEYS[1], math.ceil(level / rate * 1000) + 1000)
  end
end
return '0'
"""


class RedisGuesses:
    """For one event loop. Raises Unavailable while Redis doesn't answer. `key`: who is counted doesn't stand in Redis in plain words."""

    def __init__(self, client: redis.asyncio.Redis, key: bytes, clock: Callable[[], float] = time.monotonic):
        self._script: Any = client.register_script(_TAKE)
        self._key, self._clock = key, clock
        self._away_until = 0.0

    async def take(self, name: str, client: str, burst: int, per_second: float, more: int) -> int:
        """Puts `more` (0: only looks; -1: takes one back) into the client's bucket of this name and says 0; or, where it is full, the
        seconds until it isn't, and puts nothing in. One step in Redis: whoever asks at once is counted one after the other."""
        if self._clock() < self._away_until:
            raise Unavailable("Redis did not answer a moment ago")
        mark = hashlib.blake2b(client.encode("utf-8", "replace"), key=self._key, digest_size=16).hexdigest()
        try:
            with answering():
                async with asyncio.timeout(ANSWER_SECONDS):
                    said = await self._script(keys=[f"{PREFIX}{name}:{mark}"], args=[burst, per_second, more])
        except Unavailable:
            self._away_until = self._clock() + AWAY_SECONDS
            raise
        return ceil(float(said))
