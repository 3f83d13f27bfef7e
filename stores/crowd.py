"""What many accounts have in common, in Redis: sorted sets by event time, shared by all workers.

A batch reads the sets of its events in one round trip and adds to them in another; in between it sees its own additions. Adding is
idempotent, so it is done before the profiles are written: a batch that is replayed adds the same members with the same times.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from redis.asyncio import Redis

from domain.crowd import SETS, MemoryCrowd
from stores.redis_client import answering

PREFIX = "vigil:crowd:"
CHUNK = 1_000
"""Sets a script: one command must not hold Redis for long."""
SLACK = 3_600.0
"""Seconds of the clock that a set is kept beyond its window of event time: a worker may have been away."""

# One string in, one string out: thousands of small sets cost the client next to nothing.
_READ = """
local found = {}
for i, key in ipairs(cmsgpack.unpack(ARGV[1])) do
  local members = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  if #members > 0 then found[#found + 1] = i - 1; found[#found + 1] = members end
end
return #found > 0 and cmsgpack.pack(found) or ''
"""
_ADD = """
for _, set in ipairs(cmsgpack.unpack(ARGV[1])) do
  local key, seconds, most, expire, members = set[1], set[2], set[3], set[4], set[5]
  for i = 1, #members, 1000 do
    redis.call('ZADD', key, 'GT', unpack(members, i, math.min(i + 999, #members)))
  end
  local newest = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2]
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.6f', newest - seconds))
  redis.call('ZREMRANGEBYRANK', key, 0, -1 - most)
  redis.call('EXPIRE', key, expire)
end
"""
_ENCODE = msgspec.msgpack.Encoder()
_FOUND: msgspec.msgpack.Decoder[list[Any]] = msgspec.msgpack.Decoder(list[int | list[str]])


class RedisCrowd(MemoryCrowd):
    """domain.crowd.Crowd over the sets that were loaded. `load` and `save` raise Unavailable when Redis does not answer."""

    def __init__(self, client: Redis):
        super().__init__()
        self._client = client
        self._added: dict[tuple[str, str], dict[str, float]] = {}

    def add(self, kind: str, key: str, member: str, at: float) -> None:
        """See Crowd."""
        super().add(kind, key, member, at)
        added = self._added.setdefault((kind, key), {})
        added[member] = max(at, added.get(member, at))

    async def load(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Knows these sets as they are in Redis now, and no others; what was added and not saved is forgotten."""
        names = list(dict.fromkeys(wanted))
        self.sets, self._added = {}, {}
        for start in range(0, len(names), CHUNK):
            part = names[start : start + CHUNK]
            with answering():
                found: Any = await self._client.eval(_READ, 0, _ENCODE.encode([_name(kind, key) for kind, key in part]))
            if found:
                answer = _FOUND.decode(found)
                for place, flat in zip(answer[::2], answer[1::2], strict=True):
                    self.sets[part[place]] = dict(zip(flat[::2], map(float, flat[1::2]), strict=True))

    async def save(self) -> None:
        """Writes what was added. Can be called again when it failed."""
        names = list(self._added)
        for start in range(0, len(names), CHUNK):
            rows = []
            for kind, key in names[start : start + CHUNK]:
                window = SETS[kind]
                flat: list[float | str] = []
                for member, at in self._added[kind, key].items():
                    flat += at, member
                rows.append((_name(kind, key), window.seconds, window.most, int(window.seconds + SLACK), flat))
            with answering():
                await self._client.eval(_ADD, 0, _ENCODE.encode(rows))
        self._added = {}


def _name(kind: str, key: str) -> str:
    return f"{PREFIX}{kind}:{key}"
