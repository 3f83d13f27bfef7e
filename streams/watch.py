"""Ends the process when it has silently stopped consuming: agents are known to after a broker's outage. Its supervisor starts it again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, NoReturn

from streams.ending import end_process
from streams.metrics import Standing

log = logging.getLogger(__name__)

STALL = 90.0
"""Seconds without progress while there is something to do."""
LOOK = 5.0


class Watch:
    """Progress is any batch done or any offset committed. Waiting for Redis or Kafka (`waiting()`) is no stall: a restart mends nothing."""

    def __init__(
        self, standing: Standing, *, waiting: Callable[[], bool] = lambda: False, done: Callable[[], Any] = lambda: None,
        stall: float = STALL, die: Callable[[str], NoReturn] = end_process, clock: Callable[[], float] = time.monotonic,
    ):  # fmt: skip
        self.standing, self.waiting, self.done, self.stall, self.die, self.clock = standing, waiting, done, stall, die, clock
        self._mark: Any = None
        self._since = clock()

    async def run(self) -> None:
        """Looks every few seconds, forever."""
        while True:
            await asyncio.sleep(LOOK)
            self.look(await self.behind())

    async def behind(self) -> int:
        """Records to do, by the ends that the broker tells now: a fetcher that stopped hears of no new ones. 0 when it can't be told."""
        consumer = self.standing.consumer
        if consumer is None:
            return 0
        try:
            assigned = consumer.assignment()
            if not assigned:
                return 0
            ends = await asyncio.wait_for(consumer.highwaters(*assigned), 10)
            done = consumer.standing()
        except Exception as error:  # the broker is away, or a rebalance is on
            log.debug("the ends of the topics can't be told: %r", error)
            return 0
        return sum(max(0, end - done.get((tp.topic, tp.partition), end)) for tp, end in ends.items())

    def look(self, behind: int) -> None:
        """Takes stock; ends the process after `stall` seconds of the same stock with something to do."""
        mark = (getattr(self.standing.consumer, "committed_at", None), self.done())
        idle = behind == 0 and self.standing.ready()
        if idle or self.waiting() or mark != self._mark:
            self._mark, self._since = mark, self.clock()
            return
        if self.clock() - self._since > self.stall:
            self.die(f"no progress for {self.stall:.0f} s with {behind} records to do (consuming: {self.standing.ready()})")
