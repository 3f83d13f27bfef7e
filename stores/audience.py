"""The users whom an announcement may be for: the directory whole, and what their profiles say that they hold and have open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec
import redis

from domain import profile
from domain.events.user import User
from domain.habits.positions import Positions
from stores.directory import RedisDirectory
from stores.redis_client import answering
from stores.redis_profiles import CHUNK, PREFIX


class Audience(Protocol):
    """Synchronous; called from threads. Raises Unavailable when Redis doesn't answer."""

    def users(self) -> Iterator[list[User]]:
        """Everyone in the directory, some at a time."""
        ...

    def some(self, user_ids: Sequence[str]) -> Mapping[str, User | None]: ...

    def positions(self, user_ids: Sequence[str]) -> Mapping[str, Positions]:
        """Of those of whom anything is known."""
        ...


class RedisAudience:
    """Implements Audience on the directory and the profiles."""

    def __init__(self, client: redis.Redis, directory: RedisDirectory):
        self._client: Any = client
        self._directory = directory

    def users(self) -> Iterator[list[User]]:
        for names in self._directory.names():
            yield [user for user in self._directory.get_many(names).values() if user is not None]

    def some(self, user_ids: Sequence[str]) -> Mapping[str, User | None]:
        return self._directory.get_many(user_ids)

    def positions(self, user_ids: Sequence[str]) -> Mapping[str, Positions]:
        found: dict[str, Positions] = {}
        for start in range(0, len(user_ids), CHUNK):
            part = user_ids[start : start + CHUNK]
            with answering():
                values = self._client.mget([PREFIX + user for user in part])
            for user, value in zip(part, values, strict=True):
                if value is not None and (known := _positions(value)) is not None:
                    found[user] = known
        return found


def _positions(data: bytes) -> Positions | None:
    """None where the profile can't be read: the worker that owns it tells of that."""
    try:
        return profile.decode(data).habits.positions
    except (ValueError, msgspec.MsgspecError):
        return None
