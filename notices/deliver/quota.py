"""How many messages a provider may be given an hour and a day, as its contract says: `?hourly=` and `?daily=` of its URL.

Hours and days are the clock's, UTC. What all workers gave a provider is counted together (`Counts`); a try counts, whatever came of it, as
it does on a bill. The last tenth is kept for warnings and graver: tips must not use up what a theft needs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from notices.deliver.provider import Limits

HOUR, DAY = 3600, 86_400
KEPT = 10
"""One in so many is kept for what is urgent."""
URGENT = frozenset({"warning", "critical"})


class Counts(Protocol):
    """Counts that workers share. Never raises: where they can't be reached, each counts for itself."""

    def add(self, key: str, number: int, seconds: float) -> int:
        """The count of `key` after `number` was added; it may be forgotten in `seconds`."""
        ...


class OwnCounts:
    """Counts of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}

    def add(self, key: str, number: int, seconds: float) -> int:
        now = self._clock()
        with self._lock:
            if key not in self._counts:
                self._counts = {name: one for name, one in self._counts.items() if one[1] > now}
            count = self._counts.get(key, (0, 0.0))[0] + number
            self._counts[key] = (count, now + seconds)
        return count


class Quota:
    """The quota of one provider. Thread-safe."""

    def __init__(self, channel: str, name: str, limits: Limits, counts: Counts, now: Callable[[], float] = time.time) -> None:
        self._name, self._counts, self._now = f"{channel}:{name}", counts, now
        self._windows = [(most, seconds) for most, seconds in ((limits.hourly, HOUR), (limits.daily, DAY)) if most is not None]
        self._full_until = {True: 0.0, False: 0.0}

    def take(self, severity: str) -> bool:
        """Whether one more message may be given; then it is counted."""
        if not self._windows:
            return True
        urgent, now = severity in URGENT, self._now()
        if now < self._full_until[urgent]:
            return False
        for place, (most, seconds) in enumerate(self._windows):
            most = most if urgent else most - most // KEPT
            if self._add(seconds, now, 1) > most:
                for _, earlier in self._windows[: place + 1]:
                    self._add(earlier, now, -1)
                self._full_until[urgent] = _end(seconds, now)
                return False
        return True

    def give_back(self) -> None:
        """A message that was counted was not tried after all."""
        now = self._now()
        for _, seconds in self._windows:
            self._add(seconds, now, -1)
        self._full_until = {True: 0.0, False: 0.0}

    def wait(self, severity: str) -> float:
        """Seconds until the quota that refused is over; 0 where none did."""
        return max(0.0, self._full_until[severity in URGENT] - self._now())

    def _add(self, seconds: int, now: float, number: int) -> int:
        end = _end(seconds, now)
        return self._counts.add(f"{self._name}:{seconds}:{end:.0f}", number, end - now)


def _end(seconds: int, now: float) -> float:
    return (now // seconds + 1) * seconds
