"""What may happen once, whoever asks: a mark in Redis."""

from __future__ import annotations

import redis

from domain.ports import Unavailable
from stores.redis_client import answering

PREFIX = "vigil:once:"
KEEP_SECONDS = 86_400


class Once:
    """`once(name)` is True the first time within a day, for all processes together; False when Redis doesn't answer."""

    def __init__(self, client: redis.Redis):
        self._client = client

    def __call__(self, name: str) -> bool:
        try:
            with answering():
                return bool(self._client.set(PREFIX + name, b"1", nx=True, ex=KEEP_SECONDS))
        except Unavailable:
            return False
