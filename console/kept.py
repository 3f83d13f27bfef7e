"""What takes long to read is kept for a while: however many look on, it takes a small part of the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
SHARE, QUICK = 10, 0.5
"""What took longer than so many seconds is kept for ten times as long."""
MOST = 64
"""Things kept; the oldest goes."""


class Kept:
    """For one event loop. What is quick to read is read each time, unless it is kept for `least` seconds anyway."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._made: dict[Hashable, tuple[float, Any]] = {}
        self._reading: dict[Hashable, asyncio.Lock] = {}

    async def get(self, name: Hashable, read: Callable[[], T], least: float = 0.0) -> T:
        """What `read` says (in a thread), now or a moment ago. Who asks while it is read waits for the same."""
        async with self._reading.setdefault(name, asyncio.Lock()):
            due, value = self._made.get(name, (0.0, None))
            begun = self._clock()
            if begun >= due:
                value = await asyncio.to_thread(read)
                self._made.pop(name, None)
                took = self._clock() - begun
                self._made[name] = (begun + max(least, SHARE * took if took > QUICK else 0.0), value)
                if len(self._made) > MOST:
                    oldest = next(iter(self._made))
                    self._made.pop(oldest)
                    self._reading.pop(oldest, None)
            kept: T = value
            return kept
