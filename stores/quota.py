"""Counts that all workers share, in Redis: what each provider was given in an hour or a day."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import redis
from redis.exceptions import RedisError

PREFIX = "vigil:quota:"
REST = 2.0
"""Seconds for which a Redis that didn't answer isn't asked again."""


class SharedCounts:
    """Implements notices.deliver.quota.Counts. Thread-safe, never raises: `own` counts alone while Redis is away."""

    def __init__(self, client: redis.Redis, own: Any, clock: Callable[[], float] = time.monotonic):
        self._client: Any = client
        self._own, self._clock, self._again = own, clock, 0.0

    def add(self, key: str, number: int, seconds: float) -> int:
        """The count of `key` after `number` was added, kept for `seconds` and a little longer."""
        if self._clock() >= self._again:
            try:
                with self._client.pipeline(transaction=True) as pipe:
                    pipe.incrby(PREFIX + key, number)
                    pipe.expire(PREFIX + key, int(seconds) + 60)
                    return int(pipe.execute()[0])
            except (RedisError, OSError):
                self._again = self._clock() + REST
        return int(self._own.add(key, number, seconds))
