"""What senders have handed over and not yet written to SQL, kept in Redis: a worker killed in between doesn't send it again.

Best effort: where Redis doesn't answer, the sends in flight and the few not yet written can come twice, with the same Message-ID.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import redis
from redis.exceptions import RedisError

PREFIX = "vigil:sent:"
KEPT = 172_800
"""Seconds: retries end after a day."""
REST = 2.0
"""Seconds for which a Redis that didn't answer isn't asked again."""

_SET = """
for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1]) end
"""
_DECODER = msgspec.json.Decoder(tuple[str, str | None])


class SentMarks:
    """Implements notices.deliver.sender.Marks. Thread-safe, never raises."""

    def __init__(self, client: redis.Redis):
        self._client: Any = client
        self._set = self._client.register_script(_SET)
        self._again = 0.0
        self._writing, self._adding = threading.Lock(), threading.Lock()
        self._next: dict[str, bytes] = {}

    def mark(self, delivery_id: str, provider: str, provider_id: str | None) -> None:
        """Returns when it is kept. What comes while Redis is being asked goes with the next request, many marks in one."""
        key = PREFIX + delivery_id
        with self._adding:
            self._next[key] = msgspec.json.encode((provider, provider_id))
        with self._writing:
            with self._adding:
                if key not in self._next:
                    return  # whoever wrote before took it along
                marks, self._next = self._next, {}
            self._do(lambda: self._set(keys=list(marks), args=[KEPT, *marks.values()]))

    def marked(self, delivery_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """Those that were handed over: (provider, its id)."""
        if not delivery_ids:
            return {}
        values = self._do(lambda: self._client.mget([PREFIX + name for name in delivery_ids])) or [None] * len(delivery_ids)
        return {name: _DECODER.decode(value) for name, value in zip(delivery_ids, values, strict=True) if value is not None}

    def forget(self, delivery_ids: Sequence[str]) -> None:
        """They are written."""
        if delivery_ids:
            self._do(lambda: self._client.unlink(*(PREFIX + name for name in delivery_ids)))

    def _do(self, call: Any) -> Any:
        if time.monotonic() < self._again:
            return None
        try:
            return call()
        except (RedisError, OSError):
            self._again = time.monotonic() + REST
            return None
