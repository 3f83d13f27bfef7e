"""Waiting for a part that is away: what is begun is finished once it answers again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.ports import Unavailable

log = logging.getLogger(__name__)

BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
T = TypeVar("T")


class Patient:
    """What insists on its calls and says what it waits for."""

    waiting_for = ""
    """Which part does not answer now; empty while all do."""

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Calls until it works. Offsets stay uncommitted meanwhile, so nothing is lost by waiting, or by being killed."""
        attempt = 0
        while True:
            try:
                answer = await call()
            except Unavailable as error:
                self.waiting_for = str(error)
                if attempt in (0, 5) or attempt % 20 == 0:
                    log.warning("waiting: %s", error)
                await asyncio.sleep(BACKOFF[min(attempt, len(BACKOFF) - 1)])
                attempt += 1
            else:
                if attempt:
                    log.info("going on")
                    self.waiting_for = ""
                return answer
