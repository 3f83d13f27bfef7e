"""When to try: backoff, circuit breaker, token bucket. Pure; times are seconds of a monotonic clock and come from outside."""

from __future__ import annotations

FIRST = 1.0
LONGEST = 60.0


def backoff(attempt: int, chance: float) -> float:
    """Seconds until the next try after `attempt` (1, 2, ...) failed ones: 1 s doubling to 60 s, spread by up to a quarter either way.

    `chance` in [0, 1) is the dice: without it all that failed together would come back together.
    """
    plain = min(LONGEST, FIRST * 2.0 ** min(attempt - 1, 16))
    return min(LONGEST, plain * (0.75 + chance / 2))


class Breaker:
    """Keeps a provider that is out of order from being asked by everybody.

    Closed until `threshold` failures in a row, then open for 1 s, doubling to `longest` with each failed probe; after that one message
    at a time is let through, and the first that is taken closes it.
    """

    def __init__(self, threshold: int = 3, longest: float = 30.0):
        self.threshold, self.longest = threshold, longest
        self.failures = 0
        self.reason = ""
        self._until = 0.0
        self._open = False
        self._probing = False

    @property
    def is_open(self) -> bool:
        return self._open

    def allows(self, now: float) -> bool:
        """May a message be tried? Where it is the probe, the answer reserves it: say `success`, `failure` or `abandon` afterwards."""
        if now < self._until:
            return False
        if not self._open:
            return True
        if self._probing:
            return False
        self._probing = True
        return True

    def wait(self, now: float) -> float:
        """Seconds until the next message may be tried, 0 when one may."""
        return max(0.0, self._until - now)

    def success(self) -> bool:
        """A message was taken. True when that ended an outage."""
        ended, self._open, self._probing, self.failures, self._until = self._open, False, False, 0, 0.0
        return ended

    def failure(self, now: float, reason: str) -> bool:
        """The provider failed as a whole. True when that opened the breaker."""
        self.failures += 1
        self.reason, self._probing = reason, False
        if self.failures < self.threshold:
            return False
        opened, self._open = not self._open, True
        self._until = max(self._until, now + min(self.longest, 2.0 ** min(self.failures - self.threshold, 16)))
        return opened

    def pause(self, now: float, seconds: float, reason: str) -> None:
        """The provider asked to be left alone for so long (at most `longest` is granted)."""
        self.reason = reason
        self._until = max(self._until, now + min(seconds, self.longest))

    def abandon(self) -> None:
        """The reserved probe wasn't made."""
        self._probing = False

    def half_open(self) -> None:
        """Something else showed that the provider answers again: the next message may probe at once."""
        self._until = 0.0


class Bucket:
    """At most `rate` a second, with bursts of up to one second's worth; no rate: no limit."""

    def __init__(self, rate: float | None):
        self.rate = rate
        self._tokens, self._at = max(1.0, rate or 1.0), 0.0

    def delay(self, now: float) -> float:
        """0 and a token is taken, or the seconds until there will be one."""
        if self.rate is None:
            return 0.0
        self._tokens = min(max(1.0, self.rate), self._tokens + max(0.0, now - self._at) * self.rate)
        self._at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self.rate
