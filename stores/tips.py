"""What the tips' schedule has of Redis: whose turn it is to look through the users, and what their profiles say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import redis

from domain import profile
from domain.profile import UserState
from stores.redis_client import answering
from stores.redis_profiles import CHUNK, PREFIX

TURN = "vigil:tips-turn"

# Whoever has the turn keeps it, as long as he renews it. An emptied Redis gives it to another: what is told twice has one id.
_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder ~= false and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""


class RedisTips:
    """Synchronous, thread-safe. Every method raises Unavailable when Redis doesn't answer."""

    def __init__(self, client: redis.Redis):
        self._client: Any = client

    def turn(self, owner: str, seconds: int) -> bool:
        """Whether `owner` has the turn, for so many seconds from now; of several workers one has."""
        with answering():
            return bool(self._client.eval(_TAKE, 1, TURN, owner, seconds))

    def states(self, user_ids: Sequence[str]) -> Mapping[str, UserState]:
        """The profiles of those of whom anything is known; one that can't be read is left out: the worker that owns it tells of that."""
        found: dict[str, UserState] = {}
        for start in range(0, len(user_ids), CHUNK):
            part = user_ids[start : start + CHUNK]
            with answering():
                values = self._client.mget([PREFIX + user for user in part])
            for user, value in zip(part, values, strict=True):
                try:
                    if value is not None:
                        found[user] = profile.decode(value)
                except (ValueError, msgspec.MsgspecError):
                    continue
        return found
