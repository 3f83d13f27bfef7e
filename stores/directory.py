"""The user directory in Redis: one encrypted value a user, because it holds contacts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import redis

from domain.events.user import User
from domain.ledger import Box
from stores.redis_client import answering

PREFIX = "vigil:user:"
LOADED = "vigil:directory-loaded"
CHUNK = 500
SCANNED = 1_000
PLACE = ("directory", "user")

_DECODER = msgspec.msgpack.Decoder(User)


class RedisDirectory:
    """Implements domain.ports.Directory. Thread-safe. Every method raises Unavailable when Redis doesn't answer.

    `box`: of the purpose `directory`. A value that doesn't open (another secret key) counts as absent: `users` is then read anew.
    """

    def __init__(self, client: redis.Redis, box: Box):
        self._client: Any = client
        self._box = box

    def get_many(self, user_ids: Sequence[str]) -> dict[str, User | None]:
        found: dict[str, User | None] = {}
        for start in range(0, len(user_ids), CHUNK):
            part = user_ids[start : start + CHUNK]
            with answering():
                values = self._client.mget([PREFIX + user for user in part])
            found |= {user: self._opened(user, value) for user, value in zip(part, values, strict=True)}
        return found

    def names(self) -> Iterator[list[str]]:
        """The ids of all users, some at a time, in no order; one may come twice, and who is put in meanwhile may be left out."""
        cursor = 0
        while True:
            with answering():
                cursor, found = self._client.scan(cursor, match=PREFIX + "*", count=SCANNED)
            if found:
                yield [name.decode().removeprefix(PREFIX) for name in found]
            if not cursor:
                return

    def put_many(self, users: Iterable[User]) -> None:
        values = {PREFIX + u.user_id: self._box.seal(*PLACE, u.user_id, msgspec.msgpack.encode(u)) for u in users}
        names = list(values)
        with answering():
            for start in range(0, len(names), CHUNK):
                self._client.mset({name: values[name] for name in names[start : start + CHUNK]})

    def erase(self, user_id: str) -> None:
        with answering():
            self._client.delete(PREFIX + user_id)

    def loaded(self) -> bool:
        """Whether all of `users` has been read into this Redis, and with this secret key."""
        with answering():
            mark = self._client.get(LOADED)
        try:
            return mark is not None and bool(self._box.open("directory", "mark", LOADED, mark))
        except ValueError:
            return False

    def mark_loaded(self) -> None:
        with answering():
            self._client.set(LOADED, self._box.seal("directory", "mark", LOADED, b"loaded"))

    def _opened(self, user_id: str, value: bytes | None) -> User | None:
        if value is None:
            return None
        try:
            return _DECODER.decode(self._box.open(*PLACE, user_id, value))
        except (ValueError, msgspec.MsgspecError):
            return None
