"""One provider's lane: its queue, threads, breaker and bucket. A provider that hangs blocks its own lane and no other (a bulkhead)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from domain.ports import Delivery
from notices.deliver.outcome import Outcome, Unavailable
from notices.deliver.pace import Breaker, Bucket
from notices.deliver.provider import Provider
from notices.deliver.quota import Quota

SLOW = 2.0
"""Seconds without any success after which a lane with a try under way counts as stuck, and others are preferred."""
IDLE = 30.0
"""Seconds without work after which a thread gives up its connection."""


class Job:
    """A claimed delivery on its way through the providers."""

    __slots__ = ("delivery", "reasons", "retry_after", "route", "until")

    def __init__(self, delivery: Delivery, route: list[Lane], until: float):
        self.delivery, self.route, self.until = delivery, route, until
        self.reasons: list[tuple[str, str]] = []
        self.retry_after = 0.0


class Lane:
    """`after(job, lane, outcome)` is called in the lane's thread for each try; `dropped(job)` where the lease ran out in the queue."""

    def __init__(
        self,
        provider: Provider,
        after: Callable[[Job, Lane, Outcome], None],
        dropped: Callable[[Job], None],
        quota: Quota,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.provider, self.quota, self.clock = provider, quota, clock
        self.breaker = Breaker()
        self._after, self._dropped = after, dropped
        self._bucket = Bucket(provider.limits.rate)
        self._queue: deque[Job] = deque()
        self._busy: dict[int, float] = {}
        self._threads: list[threading.Thread] = []
        self._last_success = clock()
        self._stopping = False
        self._free = threading.Condition()

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def depth(self) -> int:
        return len(self._queue) + len(self._busy)

    def stuck(self) -> bool:
        """A try has been under way for long, and nothing has gone through since."""
        now = self.clock()
        with self._free:
            return now - self._last_success > SLOW and any(now - began > SLOW for began in self._busy.values())

    def offer(self, job: Job, even_if_stuck: bool = False) -> bool:
        """Takes the job, unless the provider is out of order; a stuck lane takes one only when asked to, and while a thread is free."""
        if self.stuck() and not (even_if_stuck and self.depth < self.provider.limits.connections):
            return False
        if not self.quota.take(job.delivery.rendered.severity):
            return False
        with self._free:
            if self._stopping or not self.breaker.allows(self.clock()):
                self.quota.give_back()
                return False
            self._queue.append(job)
            idle = len(self._threads) - len(self._busy)
            if len(self._queue) > idle and len(self._threads) < self.provider.limits.connections:
                thread = threading.Thread(target=self._work, name=f"deliver-{self.name}-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._free.notify()
        return True

    def drain(self) -> list[Job]:
        """Takes back what isn't being tried yet."""
        with self._free:
            jobs, self._queue = list(self._queue), deque()
            if jobs:
                self.breaker.abandon()
        for _ in jobs:
            self.quota.give_back()
        return jobs

    def why_not(self, severity: str) -> str:
        """Why a job was not taken, in words."""
        if self.quota.wait(severity):
            return "its quota is used up"
        return "does not answer" if self.stuck() else self.breaker.reason

    def stop(self) -> None:
        """No new tries; those under way go on."""
        with self._free:
            self._stopping = True
            self._free.notify_all()

    def join(self, deadline: float) -> bool:
        """Waits for the tries under way; False when one is still hanging at `deadline`."""
        for thread in list(self._threads):
            thread.join(max(0.0, deadline - self.clock()))
        return not any(thread.is_alive() for thread in self._threads)

    def probe(self) -> None:
        """Sees in a thread of its own whether the provider answers; the breaker is told."""
        threading.Thread(target=self._probe, name=f"probe-{self.name}", daemon=True).start()

    def _probe(self) -> None:
        try:
            answers = self.provider.probe()
        except Exception:
            answers = False
        with self._free:
            self.breaker.probed(self.clock(), answers)

    def _work(self) -> None:
        me = threading.get_ident()
        while job := self._take(me):
            try:
                outcome = self.provider.attempt(job.delivery.rendered)
            except Exception as error:  # a provider promises not to raise; a slip of it must not end the thread
                outcome = Unavailable(f"{self.name}: {type(error).__name__}")
            with self._free:
                self._busy.pop(me, None)
                if not isinstance(outcome, Unavailable):
                    self._last_success = self.clock()
            self._after(job, self, outcome)
        self.provider.close()

    def _take(self, me: int) -> Job | None:
        with self._free:
            while not self._stopping:
                now = self.clock()
                if not self._queue:
                    if not self._free.wait(IDLE):
                        self.provider.close()
                    continue
                if self._queue[0].until < now:
                    self.breaker.abandon()
                    self.quota.give_back()
                    self._dropped(self._queue.popleft())
                elif wait := self._bucket.delay(now):
                    self._free.wait(wait)
                else:
                    self._busy[me] = now
                    return self._queue.popleft()
        return None
