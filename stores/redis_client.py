"""Clients for Redis, in one place: from `redis://`, `rediss://` or `unix://`, answers as bytes, bounded waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from domain.ports import Unavailable

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0


def connect(url: str, answer_seconds: float = ANSWER_SECONDS) -> redis.Redis:
    """A client for threads. It tries once more on a connection that went stale, then says so: callers have their own patience."""
    return redis.Redis.from_url(
        url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=answer_seconds, retry=Retry(NoBackoff(), 1), health_check_interval=30
    )


def connect_async(url: str) -> redis.asyncio.Redis:
    """A client for one event loop."""
    retry = redis.asyncio.retry.Retry(NoBackoff(), 1)
    return redis.asyncio.Redis.from_url(
        url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ANSWER_SECONDS, retry=retry, health_check_interval=30
    )


@contextmanager
def answering() -> Iterator[None]:
    """Whatever the client raises when Redis doesn't answer becomes Unavailable."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise Unavailable(f"Redis: {type(error).__name__}: {error}") from error
