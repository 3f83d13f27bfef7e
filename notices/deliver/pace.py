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

    Closed until `threshold` failures in a row, then open. While it is open the provider is probed without a message, after 1 s,
    doubling to `longest`; once it answers, one message at a time is let through, and the first that is taken closes the breaker. A provider
    that answers probes and then fails its message costs that message's reader time: the rest after it grows from 5 s to 30 s.
    """

    def __init__(self, threshold: int = 3, longest: float = 5.0):
        self.threshold, self.longest = threshold, longest
        self.reason = ""
        self._failures = self._setbacks = 0
        self._open = self._half = self._probing = self._reserved = False
        self._next_probe = self._paused = 0.0

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def half_open(self) -> bool:
        """The provider answers, and waits for a message to show that it takes them."""
        return self._half and not self._reserved

    def allows(self, now: float) -> bool:
        """May a message be tried? Half open, a yes reserves the one place: say `success`, `failure` or `abandon` afterwards."""
        if now < self._paused:
            return False
        if not self._open:
            return True
        if not self._half or self._reserved:
            return False
        self._reserved = True
        return True

    def wait(self, now: float) -> float:
        """Seconds that the provider asked to be left alone for; 0 when it didn't."""
        return max(0.0, self._paused - now)

    def success(self) -> bool:
        """A message was taken (or put off for its recipient alone). True when that ended an outage."""
        ended = self._open
        self._open = self._half = self._reserved = False
        self._failures = self._setbacks = 0
        return ended

    def failure(self, now: float, reason: str) -> bool:
        """The provider failed as a whole. True when that opened the breaker."""
        self._failures += 1
        self._setbacks += self._half
        self.reason, self._half, self._reserved = reason, False, False
        if self._failures < self.threshold:
            return False
        opened, self._open = not self._open, True
        setback = min(LONGEST / 2, 5.0 * 2.0 ** min(self._setbacks - 1, 8)) if self._setbacks else 0.0
        self._next_probe = now + max(setback, self._rest())
        return opened

    def pause(self, now: float, seconds: float, reason: str) -> None:
        """The provider asked to be left alone for so long; up to a minute is granted."""
        self.reason = reason
        self._paused = max(self._paused, now + min(seconds, LONGEST))

    def abandon(self) -> None:
        """The message that held the one place wasn't tried."""
        self._reserved = False

    def wants_probe(self, now: float) -> bool:
        """Is it time to see whether the provider answers? A yes is to be followed by `probed`."""
        if not self._open or self._half or self._probing or now < self._next_probe:
            return False
        self._probing = True
        return True

    def probed(self, now: float, answers: bool) -> None:
        self._probing = False
        if answers and self._open:
            self._half = True
        else:
            self._failures += 1
            self._next_probe = now + self._rest()

    def _rest(self) -> float:
        return min(self.longest, FIRST * 2.0 ** min(max(0, self._failures - self.threshold), 16))


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
