"""Profiles in Redis: one value a user, written by the worker that owns the user's partition and by no other."""

from __future__ import annotations

import secrets
from collections.abc import Container, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from domain.ports import Unavailable
from stores.redis_client import answering

PREFIX = "vigil:profile:"
OWNER = "vigil:profile-owner:"
DAMAGED = "vigil:profile-damaged:"
MARK = "vigil:profiles"
ERASED = "vigil:profiles-erased"
ERASURES = "vigil:profiles-erasures"
CHUNK = 500
"""Profiles a command: a script's arguments are bounded, and one command must not hold Redis for long."""
KEEP_DAMAGED = 30 * 86_400

# A worker that was stopped for longer than its session (a paused machine) and goes on must not write what it knew over what the new owner
# has learned since. No owner: Redis was emptied, and who writes first is the one.
_SAVE = """
local owner = redis.call('GET', KEYS[1])
if owner == false then redis.call('SET', KEYS[1], ARGV[1]) elseif owner ~= ARGV[1] then return 0 end
local pairs_ = {}
for i = 2, #KEYS do pairs_[#pairs_ + 1] = KEYS[i]; pairs_[#pairs_ + 1] = ARGV[i] end
redis.call('MSET', unpack(pairs_))
return 1
"""

# The worker that owns the user has the profile in its cache and would write it back: it reads here, by a number that only grows, who was
# erased since it looked last. Names are kept for a day after the latest, and 100,000 at most.
_ERASE = """
redis.call('DEL', KEYS[3], KEYS[4])
redis.call('ZADD', KEYS[1], redis.call('INCR', KEYS[2]), ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -100001)
redis.call('EXPIRE', KEYS[1], 86400)
"""


def erase(client: Any, user_id: str) -> None:
    """Deletes what was learned of a user, and tells the workers (synchronous client). Raises Unavailable when Redis does not answer."""
    with answering():
        client.eval(_ERASE, 4, ERASED, ERASURES, PREFIX + user_id, DAMAGED + user_id, user_id)


class Fenced(Exception):
    """Another worker owns these partitions by now: nothing of them was written."""


class RedisProfiles:
    """domain.ports.ProfileStore, with ownership by partition. Every method raises Unavailable when Redis does not answer."""

    def __init__(self, client: Redis):
        self._client = client
        self._script: str | None = None
        self._tokens: dict[int, str] = {}
        self._erasures = 0.0
        self._seen: tuple[str, str] | None = None

    async def load(self, user_ids: Sequence[str]) -> dict[str, bytes | None]:
        """Encoded profiles; None where there is none."""
        found: dict[str, bytes | None] = {}
        with answering():
            for start in range(0, len(user_ids), CHUNK):
                part = user_ids[start : start + CHUNK]
                values: list[Any] = await self._client.mget([PREFIX + user for user in part])
                found.update(zip(part, values, strict=True))
        return found

    async def save(self, states: Mapping[str, bytes], places: Mapping[str, int] | None = None) -> None:
        """Writes all. `places`: partition of each user, claimed before; raises Fenced when someone else has claimed one of them since: of
        that nothing is written, of the others all."""
        if places is None:
            names = list(states)
            with answering():
                for start in range(0, len(names), CHUNK):
                    await self._client.mset({PREFIX + user: states[user] for user in names[start : start + CHUNK]})
            return
        owned: dict[int, list[str]] = {}
        for user in states:
            owned.setdefault(places[user], []).append(user)
        if given_up := owned.keys() - self._tokens.keys():
            raise Fenced(", ".join(map(str, sorted(given_up))))
        calls: list[tuple[list[str], list[str | bytes]]] = []
        for partition, users in owned.items():
            for start in range(0, len(users), CHUNK):
                part = users[start : start + CHUNK]
                keys = [f"{OWNER}{partition}", *(PREFIX + user for user in part)]
                calls.append((keys, [self._tokens[partition], *(states[user] for user in part)]))
        with answering():
            written = await self._run(calls)
        if not all(written):
            lost = {keys[0].removeprefix(OWNER) for (keys, _), done in zip(calls, written, strict=True) if not done}
            raise Fenced(", ".join(sorted(lost)))

    async def claim(self, partition: int) -> None:
        """This worker owns the partition from now on. To be called before anything of it is loaded."""
        if partition in self._tokens:
            return
        token = secrets.token_hex(8)
        with answering():
            await self._client.set(f"{OWNER}{partition}", token)
        self._tokens[partition] = token

    def disclaim(self) -> None:
        """This worker owns nothing any more, until it claims again."""
        self._tokens.clear()

    async def same(self) -> bool:
        """False when Redis was restarted or emptied since the last call: what it holds may be older than what this worker knows."""
        with answering():
            # A new one each time: what this worker set before, and Redis has lost, must not look like what it holds now.
            await self._client.set(MARK, secrets.token_hex(8), nx=True)
            mark: Any = await self._client.get(MARK)
            info = await self._client.info("server")
        before, self._seen = self._seen, ((mark or b"").decode(), str(info.get("run_id")))
        same = before is None or before == self._seen
        if not same:
            self._erasures = 0.0  # the count may have begun anew
        return same

    async def erased(self, among: Container[str]) -> list[str]:
        """Those `among` the users erased since this was asked last. What was written of them meanwhile is deleted."""
        with answering():
            found: Any = await self._client.zrangebyscore(ERASED, f"({self._erasures:.0f}", "+inf", withscores=True)
            gone = [user for name, _ in found if (user := name.decode()) in among]
            for start in range(0, len(gone), CHUNK):
                await self._client.delete(*(PREFIX + user for user in gone[start : start + CHUNK]))
        self._erasures = found[-1][1] if found else self._erasures
        return gone

    async def set_aside(self, user_id: str, data: bytes) -> None:
        """Keeps bytes that could not be read, for whoever looks into it; gone after 30 days."""
        with answering():
            await self._client.set(DAMAGED + user_id, data, ex=KEEP_DAMAGED)

    async def close(self) -> None:
        await self._client.aclose()

    async def _run(self, calls: Sequence[tuple[list[str], list[str | bytes]]]) -> list[bool]:
        """The script with each of these keys and values, sent together."""
        for _ in range(2):
            if self._script is None:
                self._script = await self._client.script_load(_SAVE)
            pipeline = self._client.pipeline(transaction=False)
            for keys, values in calls:
                pipeline.evalsha(self._script, len(keys), *keys, *values)
            try:
                return [bool(done) for done in await pipeline.execute()]
            except NoScriptError:  # Redis was restarted or its scripts flushed; what was written is written again
                self._script = None
        raise Unavailable("Redis: forgets its scripts")
